"""The logs of the components that this node ran (CTL-5.4, CTL-5.5)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.log_files import LogFiles
from interconn.components.runs import Key
from interconn.components.tables import ComponentRun
from interconn.components.task_log import Severity
from interconn.standard.errors import NotFound
from interconn.state.database import Database


class Logs:
    """Reads logs.

    Args:
        database: where runs are kept.
        tasks_directory: holds one directory a task and party.
    """

    def __init__(self, database: Database, tasks_directory: Path) -> None:
        self._database = database
        self._tasks_directory = tasks_directory
        self._files = LogFiles()

    async def read(
        self,
        task_id: str,
        *,
        start: int,
        length: int,
        level: Severity = Severity.DEBUG,
        most: int | None = None,
        party: tuple[str, int] | None = None,
    ) -> tuple[list[str], int]:
        """Return lines of a task's log, and how many there are.

        Args:
            task_id: of the task.
            start, length, level, most: as `LogFiles.read` takes them.
            party: role and index of the one share that is wanted; all that this node plays by default.

        Raises:
            NotFound: this node ran no component for that.
        """
        keys = await self._database.read(lambda session: keys_of_task(session, task_id))
        if party is not None:
            keys = [key for key in keys if key[1:] == party]
        if not keys:
            raise NotFound("this node ran no component for that task", where="task_id", clause="CTL-5.5")
        directories = [self._tasks_directory / key[0] / f"{key[1]}.{key[2]}" for key in keys]
        return await asyncio.to_thread(self._files.read, directories, start, length, level=level, most=most)


def keys_of_task(session: Session, task_id: str) -> list[Key]:
    """Return the shares of a task that were ordered here, in one order."""
    runs = select(ComponentRun).where(ComponentRun.task_id == task_id).order_by(ComponentRun.role, ComponentRun.index)
    return [(run.task_id, run.role, run.index) for run in session.scalars(runs)]
