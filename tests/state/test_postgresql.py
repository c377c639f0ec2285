"""PostgreSQL: several processes write one chain, a restart of the server is survived, and nobody learns a password."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from interconn.standard.errors import ConfigurationError
from interconn.state import postgresql, schema
from interconn.state.database import Database, explain
from interconn.trail.entries import AuditEntry, verify
from tests import postgres
from tests.state.test_database import count, message

PASSWORD = "pw-kq8Zl2vT0mW5"


@pytest.fixture
def kind_of_database() -> str:
    return "postgresql"


@pytest.fixture
def own_server(request: pytest.FixtureRequest) -> Iterator[postgres.Server]:
    """A server that this test may stop."""
    programs = postgres.binaries()
    if programs is None:
        pytest.skip(postgres.MISSING)
    server = postgres.Server.begin(programs)
    yield server
    server.end()


@pytest.fixture
def survivor(own_server: postgres.Server) -> Iterator[Database]:
    """A database on the server that may be stopped."""
    url = own_server.database()
    schema.upgrade(url)
    opened = Database(url)
    yield opened
    opened.close()


def references(session: Session) -> list[str]:
    return list(session.execute(text("SELECT reference FROM outbox ORDER BY message_id")).scalars())


WRITER = """
import asyncio, sys
from interconn.state.database import Database
from tests.trail.test_entries import entry
from tests.state.test_database import count, message

async def main():
    database = Database(sys.argv[1])
    def decide(session):
        message(session, f"r-{count(session)}")  # read, then write
        entry(session, 1)
    for _ in range(int(sys.argv[2])):
        await database.write(decide)
    database.close()

asyncio.run(main())
"""


async def test_two_processes_count_exactly_and_write_one_chain(migrated_database: str, repository: Path) -> None:
    command = [sys.executable, "-c", WRITER, migrated_database, "40"]
    runs = [asyncio.to_thread(subprocess.run, command, cwd=repository, env={"PYTHONPATH": "."}) for _ in range(2)]
    assert [run.returncode for run in await asyncio.gather(*runs)] == [0, 0]
    database = Database(migrated_database)
    assert await database.read(references) == [f"r-{number}" for number in range(80)]
    chain = await database.read(lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number))))
    assert verify(chain) == 80
    database.close()


@pytest.mark.fault
async def test_a_restart_of_the_server_is_waited_for(survivor: Database, own_server: postgres.Server) -> None:
    await survivor.write(message)
    assert await survivor.read(count) == 1
    await asyncio.to_thread(own_server.stop)
    assert "No such file" in await survivor.trouble()  # of the server's socket
    writing = asyncio.create_task(survivor.write(message))
    reading = asyncio.create_task(survivor.read(count))
    await asyncio.sleep(0)
    await asyncio.to_thread(own_server.start)
    await writing
    assert await reading in (1, 2)
    assert await survivor.trouble() == ""
    assert await survivor.read(count) == 2


@pytest.mark.fault
@pytest.mark.parametrize("reached", [True, False], ids=["it was committed", "it was not"])
async def test_a_server_lost_during_a_commit_is_asked_what_became_of_it(
    survivor: Database, own_server: postgres.Server, monkeypatch: pytest.MonkeyPatch, reached: bool
) -> None:
    crashed: list[bool] = []
    honest = psycopg.Connection.commit

    def commit(connection: psycopg.Connection) -> None:
        if connection.info.dbname != "postgres" and not crashed:
            crashed.append(True)
            if reached:
                honest(connection)
            own_server.stop("immediate")
            own_server.start()
            connection.execute("SELECT 1")  # as the driver finds out
        honest(connection)

    await survivor.write(lambda session: None)
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Connection, "commit", commit)
        with survivor.signals.subscribe("outbox") as wake:
            if reached:
                await survivor.write(message)
                assert await wake.wait(30)
            else:
                with pytest.raises(OperationalError):
                    await survivor.write(message)
    assert crashed
    assert await survivor.read(count) == (1 if reached else 0)


@pytest.mark.fault
async def test_a_connection_cut_between_transactions_is_replaced(
    survivor: Database, own_server: postgres.Server
) -> None:
    await survivor.write(message)
    own_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'interconn' AND datname <> 'postgres'"
    )
    await survivor.write(message)
    assert await survivor.read(count) == 2


async def test_who_waits_too_long_for_its_turn_is_told(migrated_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_SETTINGS", postgresql._SETTINGS.replace("'30s'", "'50ms'"))
    database = Database(migrated_database)
    with psycopg.connect(migrated_database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (postgresql.TURN,))
        with pytest.raises(OperationalError) as caught:
            await database.write(message)
    told = explain(caught.value)
    assert told is not None
    assert "LockNotAvailable" in told.message
    await database.write(message)
    database.close()


async def test_a_commit_is_on_the_disk_whatever_the_server_is_set_to(
    migrated_database: str, postgres_server: postgres.Server
) -> None:
    name = migrated_database.rpartition("/")[2].partition("?")[0]
    postgres_server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    try:
        database = Database(migrated_database)
        shown = await database.read(lambda session: session.scalar(text("SHOW synchronous_commit")))
        assert shown == "on"
        limits = {"statement_timeout": "1min", "lock_timeout": "30s", "idle_in_transaction_session_timeout": "1min"}
        for setting, value in limits.items():
            assert await database.read(lambda session, s=setting: session.scalar(text(f"SHOW {s}"))) == value
        database.close()
    finally:
        postgres_server.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit')


async def test_a_server_that_may_lose_commits_is_warned_of(migrated_database: str) -> None:
    database = Database(migrated_database)
    [fsync] = await database.read(lambda session: list(session.execute(text("SHOW fsync")).scalars()))
    assert any("fsync off" in warning for warning in database.warnings()) == (fsync == "off")
    database.close()


async def test_the_password_is_in_no_error(
    migrated_database: str, postgres_server: postgres.Server, capfd: pytest.CaptureFixture[str]
) -> None:
    if postgres_server.is_foreign:
        pytest.skip("the server's rules of access are not ours")
    postgres_server.execute("DROP ROLE IF EXISTS secretive")
    postgres_server.execute(f"CREATE ROLE secretive LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    right = migrated_database.replace("interconn@", f"secretive:{PASSWORD}@")
    wrong = migrated_database.replace("interconn@", f"secretive:{PASSWORD}x@")
    database = Database(right)
    await database.write(message)
    with pytest.raises(DBAPIError) as broken:
        await database.write(lambda session: session.execute(text("SELECT nothing")))
    with pytest.raises(ConfigurationError, match="password authentication failed") as refused:
        schema.upgrade(wrong)
    with pytest.raises(ConfigurationError) as nowhere:
        schema.upgrade(right.replace("host=", "host=%2Fnowhere&x="))
    shown = "".join("".join(traceback.format_exception(one.value)) for one in (broken, refused, nowhere))
    assert PASSWORD not in shown + repr(database.engine) + "".join(capfd.readouterr())
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://interconn:{PASSWORD}@x@localhost/interconn",
        f"postgresql://interconn:{PASSWORD}@localhost:port/interconn",
        f"postgresql//interconn:{PASSWORD}",
        f"mysql://interconn:{PASSWORD}@localhost/interconn",
    ],
    ids=["an @ in the password", "a port that is none", "no URL", "another database"],
)
def test_a_url_that_cannot_be_used_is_said_without_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        schema.upgrade(url)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


ABANDONED = """
import os, signal
from tests import postgres

server = postgres.Server.begin(postgres.binaries())
print(server.of("postgres"), flush=True)
input()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_test_process_that_is_killed_leaves_no_server_behind(
    postgres_server: postgres.Server, repository: Path
) -> None:
    command = [sys.executable, "-c", ABANDONED]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdin
        assert run.stdout
        with psycopg.connect(run.stdout.readline().strip(), autocommit=True) as connection:
            run.stdin.write("\n")
            run.stdin.flush()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT pg_sleep(60)")
