"""SQLite as the node's database: one file beside the node, and nothing to operate."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

BUSY_SECONDS: Final = 30
"""How long a statement waits for another process that holds the file."""


class Sqlite:
    """What is particular to SQLite.

    Args:
        url: SQLAlchemy URL of the file.
        options: of every engine alike.
        migrating: foreign keys are not enforced while tables are rebuilt, as dropping one would take along what
            refers to it; whoever migrates checks them before the commit.
    """

    def __init__(self, url: URL, options: dict[str, Any], *, migrating: bool = False) -> None:
        waiting = {"check_same_thread": False, "timeout": BUSY_SECONDS}
        self.engine: Engine = create_engine(url, connect_args=waiting, **options)
        event.listen(self.engine, "connect", _prepare if not migrating else _prepare_for_migration)
        event.listen(self.engine, "begin", _begin)

    def begin(self, session: Session, *, write: bool) -> None:
        """Begin a transaction; SQLite does so at the first statement."""

    def warnings(self) -> list[str]:
        """Return what a person should know about this database: nothing here."""
        return []

    def stop_waiting(self) -> None:
        """Nothing is waited for."""

    def close(self) -> None:
        """Close the file."""
        self.engine.dispose()

    def forget(self) -> None:
        """Move what is committed out of the write-ahead log, which holds old pages until then."""
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


def _prepare(connection: Any, record: Any) -> None:
    _prepare_for_migration(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _prepare_for_migration(connection: Any, _record: Any) -> None:
    # The driver's own transaction control begins too late; SQLAlchemy's documentation gives this cure.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")  # money-grade: a commit is on the disk
    cursor.execute("PRAGMA secure_delete=ON")  # a permit that was handed over is not to be read from free pages
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
