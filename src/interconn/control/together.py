"""Small writes that come at the same time, committed together: one flush to disk for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from interconn.state.database import Database

Result = TypeVar("Result")

MOST_AT_ONCE: Final = 200
"""Works of one transaction: others want to write too."""


class Together:
    """Writes works of one transaction each, those that wait while one is committed in the next one.

    Whoever waits gets the result of its own work once that is on disk. A work that raises takes nothing of the others
    with it: they are then written one by one.

    Args:
        database: where to.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Callable[[Session], Any], asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction and return what it returns, once that has been committed."""
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            if not await self._write(batch):
                for each in batch:
                    await self._write([each])

    async def _write(self, batch: list[tuple[Callable[[Session], Any], asyncio.Future[Any]]]) -> bool:
        """Write some works; return whether all know how that went."""

        def work(session: Session) -> list[Any]:
            return [each(session) for each, _ in batch]

        try:
            results = await self._database.write(work)
        except Exception as error:  # noqa: BLE001 - it is given to whoever waits
            if len(batch) > 1:
                return False
            _fail(batch, error)
        except BaseException as error:
            _fail(batch, error)
            raise
        else:
            for (_, done), result in zip(batch, results, strict=True):
                if not done.done():
                    done.set_result(result)
        return True


def _fail(batch: list[tuple[Callable[[Session], Any], asyncio.Future[Any]]], error: BaseException) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
