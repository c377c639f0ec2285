"""CSV tables of a store, streamed as Arrow record batches."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, Final

import pyarrow as pa
from pyarrow import csv as arrow_csv

from interconn.standard.errors import DataError, StorageError
from interconn.storage.csv_text import csv_text
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.store import DatasetStore

BLOCK_BYTES: Final = 1024 * 1024
"""Bytes parsed at a time; also the longest row that can be read."""

BATCH_ROWS: Final = 1 << 13
"""Most rows handed out at a time, so that Python objects made of them stay few."""

_TYPES: Final = {"int": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}


class Table:
    """A stored CSV table, which can be streamed as often as wished.

    Args:
        store: where it lies.
        dataset: its name.

    Raises:
        StorageError: no such data set.
        DataError: it is no CSV table, or has no header.
    """

    def __init__(self, store: DatasetStore, dataset: DatasetName) -> None:
        self._store = store
        self.dataset = dataset
        try:
            self.metadata: DatasetMetadata | None = store.metadata(dataset)
        except StorageError:
            self.metadata = None  # the guide's single objects have none (resolution 15)
        if self.metadata and self.metadata.file_type != "csv":
            raise DataError("the data set is no CSV table", where=str(dataset))
        with store.open(dataset) as source:
            self.columns = read_header(source, where=str(dataset))

    @property
    def column_info(self) -> tuple[Column, ...]:
        """The columns with their type words; text where the metadata does not tell."""
        known = {column.name: column.type for column in self.metadata.column_info} if self.metadata else {}
        return tuple(Column(name=name, type=known.get(name, "string")) for name in self.columns)

    def require(self, columns: Sequence[str]) -> None:
        """Check that the table has columns of these names.

        Raises:
            DataError: one is missing; names those that exist.
        """
        require_columns(self.columns, columns, where=str(self.dataset))

    def batches(self, columns: Sequence[str] | None = None, *, typed: bool = False) -> Iterator[pa.RecordBatch]:
        """Stream the rows in order.

        Args:
            columns: the columns wanted, in that order; all when None.
            typed: numbers and booleans as such, blank ones null; otherwise every value is the text of the
                file, so that an id such as 007 keeps its zeros.

        Raises:
            DataError: a row of another shape, or a value that does not fit its column's type.
            StorageError: a partition is missing.
        """
        wanted = tuple(columns) if columns is not None else self.columns
        self.require(wanted)
        types = {column.name: column.type for column in self.column_info} if typed else {}
        partitions = self.metadata.partitions if self.metadata else 1
        for partition in range(partitions):
            with self._store.open(self.dataset, partition) as source:
                header = read_header(source, where=str(self.dataset))
                if header != self.columns:
                    raise DataError("the partitions have different headers", where=f"{self.dataset}/data_{partition}")
                yield from _read(source, header, wanted, types, str(self.dataset))


def require_columns(existing: Sequence[str], wanted: Sequence[str], *, where: str) -> None:
    """Check that columns exist.

    Raises:
        DataError: one is missing; names those that exist.
    """
    missing = [name for name in wanted if name not in existing]
    if missing:
        shown = ", ".join(existing[:30]) + (", …" if len(existing) > 30 else "")
        raise DataError(f"has no column {', '.join(missing)}", where=where, hint=f"It has: {shown}.")


def read_header(source: BinaryIO, *, where: str) -> tuple[str, ...]:
    """Return the column names of a CSV file in UTF-8, and put the position at the start of its text.

    Raises:
        DataError: the file is empty or its header unusable.
    """
    start = source.read(BLOCK_BYTES)
    source.seek(len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0)
    # A character cut at the end of the block belongs to a later row.
    lines = io.TextIOWrapper(io.BytesIO(start), encoding="utf-8-sig", errors="replace", newline="")
    try:
        header = next(csv.reader(lines, strict=True), None)
    except csv.Error:
        raise DataError("the header cannot be read", where=where) from None
    if not header:
        raise DataError("the file is empty", where=where)
    return tuple(header)


def _read(
    source: BinaryIO, header: Sequence[str], wanted: Sequence[str], types: dict[str, str], where: str
) -> Iterator[pa.RecordBatch]:
    convert = arrow_csv.ConvertOptions(
        check_utf8=True,
        column_types={name: _TYPES.get(types.get(name, "string"), pa.string()) for name in header},
        include_columns=list(wanted),
        strings_can_be_null=False,
        null_values=[""],
        true_values=["true", "True", "TRUE"],
        false_values=["false", "False", "FALSE"],
    )
    try:
        with arrow_csv.open_csv(
            _LineEnded(source),
            read_options=arrow_csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=convert,
        ) as reader:
            for block in reader:
                for first in range(0, block.num_rows, BATCH_ROWS):
                    yield block.slice(first, BATCH_ROWS)
    except pa.ArrowInvalid:
        # Arrow's own message quotes the row.
        raise DataError(
            "a row has another number of fields than the header, or a value that does not fit its column",
            where=where,
        ) from None


class _LineEnded:
    """A source with a line end after its last byte: Arrow refuses a header that lacks it as an empty file."""

    closed = False

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._ended = False

    def read(self, size: int) -> bytes:
        block = self._source.read(size)
        if len(block) < size and not self._ended:
            self._ended = True
            return block + b"\n"
        return block

    def close(self) -> None:
        """Leave the source open: its owner closes it."""


class TableWriter:
    """Writes a CSV table in UTF-8, a batch at a time.

    Args:
        sink: where the bytes go.
        columns: names of the columns.
    """

    def __init__(self, sink: BinaryIO, columns: Sequence[str]) -> None:
        self._sink = sink
        self.columns = tuple(columns)
        self.rows = 0
        self._write_slowly([self.columns])

    def write(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append rows.

        Raises:
            DataError: other columns than those of the table.
            StorageError: the store refuses, e.g. a full disk.
        """
        if tuple(batch.schema.names) != self.columns:
            raise DataError("the rows have other columns than the table")
        self.rows += batch.num_rows
        # Arrow writes fast but either quotes every text or none; a lone blank field would be a blank line.
        if len(self.columns) > 1:
            buffer = io.BytesIO()
            options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
            try:
                arrow_csv.write_csv(batch, buffer, options)
            except pa.ArrowInvalid:
                pass
            else:
                self._sink.write(buffer.getbuffer())
                return
        self._write_slowly(list(zip(*(_texts(column) for column in batch.columns), strict=True)))

    def _write_slowly(self, rows: Sequence[Sequence[object]]) -> None:
        self._sink.write(csv_text(rows).encode())


def _texts(column: pa.Array) -> list[object]:
    if pa.types.is_boolean(column.type):
        return [None if value is None else str(value).lower() for value in column.to_pylist()]
    return list(column.to_pylist())


@contextmanager
def create_table(
    store: DatasetStore,
    dataset: DatasetName,
    columns: Sequence[Column],
    *,
    description: str = "",
    replace: bool = False,
) -> Iterator[TableWriter]:
    """Write a table that appears as a whole, with its metadata, when the block ends; not at all when it raises.

    Raises:
        StorageError: it exists and is not to be replaced, or the store refuses.
    """
    with store.create(dataset, replace=replace) as draft:
        writer = TableWriter(draft.open(), [column.name for column in columns])
        yield writer
        draft.describe(
            DatasetMetadata(
                name=dataset.name,
                namespace=dataset.namespace,
                count=writer.rows,
                partitions=1,
                column_info=tuple(columns),
                description=description,
            )
        )
