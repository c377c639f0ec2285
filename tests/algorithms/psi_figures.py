"""Prints seconds, traffic and peak memory of ECDH-PSI for some sizes: `python -m tests.algorithms.psi_figures 50000`.

No test: it judges nothing. Both parties and the stand-in for their nodes share the machine.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.algorithms.two_parties import TOKENS, Institution
from tests.sdk.fake_transport import FakeTransport


def peak_mebibytes(processes: list[subprocess.Popen[str]]) -> list[int]:
    """Wait for processes and return the most memory each has held, their workers not counted."""
    peaks = [0] * len(processes)
    while any(process.poll() is None for process in processes):
        for at, process in enumerate(processes):
            with contextlib.suppress(OSError, StopIteration):
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                peaks[at] = max(peaks[at], next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")))
        with contextlib.suppress(subprocess.TimeoutExpired):
            processes[0].wait(0.05)
    return [peak // 1024 for peak in peaks]


def main(sizes: list[int]) -> None:
    """Run both parties for each size, half of the rows shared, and print one JSON line each."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as home, FakeTransport(dict(TOKENS)) as transport:
            guest, host = (Institution(role, Path(home) / role, transport) for role in ("guest", "host"))
            for one, first in ((guest, 0), (host, size // 2)):
                one.give([["id", "x"], *([f"{number:012d}", str(number)] for number in range(first, first + size))])
            processes = [one.start("psi", {}) for one in (guest, host)]
            peaks = peak_mebibytes(processes)
            for process in processes:
                process.communicate()
            report = guest.json("report")
            figures = {"rows": size, "peak_mib": peaks, **{key: report[key] for key in ("seconds", "sent", "received")}}
            sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [20_000])
