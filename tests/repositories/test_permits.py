"""What was granted and used, and the permits of partners."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from interconn.api.permits import GRANT_LIST, PERMIT_LIST
from interconn.management.permits.ledger import uses
from interconn.management.permits.levels import ResourceType
from interconn.management.permits.permit_set import read_permit_set
from interconn.management.permits.tables import AcceptedGrant, CoveredDataset, Grant, GrantUse, Permit
from interconn.management.permits.terms import Access
from interconn.standard.errors import PermitRefused
from interconn.state.database import Database
from tests.management.conftest import SteppedClock
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestPermits(Repository):
    tables = (
        Grant,
        CoveredDataset,
        AcceptedGrant,
        GrantUse,
        Permit,
    )

    async def test_uses_are_counted_once_a_job_and_no_more_than_granted_whoever_writes(
        self, node: Holder, second_writer: Database, kind_of_database: str
    ) -> None:
        """MGT-2.2-permit-lifetime: two grants are needed by each job, in either order, and nobody waits for ever."""

        def write(session):  # type: ignore[no-untyped-def]
            session.add(rows.contract("bank"))
            session.add_all(rows.audit(number) for number in (1, 2))
            session.flush()
            session.add_all(rows.grant(number, times_limit=limit) for number, limit in ((1, 3), (2, None)))

        await node.database.write(write)
        ledger = node.management._listings._permits.ledger

        def use(session, job, order):  # type: ignore[no-untyped-def]
            found = session.scalars(select(Grant).order_by(order)).all()
            ledger.use(session, found, job)

        other = second_writer if kind_of_database == "postgresql" else node.database
        attempts = [(f"job-{number % 8}", number) for number in range(24)]
        answers = await asyncio.gather(
            *(
                (other if number % 3 else node.database).write(
                    lambda session, job=job, number=number: use(
                        session, job, Grant.grant_id if number % 2 else Grant.grant_id.desc()
                    )
                )
                for job, number in attempts
            ),
            return_exceptions=True,
        )
        passed = {job for (job, _), answer in zip(attempts, answers, strict=True) if answer is None}
        assert {type(answer) for answer in answers} == {type(None), PermitRefused}
        assert len(passed) == 3

        def counted(session):  # type: ignore[no-untyped-def]
            return [uses(session, session.get_one(Grant, number)) for number in (1, 2)], set(
                session.scalars(select(GrantUse.job_id))
            )

        assert await node.database.read(counted) == ([3, 3], passed)

    async def test_the_highest_and_newest_permit_still_good_is_presented_first(
        self, node: Holder, clock: SteppedClock
    ) -> None:
        """MGT-2.2-mprac-highest-level; a permit without an end sorts with none of those that have one."""
        now = clock.now()

        def write(session):  # type: ignore[no-untyped-def]
            for number in range(1, 7):
                session.add(rows.audit(number, direction="APPLICANT", subject_id="data" if number < 6 else "Data"))
            session.flush()
            session.add(rows.permit(1, resource_id="data", resource_level=1))
            session.add(rows.permit(2, resource_id="data", resource_level=4, time_limit=now + 1))
            session.add(rows.permit(3, resource_id="data", resource_level=4, time_limit=now))
            session.add(rows.permit(4, resource_id="data", resource_level=4, time_limit=None))
            session.add(rows.permit(5, resource_id="data", resource_level=1, time_limit=2**62))
            session.add(rows.permit(6, resource_id="Data", resource_level=5))

        await node.database.write(write)
        wallet = node.management._listings._permits.wallet

        def presented(session):  # type: ignore[no-untyped-def]
            text = wallet.present(session, "bank", [Access(ResourceType.DATASET, "data")], project_id="")
            return [permit.token for permit in read_permit_set(text)]

        assert await node.database.read(presented) == ["token-4", "token-2", "token-5", "token-1"]

    async def test_lists_are_newest_first_and_filtered_exactly(self, node: Holder) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            session.add(rows.contract("bank"))
            for number, node_id in enumerate(rows.IDS, 1):
                session.add(rows.audit(number, node_id=node_id))
                session.flush()
                session.add(rows.grant(number, user_node_id=node_id, auth_scope={"NODE": [node_id]}))
                session.add(rows.permit(number, holder_node_id=node_id))
                session.flush()
                session.add(CoveredDataset(grant_id=number, dataset_id="b"))
                session.add(CoveredDataset(grant_id=number, dataset_id="A"))

        await node.database.write(write)
        newest = list(reversed(rows.IDS))
        for call, member in ((GRANT_LIST, "grants"), (PERMIT_LIST, "permits")):
            page = await node.ask(call, page_num=2, page_size=5)
            assert [one.node_id for one in getattr(page, member)] == newest[5:10]
            assert page.total == len(newest)
            for node_id in newest:
                found = await node.ask(call, node_id=node_id, kind="DATASET", page_num=1, page_size=9)
                assert [one.node_id for one in getattr(found, member)] == [node_id]
        assert (await node.ask(GRANT_LIST, page_num=1, page_size=1)).grants[0].covers == ["A", "b"]
