"""What the benchmarks share: commands, a network of nodes, and components run by hand on it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
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


class PeakMemory(threading.Thread):
    """Watches how much memory a process and all its descendants hold together.

    Attributes:
        megabytes: the most seen so far, MB.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.megabytes = 0.0
        self.start()

    def run(self) -> None:
        while family := _family(self._pid):
            self.megabytes = max(self.megabytes, sum(map(_held, family)))
            time.sleep(0.2)


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        running = "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return [pid, *(member for child in children for member in _family(int(child)))] if running else []


def _held(pid: int) -> float:
    try:
        return resident_megabytes(pid)
    except OSError:
        return 0.0
