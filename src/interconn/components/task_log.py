"""What components of a task wrote to their standard output."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def read_log(directories: Iterable[Path], start: int, length: int) -> tuple[list[str], int]:
    """Return lines of the logs in some directories, one after the other, and how many there are in all. Blocks."""
    lines: list[str] = []
    total = 0
    for directory in directories:
        try:
            file = (directory / "stdout.log").open(errors="replace")
        except FileNotFoundError:
            continue
        with file:
            for line in file:
                if start <= total < start + length:
                    lines.append(line.rstrip("\n"))
                total += 1
    return lines, total
