"""Run all benchmarks, or those named, and print one JSON object.

python -m benchmarks [--quick] [--append] [start demo fresh approvals permits transport psi trail …]
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import approvals, demo, fresh, gate, lists, permits, psi, scheduling, start, state, trail, transport

BENCHMARKS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "start": start.measure,
    "demo": demo.measure,
    "fresh": fresh.measure,
    "approvals": approvals.measure,
    "permits": permits.measure,
    "gate": gate.measure,
    "transport": transport.measure,
    "psi": psi.measure,
    "state": state.measure,
    "trail": trail.measure,
    "lists": lists.measure,
    "scheduling": scheduling.measure,
}
RESULTS = Path(__file__).parent / "RESULTS.md"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *BENCHMARKS], help="which; all by default")
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--append", action="store_true", help=f"append to {RESULTS.name}")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine()}
    for name in arguments.names or BENCHMARKS:
        print(f"{name} …", file=sys.stderr, flush=True)
        figures[name] = BENCHMARKS[name](arguments.quick)
    print(json.dumps(figures, indent=2))
    if arguments.append:
        append(figures)


def machine() -> dict[str, Any]:
    """Return what the figures were taken on."""
    cpu = "unknown"
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        cpu = f"{len(names)} × {names[0].partition(':')[2].strip()}" if names else cpu
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=RESULTS.parent, check=False
    )
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "commit": commit.stdout.strip() or "unknown",
        "python": platform.python_version(),
        "cpu": cpu,
    }


def append(figures: dict[str, Any]) -> None:
    """Append a run to the kept results."""
    facts = figures["machine"]
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(f"\n## {facts['date']}, commit {facts['commit']}\n\n")
        file.write(f"{facts['cpu']}, Python {facts['python']}\n\n")
        file.write("| benchmark | figure | value |\n|---|---|---|\n")
        for name, values in figures.items():
            if name != "machine":
                for figure, value in values.items():
                    file.write(f"| {name} | {figure} | {value} |\n")


if __name__ == "__main__":
    main()
