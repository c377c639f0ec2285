"""Doubly multiplied points, cut to tags, on disk; and the intersection of two such sets."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from interconn.standard.errors import ProtocolError
from interconn.storage.buckets import BUCKETS, Buckets

TAG_BYTES: Final = 12
"""Bytes kept of a doubly multiplied point: 96 bits hold 2^66 pairs at a chance of 2^-30 (ALG-PSI-6.3.3)."""

MOST_PAIRS: Final = 1 << (8 * TAG_BYTES - 30)

# As numbers: numpy's text types drop zeros at the end.
_RECORD: Final = np.dtype([("high", ">u8"), ("low", ">u4"), ("row", "<u8")])


class Tags(Buckets):
    """Tags with the numbers of their rows.

    Args:
        directory: the task's working directory.
        name: start of the files' names.
    """

    def __init__(self, directory: Path, name: str) -> None:
        super().__init__(directory, name, _RECORD)

    def add(self, tags: bytes, rows: npt.NDArray[np.uint64]) -> None:
        """Append tags.

        Raises:
            StorageError: the working directory has no room left.
        """
        table = np.frombuffer(tags, dtype=np.uint8).reshape(len(rows), TAG_BYTES)
        records = np.empty(len(rows), dtype=_RECORD)
        records["high"] = np.ascontiguousarray(table[:, :8]).view(">u8").reshape(-1)
        records["low"] = np.ascontiguousarray(table[:, 8:]).view(">u4").reshape(-1)
        records["row"] = rows
        self.append(records, np.ascontiguousarray(table[:, 0]))


def cut(points: bytes, point_bytes: int) -> bytes:
    """Return the last 12 bytes of each point, as the running engines do (notes on ECDH-PSI; ALG-PSI-6.3.3)."""
    table = np.frombuffer(points, dtype=np.uint8).reshape(-1, point_bytes)
    return table[:, -TAG_BYTES:].tobytes()


def intersect(own: Tags, peer: Tags) -> npt.NDArray[np.uint64]:
    """Return the own rows whose tags both have, sorted by tag, so that both parties get one order.

    Raises:
        ProtocolError: a tag occurs twice on one side, so a key does, or a party lies.
    """
    found = []
    for index in range(BUCKETS):
        ours, theirs = own.read(index), peer.read(index)
        both = np.concatenate((ours, theirs))
        side = np.repeat(np.array([0, 1], dtype=np.uint8), (len(ours), len(theirs)))
        order = np.lexsort((side, both["low"], both["high"]))
        both, side = both[order], side[order]
        same = (both["high"][1:] == both["high"][:-1]) & (both["low"][1:] == both["low"][:-1])
        if np.any(same & (side[1:] == side[:-1])):
            raise ProtocolError("a party's items are not unique", where="dual.enc", clause="ALG-2.3-duplicates")
        found.append(both["row"][:-1][same].astype(np.uint64))
    return np.concatenate(found)
