"""What a store of data sets does, whatever holds the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from interconn.standard.errors import StorageError
from interconn.storage.address import StorageAddress
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.files import FileStore


class DatasetDraft(Protocol):
    """A data set being written, of which nobody sees anything until it is published."""

    def open(self, partition: int = 0) -> BinaryIO:
        """Open a partition for writing, once; it is closed with the draft.

        Raises:
            StorageError: also from every write to what is returned, e.g. when the disk is full.
        """

    def describe(self, metadata: DatasetMetadata) -> None:
        """Set the metadata; without it nothing is published."""


class DatasetStore(Protocol):
    """Data sets of partitions and metadata under a namespace and a name (CMP-4.2-s3, CMP-4.2-hdfs, CMP-4.2-file)."""

    def exists(self, dataset: DatasetName) -> bool:
        """Tell whether the data set has been published."""

    def names(self, namespace: str | None = None) -> Iterator[DatasetName]:
        """Yield the published data sets, sorted."""

    def metadata(self, dataset: DatasetName) -> DatasetMetadata:
        """Return the metadata.

        Raises:
            StorageError: no such data set, or unusable metadata.
        """

    def open(self, dataset: DatasetName, partition: int = 0) -> BinaryIO:
        """Open one partition for reading, buffered and seekable.

        Raises:
            StorageError: no such data set or partition.
        """

    def create(self, dataset: DatasetName, *, replace: bool = False) -> AbstractContextManager[DatasetDraft]:
        """Write a data set that appears as a whole when the block ends, and not at all when it raises.

        Args:
            dataset: where it goes.
            replace: put it in the place of one that exists.

        Raises:
            StorageError: it exists and is not to be replaced, or writing fails.
        """

    def delete(self, dataset: DatasetName) -> None:
        """Remove a data set; one that does not exist is no error."""


def open_store(address: StorageAddress) -> DatasetStore:
    """Return the store at an address.

    Raises:
        StorageError: no store of that scheme is built in.
    """
    if address.path is not None:
        return FileStore(address.path)
    if address.scheme == "s3":
        from interconn.storage.s3 import S3Store  # brings the library of the cloud's maker into memory

        return S3Store(address)
    raise StorageError(
        f"{address.scheme} storage is not built in yet",
        where="system.storage",
        clause=f"CMP-4.1-{address.scheme}",
        hint="Give a file:// address; a mounted share will do.",
    )
