"""The database engine and its unit of work.

All writes of a process pass through one thread, one transaction at a time, and those of several processes take
turns: SQLite allows a single writer anyway, PostgreSQL is asked for the turn. So the order of commits is the order of
decisions; readers run beside it on snapshots. The event loop never waits for a disk: callers await `read` and
`write`, which run plain functions on a session elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Integer, String, text
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import JSON

from interconn.standard.errors import StateError
from interconn.state.bounds import UnitOfWork
from interconn.state.engines import database_url, open_backend
from interconn.state.signals import Signals
from interconn.state.standing import Standing

__all__ = ["Database", "Table", "announce", "database_url", "erase", "explain"]

Result = TypeVar("Result")

PATIENCE_SECONDS = 15.0
"""A server that has been away for longer than this is not queued for any more: who comes is told so at once."""

Whole = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers of 64 bits: epoch milliseconds and counters. SQLite's have so many in any case, and only what is called
INTEGER there counts by itself as a primary key."""


class Table(DeclarativeBase):
    """Base of all tables; each layer declares its own."""

    type_annotation_map = {int: Whole, dict[str, Any]: JSON, list[Any]: JSON}


class CommitMark(Table):
    """The last transaction that a writing process committed; kept on PostgreSQL, where a commit may outlive its answer.

    Attributes:
        writer: made anew by each process, and gone with it where it ends in good order.
    """

    __tablename__ = "commit_marks"

    writer: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int]


class Database:
    """A node's database.

    Args:
        url: SQLAlchemy URL, e.g. `sqlite:///state.db` or `postgresql://interconn@localhost/interconn`.
        signals: where commits announce themselves.
    """

    def __init__(self, url: str, signals: Signals | None = None) -> None:
        self.signals = signals or Signals()
        self._standing = Standing()
        self._backend = open_backend(url, standing=self._standing)
        self.engine = self._backend.engine
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="database-reader")

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on a snapshot and return what it returns; nothing it changes is kept."""
        await self._refuse_while_away()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run, work, False)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction of its own and commit it, or leave no trace if it raises.

        Topics given to `announce` inside `work` are notified once the commit is on disk.
        """
        await self._refuse_while_away()
        loop = asyncio.get_running_loop()
        topics: list[str] = []

        def transaction() -> Result:
            return self._run(work, True, topics)

        def announce_all(committed: asyncio.Future[Result]) -> None:
            if not committed.cancelled() and committed.exception() is None:
                for topic in topics:
                    self.signals.notify(topic)

        committed = loop.run_in_executor(self._writer, transaction)
        committed.add_done_callback(announce_all)
        # A caller that is cancelled does not take its transaction back, and others still hear of it.
        return await asyncio.shield(committed)

    def _run(self, work: Callable[[Session], Result], commit: bool, topics: list[str] | None = None) -> Result:
        with UnitOfWork(self.engine, expire_on_commit=False) as session:
            session.info["topics"] = [] if topics is None else topics
            session.info["write"] = commit
            self._backend.begin(session, write=commit)
            result = work(session)
            if commit:
                session.commit()
        if session.info.get("erased"):
            self._backend.forget()
        return result

    async def trouble(self) -> str:
        """Return why the database cannot be used just now, or nothing if it can; waits for no repair."""
        return await asyncio.to_thread(self._probe)

    async def _refuse_while_away(self) -> None:
        if self._standing.seconds_away() > PATIENCE_SECONDS and (reason := await self.trouble()):
            raise OperationalError(None, None, ConnectionError(reason))

    def _probe(self) -> str:
        reason = ""
        for _ in range(2):  # the first may only find that a connection in the pool is cut
            try:
                with self.engine.connect() as connection:
                    connection.execute(text("SELECT 1"))
            except DBAPIError as error:
                reason = str(error.orig)
            else:
                self._standing.back()
                return ""
        return reason

    def warnings(self) -> list[str]:
        """Return what a person should know about this database."""
        return self._backend.warnings()

    def close(self) -> None:
        """Finish what is under way and close the database."""
        self._backend.stop_waiting()
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self._backend.close()


def erase(session: Session) -> None:
    """Leave nothing readable, in any file, of what this transaction removes, once it has been committed."""
    session.info["erased"] = True


def announce(session: Session, topic: str) -> None:
    """Notify `topic` when the transaction of this session has been committed."""
    session.info["topics"].append(topic)


def explain(error: Exception) -> StateError | None:
    """Return what a person is told where the database does not do its work; None for any other exception.

    Inside the node such a failure stays outside of the tree of errors: it is no refusal that anybody decided, and
    what it interrupts is begun again.
    """
    if not isinstance(error, OperationalError | InternalError):
        return None
    return StateError(
        f"the node's database cannot be used: {error.orig}; nothing was changed",
        where="state.database",
        hint="Free some space on the node's disk, or see to the database, and try again",
    )
