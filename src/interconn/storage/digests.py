"""One digest for the bytes of a data set, whoever computes it (docs/decisions/0014-citizens.md)."""

from __future__ import annotations

import hashlib
from typing import Final

from interconn.storage.dataset import DatasetName
from interconn.storage.store import DatasetStore

_BLOCK: Final = 1 << 20


def digest_of(store: DatasetStore, name: DatasetName) -> tuple[str, int]:
    """Return the digest of a data set's partitions, and how many bytes they are. Reads all of them.

    The digest is lower-case hex SHA-256: of the file where there is one, as `sha256sum data_0` prints it; of the lines
    that `sha256sum data_0 data_1 …` prints where there are several. The metadata beside them, which bears a time, does
    not count.

    Raises:
        StorageError: it is not there.
    """
    lines, total = [], 0
    for partition in range(store.metadata(name).partitions):
        counted = hashlib.sha256()
        with store.open(name, partition) as source:
            while block := source.read(_BLOCK):
                counted.update(block)
                total += len(block)
        lines.append(f"{counted.hexdigest()}  data_{partition}\n")
    if len(lines) == 1:
        return lines[0][:64], total
    return hashlib.sha256("".join(lines).encode()).hexdigest(), total
