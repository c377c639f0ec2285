"""A file that was opened once, so that what was looked at is what is read, whatever its name leads to by now."""

from __future__ import annotations

import os
from multiprocessing.reduction import DupFd
from typing import IO, Any, Protocol


class Source(Protocol):
    """A file to be read, perhaps several times from its beginning: a `Path`, or one that is open already."""

    @property
    def name(self) -> str:
        """Its name, for people."""
        ...

    def open(self, mode: str = "r", *, encoding: str | None = None, newline: str | None = None) -> IO[Any]:
        """Open it at its beginning."""
        ...


class OpenedFile:
    """A regular file, open for reading; it can be handed to a process that is started.

    Readers share the place in the file, so there is one at a time.

    Args:
        name: of the file, for people.
        descriptor: of the file; closed by `close`.
    """

    def __init__(self, name: str, descriptor: int) -> None:
        self.name = name
        self._descriptor = descriptor

    def open(self, mode: str = "r", *, encoding: str | None = None, newline: str | None = None) -> IO[Any]:
        """Open it at its beginning."""
        copy = os.dup(self._descriptor)
        os.lseek(copy, 0, os.SEEK_SET)
        return os.fdopen(copy, mode, encoding=encoding, newline=newline)

    def close(self) -> None:
        """Close it."""
        os.close(self._descriptor)

    def __enter__(self) -> OpenedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (self.name, DupFd(self._descriptor))


def _received(name: str, handed_on: Any) -> OpenedFile:
    return OpenedFile(name, handed_on.detach())
