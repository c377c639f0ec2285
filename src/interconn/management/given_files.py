"""Files that this node's people name, for the node to take in: it can read more than they may."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.management.datasets.tables import Dataset
from interconn.management.results.holding import Holding
from interconn.standard.errors import DataError, NotApproved
from interconn.state.database import Database
from interconn.storage.opened import OpenedFile

_OF_THE_MACHINE: Final = (Path("/proc"), Path("/sys"))
"""Where the environment and the open files of the node's own process can be read."""
_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""A pipe is not waited for, a terminal not taken over."""


class GivenFiles:
    """Says which files may be taken in, and opens them.

    Args:
        database: where results and data sets are entered.
        storage: directory that holds data sets, models and results.
        holding: knows which results of jobs are held there.
        private: files, and directories with all below them, that are the node's own: keys, tokens, its database.
    """

    def __init__(self, *, database: Database, storage: Path, holding: Holding, private: Iterable[Path] = ()) -> None:
        self._database = database
        self._storage = storage
        self._holding = holding
        self._private = tuple(private)

    async def open(self, person: Person, path: str) -> OpenedFile:
        """Open a file that a person may have taken in, by whatever links it is named.

        It is opened once, and what was opened is looked at: a name may lead elsewhere a moment later, and one file
        may have many names.

        Raises:
            NotApproved: it is the node's own, or part of a result that is held or was refused, or not settled yet.
            RoleMissing: it is part of a data set for which somebody else answers.
            DataError: it is no file, or cannot be opened.
        """
        if "\0" in path:
            raise DataError("this is no file", where="path")
        named = Path(path)
        # First by name: nothing of the node's own is opened, and none is told from one that is not there.
        real = await asyncio.to_thread(named.resolve)
        await self._check(person, [real])
        descriptor = await asyncio.to_thread(_opened, real, named.name)
        file = OpenedFile(named.name, descriptor)
        try:
            await self._check(person, await asyncio.to_thread(self._names, descriptor, real))
        except BaseException:
            file.close()
            raise
        return file

    async def _check(self, person: Person, names: list[Path]) -> None:
        def work(session: Session) -> None:
            for name in names:
                self._check_name(session, person, name)

        await self._database.read(work)

    def _check_name(self, session: Session, person: Person, real: Path) -> None:
        storage = self._storage.resolve()
        if not real.is_relative_to(storage):
            if any(real.is_relative_to(own) for own in (*(one.resolve() for one in self._private), *_OF_THE_MACHINE)):
                raise NotApproved(
                    "the file belongs to the node itself",
                    where="path",
                    hint="Lay the file outside the node's home",
                )
            return
        for namespace, name in places(real.relative_to(storage)):
            self._holding.check_place(session, namespace, name, what="the file")
            of = select(Dataset.dataset_id).where(Dataset.namespace == namespace, Dataset.stored_name == name)
            if (dataset_id := session.scalar(of)) is not None:
                person.require_dataset(dataset_id)

    def _names(self, descriptor: int, asked_for: Path) -> list[Path]:
        """Return the name of what was opened, and each name that it has among the node's own."""
        looked = os.fstat(descriptor)
        if looked.st_nlink == 0:
            raise DataError("the file was taken away while it was opened", where="path")
        try:
            names = [Path(f"/proc/self/fd/{descriptor}").readlink()]
        except OSError:  # a system that does not say it
            names = [asked_for.resolve()]
        if looked.st_nlink > 1:
            for own in (self._storage, *self._private):
                names += _same(own, looked)
        return names


def places(inside: Path) -> Iterator[tuple[str, str]]:
    """Yield each namespace and name that a path in storage may belong to.

    A file `{namespace}-{name}` at the top is the guide's other way to lay a table down (resolution 15), and where
    the one ends and the other begins it does not say.
    """
    first, *below = inside.parts or ("",)
    if below:
        yield first, below[0]
        return
    for place, character in enumerate(first):
        if character == "-":
            yield first[:place], first[place + 1 :]


def _opened(real: Path, name: str) -> int:
    try:
        descriptor = os.open(real, _FLAGS)
    except OSError as error:
        raise DataError(
            f"the file cannot be opened: {error.strerror}",
            where=name,
            hint="It is read by the node: name one on the node's machine that it may read.",
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise DataError("this is no file", where="path")  # a pipe or device might never end
    return descriptor


def _same(own: Path, looked: os.stat_result) -> Iterator[Path]:
    """Yield the names below a place of the node's that are hard links to a file."""
    found = [own] if own.is_file() else (Path(top) / name for top, _, names in os.walk(own) for name in names)
    for path in found:
        try:
            other = path.lstat()
        except OSError:
            continue  # taken away just now
        if (other.st_dev, other.st_ino) == (looked.st_dev, looked.st_ino):
            yield path.parent.resolve() / path.name
