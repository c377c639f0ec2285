"""What partners believe."""

from __future__ import annotations

from sqlalchemy import select

from interconn.management.reconciliation import matters
from interconn.management.reconciliation.tables import Comparison, comparisons_of
from tests.management.conftest import SteppedClock
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestComparisons(Repository):
    tables = (Comparison,)

    async def test_what_is_new_is_planned_and_what_is_due_asked_some_of_each_partner(
        self, node: Holder, clock: SteppedClock
    ) -> None:
        """One that is never asked again, whose time is NULL, is neither due nor first."""

        def write(session):  # type: ignore[no-untyped-def]
            session.add_all([rows.contract("bank", 1), rows.contract("Bank", 2), rows.contract("new", 3)])
            for number in range(1, 61):
                session.add(rows.audit(number, node_id="Bank" if number % 20 == 0 else "bank"))
                due = None if number == 7 else clock.now() - number
                session.add(Comparison(kind="DATASET", number=number, node_id="bank", due_at=due, here="APPROVED"))
            for audit in (20, 40, 60):
                session.get_one(Comparison, ("DATASET", audit)).node_id = "Bank"

        await node.database.write(write)
        reconciler = node.management.reconciler

        def due(session):  # type: ignore[no-untyped-def]
            found = reconciler._due(session)
            return {who: sorted(matter.number for matter in some) for who, some in found.items()}

        mine = [number for number in range(1, 61) if number % 20 and number != 7]
        assert await node.database.read(due) == {"bank": mine[-40:], "Bank": [20, 40, 60]}
        await node.database.write(reconciler._plan)

        def planned(session):  # type: ignore[no-untyped-def]
            new = comparisons_of(session, matters.CONTRACT, [1, 2, 3, 4])
            return {number: one.node_id for number, one in new.items()}

        assert await node.database.read(planned) == {1: "bank", 2: "Bank", 3: "new"}

    async def test_all_are_asked_soon_by_one_statement(self, node: Holder, clock: SteppedClock) -> None:
        late = clock.now() + 10**9

        def write(session):  # type: ignore[no-untyped-def]
            for number in (1, 2, 10**15, 10**15 + 1):
                session.add(Comparison(kind="DATASET", number=number, node_id="bank", due_at=late))
            session.add(Comparison(kind="DATASET", number=3, node_id="bank", due_at=None))
            session.add(Comparison(kind="FLOW", number=3, node_id="bank", due_at=5))

        await node.database.write(write)
        await node.management.reconciler.ask_all_soon()

        def times(session):  # type: ignore[no-untyped-def]
            found = session.scalars(select(Comparison).order_by(Comparison.kind, Comparison.number))
            return [one.due_at for one in found]

        expected = [clock.now() + number * 7919 % 300_000 for number in (1, 2, 10**15, 10**15 + 1)]
        assert await node.database.read(times) == [*expected[:2], None, *expected[2:], 5]
