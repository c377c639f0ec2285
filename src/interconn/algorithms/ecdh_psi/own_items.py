"""The own rows' points on disk, handed out in a random order."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import numpy as np
import numpy.typing as npt

from interconn.storage.buckets import BUCKETS, Buckets

_ROW_BYTES: Final = 8


class OwnItems:
    """Points by row, and the order in which they were handed out. Memory is that of one bucket.

    A random bucket for each row, and a random order in each bucket, make a uniform order of all rows, so the
    place of a point tells the peer nothing of the place of its row.

    Args:
        directory: the task's working directory.
        point_bytes: size of a point.
    """

    def __init__(self, directory: Path, point_bytes: int) -> None:
        self._point_bytes = point_bytes
        self._record = np.dtype([("row", "<u8"), ("point", "u1", (point_bytes,))])
        self._buckets = Buckets(directory, "points", self._record)
        self._order = directory / "order"
        self._order_file: BinaryIO | None = None

    def __len__(self) -> int:
        return self._buckets.count

    def append(self, points: bytes) -> None:
        """Append the points of the next rows.

        Raises:
            StorageError: the working directory has no room left.
        """
        count = len(points) // self._point_bytes
        records = np.empty(count, dtype=self._record)
        records["row"] = np.arange(len(self), len(self) + count)
        records["point"] = np.frombuffer(points, dtype=np.uint8).reshape(count, self._point_bytes)
        self._buckets.append(records, np.frombuffer(os.urandom(count), dtype=np.uint8))

    def shuffled(self, batch_size: int) -> Iterator[bytes]:
        """Yield all points in batches, in a random order, once."""
        left = np.empty(0, dtype=self._record)
        with self._order.open("wb") as order:
            for index in range(BUCKETS):
                records = self._buckets.read(index)
                keys = np.frombuffer(os.urandom(8 * len(records)), dtype=np.uint64)
                left = np.concatenate((left, records[np.argsort(keys)]))
                last = index == BUCKETS - 1
                full = len(left) if last else len(left) // batch_size * batch_size
                for at in range(0, full, batch_size):
                    batch = left[at : min(at + batch_size, full)]
                    # On the disk before its points are sent: the answer may come at once.
                    order.write(batch["row"].tobytes())
                    order.flush()
                    yield batch["point"].tobytes()
                left = left[full:]

    def rows(self, first: int, count: int) -> npt.NDArray[np.uint64]:
        """Return the rows of points `first` to `first + count` in the order in which they were handed out."""
        if self._order_file is None:
            self._order_file = self._order.open("rb")
        self._order_file.seek(first * _ROW_BYTES)
        return np.frombuffer(self._order_file.read(count * _ROW_BYTES), dtype="<u8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._buckets.close()
        if self._order_file is not None:
            self._order_file.close()
        self._order.unlink(missing_ok=True)
