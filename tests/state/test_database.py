"""One writer, transactions whole or not at all, readers on snapshots, announcements after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from interconn.state.database import Database, Table, announce, database_url, erase, explain
from interconn.state.outbox import OutboxMessage, enqueue
from interconn.trail.entries import AuditEntry

SECRET = "kq8Zl2vT0mW5"


def message(session: Session, reference: str = "r-1") -> None:
    enqueue(session, node_id="node-b", endpoint="e", body={}, reference=reference, trace_id="t", now=0)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(OutboxMessage)) or 0


async def test_a_write_that_raises_leaves_no_trace(database: Database) -> None:
    def work(session: Session) -> None:
        message(session)
        session.flush()
        raise RuntimeError("halfway")

    with database.signals.subscribe("outbox") as wake:
        with pytest.raises(RuntimeError, match="halfway"):
            await database.write(work)
        assert not await wake.wait(0)
    assert await database.read(count) == 0


async def test_announced_after_the_commit_and_not_before(database: Database) -> None:
    seen: list[int] = []

    def work(session: Session) -> None:
        message(session)
        announce(session, "topic")

    def notified(topic: str) -> None:
        with Session(database.engine) as session:
            seen.append(count(session))

    database.signals.notify = notified  # type: ignore[method-assign]
    await database.write(work)
    assert seen == [1, 1]


async def test_a_cancelled_caller_neither_undoes_nor_hides_its_write(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(session: Session) -> None:
        begun.set()
        go_on.wait()
        message(session)

    with database.signals.subscribe("outbox") as wake:
        writing = asyncio.create_task(database.write(work))
        await asyncio.to_thread(begun.wait)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writing
        go_on.set()
        assert await wake.wait(30)
    assert await database.read(count) == 1


@pytest.mark.fault
@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)  # which can be told to be full
async def test_a_full_disk_is_told_keeps_nothing_and_harms_nothing(database: Database) -> None:
    def limit(session: Session, pages: int) -> None:
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")

    def work(session: Session) -> None:
        limit(session, 1)  # as many as there are: SQLite answers as on a full disk where one more is needed
        for number in range(200):
            message(session, f"{number:03d}" * 40)
            session.flush()

    with pytest.raises(OperationalError) as caught:
        await database.write(work)
    told = explain(caught.value)
    assert told is not None
    assert "full" in told.message
    assert "Free some space" in str(told.hint)
    assert await database.read(count) == 0
    await database.write(lambda session: limit(session, 1 << 20))
    await database.write(message)
    assert await database.read(count) == 1


def into_a_table_that_is_gone(session: Session) -> None:
    message(session, SECRET)
    session.connection().exec_driver_sql("DROP TABLE outbox")
    session.flush()


def twice_what_is_unique(session: Session) -> None:
    for _ in range(2):
        columns = "namespace, stored_name, dataset_id, name, count, key_columns, label_columns, column_metas, findings"
        values = {"secret": SECRET, "other": f"{SECRET}{_}"}
        session.execute(
            text(
                f"INSERT INTO datasets ({columns}, published, added_at)"
                " VALUES ('n', :secret, :other, 'n', 1, '[]', '[]', '[]', '[]', false, 1)"
            ),
            values,
        )


def a_row_that_is_not_whole(session: Session) -> None:
    session.execute(text("INSERT INTO outbox (node_id) VALUES (:secret)"), {"secret": SECRET})


def no_number(session: Session) -> None:
    session.execute(text("INSERT INTO outbox (message_id) VALUES (:secret)"), {"secret": SECRET})


@pytest.mark.parametrize("fault", [into_a_table_that_is_gone, twice_what_is_unique, a_row_that_is_not_whole, no_number])
async def test_an_error_of_the_database_shows_no_value(database: Database, fault: Callable[[Session], None]) -> None:
    with pytest.raises(DBAPIError) as caught:
        await database.write(fault)
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_any_other_fault_is_not_taken_for_the_databases() -> None:
    assert explain(ValueError("no")) is None


async def test_what_a_read_changes_is_not_kept(database: Database) -> None:
    def work(session: Session) -> None:
        message(session)
        session.flush()

    await database.read(work)
    assert await database.read(count) == 0


async def test_a_reader_stays_on_its_snapshot_and_holds_nobody_up(database: Database) -> None:
    reading, written = threading.Event(), threading.Event()

    def read(session: Session) -> tuple[int, int]:
        before = count(session)
        reading.set()
        written.wait()
        session.expire_all()
        return before, count(session)

    reader = asyncio.create_task(database.read(read))
    await asyncio.to_thread(reading.wait)
    await database.write(message)
    written.set()
    assert await reader == (0, 0)
    assert await database.read(count) == 1


async def test_concurrent_writes_lose_nothing(database: Database) -> None:
    def append(session: Session) -> None:
        # Read, then write: with two writers at once some would build upon the same count.
        message(session, f"r-{count(session)}")

    await asyncio.gather(*(database.write(append) for _ in range(40)))
    written = select(OutboxMessage.reference).order_by(OutboxMessage.message_id)
    references = await database.read(lambda session: list(session.scalars(written)))
    assert references == [f"r-{number}" for number in range(40)]


async def test_rows_outlive_their_session(database: Database) -> None:
    def work(session: Session) -> OutboxMessage:
        message(session)
        session.flush()
        return session.scalars(select(OutboxMessage)).one()

    written = await database.write(work)
    assert (written.reference, written.state) == ("r-1", "WAITING")


@pytest.mark.parametrize("kind_of_database", ["sqlite"], indirect=True)  # for PostgreSQL see test_postgresql.py
def test_commits_are_flushed_to_the_disk(database: Database) -> None:
    with database.engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert connection.scalar(text("PRAGMA foreign_keys")) == 1


async def test_text_of_the_world_and_large_numbers_survive(database: Database) -> None:
    details = {"名": "银行 😀", "n": 2**60, "f": 0.1, "deep": [{"a": None}]}

    def work(session: Session) -> None:
        session.add(AuditEntry(at=1, actor="a", action="b", subject="c", previous="", chain="", details=details))

    await database.write(work)
    assert await database.read(lambda session: session.scalars(select(AuditEntry)).one().details) == details


KILLED = """
import asyncio, sys
from interconn.state.database import Database
from interconn.state.crash_points import reach
from tests.state.test_database import message

async def main():
    database = Database(sys.argv[1])
    await database.write(message)
    def second(session):
        message(session, "r-2")
        session.flush()
        reach("job.created")
    await database.write(second)

asyncio.run(main())
"""


@pytest.mark.fault
async def test_killed_inside_a_transaction(database: Database, migrated_database: str, repository: Path) -> None:
    command = [sys.executable, "-c", KILLED, migrated_database]
    run = await asyncio.to_thread(
        subprocess.run, command, cwd=repository, env={"INTERCONN_CRASH_AT": "job.created", "PYTHONPATH": "."}
    )
    assert run.returncode == -9
    assert await database.read(count) == 1


def test_an_unknown_crash_point_is_said_at_once(repository: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import interconn.state.crash_points"],
        env={"INTERCONN_CRASH_AT": "nowhere"},
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert "names no crash point: nowhere" in run.stderr


def held_anywhere(folder: Path, secret: str) -> bool:
    return any(secret.encode() in file.read_bytes() for file in folder.iterdir())


async def test_what_is_erased_is_in_no_file_even_while_the_database_is_open(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    opened = Database(database_url(path))
    Table.metadata.create_all(opened.engine)
    secret = "permit-token-kq8Zl2vT0mW5"

    def keep(session: Session) -> None:
        message(session, secret)

    def forget(session: Session) -> None:
        session.scalars(select(OutboxMessage)).one().reference = "r-1"
        erase(session)

    try:
        await opened.write(keep)
        assert held_anywhere(tmp_path, secret)
        await opened.write(forget)
        assert not held_anywhere(tmp_path, secret)
    finally:
        opened.close()
