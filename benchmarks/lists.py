"""A list of very many data sets as a partner asks for it (MGT-4.1): first and last page, and all at once.

The node's own gate, nonces, contracts and catalogue on a database of its own, in this process; the partner signs with
ECDSA and gets a signed answer. The base is the same gate with signatures off, asked in turn with the other. Every third
data set is shown to the partner by name, the others to all. Times are those of the processor, threads and the making of
the request included, for other work on the machine makes a clock on the wall tell of that instead.
"""

from __future__ import annotations

import asyncio
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from interconn.components.registry import Registry
from interconn.dialects.dialect import WireReply
from interconn.identity.key_files import FileKeyStore
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import Signer, generate, signer_of
from interconn.identity.node import NodeIdentity
from interconn.identity.nonces import NonceStore
from interconn.identity.signature import Evidence, SignedRequest
from interconn.management import ContractDirectory, Management
from interconn.management.contracts.tables import Contract
from interconn.management.datasets.tables import Dataset, DatasetReader
from interconn.peers.directory import Peer
from interconn.peers.inbound import Arrival, Gate
from interconn.peers.outbound import PeerClient
from interconn.standard.errors import CapacityExceeded
from interconn.standard.identifiers import new_nonce
from interconn.standard.management import DATASET_LIST, AuthType
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database, database_url

PAGE = 20
COLUMNS = [
    {"name": name, "data_type": "double", "distribution": "CONTINUOUS"} for name in ("id", "age", "income", "score")
]


class OpenGate(Gate):
    """The gate with signatures off; here alone."""

    def prove(self, arrival: Arrival) -> tuple[Peer, Evidence]:
        """Check headers, contract and nonce, and no signature."""
        source = self._check_headers(arrival)
        peer = self._directory.usable(source)
        self._accept_nonce(source, arrival)
        return peer, Evidence("request", "", "", peer.credential, arrival.body)

    def sign(self, arrival: Arrival, reply: WireReply) -> dict[str, str]:
        """Sign nothing."""
        return {"content-type": reply.content_type}


def measure(quick: bool) -> dict[str, Any]:
    """Return medians of the time for a page, milliseconds of processor, and what a signature adds to it."""
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        return asyncio.run(_measure(Path(folder), 10_000 if quick else 100_000, 20 if quick else 60))


async def _measure(home: Path, count: int, turns: int) -> dict[str, Any]:
    clock, url = SystemClock(), database_url(home / "node.db")
    schema.upgrade(url)
    partner = signer_of(generate(AuthType.SHA256_ECDSA), AuthType.SHA256_ECDSA)
    FileKeyStore(home / "keys").create(AuthType.SHA256_ECDSA)
    keys = KeyRing(FileKeyStore(home / "keys"))
    database, nonces = Database(url), NonceStore(home / "nonces.db", now=clock.now())
    directory = ContractDirectory(database, clock=clock)
    identity = NodeIdentity("node-b", "inst-b", "B", "node b", "https://b.example", "interconn", "1")
    tls = SSLContext(PROTOCOL_TLS_CLIENT)
    management = Management(
        node=identity,
        database=database,
        directory=directory,
        client=PeerClient(node_id="node-b", signer=keys, directory=directory, clock=clock, tls=tls),
        clock=clock,
        keys=keys,
        registry=Registry.shipped(),
        storage=home / "storage",
    )
    await database.write(lambda session: session.add(_contract(partner, keys, clock.now())))
    await database.write(lambda session: _fill(session, count))
    await directory.load()

    def asker(kind: type[Gate]) -> Callable[[str], Awaitable[dict[str, Any]]]:
        gate = kind(node_id="node-b", signer=keys, directory=directory, nonces=nonces, clock=clock)
        app = Starlette(routes=gate.routes(management.services()))
        return lambda query: _ask(app, partner, query, clock.now())

    signed, off = asker(Gate), asker(OpenGate)
    last = -(-(await signed("page_size=1"))["data"]["total"] // PAGE)
    figures: dict[str, Any] = {"data sets": count}
    for name, query in (("first", f"page_size={PAGE}"), ("last", f"page_num={last}&page_size={PAGE}")):
        times: dict[str, list[float]] = {"signed": [], "off": []}
        for _ in range(turns):
            for kind, ask in (("signed", signed), ("off", off)):
                times[kind].append(await _time(ask, query))
        medians = {kind: statistics.median(found) for kind, found in times.items()}
        figures |= {f"{name} page, {kind}, ms": round(median, 2) for kind, median in medians.items()}
        figures[f"{name} page, signed of off"] = round(medians["signed"] / medians["off"], 3)
    begun = time.process_time()
    whole = await signed("page_size=-1")
    figures["all at once is"] = "refused" if whole["code"] == CapacityExceeded.code else f"code {whole['code']}"
    figures["all at once, s"] = round(time.process_time() - begun, 2)
    figures["peak memory MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    database.close()
    nonces.close()
    return figures


def _fill(session: Session, count: int) -> None:
    for first in range(0, count, 5000):
        numbers = range(first, min(count, first + 5000))
        session.execute(insert(Dataset), [_dataset(number) for number in numbers])
        named = [{"dataset_id": f"d{number}", "node_id": "node-a"} for number in numbers if number % 3 == 0]
        session.execute(insert(DatasetReader), named)


def _dataset(number: int) -> dict[str, Any]:
    return {
        "dataset_id": f"d{number}",
        "name": f"table {number}",
        "description": "what there is in it",
        "category": "credit",
        "count": 1000,
        "key_columns": ["id"],
        "label_columns": [],
        "column_metas": COLUMNS,
        "namespace": "datasets",
        "stored_name": f"d{number}",
        "published": True,
        "for_all": number % 3 != 0,
        "findings": [],
        "added_at": number,
    }


async def _time(ask: Callable[[str], Awaitable[dict[str, Any]]], query: str) -> float:
    begun = time.process_time()
    answer = await ask(query)
    if answer["code"] or not answer["data"]["records"]:
        raise SystemExit(f"the node refused a sound request: {answer}")
    return (time.process_time() - begun) * 1000


async def _ask(app: Starlette, partner: Signer, query: str, now: int) -> dict[str, Any]:
    target = f"{DATASET_LIST.path}?contract_id=contract-1&{query}"
    headers = {
        "x-source-node-id": "node-a",
        "x-target-node-id": "node-b",
        "x-nonce": new_nonce(),
        "x-trace-id": "bench",
        "x-timestamp": str(now),
    }
    headers["x-auth-sign"] = SignedRequest("GET", target, headers, b"").sign(partner)
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answer.append(message)

    path, _, text = target.partition("?")
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": text.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    found: dict[str, Any] = json.loads(answer[1]["body"])
    return found


def _contract(partner: Signer, keys: KeyRing, now: int) -> Contract:
    credential = partner.credential
    return Contract(
        contract_id="contract-1",
        node_id="node-a",
        inst_id="inst-a",
        address="https://a.example",
        direction="PARTNER",
        status="APPROVED",
        auth_type=credential.auth_type.value,
        auth_credential=credential.pem,
        fingerprint=credential.fingerprint,
        key_proven=True,
        key_compared=True,
        own_fingerprint=keys.newest.credential.fingerprint,
        trace_id="bench",
        applied_at=now,
    )
