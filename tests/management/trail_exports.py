"""Exports of audit trails as tests take them, and lay hands on them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from interconn.api.trail import TrailBegin
from interconn.trail import document
from interconn.trail.chain import link
from interconn.trail.verification import Report
from interconn.trail.writing import write_export

Records = list[dict[str, Any]]


async def export(node: Any, path: Path, **wanted: Any) -> Path:
    """Export as the command line does, whose client waits in a thread of its own."""
    loop = asyncio.get_running_loop()

    def ask(endpoint: Any, request: Any) -> Any:
        answer = asyncio.run_coroutine_threadsafe(node.ask(endpoint, **request.to_wire()), loop).result()
        return endpoint.reply.model_validate(json.loads(json.dumps(answer.to_wire())))

    with path.open("wb") as file:
        await asyncio.to_thread(write_export, ask, file, TrailBegin(**wanted), page=7)
    return path


def read(path: Path) -> Records:
    """The records of an export, without its end."""
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert records[-1]["record"] == document.END
    return records[:-1]


def seal(path: Path, records: Records) -> Path:
    """Write records as somebody does who knows the format: with an end that fits."""
    count = document.LineCount()
    lines = [document.write(record) for record in records]
    for line in lines:
        count.add(line)
    end = document.write({"record": document.END, "lines": count.lines, "digest": count.digest})
    path.write_bytes(b"\n".join([*lines, end]) + b"\n")
    return path


def numbers(records: Records, kind: str = document.ENTRY) -> list[int]:
    """Places of the records of a kind."""
    return [place for place, record in enumerate(records) if record["record"] == kind]


def chained(records: Records, place: int) -> None:
    """Recompute all hashes from a place on, as an administrator does who rewrites a trail."""
    for at in [number for number in numbers(records) if number >= place]:
        if at > 1:
            records[at]["previous"] = records[at - 1]["chain"]
        records[at]["chain"] = link({name: value for name, value in records[at].items() if name != "record"})


def in_order(report: Report) -> Report:
    """The report, of which nothing is wrong."""
    assert report.fault is None, report.fault
    return report
