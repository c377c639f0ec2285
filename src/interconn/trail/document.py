"""The form of an export: JSON Lines, each an object whose `record` says what it is (docs/audit-trail.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from interconn.standard.errors import InvalidRequest

FORMAT: Final = "interconn-audit-trail"
VERSION: Final = 1

BEGIN: Final = "begin"
ENTRY: Final = "entry"
OMITTED: Final = "omitted"
HEAD: Final = "head"  # of the exporting node
HELD: Final = "held_head"  # a partner's
RECEIPT: Final = "receipt"  # of a partner for a head of the exporting node
END: Final = "end"

LONGEST_LINE: Final = 64 * 1024 * 1024


class LineCount:
    """What the last record of an export says about the lines before it: how many, and their digest."""

    def __init__(self) -> None:
        self.lines = 0
        self._hash = hashlib.sha256()

    def add(self, line: bytes) -> None:
        """Count a line, given without its line feed."""
        self.lines += 1
        self._hash.update(line + b"\n")

    @property
    def digest(self) -> str:
        """Lower-case hex SHA-256 of all lines counted, line feeds included."""
        return self._hash.hexdigest()


def write(record: dict[str, Any]) -> bytes:
    """Return a record as a line, without the line feed."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def read(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield the lines of an export with what they hold, one at a time.

    Raises:
        InvalidRequest: a line is no record; it is named by its number.
    """
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            line = raw.rstrip(b"\n")
            try:
                if len(raw) > LONGEST_LINE:
                    raise ValueError
                record = json.loads(line.decode(), object_pairs_hook=_unique)
            except (ValueError, RecursionError):
                raise InvalidRequest(f"line {number} is no record of an export", where=path.name) from None
            if not isinstance(record, dict) or not isinstance(record.get("record"), str):
                raise InvalidRequest(f"line {number} is no record of an export", where=path.name)
            yield line, record


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is repeated")
    return members
