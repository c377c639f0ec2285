"""The database engine and its unit of work.

All writes of a process pass through one thread, one transaction at a time. SQLite allows a single writer
anyway, and so the order of commits is the order of decisions; readers run beside it on snapshots (WAL).
The event loop never waits for a disk: callers await `read` and `write`, which run plain functions on a
session elsewhere.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import JSON

from interconn.standard.errors import StateError
from interconn.state.signals import Signals

Result = TypeVar("Result")

BUSY_SECONDS = 30
"""How long a statement waits for another process that holds the file."""


class Table(DeclarativeBase):
    """Base of all tables; each layer declares its own."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}


class Database:
    """A node's database.

    Args:
        url: SQLAlchemy URL, e.g. `sqlite:///state.db`.
        signals: where commits announce themselves.
    """

    def __init__(self, url: str, signals: Signals | None = None) -> None:
        self.signals = signals or Signals()
        self.engine = _engine(url)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="database-writer")
        self._readers = ThreadPoolExecutor(4, thread_name_prefix="database-reader")

    async def read(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` on a snapshot and return what it returns; nothing it changes is kept."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._run, work, False)

    async def write(self, work: Callable[[Session], Result]) -> Result:
        """Run `work` in a transaction of its own and commit it, or leave no trace if it raises.

        Topics given to `announce` inside `work` are notified once the commit is on disk.
        """
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
        with Session(self.engine, expire_on_commit=False) as session:
            session.info["topics"] = [] if topics is None else topics
            session.info["write"] = commit
            result = work(session)
            if commit:
                session.commit()
        if session.info.get("erased"):
            self._empty_log()
        return result

    def _empty_log(self) -> None:
        """Move what is committed out of SQLite's write-ahead log, which holds old pages until then."""
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        try:
            cursor = connection.cursor()
            # A reader that is slow just now must not hold up the one writer; the next erasure takes both away.
            cursor.execute("PRAGMA busy_timeout=500")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
            cursor.close()
        finally:
            connection.close()

    def close(self) -> None:
        """Finish what is under way and close the database."""
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)
        self.engine.dispose()


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
    if not isinstance(error, OperationalError):
        return None
    return StateError(
        f"the node's database cannot be used: {error.orig}; nothing was changed",
        where="state.database",
        hint="Free some space on the node's disk, or see to the database, and try again",
    )


def database_url(path: Path) -> str:
    """Return the URL of a SQLite database at `path`."""
    return f"sqlite:///{path}"


def _engine(url: str) -> Engine:
    engine = create_engine(
        url,
        json_serializer=lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
        hide_parameters=True,  # errors end up in the log, and the values of a statement may be permits and tokens
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS} if url.startswith("sqlite") else {},
    )
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver's own transaction control begins too late; SQLAlchemy's documentation gives this cure.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # money-grade: a commit is on the disk
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")  # a permit that was handed over is not to be read from free pages
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
