"""The trail through a change of the schema: entries of before stay verifiable, and back and forth loses nothing."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from interconn.state import schema
from interconn.state.database import Database
from interconn.state.engines import open_backend
from interconn.trail.chain import GENESIS, link
from interconn.trail.entries import AuditEntry, record, verify


def to_revision(url: str, revision: str) -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(schema.MIGRATIONS))
    configuration.attributes["url"] = url
    step = command.downgrade if schema.current(url) == schema.HEAD else command.upgrade
    step(configuration, revision)


def write_as_version_1(url: str, number: int) -> None:
    """Append an entry as the software of schema 0001 did."""
    engine = open_backend(url, migrating=True).engine
    with engine.begin() as connection:
        last = connection.execute(text("SELECT chain FROM audit_trail ORDER BY number DESC LIMIT 1")).scalar()
        entry = {
            "at": number, "actor": "person:admin", "action": "contract.apply", "subject": f"contract:{number}",
            "partner": "node-b", "clause": "MGT-3.1", "trace_id": "trace-1", "request_digest": "",
            "previous": last or GENESIS,
        }  # fmt: skip
        chain = link({**entry, "details": {}, "version": 1})
        names = [*entry, "details", "chain"]
        connection.execute(
            text(f"INSERT INTO audit_trail ({', '.join(names)}) VALUES (:{', :'.join(names)})"),
            {**entry, "details": "{}", "chain": chain},
        )
    engine.dispose()


async def append(url: str) -> None:
    database = Database(url)
    await database.write(lambda session: record(session, at=9, actor="system", action="new", subject="contract:9"))
    database.close()


def versions(url: str) -> list[int]:
    """Versions of all entries, verified."""
    engine = open_backend(url, migrating=True).engine
    with Session(engine) as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.number)))
        assert verify(entries) == len(entries)
    engine.dispose()
    return [entry.version for entry in entries]


async def test_entries_of_schema_0001_stay_verifiable(empty_database: str) -> None:
    url = empty_database
    to_revision(url, "0001")
    for number in (1, 2):
        write_as_version_1(url, number)
    schema.upgrade(url)
    await append(url)
    assert versions(url) == [1, 1, 2]


async def test_back_to_0001_and_forth_again_loses_no_evidence(empty_database: str) -> None:
    url = empty_database
    to_revision(url, "0001")
    write_as_version_1(url, 1)
    schema.upgrade(url)
    await append(url)
    to_revision(url, "0001")
    write_as_version_1(url, 3)
    schema.upgrade(url)
    await append(url)
    assert versions(url) == [1, 2, 1, 2]


async def test_a_migrated_database_refuses_to_change_an_entry(empty_database: str) -> None:
    url = empty_database
    schema.upgrade(url)
    await append(url)
    engine = open_backend(url, migrating=True).engine
    for statement in ("UPDATE audit_trail SET actor = 'nobody'", "DELETE FROM audit_trail"):
        with pytest.raises(DatabaseError, match=r"append-only|P0001"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()
