"""Private set intersection of two tables through two nodes: items a second and peak memory.

The components run as the launcher would start them, without a job around them. An item is a row of either
side; each is hashed and multiplied twice. Memory is that of a party's component with its worker processes, what
they share counted in each. `of bare X25519` is the share of the time that OpenSSL's scalar multiplications alone
would take on one core a party.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from benchmarks.processes import PeakMemory, network, open_session


def measure(quick: bool) -> dict[str, Any]:
    """Return items a second, peak memory a party (MB) and the intersection found, by size."""
    figures: dict[str, Any] = {}
    bare = _bare_multiplications()
    figures["bare X25519 a core/s"] = round(bare)
    with network(2) as nodes:
        for rows in (10_000,) if quick else (100_000, 1_000_000):
            with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
                figures.update(_run(nodes, rows, Path(folder), bare))
    return figures


def _bare_multiplications(count: int = 20_000) -> float:
    key, other = X25519PrivateKey.generate(), X25519PrivateKey.generate().public_key()
    begun = time.perf_counter()
    for _ in range(count):
        key.exchange(other)
    return count / (time.perf_counter() - begun)


def _run(nodes: list[dict[str, Any]], rows: int, folder: Path, bare: float) -> dict[str, Any]:
    session = open_session(nodes)
    roles = ("guest", "host")
    for role, first in zip(roles, (0, rows // 2), strict=True):
        _write_table(folder / role, first, rows)
    begun = time.perf_counter()
    processes = []
    for role, node in zip(roles, nodes, strict=True):
        environment = _environment(role, nodes, node, session, folder)
        work = folder / f"work-{role}"
        work.mkdir()
        log = (folder / f"{role}.log").open("w")
        processes.append(
            subprocess.Popen(
                [sys.executable, "-m", "interconn.algorithms"], env=environment, cwd=work, stdout=log, stderr=log
            )
        )
    memory = [PeakMemory(process.pid) for process in processes]
    for role, process in zip(roles, processes, strict=True):
        if process.wait(timeout=3600):
            raise SystemExit(f"psi failed:\n{(folder / f'{role}.log').read_text()[-3000:]}")
    elapsed = time.perf_counter() - begun
    found = sum(1 for _ in (folder / "guest" / "out" / "aligned" / "data_0").open()) - 1
    if found != rows - rows // 2:
        raise SystemExit(f"psi found {found} of {rows - rows // 2}")
    label = f"{rows:.0e}×{rows:.0e}".replace("e+0", "e")
    return {
        f"{label} items/s": round(2 * rows / elapsed),
        f"{label} s": round(elapsed, 2),
        f"{label} peak MB": round(max(watched.megabytes for watched in memory), 1),
        f"{label} of bare X25519": round(2 * rows / bare / elapsed, 2),
    }


def _write_table(storage: Path, first: int, rows: int) -> None:
    table = storage / "in" / "table"
    table.mkdir(parents=True)
    with (table / "data_0").open("w") as file:
        file.write("id,value\n")
        file.writelines(f"user{number:012d},{number % 97}\n" for number in range(first, first + rows))
    metadata = {
        "name": "table", "namespace": "in", "count": rows, "partitions": 1,
        "column_info": [{"name": "id", "type": "string"}, {"name": "value", "type": "int"}],
        "description": "", "create_time": "2026-01-01T00:00:00Z", "expire_time": "2126-01-01T00:00:00Z",
        "file_type": "csv", "data_type": "dense",
    }  # fmt: skip
    (table / "metadata").write_text(json.dumps(metadata))


def _environment(
    role: str, nodes: list[dict[str, Any]], node: dict[str, Any], session: dict[str, Any], folder: Path
) -> dict[str, str]:
    guest, host = nodes
    return {
        "system.storage": f"file://{folder / role}",
        "system.transport": node["component_url"].removeprefix("http://"),
        "config.self_role": f"{role}.0",
        "config.task_id": session["session_id"],
        "config.session_id": session["session_id"],
        "config.trace_id": "bench",
        "config.token": session["tokens"][node["node_id"]],
        "config.log.path": str(folder / role),
        "config.node_id.guest.0": guest["node_id"],
        "config.node_id.host.0": host["node_id"],
        "config.inst_id.guest.0": guest["inst_id"],
        "config.inst_id.host.0": host["inst_id"],
        "runtime.component.name": "psi",
        "runtime.component.parameter.key_columns": "id",
        "runtime.component.input.table": json.dumps({"namespace": "in", "name": "table"}),
        "runtime.component.output.aligned": json.dumps({"namespace": "out", "name": "aligned"}),
        "runtime.component.output.report": json.dumps({"namespace": "out", "name": "report"}),
    }
