"""The narrowest type word that fits all values of a column (CMP-G4.1.1.4-column)."""

from __future__ import annotations

import re
from typing import Final

from interconn.storage.dataset import ColumnType

# A leading zero marks an id, not a number: 007 must stay 007. Eighteen digits always fit 64 bits.
_INT: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT: Final = re.compile(r"-?((0|[1-9][0-9]{0,17})(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_BOOLEAN: Final = frozenset(("true", "false", "True", "False", "TRUE", "FALSE"))


class TypeGuess:
    """Watches one column, value by value."""

    def __init__(self) -> None:
        self._type: ColumnType | None = None
        self.missing = 0

    @property
    def type(self) -> ColumnType:
        """The type so far; text for a column without values."""
        return self._type or "string"

    def see(self, value: str) -> None:
        """Take one value into account; blank ones are missing."""
        if not value:
            self.missing += 1
        elif self._type != "string":
            self._type = self._with(value)

    def _with(self, value: str) -> ColumnType:
        known = self._type
        if known in (None, "int") and _INT.fullmatch(value):
            return "int"
        if known in (None, "int", "float") and _FLOAT.fullmatch(value):
            return "float"
        if known in (None, "boolean") and value in _BOOLEAN:
            return "boolean"
        return "string"
