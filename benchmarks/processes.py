"""What the benchmarks share: commands, a network of nodes, and components run by hand on it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

INTERCONN = str(Path(sys.executable).with_name("interconn"))


def command(*arguments: str) -> str:
    """Run an interconn command and return what it printed."""
    done = subprocess.run([INTERCONN, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"interconn {' '.join(arguments)} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def seconds(*arguments: str, runs: int = 5) -> float:
    """Return the median time of a command, seconds."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        command(*arguments)
        times.append(time.perf_counter() - begun)
    return round(sorted(times)[len(times) // 2], 3)


@contextlib.contextmanager
def network(nodes: int) -> Iterator[list[dict[str, Any]]]:
    """Bring up a network of nodes with contracts among them, and take it down again."""
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        home = str(Path(folder) / "lab")
        listed = json.loads(command("lab", "up", "--nodes", str(nodes), "--home", home, "--json"))
        try:
            yield listed
        finally:
            command("lab", "down", "--home", home)


def open_session(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    """Open a transport session by hand among nodes of a network."""
    home = str(Path(nodes[0]["home"]).parent)
    names = ",".join(node["node_id"] for node in nodes)
    found: dict[str, Any] = json.loads(command("lab", "session", "--nodes", names, "--home", home, "--json"))
    return found


def resident_megabytes(pid: int) -> float:
    """Return the memory a process holds now, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return round(int(line.split()[1]) / 1000, 1)
    return 0.0
