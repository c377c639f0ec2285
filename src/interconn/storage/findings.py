"""What an intake found in a user's file; light to import, as the node passes it on."""

from __future__ import annotations

from dataclasses import dataclass

from interconn.storage.dataset import DatasetMetadata


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
