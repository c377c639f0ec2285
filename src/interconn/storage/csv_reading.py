"""How a user's CSV file is read: its delimiter, and what bounds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

DELIMITER_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
HEAD_CHARACTERS: Final = 1 << 16
"""So much of a file tells its delimiter."""
MAXIMUM_FIELD: Final = 1 << 20
"""Longest field, characters; an opening quote without an end would otherwise swallow the file."""
MAXIMUM_COLUMNS: Final = 10_000


def delimiter_of(start: str) -> str:
    """Return the delimiter that the header has most of outside of quotes; the comma when it has none."""
    counts = dict.fromkeys(DELIMITER_NAMES, 0)
    quoted = False
    for character in start.lstrip("\r\n"):
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "\r\n":
            break
        elif not quoted and character in counts:
            counts[character] += 1
    return max(DELIMITER_NAMES, key=counts.__getitem__)  # the first of equals


def rows_named(numbers: Sequence[int]) -> str:
    """Return the numbers of rows as a sentence has them."""
    return ("row " if len(numbers) == 1 else "rows ") + ", ".join(map(str, numbers))
