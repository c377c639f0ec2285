"""What components of a task wrote to their standard output (CMP-G4.1.1.2-stdout), line by line and by level.

How a line carries its level is left open there. Ours and many others write one JSON object a line; else the first
word of a level near the beginning counts, and a line without one belongs to what came before it, as the lines of a
traceback do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import Final

LONGEST_LINE: Final = 65_536
"""Characters of a line that are read; what follows is left out."""
_LOOKED_AT: Final = 200
_WORD: Final = re.compile(r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE)
_JSON_MEMBERS: Final = ("level", "levelname", "severity", "log_level")


class Severity(IntEnum):
    """How much a line matters; who asks for one sees what matters more as well (CTL-5.4)."""

    DEBUG = 10
    INFO = 20
    ERROR = 40


_WORDS: Final = {
    "TRACE": Severity.DEBUG,
    "DEBUG": Severity.DEBUG,
    "INFO": Severity.INFO,
    "NOTICE": Severity.INFO,
    "WARN": Severity.INFO,
    "WARNING": Severity.INFO,
    "ERROR": Severity.ERROR,
    "CRITICAL": Severity.ERROR,
    "FATAL": Severity.ERROR,
}


def read_log(
    directories: Iterable[Path], start: int, length: int, *, level: Severity = Severity.DEBUG, most: int | None = None
) -> tuple[list[str], int]:
    """Return lines of the logs in some directories, one after the other, and how many there are in all. Blocks.

    Args:
        directories: of the components.
        start: the first line wanted, from 0.
        length: how many at most.
        level: lines that matter less are neither returned nor counted.
        most: characters returned at most; the first line comes whatever its length.
    """
    found: list[str] = []
    total = size = 0
    for severity, line in _lines(directories):
        if severity < level:
            continue
        if start <= total < start + length and (most is None or size + len(line) <= most or not found):
            found.append(line)
            size += len(line) + 1
        elif total >= start:
            length = len(found)  # no line is left out between two that are returned
        total += 1
    return found, total


def severity_of(line: str, before: Severity) -> Severity:
    """Return how much a line matters.

    Args:
        line: as it was written.
        before: of the line before it.
    """
    if line.startswith("{"):
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            told = next((content[name] for name in _JSON_MEMBERS if isinstance(content.get(name), str)), "INFO")
            return _WORDS.get(told.upper(), Severity.INFO)
    if word := _WORD.search(line, 0, _LOOKED_AT):
        return _WORDS[word[1].upper()]
    return before


def _lines(directories: Iterable[Path]) -> Iterator[tuple[Severity, str]]:
    for directory in directories:
        severity = Severity.INFO
        try:
            file = (directory / "stdout.log").open(errors="replace")
        except FileNotFoundError:
            continue
        with file:
            while line := file.readline(LONGEST_LINE):
                whole = line.endswith("\n")
                severity = severity_of(line, severity)
                yield severity, line.rstrip("\n")
                while not whole and (rest := file.readline(LONGEST_LINE)):
                    whole = rest.endswith("\n")
