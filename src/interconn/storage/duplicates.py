"""Finds repeated keys in bounded memory: digests go to buckets on disk, and each bucket is sorted by itself."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Final

import numpy as np

from interconn.storage.buckets import BUCKETS, Buckets
from interconn.storage.findings import Duplicates

EXAMPLES: Final = 5
_DIGEST_BYTES: Final = 16  # two of 2^40 rows fall together by chance with less than 2^-48
_RECORD: Final = np.dtype([("high", ">u8"), ("low", ">u8"), ("row", "<u8")])
_FLUSH_ROWS: Final = 1 << 16


class DuplicateFinder:
    """Collects keys row by row.

    The digests are keyed with a secret that is forgotten with this object, so the files left by a crash tell
    nothing of the keys.

    Args:
        directory: where the buckets lie while this is open.
    """

    def __init__(self, directory: Path) -> None:
        self._buckets = Buckets(directory, f"keys-{secrets.token_hex(4)}", _RECORD)
        self._secret = secrets.token_bytes(32)
        self._digests = bytearray()
        self._rows: list[int] = []

    def add(self, key: bytes, row: int) -> None:
        """Add the key of a row.

        Raises:
            StorageError: the working directory has no room left.
        """
        self._digests += hashlib.blake2b(key, digest_size=_DIGEST_BYTES, key=self._secret).digest()
        self._rows.append(row)
        if len(self._rows) >= _FLUSH_ROWS:
            self._flush()

    def finish(self) -> Duplicates:
        """Return what is repeated, and remove the files.

        Raises:
            StorageError: the working directory has no room left.
        """
        self._flush()
        count = 0
        examples: list[int] = []
        with self._buckets:
            for index in range(BUCKETS):
                records = self._buckets.read(index)
                # Stable by construction: equal digests keep the order of their rows.
                order = np.lexsort((records["row"], records["low"], records["high"]))
                high, low, row = (records[name][order] for name in ("high", "low", "row"))
                again = np.flatnonzero((high[1:] == high[:-1]) & (low[1:] == low[:-1])) + 1
                count += len(again)
                examples.extend(int(one) for one in row[again][:EXAMPLES])
        return Duplicates(count, tuple(sorted(examples)[:EXAMPLES]))

    def close(self) -> None:
        """Remove the files."""
        self._buckets.close()

    def _flush(self) -> None:
        records = np.empty(len(self._rows), dtype=_RECORD)
        digests = np.frombuffer(bytes(self._digests), dtype=np.uint8).reshape(-1, _DIGEST_BYTES)
        records["high"] = digests[:, :8].copy().view(">u8").reshape(-1)
        records["low"] = digests[:, 8:].copy().view(">u8").reshape(-1)
        records["row"] = self._rows
        self._buckets.append(records, digests[:, 0].copy())
        self._digests.clear()
        self._rows.clear()
