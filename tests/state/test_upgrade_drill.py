"""The drill of an upgrade: a node of the first schema with content, upgraded, rolled back, and upgraded again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import interconn.node.node  # noqa: F401 - declares the tables of all layers
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.tables import Contract
from interconn.management.permits.tables import Grant, Permit
from interconn.management.work.tables import Flow, Project, ProposedJob
from interconn.state import schema
from interconn.state.database import Database, Table
from interconn.state.outbox import OutboxMessage
from interconn.trail.entries import AuditEntry, verify
from tests.state.frozen_content import OLDEST, PARTIES, content, place

Rows = dict[str, list[dict[str, Any]]]


def of_old(found: Rows, old: Rows) -> Rows:
    """What is found, as far as the old schema knows of it."""
    return {table: [{name: row[name] for name in old[table][0]} for row in found[table]] for table in old if old[table]}


@pytest.mark.parametrize("party", PARTIES)
def test_content_survives_upgrade_rollback_and_upgrade(empty_database: str, tmp_path: Path, party: str) -> None:
    place(party, empty_database, tmp_path)
    old = content(empty_database, tmp_path / "old")
    assert sum(len(rows) for rows in old.values()) > 20
    schema.upgrade(empty_database)
    assert schema.current(empty_database) == schema.HEAD
    upgraded = content(empty_database, tmp_path / "upgraded")
    assert of_old(upgraded, old) == {table: rows for table, rows in old.items() if rows}
    schema.migrate(empty_database, OLDEST)
    assert content(empty_database, tmp_path / "rolled-back") == old
    schema.upgrade(empty_database)
    assert content(empty_database, tmp_path / "again") == upgraded


@pytest.mark.parametrize("party", PARTIES)
async def test_the_code_of_today_reads_what_was_upgraded(empty_database: str, tmp_path: Path, party: str) -> None:
    place(party, empty_database, tmp_path)
    schema.upgrade(empty_database)
    database = Database(empty_database)

    async def rows(table: type[Table]) -> list[Any]:
        return await database.read(lambda session: list(session.scalars(select(table))))

    partner = "operator" if party == "bank" else "bank"
    assert {contract.node_id: contract.status for contract in await rows(Contract)}[partner] == "APPROVED"
    audits = {(audit.kind, audit.node_id): audit.status for audit in await rows(Audit)}
    assert audits[("JOB", partner)] == audits[("FLOW", partner)] == audits[("PROJECT", partner)] == "APPROVED"
    assert audits[("DATASET", partner)] == "APPLIED"  # the newest, which waits for a person
    for table in (Project, Flow, ProposedJob, Permit if party == "bank" else Grant):
        assert len(await rows(table)) == 1
    entries = await database.read(lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number))))
    assert verify(entries) == len(entries) > 10
    assert {message.state for message in await rows(OutboxMessage)} <= {"WAITING", "DELIVERED"}
    for table in Table.__subclasses__():
        await rows(table)
    database.close()


def test_an_upgrade_that_breaks_off_leaves_the_old_schema(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place("bank", empty_database, tmp_path)
    old = content(empty_database, tmp_path / "old")

    def lose_power(*_: object, **__: object) -> None:
        raise OSError("the power goes")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="the power goes"):
        patch.setattr("sqlalchemy.engine.Connection._commit_impl", lose_power)
        schema.upgrade(empty_database)
    assert schema.current(empty_database) == OLDEST
    assert content(empty_database, tmp_path / "after") == old
    schema.upgrade(empty_database)
    assert schema.current(empty_database) == schema.HEAD
