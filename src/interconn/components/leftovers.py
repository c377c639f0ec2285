"""What killed components leave behind: working directories and unfinished outputs, both of which hold data."""

from __future__ import annotations

from pathlib import Path

import structlog

from interconn.components.launcher import ProcessLauncher, Situation
from interconn.storage.address import parse_storage_address
from interconn.storage.files import FileStore

log = structlog.get_logger()


class Leftovers:
    """Removes what nobody works on any more. Blocks; to be called in a thread.

    Args:
        launcher: tells whether a component still runs.
        tasks_directory: holds one directory a task and party.
        storage_address: where outputs go; secret.
    """

    def __init__(self, *, launcher: ProcessLauncher, tasks_directory: Path, storage_address: str) -> None:
        self._launcher = launcher
        self._tasks_directory = tasks_directory
        self._storage = parse_storage_address(storage_address).path

    def clear_ended(self) -> None:
        """Remove the working directories of components that have ended: a node may die between the two."""
        for work in self._tasks_directory.glob("*/*/work"):
            if self._launcher.situation(work.parent) is Situation.ENDED:
                self._launcher.clear(work.parent)

    def sweep(self) -> None:
        """Remove outputs whose writers were killed."""
        if self._storage and (count := FileStore(self._storage).sweep()):
            log.info("removed unfinished outputs", count=count)
