"""Looks a user's CSV file over before it is taken in, and tells all that is wrong or odd at once, each with a fix.

It refuses exactly what `interconn.storage.ingest` refuses, but does not stop at the first. Memory stays bounded, and
no value of the file is told: keys are personal data.
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Final

from interconn.standard.errors import DataError
from interconn.storage.column_types import TypeGuess
from interconn.storage.csv_reading import (
    DELIMITER_NAMES,
    HEAD_CHARACTERS,
    MAXIMUM_COLUMNS,
    MAXIMUM_FIELD,
    delimiter_of,
    rows_named,
)
from interconn.storage.duplicates import DuplicateFinder
from interconn.storage.encoding import detect_encoding
from interconn.storage.findings import ColumnFacts, Preflight, Remark
from interconn.storage.keys import is_blank, row_keys
from interconn.storage.opened import Source

EXAMPLES: Final = 5
CANDIDATES: Final = 16
"""So many columns are looked at for whether they could be a key, where none is named."""
ALMOST: Final = 0.95
"""A column of text of which that share are numbers was probably meant as one."""
_NUMBER: Final = re.compile(r"[-+]?(\d[\d,_ ]*\.?\d*|\.\d+)([eE][-+]?\d+)?")
_FOR_MISSING: Final = frozenset(("NA", "N/A", "n/a", "#N/A", "NULL", "null", "None", "none", "nan", "NaN", "\\N", "-"))
_WIDE: Final = {"，": "commas", "；": "semicolons", "｜": "bars"}
_NAMES: Final = "A table begins with a line that names its columns; rows follow."


def preflight(
    source: Source,
    *,
    key_columns: Sequence[str] = (),
    label_columns: Sequence[str] = (),
    work_directory: Path | None = None,
) -> Preflight:
    """Look a file over.

    Args:
        source: the user's file.
        key_columns: columns that are to name a row together; without any, columns that could are looked for.
        label_columns: columns that are to hold labels.
        work_directory: where buckets of digests lie meanwhile; the system's own by default.

    Raises:
        DataError: the file cannot be opened.
        StorageError: the working directory has no room left.
    """
    try:
        with source.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
        try:
            encoding = detect_encoding(source)
        except DataError as error:
            return Preflight(size, remarks=(Remark(True, error.message, error.hint or _NAMES),))
        with ExitStack() as stack:
            text = stack.enter_context(source.open(encoding=encoding, newline=""))
            temporary = stack.enter_context(tempfile.TemporaryDirectory(dir=work_directory))
            start = text.read(HEAD_CHARACTERS)
            text.seek(0)
            look = _Look(delimiter_of(start), key_columns, label_columns, Path(temporary))
            stack.callback(look.close)
            look.read(text)
            remarks = [*_of_text(encoding, look.delimiter, start), *look.remarks()]
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        hint = "It is read by the node: name one on the node's machine that it may read."
        raise DataError(f"the file cannot be opened: {error.strerror}", where=source.name, hint=hint) from None
    return Preflight(
        bytes=size,
        encoding=encoding,
        delimiter=look.delimiter,
        rows=look.rows,
        columns=look.columns(),
        remarks=tuple(sorted(remarks, key=lambda remark: not remark.blocks)),
    )


def _of_text(encoding: str, delimiter: str, start: str) -> Iterator[Remark]:
    if encoding == "gb18030":
        yield Remark(False, "the text is not UTF-8 and is read as GB18030", "Look whether names show rightly.")
    if delimiter != ",":
        yield Remark(False, f"fields are separated by {DELIMITER_NAMES[delimiter]}", "They are read as such.")
    first = start.lstrip("\r\n").partition("\n")[0]
    for wide, name in _WIDE.items():
        if wide in first and not any(narrow in first for narrow in DELIMITER_NAMES):
            fix = f"Replace the wide {name} by plain ones, and save the file again."
            yield Remark(False, f"the first line holds wide {name}, which separate nothing", fix)


class _Watched:
    """One column, value by value."""

    def __init__(self, name: str, finder: DuplicateFinder | None) -> None:
        self.name = name
        self.guess = TypeGuess()
        self.finder = finder
        self.could_be_key: bool | None = None
        self.numbers = 0
        self.words = 0
        self.odd_rows: list[int] = []

    def see(self, value: str, row: int) -> None:
        self.guess.see(value)
        if not value:
            return
        if value in _FOR_MISSING:
            self.words += 1
        elif _NUMBER.fullmatch(value):
            self.numbers += 1
        elif len(self.odd_rows) < EXAMPLES:
            self.odd_rows.append(row)
        if self.finder and self.guess.missing == 0 and value.strip():
            self.finder.add(value.encode(), row)
        elif self.finder:
            self.give_up()

    def give_up(self) -> None:
        """This is no key."""
        if self.finder:
            self.finder.close()
            self.finder, self.could_be_key = None, False

    def finish(self, rows: int) -> None:
        if self.guess.missing:
            self.give_up()
        if self.finder and rows:
            self.could_be_key = not self.finder.finish().rows

    def remarks(self, rows: int) -> Iterator[Remark]:
        present = rows - self.guess.missing
        if self.guess.missing:
            share = f"{self.guess.missing} of {rows} values of {self.name} are blank ({self.guess.missing / rows:.1%})"
            fix = "They stay blank: fill them in where a component takes no blanks."
            yield Remark(False, share, fix, self.name, self.guess.missing)
        if self.words:
            what = f"{self.words} values of {self.name} are words for a missing one, such as NA or null"
            fix = "They count as text: leave them blank to have them missing."
            yield Remark(False, what, fix, self.name, self.words)
        odd = present - self.numbers - self.words
        if self.guess.type == "string" and self.numbers and 0 < odd <= (1 - ALMOST) * present:
            examples = rows_named(self.odd_rows)
            what = f"{self.name} is text: {odd} values are no numbers, as the others are, e.g. in {examples}"
            yield Remark(False, what, "Mend these rows if it is meant as a number.", self.name, odd)


class _Look:
    """One pass over the file."""

    def __init__(self, delimiter: str, keys: Sequence[str], labels: Sequence[str], temporary: Path) -> None:
        self.delimiter = delimiter
        self.rows = 0
        self._keys = tuple(keys)
        self._labels = tuple(labels)
        self._temporary = temporary
        self._watched: list[_Watched] = []
        self._found: list[Remark] = []
        self._uneven: list[int] = []
        self._uneven_rows = 0
        self._trailing = 0
        self._blank_lines = 0
        self._blank_keys: list[int] = []
        self._blank_key_rows = 0
        self._padded_keys = 0
        self._finder: DuplicateFinder | None = None

    def close(self) -> None:
        for finder in (self._finder, *(column.finder for column in self._watched)):
            if finder:
                finder.close()

    def columns(self) -> tuple[ColumnFacts, ...]:
        return tuple(
            ColumnFacts(each.name, each.guess.type, each.guess.missing, each.could_be_key) for each in self._watched
        )

    def remarks(self) -> Iterator[Remark]:
        yield from self._found
        if self._uneven_rows:
            what = f"{self._uneven_rows} rows have not as many fields as the header, e.g. {rows_named(self._uneven)}"
            fix = "Quote values that hold the delimiter."
            if self._trailing == self._uneven_rows:
                fix = "They end with a delimiter and nothing behind it: take it away, or name that column."
            yield Remark(True, what, fix, rows=self._uneven_rows)
        if self._blank_lines:
            yield Remark(False, f"{self._blank_lines} lines are blank", "They are left out.", rows=self._blank_lines)
        for column in self._watched:
            yield from column.remarks(self.rows)

    def read(self, text: IO[str]) -> None:
        csv.field_size_limit(MAXIMUM_FIELD)
        reader = csv.reader(text, delimiter=self.delimiter, strict=True)
        places: list[int] = []
        header: list[str] | None = None
        try:
            for row in reader:
                if not row:
                    self._blank_lines += 1
                elif header is None:
                    header = self._header(row)
                    places = self._key_places(header)
                else:
                    self._row(row, places)
        except csv.Error as error:
            fix = "Look for a quote that is opened and not closed. What follows was not looked at."
            self._block(f"line {reader.line_num} is no CSV: {error}", fix)
            self._finish()
            return
        if header is None:
            self._block("the file is empty", _NAMES)
        elif not self.rows and not self._uneven_rows:
            self._block("the file has a header and no rows", _NAMES)
        self._finish()

    def _header(self, row: list[str]) -> list[str]:
        header = [name.strip() for name in row]
        nameless = [number for number, name in enumerate(header, 1) if not name]
        if nameless:
            what = f"column {', '.join(map(str, nameless[:EXAMPLES]))} has no name"
            last = nameless == [len(header)] and len(header) > 1
            self._block(what, "The first line ends with a delimiter: take it away." if last else _NAMES)
        if len(header) > MAXIMUM_COLUMNS:
            self._block(f"the header names {len(header)} columns", f"A table may have {MAXIMUM_COLUMNS}: divide it.")
        repeated = sorted(name for name, times in Counter(filter(None, header)).items() if times > 1)
        if repeated:
            what = f"the header names {', '.join(repeated[:EXAMPLES])} more than once"
            self._block(what, "Give each column a name of its own.")
        if any(_NUMBER.fullmatch(name) for name in header):
            what = "the first line holds numbers where names of columns are expected"
            self._found.append(Remark(False, what, "If it is a row of the table, put a line of names before it."))
        seek = not self._keys
        self._watched = [
            _Watched(name, DuplicateFinder(self._temporary) if seek and place < CANDIDATES else None)
            for place, name in enumerate(header[:MAXIMUM_COLUMNS])
        ]
        return header

    def _key_places(self, header: list[str]) -> list[int]:
        for columns in (self._keys, self._labels):
            for missing in (name for name in columns if name not in header):
                near = get_close_matches(missing, header, 1, 0.6)
                shown = ", ".join(filter(None, header[:20])) + (", …" if len(header) > 20 else "")
                fix = f"Did you mean {near[0]}?" if near else f"It has: {shown}."
                self._block(f"there is no column {missing}", fix, missing)
        if not self._keys or not set(self._keys) <= set(header):
            return []
        self._finder = DuplicateFinder(self._temporary)
        return [header.index(name) for name in self._keys]

    def _row(self, row: list[str], places: list[int]) -> None:
        number = self.rows + self._uneven_rows + 1
        if len(row) != len(self._watched):
            self._uneven_rows += 1
            self._trailing += len(row) == len(self._watched) + 1 and not row[-1]
            self._uneven = [*self._uneven, number][:EXAMPLES]
            return
        self.rows += 1
        for column, value in zip(self._watched, row, strict=True):
            column.see(value, number)
        if places and self._finder:
            self._key([row[place] for place in places], number, self._finder)

    def _key(self, values: list[str], row: int, finder: DuplicateFinder) -> None:
        if is_blank(values):
            self._blank_key_rows += 1
            self._blank_keys = [*self._blank_keys, row][:EXAMPLES]
            return
        self._padded_keys += any(value != value.strip() for value in values)
        finder.add(row_keys([[value] for value in values])[0], row)

    def _finish(self) -> None:
        for column in self._watched:
            column.finish(self.rows)
        if self._blank_key_rows:
            what = f"{self._blank_key_rows} rows have a blank key, e.g. {rows_named(self._blank_keys)}"
            self._block(what, "Remove these rows or fill in their keys.", rows=self._blank_key_rows)
        if self._padded_keys:
            what = f"{self._padded_keys} keys begin or end with blanks, which count when keys are compared"
            fix = "Take the blanks away, unless the partner's keys have them too."
            self._found.append(Remark(False, what, fix, rows=self._padded_keys))
        repeated = self._finder.finish() if self._finder else None
        if repeated and repeated.rows:
            what = f"{repeated.rows} rows repeat the key of an earlier row, e.g. {rows_named(repeated.examples)}"
            fix = "Remove the repeated rows, or choose key columns that are unique together."
            self._block(what, fix, rows=repeated.rows)

    def _block(self, what: str, fix: str, column: str = "", rows: int = 0) -> None:
        self._found.append(Remark(True, what, fix, column, rows))
