"""Approvals, and opinions of those who decide on them."""

from __future__ import annotations

from interconn.api.audits import AUDIT_LIST, AuditKind
from interconn.management.approvals import opinions
from interconn.management.approvals.opinions import Decider
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.causes import Cause
from interconn.state.database import Database
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestApprovals(Repository):
    tables = (
        Audit,
        Opinion,
    )

    async def test_a_list_is_in_the_order_of_coming_and_filtered_exactly(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            session.add(rows.contract("bank"))
            for number, subject in enumerate(reversed(rows.IDS), 1):
                kind = AuditKind.FLOW if number % 2 else AuditKind.PROJECT
                session.add(rows.audit(number, kind=kind.value, subject_id=subject))

        await node.database.write(write)
        found = await node.ask(AUDIT_LIST, page_num=3, page_size=4)
        assert [one.subject_id for one in found.audits] == list(reversed(rows.IDS))[8:12]
        assert found.total == len(rows.IDS)
        flows = await node.ask(AUDIT_LIST, kind="FLOW", page_num=1, page_size=-1)
        assert [one.subject_id for one in flows.audits] == list(reversed(rows.IDS))[::2]
        for subject in rows.IDS:
            one = await node.ask(AUDIT_LIST, subject_id=subject, page_num=1, page_size=9)
            assert [each.subject_id for each in one.audits] == [subject]

    async def test_opinions_of_one_moment_are_in_the_order_of_who_gave_them(self, database: Database) -> None:
        def give(session, who, now=7):  # type: ignore[no-untyped-def]
            opinions.give(
                session, "audit:1", Decider(Cause(f"person:{who}", "trace"), "policy"), now, times_limit=2**60
            )

        def write(session):  # type: ignore[no-untyped-def]
            for who in reversed(rows.IDS):
                give(session, who)
            give(session, "first", 6)
            give(session, "a")  # the same person once more
            opinions.give(session, "audit:10", Decider(Cause("person:a", "trace")), 7)
            assert opinions.withdraw(session, "audit:1", "person:B")
            session.flush()
            assert not opinions.withdraw(session, "audit:1", "person:B")

        await database.write(write)
        expected = [f"person:{who}" for who in ("first", *rows.IDS) if who != "B"]

        def read(session):  # type: ignore[no-untyped-def]
            of_each = opinions.on_each(session, ["audit:1", "audit:2", "audit:10"])
            return [one.actor for one in opinions.given(session, "audit:1")], {k: len(v) for k, v in of_each.items()}

        assert await database.read(read) == (expected, {"audit:1": len(expected), "audit:10": 1})
