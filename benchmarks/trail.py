"""The audit trail: what an entry costs, and how fast and with how much memory a long trail is exported and verified.

Half of the entries are a person's, half a partner's with the proof of its signature (ECDSA), each of another request.
Time is that of the processor, all threads together: what else the machine does, and how long its disk takes to flush,
which is the same with and without an entry, do not count.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from interconn.identity.key_files import FileKeyStore
from interconn.identity.keys import Signer
from interconn.identity.node import NodeIdentity
from interconn.identity.signature import Evidence, SignedRequest
from interconn.standard.endpoint import Endpoint
from interconn.standard.headers import AUTH_SIGN
from interconn.standard.management import AuthType
from interconn.state import outbox, schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database
from interconn.state.engines import database_url
from interconn.trail.entries import record
from interconn.trail.keeping import Heads
from interconn.trail.service import Trail

ENTRIES = 100_000
QUICK_ENTRIES = 5_000
BODY = json.dumps(
    {"audit_id": "audit-1", "contract_id": "contract-1", "dataset_id": "loans", "auth_scope": {}}
).encode()


def measure(quick: bool) -> dict[str, Any]:
    """Return the cost of an entry (microseconds), and export and verification (entries/s, MB)."""
    entries = QUICK_ENTRIES if quick else ENTRIES
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        place = Path(folder)
        FileKeyStore(place / "keys").create(AuthType.SHA256_ECDSA)
        partner = FileKeyStore(place / "partner").create(AuthType.SHA256_ECDSA)
        url = database_url(place / "state.db")
        schema.upgrade(url)
        figures = _cost(url, partner, 300 if quick else 1000)
        asyncio.run(_fill(url, partner, entries))

        small, whole = place / "small.jsonl", place / "whole.jsonl"
        few = _child("export", place, small, 1000)
        export = _child("export", place, whole, 0)
        verified = _child("verify", place, whole, 0)
        verified_few = _child("verify", place, small, 0)
    return figures | {
        "entries": export["entries"],
        "export entries/s a core": round(export["entries"] / export["seconds"]),
        "export memory MB": export["memory"],
        "export memory MB, 1000 entries": few["memory"],
        "verify entries/s a core": round(verified["entries"] / verified["seconds"]),
        "verify signatures": verified["proofs"],
        "verify memory MB": verified["memory"],
        "verify memory MB, 1000 entries": verified_few["memory"],
        "file MB": round(export["bytes"] / 1e6, 1),
    }


def _evidence(partner: Signer, number: int) -> Evidence:
    headers = {
        "x-source-node-id": "bank", "x-target-node-id": "operator", "x-nonce": f"nonce-{number:032}",
        "x-timestamp": "1800000000000", "x-trace-id": f"trace-{number}", "content-type": "application/json",
    }  # fmt: skip
    request = SignedRequest("POST", "/v1/interconn/dataset/audit/apply", headers, BODY)
    headers[AUTH_SIGN] = request.sign(partner)
    return request.verify(partner.credential)


def _record(session: Session, evidence: Evidence | None, number: int) -> None:
    record(
        session,
        at=1_800_000_000_000 + number,
        actor="node:bank" if evidence else "person:ann",
        action="dataset.receive" if evidence else "dataset.approve",
        subject="dataset:loans",
        partner="bank",
        clause="MGT-4.3",
        trace_id=f"trace-{number}",
        request_digest=evidence.content.rpartition("\n")[2] if evidence else "",
        details={"status": "APPLIED", "audit": f"audit-{number}", "content": "ab" * 32},
        evidence=evidence,
    )


def _introduce(session: Session, partner: Signer) -> None:
    details = {"status": "APPROVED", "fingerprint": partner.credential.fingerprint}
    record(session, at=0, actor="person:ann", action="contract.approve", subject="contract:1", partner="bank",
           clause="MGT-3.2", details=details)  # fmt: skip


def _cost(url: str, partner: Signer, times: int) -> dict[str, Any]:
    """Measure transactions of one message each, with and without an entry, in turn."""
    kinds: dict[str, list[float]] = {"none": [], "plain": [], "proof": []}

    async def run() -> None:
        database = Database(url)
        await database.write(lambda session: _introduce(session, partner))
        for number in range(times):
            evidence = _evidence(partner, number)
            for kind, seconds in kinds.items():

                def work(session: Session, kind: str = kind, number: int = number, proof: Evidence = evidence) -> None:
                    outbox.enqueue(session, node_id="bank", endpoint="dataset.confirm", body={"audit_id": "audit-1"},
                                   reference="audit-1", trace_id="trace-1", now=number)  # fmt: skip
                    if kind != "none":
                        _record(session, proof if kind == "proof" else None, number)

                begun = time.process_time()
                await database.write(work)
                seconds.append(time.process_time() - begun)
        database.close()

    asyncio.run(run())
    median = {kind: statistics.median(seconds) * 1e6 for kind, seconds in kinds.items()}
    return {
        "transaction us": round(median["none"]),
        "entry us": round(median["plain"] - median["none"]),
        "entry with proof us": round(median["proof"] - median["none"]),
    }


async def _fill(url: str, partner: Signer, entries: int) -> None:
    database = Database(url)
    for start in range(0, entries, 500):

        def work(session: Session, start: int = start) -> None:
            for number in range(start, start + 500):
                _record(session, _evidence(partner, number) if number % 2 else None, number)

        await database.write(work)
    database.close()


def _child(what: str, place: Path, file: Path, last: int) -> dict[str, Any]:
    """Run one step in a process of its own, whose memory is then the step's."""
    words = [sys.executable, "-m", "benchmarks.trail", what, str(place), str(file), str(last)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _memory() -> float:
    # Not getrusage: its figure begins with that of the process that started this one.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return round(int(peak.group(1)) / 1024, 1) if peak else 0.0


def _export(place: Path, file: Path, last: int) -> dict[str, Any]:
    """Export as the command does, with the node's handlers in this process and JSON between the two."""
    from interconn.api.trail import TrailBegin
    from interconn.standard.wire import canonical_json, parse_json
    from interconn.trail.writing import write_export

    signer = FileKeyStore(place / "keys").load()
    node = NodeIdentity("operator", "inst-operator", "Operator", "Operator", "https://operator", "interconn", "1")
    database = Database(database_url(place / "state.db"))
    heads = Heads(node_id="operator", signer=lambda _partner: signer, clock=SystemClock())
    trail = Trail(node=node, database=database, heads=heads, clock=SystemClock())
    handlers = {service.endpoint.name: service.handle for service in trail.own_services()}
    loop = asyncio.new_event_loop()

    def ask(endpoint: Endpoint[Any, Any], request: Any) -> Any:
        from interconn.api.own import Person

        reply = loop.run_until_complete(handlers[endpoint.name](Person("auditor", "trace"), request))
        sent = canonical_json(reply.to_wire())
        return endpoint.reply.model_validate(parse_json(sent, limit=64 * 1024 * 1024))

    wanted = TrailBegin(until=1_800_000_000_000 + last) if last else TrailBegin()
    begun = time.process_time()
    with file.open("wb") as out:
        entries = write_export(ask, out, wanted)
    seconds = time.process_time() - begun
    database.close()
    return {"entries": entries, "seconds": seconds, "memory": _memory(), "bytes": file.stat().st_size}


def _verify(file: Path) -> dict[str, Any]:
    from interconn.trail.verification import verify

    begun = time.process_time()
    report = verify(file)
    seconds = time.process_time() - begun
    if report.fault:
        raise SystemExit(report.fault.message)
    return {"entries": report.entries, "proofs": report.proofs, "seconds": seconds, "memory": _memory()}


if __name__ == "__main__":
    step, home, target, newest = sys.argv[1:]
    done = _export(Path(home), Path(target), int(newest)) if step == "export" else _verify(Path(target))
    print(json.dumps(done))
