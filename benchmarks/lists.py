"""A list of very many data sets as a partner asks for it (MGT-4.1): first and last page, and all at once.

The node's own gate, nonces, contracts and catalogue on a database of its own, in this process; the partner signs with
ECDSA and gets a signed answer. The base is the same gate with signatures off, asked in turn with the other. Every third
data set is shown to the partner by name, the others to all. Times are those of the processor, threads and the making of
the request included, for other work on the machine makes a clock on the wall tell of that instead.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.one_partner import OneNode, OpenGate, get
from interconn.identity.key_files import FileKeyStore
from interconn.identity.keys import generate, signer_of
from interconn.management.datasets.tables import Dataset, DatasetReader
from interconn.peers.inbound import Gate
from interconn.standard.errors import CapacityExceeded
from interconn.standard.management import DATASET_LIST, AuthType

PAGE = 20
COLUMNS = [
    {"name": name, "data_type": "double", "distribution": "CONTINUOUS"} for name in ("id", "age", "income", "score")
]


def measure(quick: bool) -> dict[str, Any]:
    """Return medians of the time for a page, milliseconds of processor, and what a signature adds to it."""
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        return asyncio.run(_measure(Path(folder), 10_000 if quick else 100_000, 20 if quick else 60))


async def _measure(home: Path, count: int, turns: int) -> dict[str, Any]:
    FileKeyStore(home / "keys").create(AuthType.SHA256_ECDSA)
    node = OneNode(home, signer_of(generate(AuthType.SHA256_ECDSA), AuthType.SHA256_ECDSA))
    await node.sign_contract()
    await node.database.write(lambda session: _fill(session, count))

    def asker(kind: type[Gate]) -> Callable[[str], Awaitable[dict[str, Any]]]:
        listener = node.listener(kind)

        async def ask(query: str) -> dict[str, Any]:
            target = f"{DATASET_LIST.path}?contract_id=contract-1&{query}"
            return await get(listener, target, node.request(target))

        return ask

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
    node.close()
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
