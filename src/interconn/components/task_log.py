"""What lines of a component's standard output (CMP-G4.1.1.2-stdout) matter how much.

How a line carries its level is left open there. Ours and many others write one JSON object a line; else the first
word of a level near the beginning counts, and a line without one belongs to what came before it, as the lines of a
traceback do.
"""

from __future__ import annotations

import json
import re
from enum import IntEnum
from typing import Final

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
