"""What partners without a management plane may do, and did."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from interconn.management.permits.tables import Preauthorisation, PreauthorisationUse, PreauthorisedJob
from interconn.management.permits.terms import ComponentIdentity
from interconn.standard.errors import PermitRefused
from interconn.state.database import Database
from tests.management.conftest import START
from tests.management.holder import Holder
from tests.repositories import rows
from tests.repositories.contract import Repository

COMPONENT = ComponentIdentity("maker", "psi")
USES = [(COMPONENT, "data")]


def allowed(number: int, **members: object) -> Preauthorisation:
    """What bank may do."""
    return Preauthorisation(
        **{
            "number": number,
            "preauthorisation_id": f"preauthorisation-{number}",
            "node_id": "bank",
            "component": str(COMPONENT),
            "dataset_id": "data",
            "added_at": START,
            "added_by": "person:ann",
            **members,
        }
    )


class TestPreauthorisations(Repository):
    tables = (
        Preauthorisation,
        PreauthorisationUse,
        PreauthorisedJob,
    )

    async def test_uses_are_counted_once_a_job_and_no_more_than_allowed_whoever_writes(
        self, node: Holder, second_writer: Database, kind_of_database: str
    ) -> None:
        """A job keeps to the one that it uses already; another takes the newest that has uses left."""

        def write(session):  # type: ignore[no-untyped-def]
            session.add(rows.contract("bank", management_plane=False))
            session.add(allowed(1, times_limit=2))
            session.add(allowed(2, times_limit=2))
            session.add(allowed(3, revoked_at=START))
            session.add(allowed(4, dataset_id="Data"))

        await node.database.write(write)
        kept = node.management._listings._preauthorisations
        other = second_writer if kind_of_database == "postgresql" else node.database
        attempts = [(f"job-{number % 6}", number) for number in range(18)]
        answers = await asyncio.gather(
            *(
                (other if number % 2 else node.database).write(
                    lambda session, job=job: [one.number for one in kept.use(session, "bank", USES, job)]
                )
                for job, number in attempts
            ),
            return_exceptions=True,
        )
        passed = {job for (job, _), answer in zip(attempts, answers, strict=True) if isinstance(answer, list)}
        assert len(passed) == 4
        assert {type(answer) for answer in answers} == {list, PermitRefused}

        def counted(session):  # type: ignore[no-untyped-def]
            found = session.scalars(select(PreauthorisationUse)).all()
            return sorted(one.number for one in found), {one.job_id for one in found}

        assert await node.database.read(counted) == ([1, 1, 2, 2], passed)
        with pytest.raises(PermitRefused):
            await node.database.write(lambda session: kept.use(session, "Bank", USES, "job-9"))
