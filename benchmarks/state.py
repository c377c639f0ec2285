"""Decisions a second: a transaction with a message for a partner and an entry of the audit trail, on each database.

Both wait for the disk at each commit, as a node does: SQLite with synchronous=FULL, PostgreSQL with fsync and
synchronous_commit on, in a server of its own on the same disk. `two processes` write to one database by turns.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from interconn.state import schema
from interconn.state.database import Database, database_url
from interconn.state.outbox import enqueue
from interconn.trail.entries import record

_PLACES = Path("/usr/lib/postgresql")
_WRITE = "import asyncio, sys; from benchmarks.state import write; asyncio.run(write(sys.argv[1], int(sys.argv[2])))"


def measure(quick: bool) -> dict[str, Any]:
    """Return transactions a second by database."""
    count = 200 if quick else 2000
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="interconn-bench-", dir=".") as folder:
        _measure(figures, "sqlite", database_url(Path(folder).absolute() / "state.db"), count)
    programs = max(_PLACES.glob("*/bin"), default=None)
    if programs is None:
        figures["postgresql"] = "not installed"
        return figures
    with _server(programs) as url:
        _measure(figures, "postgresql", url, count)
    figures["postgresql/sqlite"] = round(figures["postgresql /s"] / figures["sqlite /s"], 2)
    return figures


def _measure(figures: dict[str, Any], name: str, url: str, count: int) -> None:
    schema.upgrade(url)
    times = asyncio.run(write(url, count))
    figures[f"{name} /s"] = round(count / sum(times), 1)
    figures[f"{name} median ms"] = round(sorted(times)[count // 2] * 1000, 2)
    figures[f"{name} p99 ms"] = round(sorted(times)[count * 99 // 100] * 1000, 2)
    command = [sys.executable, "-c", _WRITE, url, str(count // 2)]
    begun = time.perf_counter()
    for writer in [subprocess.Popen(command) for _ in range(2)]:
        if writer.wait():
            raise SystemExit("a writer failed")
    figures[f"{name} two processes with their start /s"] = round(count / (time.perf_counter() - begun), 1)


async def write(url: str, count: int) -> list[float]:
    """Take decisions one after the other; return how long each took, seconds."""
    database = Database(url)

    def decide(session: Session) -> None:
        now = time.time_ns() // 1_000_000
        body = {"audit_id": "audit-1", "status": "APPROVED", "reason": "as agreed"}
        enqueue(session, node_id="operator", endpoint="e", body=body, reference="audit-1", trace_id="trace", now=now)
        record(session, at=now, actor="person:ann", action="dataset.approve", subject="audit-1", details=body)

    await database.write(decide)
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        await database.write(decide)
        times.append(time.perf_counter() - begun)
    database.close()
    return times


@contextmanager
def _server(programs: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="interconn-bench-"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:  # as whom PostgreSQL refuses to run
        shutil.chown(folder, "postgres", "postgres")
        user = {"user": "postgres", "group": "postgres", "extra_groups": []}

    def run(*words: str) -> None:
        command = [str(programs / words[0]), *words[1:]]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **user)

    run("initdb", "-D", "data", "-U", "interconn", "-A", "trust", "-E", "UTF8", "--no-locale")
    run("pg_ctl", "-D", "data", "-l", "log", "-w", "-s", "-o", f"-c listen_addresses= -k {folder}", "start")
    try:
        yield f"postgresql://interconn@/postgres?host={folder}"
    finally:
        run("pg_ctl", "-D", "data", "-w", "-s", "-m", "fast", "stop")
        shutil.rmtree(folder)
