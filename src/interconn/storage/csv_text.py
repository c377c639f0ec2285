"""CSV text that every reader understands alike (RFC 4180)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

_STRUCTURAL = (",", '"', "\n", "\r")


def csv_text(rows: Sequence[Sequence[object]]) -> str:
    """Return rows as CSV text with line feeds; None is blank."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    written = text.getvalue()
    if "\r" in written:
        # Python's writer leaves a lone carriage return unquoted before 3.13; most readers end the line there.
        return "".join(f"{join_fields(['' if one is None else str(one) for one in row])}\n" for row in rows)
    return written


def join_fields(values: Sequence[str]) -> str:
    """Return one row without its line end, quoting only what must be quoted.

    Written out here and not left to a library: keys are made of it (`row_keys`), and both parties must get the
    same bytes whatever their version of Python.
    """
    if len(values) == 1 and not values[0]:
        return '""'  # a blank line would be no row
    return ",".join(_quoted(value) for value in values)


def _quoted(value: str) -> str:
    if any(mark in value for mark in _STRUCTURAL):
        return '"' + value.replace('"', '""') + '"'
    return value
