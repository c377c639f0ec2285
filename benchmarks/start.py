"""How long the command line and a node take to be there, and how much memory a node holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import INTERCONN, command, resident_megabytes, seconds


def measure(quick: bool) -> dict[str, Any]:
    """Return help and node start, seconds, and the node's memory, MB."""
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        home = Path(folder) / "node"
        command("node", "init", "--node-id", "bench", "--inst-id", "bench", "--home", str(home))
        ready, memory = zip(*[_start(home) for _ in range(3 if quick else 7)], strict=True)
    return {
        "cli help s": seconds("--help", runs=5 if quick else 11),
        "cli help of a noun s": seconds("job", "--help", runs=5 if quick else 11),
        "node ready s": round(sorted(ready)[len(ready) // 2], 3),
        "node memory MB": max(memory),
    }


def _start(home: Path) -> tuple[float, float]:
    environment = {
        **os.environ,
        "INTERCONN_PARTNER__PORT": "0",
        "INTERCONN_COMPONENT__PORT": "0",
        "INTERCONN_ADMIN__PORT": "0",
    }
    begun = time.perf_counter()
    process = subprocess.Popen(
        [INTERCONN, "node", "run", "--home", str(home)], env=environment, stdout=subprocess.DEVNULL
    )
    told = home / "run" / "listeners.json"
    while not told.exists():
        if process.poll() is not None or time.perf_counter() - begun > 60:
            raise SystemExit("the node did not start")
        time.sleep(0.005)
    elapsed = time.perf_counter() - begun
    memory = resident_megabytes(json.loads(told.read_text())["pid"])
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=30)
    return elapsed, memory
