"""PostgreSQL as the node's database: a server that is operated, backed up and replicated by those who can.

Writers take their turns by an advisory lock, also those of other processes, and then see all that was committed
before (READ COMMITTED): the order of commits is the order of decisions, as with SQLite. Readers see one snapshot
(REPEATABLE READ). See docs/decisions/0012-postgresql.md.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import IsolationLevel
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from interconn.state.standing import Standing

PATIENCE_SECONDS: Final = 15.0
"""How long the begin of a transaction waits for a server that is away, e.g. for its restart."""

STATEMENT_SECONDS: Final = 60
LOCK_SECONDS: Final = 30
"""How long a writer waits for its turn."""

IDLE_SECONDS: Final = 60
"""A process that stands still inside a transaction loses it, and its turn, after this long."""

TURN: Final = 7304
"""Key of the advisory lock that one writer of a database holds at a time."""

_TURN: Final = """
    SELECT pg_advisory_xact_lock({turn});
    INSERT INTO commit_marks (writer, number) VALUES ('{writer}', {number})
    ON CONFLICT (writer) DO UPDATE SET number = excluded.number
"""
_PAUSE_SECONDS: Final = 0.1
_GONE: Final = ("08", "57P01", "57P02", "57P03")  # connection errors; the server stops, crashed or starts
_CONNECT: Final = {
    "connect_timeout": 10,
    "application_name": "interconn",
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,  # milliseconds
}
_SETTINGS: Final = f"""
    SELECT set_config('statement_timeout', '{STATEMENT_SECONDS}s', false),
           set_config('lock_timeout', '{LOCK_SECONDS}s', false),
           set_config('idle_in_transaction_session_timeout', '{IDLE_SECONDS}s', false),
           set_config('client_min_messages', 'error', false),
           set_config('synchronous_commit', CASE current_setting('synchronous_commit')
               WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""


class Postgresql:
    """What is particular to PostgreSQL.

    Args:
        url: SQLAlchemy URL.
        options: of every engine alike.
        standing: told whenever the server is found away or back.
        migrating: a migration may take longer than any statement of a running node.
    """

    def __init__(
        self, url: URL, options: dict[str, Any], *, standing: Standing | None = None, migrating: bool = False
    ) -> None:
        self._standing = standing
        self._closing = threading.Event()
        self._writer = secrets.token_hex(16)
        self._number = 0
        self.engine: Engine = create_engine(url.set(drivername="postgresql+psycopg"), connect_args=_CONNECT, **options)

        def connect(_dialect: Any, _record: Any, arguments: Any, parameters: dict[str, Any]) -> _Connection:
            made = _Connection.connect(*arguments, **parameters)
            made.prepare(lambda: _Connection.connect(*arguments, **parameters), self._closing, standing)
            if not migrating:
                made.execute(_SETTINGS)
                made.commit()
            return made

        event.listen(self.engine, "do_connect", connect)
        event.listen(self.engine, "handle_error", _keep_values_out)

    def begin(self, session: Session, *, write: bool) -> None:
        """Begin a transaction, and for a writer take its turn.

        Nothing has been done yet, so a connection that the server's restart has cut is replaced here, and a server
        that is away is waited for.

        Raises:
            DBAPIError: the server stays away, or this writer's turn does not come.
        """
        level = "READ COMMITTED" if write else "REPEATABLE READ"
        patience = PATIENCE_SECONDS - (self._standing.seconds_away() if self._standing else 0)
        until = time.monotonic() + patience
        while True:
            try:
                connection = session.connection(execution_options={"isolation_level": level})
                if write:
                    connection.connection.driver_connection.mark = self._take_turn(connection)  # type: ignore[union-attr]
                else:
                    connection.execute(text("SELECT 1"))
            except DBAPIError as error:
                session.rollback()
                if not _is_gone(error.orig):
                    raise
                if self._standing:
                    self._standing.away(str(error.orig))
                if time.monotonic() > until or self._closing.wait(_PAUSE_SECONDS):
                    raise
            else:
                if self._standing:
                    self._standing.back()
                return

    def _take_turn(self, connection: Connection) -> _Mark:
        """Wait for this writer's turn, and leave a mark by which it is told later whether it was committed.

        The server's own `pg_xact_status` is not enough: after a crash the number of a lost transaction is given again.
        """
        self._number += 1
        mark = _Mark(self._writer, self._number)
        # Both statements in one go, which allows no parameters; there is nothing in them that came from elsewhere.
        connection.exec_driver_sql(_TURN.format(turn=TURN, writer=mark.writer, number=mark.number))
        return mark

    def stop_waiting(self) -> None:
        """Wait for a server that is away no longer."""
        self._closing.set()

    def close(self) -> None:
        """Take this writer's mark away, and the connections."""
        if self._number:
            with contextlib.suppress(DBAPIError), self.engine.begin() as connection:
                connection.execute(text("DELETE FROM commit_marks WHERE writer = :writer"), {"writer": self._writer})
        self.engine.dispose()

    def warnings(self) -> list[str]:
        """Return what a person should know about this server."""
        told = {
            "fsync": "the PostgreSQL server has fsync off: a loss of power loses what was committed",
            "full_page_writes": "the PostgreSQL server has full_page_writes off: a loss of power may damage its files",
        }
        with self.engine.connect() as connection:
            found = {name: connection.scalar(text(f"SHOW {name}")) for name in ("server_encoding", *told)}
        notes = [note for name, note in told.items() if found[name] == "off"]
        if found["server_encoding"] != "UTF8":
            notes.append(f"the PostgreSQL database has encoding {found['server_encoding']}: Chinese text is refused")
        return notes

    def forget(self) -> None:
        """Do nothing: PostgreSQL keeps old versions of rows until it vacuums, and in its log for as long as that is."""


class _Mark(NamedTuple):
    """Which transaction of which writer."""

    writer: str
    number: int


class _Connection(psycopg.Connection[Any]):
    """A connection that finds out what became of a commit during which the server was lost."""

    mark: _Mark | None = None  # of the transaction under way, where its outcome matters

    def prepare(self, connect: Any, closing: threading.Event, standing: Standing | None) -> None:
        """Take what a second connection needs."""
        self._connect_again, self._closing, self._standing = connect, closing, standing

    def commit(self) -> None:
        """Commit, and return only if that is certain."""
        mark, self.mark = self.mark, None
        try:
            super().commit()
        except psycopg.OperationalError as error:
            if mark is None or not _is_gone(error) or not self._committed(mark, error):
                raise

    def rollback(self) -> None:
        """Roll back; the server has done so itself where the connection is gone."""
        self.mark = None
        if not self.closed:
            super().rollback()

    def set_autocommit(self, value: bool) -> None:
        """Set whether each statement commits itself, unless the connection is gone and on its way to be removed."""
        if not self.closed:
            super().set_autocommit(value)

    def set_isolation_level(self, value: IsolationLevel | None) -> None:
        """Set the isolation level, unless the connection is gone."""
        if not self.closed:
            super().set_isolation_level(value)

    def _committed(self, mark: _Mark, error: psycopg.OperationalError) -> bool:
        # As long as it takes: nobody can decide anything upon a decision that may or may not have been taken.
        while True:
            if self._standing:
                self._standing.away(str(error))
            try:
                with self._connect_again() as other:
                    # The server may not yet have noticed that we are gone; it holds the turn until it has finished.
                    other.execute("SELECT pg_advisory_xact_lock(%s)", (TURN,))
                    asked = "SELECT number FROM commit_marks WHERE writer = %s"
                    return bool(other.execute(asked, (mark.writer,)).fetchone() == (mark.number,))
            except psycopg.OperationalError:
                if self._closing.wait(_PAUSE_SECONDS):
                    return False


def _is_gone(error: BaseException | None) -> bool:
    if not isinstance(error, psycopg.OperationalError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(_GONE)


def _keep_values_out(context: ExceptionContext) -> None:
    """Leave of an error what names no value: the server quotes keys and rows in its details."""
    error = context.original_exception
    if not isinstance(error, psycopg.Error) or error.sqlstate is None or _is_gone(error):
        return
    found = error.diag
    parts = [f"PostgreSQL refused with {error.sqlstate} ({type(error).__name__})"]
    parts += [str(part) for part in (found.table_name, found.column_name, found.constraint_name) if part]
    plain = ", ".join(parts)
    error.args = (plain,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(error).__name__}) {plain}",)
