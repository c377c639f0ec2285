"""Runs that were ordered wait for their turn, across lives of the node: `interconn.components.room` decides it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from interconn.components import runs
from interconn.components.environment import Order
from interconn.components.launcher import ProcessLauncher, Situation
from interconn.components.room import Room
from interconn.components.runs import Key
from interconn.components.tables import ComponentRun
from interconn.standard.wire import validate
from interconn.state.database import Database

_LOOK_SECONDS: Final = 5.0


class Turns:
    """Lets runs into the room of this machine, and out of it.

    Args:
        database: where runs are kept.
        launcher: knows which run already.
        directory: returns where a run lies.
        bounds: of the room; nobody waits where there are none.
    """

    def __init__(
        self,
        *,
        database: Database,
        launcher: ProcessLauncher,
        directory: Callable[[Key], Path],
        bounds: Mapping[str, float],
    ) -> None:
        self._database = database
        self._launcher = launcher
        self._directory = directory
        self.room = Room(bounds, lambda task_id: database.signals.notify(turn_topic(task_id)))
        self._taken_up = False

    async def waits(self, task_id: str) -> str:
        """Let a task that was ordered wait for its turn; return what it waits for, or nothing where it has its room."""
        if self.room.bounded:
            await self.take_up()
            for run in await self._database.read(lambda session: runs.waiting_of_task(session, task_id)):
                self._enter(run)
        return self.room.reason(task_id)

    async def take_up(self) -> None:
        """Give those that run since an earlier life of the node their room, before others get theirs."""
        if self._taken_up or not self.room.bounded:
            return
        for run in await self._database.read(runs.all_unfinished):
            directory = self._directory((run.task_id, run.role, run.index))
            if await asyncio.to_thread(self._launcher.situation, directory) is not Situation.NOTHING:
                self._enter(run, launched=True)
        self._taken_up = True

    async def wait(
        self, key: Key, wake: Callable[[float], Awaitable[Any]], over: Callable[[], Awaitable[bool]]
    ) -> None:
        """Wait until a run has its room, or is over before that.

        Args:
            key: of the run.
            wake: waits for `turn_topic` and for whatever ends it, so many seconds at most.
            over: says whether it is to be stopped.
        """
        if not self.room.bounded:
            return
        self._enter(await self._database.read(lambda session: session.get_one(ComponentRun, key)))
        while not self.room.may_run(key[0]) and not await over():
            await wake(_LOOK_SECONDS)

    def leave(self, key: Key) -> None:
        """Take note that a run has ended."""
        self.room.leave(key[0], _share(key))

    def _enter(self, run: ComponentRun, *, launched: bool = False) -> None:
        order = validate(Order, run.order)
        self.room.enter(
            run.task_id,
            _share((run.task_id, run.role, run.index)),
            job_id=run.job_id,
            initiator=order.initiator,
            needs=order.needs,
            runs=launched,
        )


def turn_topic(task_id: str) -> str:
    """Return the signal of a task that may run from now on."""
    return f"turn:{task_id}"


def _share(key: Key) -> str:
    return f"{key[1]}.{key[2]}"
