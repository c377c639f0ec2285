"""The key of a row: one column's text, or several joined so that no two rows can be mistaken for each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from interconn.storage.csv_text import join_fields


def row_keys(columns: Sequence[Iterable[str]]) -> list[bytes]:
    """Return the UTF-8 keys of rows.

    The source leaves the byte form of an item open (ALG-PSI-5.1). One column counts as it is. Several are joined
    by commas, as open peers do; a value that itself holds a comma, quote or line end is quoted as in CSV, without
    which ("a,b", "c") and ("a", "b,c") would be one key.

    Args:
        columns: the values of each key column, all of one length.
    """
    if len(columns) == 1:
        return [value.encode() for value in columns[0]]
    return [join_fields(values).encode() for values in zip(*columns, strict=True)]


def is_blank(values: Sequence[str]) -> bool:
    """Tell whether any of a row's key values is blank, so that the row has no key."""
    return any(not value.strip() for value in values)
