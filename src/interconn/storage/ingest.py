"""Takes a user's CSV file into a store as a normalised UTF-8 table, and tells what was found in it.

Memory stays bounded whatever the size of the file. Findings and errors name columns, rows and counts, never a
value: keys are personal data.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

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
from interconn.storage.csv_text import csv_text
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.duplicates import DuplicateFinder
from interconn.storage.encoding import detect_encoding
from interconn.storage.findings import Duplicates, Ingested
from interconn.storage.keys import is_blank, row_keys
from interconn.storage.opened import Source
from interconn.storage.store import DatasetStore
from interconn.storage.tables import require_columns

_FLUSH_ROWS: Final = 512
_WANTED: Final = "A table begins with a line that names its columns; rows follow."


def ingest_csv(
    source: Source,
    store: DatasetStore,
    dataset: DatasetName,
    *,
    key_columns: Sequence[str] = (),
    unique_keys: bool = True,
    description: str = "",
    replace: bool = False,
    work_directory: Path | None = None,
) -> Ingested:
    """Take a CSV file into a store.

    Args:
        source: the user's file.
        store: where the table goes.
        dataset: its name there.
        key_columns: columns that together name a row; blank keys are refused.
        unique_keys: refuse repeated keys; a finding otherwise.
        description: kept with the metadata.
        replace: put it in the place of a data set that exists.
        work_directory: where buckets of digests lie meanwhile; the system's own by default.

    Raises:
        DataError: the file cannot be understood or its keys cannot serve; says where and what to do.
        StorageError: the file cannot be opened, or the store refuses.
    """
    try:
        encoding = detect_encoding(source)
        with ExitStack() as stack:
            text = stack.enter_context(source.open(encoding=encoding, newline=""))
            delimiter = delimiter_of(text.read(HEAD_CHARACTERS))
            text.seek(0)
            temporary = stack.enter_context(tempfile.TemporaryDirectory(dir=work_directory))
            draft = stack.enter_context(store.create(dataset, replace=replace))
            intake = _Intake(source.name, csv.reader(text, delimiter=delimiter, strict=True), key_columns)
            intake.copy(draft.open(), Path(temporary))
            intake.refuse_bad_keys(unique=unique_keys)
            metadata = intake.metadata(dataset, description)
            draft.describe(metadata)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise DataError(
            f"the file cannot be opened: {error.strerror}",
            where=source.name,
            hint="It is read by the node: name one on the node's machine that it may read.",
        ) from None
    return Ingested(
        metadata=metadata,
        encoding=encoding,
        delimiter=delimiter,
        missing={name: guess.missing for name, guess in intake.guesses.items() if guess.missing},
        duplicates=intake.duplicates,
        findings=tuple(intake.findings(encoding, delimiter)),
    )


class _Intake:
    """One pass over the file, copying it and watching columns and keys."""

    def __init__(self, where: str, reader: Any, key_columns: Sequence[str]) -> None:
        self._where = where
        self._reader = reader
        self._key_columns = tuple(key_columns)
        self.rows = 0
        self.blank_lines = 0
        self.blank_keys: list[int] = []
        self.blank_key_count = 0
        self.padded_keys = 0
        self.duplicates: Duplicates | None = None
        self.guesses: dict[str, TypeGuess] = {}

    def copy(self, sink: BinaryIO, temporary: Path) -> None:
        csv.field_size_limit(MAXIMUM_FIELD)
        finder = DuplicateFinder(temporary)
        try:
            self._copy(sink, finder)
            if self._key_columns:
                self.duplicates = finder.finish()
        finally:
            finder.close()

    def _copy(self, sink: BinaryIO, finder: DuplicateFinder) -> None:
        rows = self._rows()
        header = self._header(next(rows, None))
        places = [header.index(name) for name in self._key_columns]
        guesses = [self.guesses.setdefault(name, TypeGuess()) for name in header]
        waiting: list[list[str]] = [header]
        for row in rows:
            if len(row) != len(header):
                raise DataError(
                    f"row {self.rows + 1} (line {self._reader.line_num}) has {len(row)} fields, the header has "
                    f"{len(header)}",
                    where=self._where,
                    hint="Quote values that hold the delimiter.",
                )
            self.rows += 1
            for guess, value in zip(guesses, row, strict=True):
                guess.see(value)
            if places:
                self._see_key([row[place] for place in places], finder)
            waiting.append(row)
            if len(waiting) >= _FLUSH_ROWS:
                sink.write(csv_text(waiting).encode())
                waiting.clear()
        sink.write(csv_text(waiting).encode())

    def _rows(self) -> Iterator[list[str]]:
        try:
            for row in self._reader:
                if row:
                    yield row
                else:
                    self.blank_lines += 1
        except csv.Error as error:
            raise DataError(
                f"line {self._reader.line_num} is no CSV: {error}",
                where=self._where,
                hint="Look for a quote that is opened and not closed.",
            ) from None

    def _header(self, row: list[str] | None) -> list[str]:
        if row is None:
            raise DataError("the file is empty", where=self._where, hint=_WANTED)
        header = [name.strip() for name in row]
        if not all(header):
            raise DataError(f"column {header.index('') + 1} has no name", where=self._where, hint=_WANTED)
        if len(header) > MAXIMUM_COLUMNS:
            message = f"the header names {len(header)} columns, more than the {MAXIMUM_COLUMNS} that a table may have"
            raise DataError(message, where=self._where)
        repeated = sorted(name for name, times in Counter(header).items() if times > 1)
        if repeated:
            message = f"the header names {', '.join(repeated)} more than once"
            raise DataError(message, where=self._where, hint="Give each column a name of its own.")
        require_columns(header, self._key_columns, where=self._where)
        return header

    def _see_key(self, values: list[str], finder: DuplicateFinder) -> None:
        if is_blank(values):
            self.blank_key_count += 1
            self.blank_keys = [*self.blank_keys, self.rows][:5]
            return
        if any(value != value.strip() for value in values):
            self.padded_keys += 1
        finder.add(row_keys([[value] for value in values])[0], self.rows)

    def refuse_bad_keys(self, *, unique: bool) -> None:
        if self.rows == 0:
            raise DataError("the file has a header and no rows", where=self._where, hint=_WANTED)
        if self.blank_key_count:
            raise DataError(
                f"{self.blank_key_count} rows have a blank key, e.g. {rows_named(self.blank_keys)}",
                where=self._where,
                hint="Remove these rows or fill in their keys.",
            )
        if unique and self.duplicates and self.duplicates.rows:
            raise DataError(
                _repeated(self.duplicates),
                where=self._where,
                hint="Remove the repeated rows, or choose key columns that are unique together.",
            )

    def metadata(self, dataset: DatasetName, description: str) -> DatasetMetadata:
        return DatasetMetadata(
            name=dataset.name,
            namespace=dataset.namespace,
            count=self.rows,
            partitions=1,
            column_info=tuple(Column(name=name, type=guess.type) for name, guess in self.guesses.items()),
            description=description,
        )

    def findings(self, encoding: str, delimiter: str) -> Iterator[str]:
        if encoding == "gb18030":
            yield "The text was not UTF-8 and was read as GB18030; look whether names show rightly."
        if delimiter != ",":
            yield f"Fields are separated by {DELIMITER_NAMES[delimiter]}."
        if self.blank_lines:
            yield f"{self.blank_lines} blank lines were left out."
        if self.padded_keys:
            yield f"{self.padded_keys} keys begin or end with blanks, which count when keys are compared."
        if self.duplicates and self.duplicates.rows:
            yield f"{_repeated(self.duplicates)}."


def _repeated(found: Duplicates) -> str:
    return f"{found.rows} rows repeat the key of an earlier row, e.g. {rows_named(found.examples)}"
