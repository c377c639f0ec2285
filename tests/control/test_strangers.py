"""What a partner with a contract, but without a part in a job, can learn of it or do to it: nothing."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import undefer

from interconn.api.jobs import JobSearch, JobViews
from interconn.control import jobs
from interconn.control.tables import Job
from interconn.standard.control import (
    JOB_CREATE,
    JOB_CREATE_ALL,
    JOB_START,
    JOB_STATUS_ALL,
    JOB_STOP,
    JOB_STOP_ALL,
    TASK_CALLBACK,
    TASK_POLL,
    TASK_START,
    JobReference,
    JobStatusReply,
    JobStop,
    TaskCallback,
    TaskPoll,
    TaskStart,
    TaskStatus,
)
from interconn.standard.errors import NotApproved, PeerRefused
from interconn.standard.wire import Empty
from tests.virtual_time import until


async def answer(network: Any, target: str, endpoint: Any, request: Any) -> tuple[Any, ...]:
    """All that the clearing house, a stranger to the job, gets to see."""
    client = network.clearing.control._driver._partners._client
    try:
        reply = await client.call(target, endpoint, request, trace_id="trace-x")
    except PeerRefused as error:
        return (error.peer_code, error.peer_message, error.where)
    return ("answered", reply.to_wire())


def unapproved(network: Any) -> None:
    """Management's answer to one who is no party of a job, whether there is one or not."""
    for node in (network.bank, network.operator):
        node.admission.refusals = dict.fromkeys(("admit", "schedule"), NotApproved("was not proposed here"))


@pytest.mark.parametrize("target", ["bank", "operator"])
async def test_stranger_cannot_tell_a_job_from_none(network: Any, make: SimpleNamespace, target: str) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(job_id="job-real"))
    await until(lambda: network.bank.machine.environments and network.operator.machine.environments)
    task_id = (await network.bank.view("job-real")).tasks[0].task_id
    unapproved(network)

    async def seen(job_id: str, task: str) -> list[tuple[Any, ...]]:
        asked = [
            (JOB_START, JobReference(job_id=job_id)),
            (JOB_STOP, JobStop(job_id=job_id)),
            (JOB_STOP, JobStop(job_id=job_id, task_name="first")),
            (TASK_START, TaskStart(task_id="task_x", job_id=job_id, task_name="first")),
            (TASK_POLL, TaskPoll(task_id=task)),
            (TASK_POLL, TaskPoll(task_id=task, role="host")),
            (JOB_STATUS_ALL, JobReference(job_id=job_id)),
            (JOB_STOP_ALL, JobStop(job_id=job_id)),
            (TASK_CALLBACK, TaskCallback(task_id=task, status=TaskStatus.FAILED, role="host")),
            (JOB_CREATE, make.job(make.component("other"), job_id=job_id, scheduler="clearing")),
            (JOB_START, JobReference(job_id=job_id)),  # once more, now that a refusal may be on record
            (TASK_POLL, TaskPoll(task_id=task)),
        ]
        mine = make.job(job_id=job_id, role={"guest": ["clearing"], "host": [target]}).to_wire()
        mine["config"]["initiator"]["node_id"] = "clearing"
        mine["config"]["job_params"] = {"common": {"scheduler": target}}
        asked.append((JOB_CREATE_ALL, JOB_CREATE_ALL.request.model_validate(mine)))
        return [await answer(network, target, endpoint, request) for endpoint, request in asked]

    assert await seen("job-real", task_id) == await seen("job-none", "task_none")
    view = await network.bank.view("job-real")
    assert (view.status, view.tasks[0].status != "FAILED") == ("RUNNING", True)


async def test_refused_job_of_a_stranger_does_not_keep_the_real_one_out(network: Any, make: SimpleNamespace) -> None:
    unapproved(network)
    for target in ("bank", "operator"):
        stolen = make.job(make.component("other"), scheduler="clearing")
        assert (await answer(network, target, JOB_CREATE, stolen))[0] != "answered"
    for node in (network.bank, network.operator):
        node.admission.refusals = {}
    await network.run(make.job())
    assert (await network.bank.ended()).outcome == "SUCCESS"


async def test_refusals_do_not_fill_the_disk(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "MAXIMUM_REFUSALS", 3)
    unapproved(network)
    for number in range(8):
        await answer(network, "operator", JOB_CREATE, make.job(job_id=f"job-{number}", scheduler="clearing"))
    kept = await network.operator.database.read(
        lambda session: list(session.scalars(select(Job).options(undefer(Job.content))))
    )
    assert {job.job_id for job in kept} == {"job-5", "job-6", "job-7"}
    assert all(job.status == "REJECTED" and len(str(job.content)) < 100 for job in kept)


@pytest.mark.parametrize("role", ["guest", "guest.x", "guest.-1", "guest." + "9" * 5000, "", "."])
async def test_scheduler_that_tells_of_senseless_parties_breaks_nobodys_list(
    network: Any, make: SimpleNamespace, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    lane = {"node_id": "bank", "role": role, "status": "RUNNING", "outputs": {"aligned": {"path": "/etc/passwd"}}}
    task = {"task_id": "t", "name": "n", "component": "c", "status": "RUNNING", "parties": [lane]}

    async def lie(caller: Any, request: Any) -> JobStatusReply:
        return JobStatusReply(job_status="RUNNING", status={}, extension={"tasks": [task]})

    network.clearing.services["schedule.job.status_all"] = lie
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.bank.machine.environments)
    await network.bank.view()
    listed: JobViews = await network.bank.own["own.job.list"](make.person, JobSearch())
    assert "/etc/passwd" not in str(listed)


async def test_scheduler_that_claims_success_too_early_leaves_no_component_running(
    network: Any, make: SimpleNamespace
) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None

    async def lie(caller: Any, request: Any) -> JobStatusReply:
        ended = bool(network.operator.machine.environments)
        return JobStatusReply(job_status="FINISHED" if ended else "RUNNING", extension={"outcome": "SUCCESS"})

    async def unheard(caller: Any, request: Any) -> Empty:
        return Empty()

    network.clearing.services["schedule.job.status_all"] = lie
    network.operator.services["schedule.job.stop"] = unheard
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.operator.machine.stops)
    view = await network.operator.ended()
    assert view.tasks[0].status == "FAILED"
