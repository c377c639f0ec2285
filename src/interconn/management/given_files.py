"""Files that this node's people name, for the node to take in: it can read more than they may."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.management.datasets.tables import Dataset
from interconn.management.results.holding import Holding
from interconn.standard.errors import NotApproved

_OF_THE_MACHINE: Final = (Path("/proc"), Path("/sys"))
"""Where the environment and the open files of the node's own process can be read."""


class GivenFiles:
    """Says which files may be taken in.

    Args:
        storage: directory that holds data sets, models and results.
        holding: knows which results of jobs are held there.
        private: files, and directories with all below them, that are the node's own: keys, tokens, its database.
    """

    def __init__(self, *, storage: Path, holding: Holding, private: Iterable[Path] = ()) -> None:
        self._storage = storage
        self._holding = holding
        self._private = (*private, *_OF_THE_MACHINE)

    def check(self, session: Session, person: Person, path: Path) -> None:
        """Check that a person may have a file taken in, by whatever links it is named.

        Raises:
            NotApproved: it is the node's own, or part of a result that is held or was refused.
            RoleMissing: it is part of a data set for which somebody else answers.
        """
        real, storage = path.resolve(), self._storage.resolve()
        if not real.is_relative_to(storage):
            if any(real.is_relative_to(own.resolve()) for own in self._private):
                raise NotApproved(
                    "the file belongs to the node itself",
                    where="path",
                    hint="Lay the file outside the node's home",
                )
            return
        self._holding.check_path(session, real)
        namespace, name = (*real.relative_to(storage).parts, "", "")[:2]
        of = select(Dataset.dataset_id).where(Dataset.namespace == namespace, Dataset.stored_name == name)
        if (dataset_id := session.scalar(of)) is not None:
            person.require_dataset(dataset_id)
