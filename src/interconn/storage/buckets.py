"""Fixed-size records spread over files, so that each file can be sorted in memory however many there are in all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import numpy as np
import numpy.typing as npt

from interconn.standard.errors import StorageError

BUCKETS: Final = 256
_BUFFER: Final = 16 * 1024


class Buckets:
    """256 files of records, chosen by a byte that the caller takes from each record.

    Reading bucket after bucket, and sorting each, gives the records sorted by that byte first.

    Args:
        directory: where the files lie; it must exist.
        name: start of the files' names.
        record: dtype of a record.
    """

    def __init__(self, directory: Path, name: str, record: np.dtype[Any]) -> None:
        self._record = record
        self._paths = [directory / f"{name}-{index:02x}" for index in range(BUCKETS)]
        self._files: list[BinaryIO | None] = [None] * BUCKETS
        self.count = 0

    def append(self, records: npt.NDArray[Any], bucket: npt.NDArray[np.uint8]) -> None:
        """Append records, each to the bucket at its place in `bucket`.

        Raises:
            StorageError: the working directory has no room left.
        """
        order = np.argsort(bucket, kind="stable")
        ordered = records[order]
        edges = np.searchsorted(bucket[order], np.arange(BUCKETS + 1))
        try:
            for index in np.flatnonzero(np.diff(edges)):
                self._file(int(index)).write(ordered[edges[index] : edges[index + 1]].tobytes())
        except OSError as error:
            raise _refused(error) from None
        self.count += len(records)

    def read(self, index: int) -> npt.NDArray[Any]:
        """Return the records of one bucket, in the order in which they came.

        Raises:
            StorageError: the working directory has no room left for what is still buffered.
        """
        file = self._files[index]
        if file is None:
            return np.empty(0, dtype=self._record)
        try:
            file.flush()
        except OSError as error:
            raise _refused(error) from None
        return np.fromfile(self._paths[index], dtype=self._record)

    def close(self) -> None:
        """Remove all files."""
        for file, path in zip(self._files, self._paths, strict=True):
            if file is not None:
                with suppress(OSError):  # what could not be written is not wanted any more
                    file.close()
                path.unlink(missing_ok=True)
        self._files = [None] * BUCKETS

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _file(self, index: int) -> BinaryIO:
        file = self._files[index]
        if file is None:
            descriptor = os.open(self._paths[index], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            file = self._files[index] = os.fdopen(descriptor, "wb", buffering=_BUFFER)
        return file


def _refused(error: OSError) -> StorageError:
    room = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return StorageError(
        "there is no room left in the working directory" if room else os.strerror(error.errno or 0),
        where="working directory",
        hint="Free some space and try again." if room else None,
    )
