"""Uses of a permit are counted exactly, whoever races, on both kinds of database (MGT-2.2-permit-lifetime)."""

import asyncio
import itertools
import random

import pytest
from sqlalchemy import select

from interconn.api import audits as api
from interconn.api.own import Person
from interconn.management.approvals.subjects import Limits
from interconn.management.permits.tables import Grant, GrantUse
from interconn.standard import management as standard
from interconn.standard.control import JobCreate
from interconn.standard.errors import PermitRefused
from interconn.standard.management import Verdict
from interconn.state.outbox import OutboxMessage
from tests.management.conftest import SteppedClock
from tests.management.holder import Holder

GOOD_FOR = 7
RACING = 100


@pytest.fixture
async def holder(migrated_database, tmp_path):
    """Operator, alone with its database."""
    node = Holder(migrated_database, tmp_path, SteppedClock())
    await node.begin()
    yield node
    node.close()


@pytest.fixture
async def permit(holder, make):
    """What bank has to present: operator has approved a data set for seven jobs, a project and a flow."""
    apply = {
        standard.DATASET_APPLY: {"contract_id": "contract-bank", "dataset_id": "operator-table"},
        standard.PROJECT_APPLY: {"contract_id": "contract-bank", "project_id": "project-1", "name": "p"},
        standard.FLOW_APPLY: {"project_id": "project-1", "flow_id": "flow-1", "name": "f", "dag": make.dag()},
    }
    for call, members in apply.items():
        await holder.receive(call, audit_id=f"audit-{call.name}", **members)
        limit = {"times_limit": GOOD_FOR} if call is standard.DATASET_APPLY else {}
        await holder.ask(api.AUDIT_APPROVE, audit_id=f"audit-{call.name}", **limit)

    def token(session):
        bodies = [message.body for message in session.scalars(select(OutboxMessage))]
        return next(body["resource_permit"]["token"] for body in bodies if body["audit_id"] == "audit-dataset.apply")

    return f"urn:interconn:dataset:operator:operator-table/1/{await holder.database.read(token)}"


async def approved(holder, permit, make, count):
    """Jobs that bank proposed with its permit and operator approved, in one transaction as there are many."""
    caller = holder.caller("bank", permits=permit)
    approvals = holder.management._approvals
    subject = approvals._subjects[api.AuditKind.JOB]
    decider = approvals._decisions.by_person(Person("ann", "trace"))
    jobs = [{"job_id": f"job-{number}", "flow_id": "flow-1", "dag": make.dag()} for number in range(count)]

    def work(session):
        for job in jobs:
            members = {"audit_id": f"audit-{job['job_id']}", "name": "job", "project_id": "project-1", **job}
            application = standard.JobApply.model_validate({**members, "conf": make.config()})
            approvals._audits.receive(session, subject, caller, application)
            audit = approvals._audits.register.named(session, application.audit_id)
            approvals._decisions.decide(session, decider, subject, audit, Verdict.APPROVED, limits=Limits())

    await holder.database.write(work)
    return [JobCreate.model_validate({**job, "config": make.config()}) for job in jobs]


async def uses(holder):
    """The jobs that used the data set."""
    granted = select(Grant.grant_id).where(Grant.resource_type == "DATASET")
    used = select(GrantUse.job_id).where(GrantUse.grant_id.in_(granted))
    return await holder.database.read(lambda session: sorted(session.scalars(used)))


@pytest.mark.slow
async def test_of_100_jobs_at_once_7_use_a_permit_that_is_good_for_7(
    holder, permit, make, migrated_database, kind_of_database, tmp_path
):
    jobs = await approved(holder, permit, make, RACING)
    other = holder
    if kind_of_database == "postgresql":  # where a second process may write; SQLite is one process's
        other = Holder(migrated_database, tmp_path, holder.clock)
    attempts = [(node, job) for node, job in zip(itertools.cycle((holder, other)), jobs, strict=False)]
    attempts += random.Random(3).sample(attempts, 20)  # some come twice
    random.Random(7).shuffle(attempts)
    try:
        answers = await asyncio.gather(*(node.admit(job) for node, job in attempts), return_exceptions=True)
    finally:
        if other is not holder:
            other.close()
    passed = {job.job_id for (_, job), answer in zip(attempts, answers, strict=True) if answer is None}
    refused = {job.job_id for (_, job), answer in zip(attempts, answers, strict=True) if answer is not None}
    assert len(passed) == GOOD_FOR
    assert not passed & refused
    assert {type(answer) for answer in answers} == {type(None), PermitRefused}
    assert await uses(holder) == sorted(passed)


async def test_uses_outlive_the_process_and_their_count_is_never_exceeded(
    holder, permit, make, migrated_database, tmp_path
):
    jobs = await approved(holder, permit, make, GOOD_FOR + 1)
    for job in jobs[:GOOD_FOR]:
        await holder.admit(job)
    holder.close()
    again = Holder(migrated_database, tmp_path, holder.clock)
    try:
        await again.management.start()
        await again.admit(jobs[0])  # the next task of one that was admitted
        with pytest.raises(PermitRefused, match=r"used up \(7 jobs\)"):
            await again.admit(jobs[GOOD_FOR])
        assert len(await uses(again)) == GOOD_FOR
    finally:
        again.close()


async def test_time_limit_holds_to_the_millisecond(holder, permit, make):
    [job] = await approved(holder, permit, make, 1)
    limit = holder.clock.now() + 60_000

    def shorten(session):
        for grant in session.scalars(select(Grant).where(Grant.resource_type == "DATASET")):
            grant.time_limit = limit

    await holder.database.write(shorten)
    holder.clock.time = limit - 1
    await holder.admit(job)
    holder.clock.time = limit
    with pytest.raises(PermitRefused, match="has expired"):
        await holder.admit(job)
