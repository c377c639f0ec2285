"""What an intake found in a user's file; light to import, as the node passes it on."""

from __future__ import annotations

from dataclasses import dataclass

from interconn.storage.dataset import ColumnType, DatasetMetadata


@dataclass(frozen=True)
class Duplicates:
    """Repeated keys.

    Attributes:
        rows: rows whose key occurred in an earlier row.
        examples: numbers of some of those rows.
    """

    rows: int
    examples: tuple[int, ...]


@dataclass(frozen=True)
class Ingested:
    """What was taken in.

    Attributes:
        metadata: as stored: rows, columns and their types.
        encoding: utf-8, utf-8-sig or gb18030, as the file was read.
        delimiter: as the file had it.
        missing: number of blank values by column, where there are any.
        duplicates: repeated keys; None when no key was given.
        findings: sentences for a person.
    """

    metadata: DatasetMetadata
    encoding: str
    delimiter: str
    missing: dict[str, int]
    duplicates: Duplicates | None
    findings: tuple[str, ...]


@dataclass(frozen=True)
class Remark:
    """Something wrong or odd about a file.

    Attributes:
        blocks: the file cannot be taken in as long as this is so.
        what: the finding, without any value of the file.
        fix: what to do about it, or what it means if nothing is done.
        column: which it is about; empty if it is about the file.
        rows: how many rows it is about; 0 if it is not about rows.
    """

    blocks: bool
    what: str
    fix: str
    column: str = ""
    rows: int = 0


@dataclass(frozen=True)
class ColumnFacts:
    """A column of a file as it would be taken in.

    Attributes:
        name: of the header.
        type: the narrowest that fits all values.
        missing: number of blank values.
        could_be_key: no value is blank or occurs twice; None where that was not looked at.
    """

    name: str
    type: ColumnType
    missing: int
    could_be_key: bool | None = None


@dataclass(frozen=True)
class Preflight:
    """What is to be said of a file before it is taken in.

    Attributes:
        bytes: size of the file.
        encoding: utf-8, utf-8-sig or gb18030; empty where it is no text.
        delimiter: a character; empty where that is not known.
        rows: those that were read.
        columns: of the header.
        remarks: what blocks first, then the rest.
    """

    bytes: int
    encoding: str = ""
    delimiter: str = ""
    rows: int = 0
    columns: tuple[ColumnFacts, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether the file can be taken in as it is."""
        return not any(remark.blocks for remark in self.remarks)
