"""The audit trail: whatever is done to an entry afterwards shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from interconn.standard.errors import InterconnError
from interconn.state.database import Database
from interconn.trail.chain import GENESIS
from interconn.trail.entries import AuditEntry, record, verify

LENGTH = 6


def check(session: Session) -> int:
    return verify(session.scalars(select(AuditEntry).order_by(AuditEntry.number)))


def entry(session: Session, number: int) -> None:
    record(
        session,
        at=1_767_225_600_000 + number,
        actor="person:admin",
        action="contract.approve",
        subject=f"contract-{number}",
        partner="node-b",
        clause="MGT-3.2",
        trace_id="trace-1",
        request_digest="ab" * 32,
        details={"fingerprint": "cd" * 32, "名": ["银行", 1.0, 2**60, None, {"b": 1, "a": 0.1}]},
    )


@pytest.fixture
async def trail(database: Database) -> Database:
    for number in range(LENGTH):
        await database.write(lambda session, number=number: entry(session, number))  # type: ignore[misc]
    return database


async def test_untouched(trail: Database) -> None:
    assert await trail.read(check) == LENGTH
    assert await trail.read(lambda session: session.get_one(AuditEntry, 1).previous) == GENESIS


def changed(**values: Any) -> Callable[[Session], Any]:
    return lambda session: session.execute(update(AuditEntry).where(AuditEntry.number == 3).values(**values))


def removed(*numbers: int) -> Callable[[Session], Any]:
    return lambda session: session.execute(delete(AuditEntry).where(AuditEntry.number.in_(numbers)))


def exchanged(session: Session) -> None:
    session.execute(text("UPDATE audit_trail SET number = -1 WHERE number = 3"))
    session.execute(text("UPDATE audit_trail SET number = 3 WHERE number = 4"))
    session.execute(text("UPDATE audit_trail SET number = 4 WHERE number = -1"))


def repeated(session: Session) -> None:
    columns = ", ".join(column.name for column in AuditEntry.__table__.columns if column.name != "number")
    session.execute(
        text(f"INSERT INTO audit_trail (number, {columns}) SELECT 7, {columns} FROM audit_trail WHERE number = 6")
    )


def rewritten(session: Session) -> None:
    found = session.get_one(AuditEntry, 3)
    found.subject = "contract-99"
    found.chain = found.link()


TAMPERING: dict[str, Callable[[Session], Any]] = {
    "time": changed(at=1),
    "actor": changed(actor="person:other"),
    "action": changed(action="contract.reject"),
    "subject": changed(subject="contract-9"),
    "partner": changed(partner=""),
    "clause": changed(clause="MGT-3.3"),
    "trace id": changed(trace_id=""),
    "digest of the request": changed(request_digest=""),
    "details": changed(details={"fingerprint": "cd" * 32}),
    "evidence": changed(evidence={"signed": "another"}),
    "version": changed(version=1),
    "link to the one before": changed(previous=GENESIS),
    "its own hash": changed(chain=GENESIS),
    "first removed": removed(1),
    "one in the middle removed": removed(3),
    "several removed": removed(2, 3, 4),
    "two exchanged": exchanged,
    "one repeated": repeated,
    "changed with a hash that fits it": rewritten,
}


def unguarded(session: Session) -> None:
    """What an administrator of the database can do."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DROP TRIGGER audit_trail_no_update"))
        session.execute(text("DROP TRIGGER audit_trail_no_delete"))
    else:
        session.execute(text("SET LOCAL session_replication_role = replica"))


@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING)
async def test_tampered_with(trail: Database, tamper: Callable[[Session], Any]) -> None:
    def administer(session: Session) -> None:
        unguarded(session)
        tamper(session)

    await trail.write(administer)
    with pytest.raises(InterconnError, match="does not follow"):
        await trail.read(check)


@pytest.mark.parametrize("tamper", [changed(actor="person:other"), removed(3)], ids=["change", "removal"])
async def test_the_database_itself_refuses(trail: Database, tamper: Callable[[Session], Any]) -> None:
    with pytest.raises(DatabaseError, match=r"append-only|P0001"):
        await trail.write(tamper)
    assert await trail.read(check) == LENGTH


async def test_concurrent_entries_make_one_chain(database: Database) -> None:
    await asyncio.gather(
        *(database.write(lambda session, n=n: entry(session, n)) for n in range(30))  # type: ignore[misc]
    )
    assert await database.read(check) == 30


async def test_an_entry_goes_with_its_decision(trail: Database) -> None:
    def work(session: Session) -> None:
        entry(session, 7)
        raise RuntimeError("the decision fails")

    with pytest.raises(RuntimeError):
        await trail.write(work)
    assert await trail.read(check) == LENGTH


async def test_several_entries_of_one_transaction(trail: Database) -> None:
    def work(session: Session) -> None:
        for number in range(3):
            entry(session, number)

    await trail.write(work)
    assert await trail.read(check) == LENGTH + 3
