"""The demonstration as a user runs it, with the package installed."""

from __future__ import annotations

import json
import time
from typing import Any

from benchmarks.processes import command


def measure(quick: bool) -> dict[str, Any]:
    """Return seconds of the whole demonstration and of its phases."""
    begun = time.perf_counter()
    report = json.loads(command("demo", "--json"))
    elapsed = time.perf_counter() - begun
    figures: dict[str, Any] = {"whole s": round(elapsed, 2)}
    for phase, value in report.get("seconds", {}).items():
        figures[f"{phase} s"] = value
    return figures
