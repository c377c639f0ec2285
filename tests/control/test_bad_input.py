"""What partners must not send, and what they answer when they are not well: refused or waited out, and written down.

How the client tells such answers apart, over real sockets, is in tests/peers/test_answers_of_sick_partners.py.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from interconn.control import states
from interconn.control.tables import Task
from interconn.standard.control import (
    JOB_CREATE,
    JOB_CREATE_ALL,
    JOB_START,
    TASK_CALLBACK,
    TASK_POLL,
    TASK_START,
    JobReference,
    TaskCallback,
    TaskPoll,
    TaskStart,
    TaskStatus,
    TaskStatusReply,
)
from interconn.standard.errors import InterconnError, PeerReplyInvalid, PeerUnreachable
from tests.control.test_jobs_between_nodes import begun, call, finish, hold_components, refusal
from tests.virtual_time import until

SICK: dict[str, Callable[[], InterconnError]] = {
    "html": lambda: PeerReplyInvalid("the answer is no envelope", where="operator"),
    "502": lambda: PeerUnreachable("a gateway answered 502", where="operator"),
    "too slow": lambda: PeerUnreachable("took too long", where="operator"),
}


async def running(network: Any, make: SimpleNamespace) -> str:
    """Start a job whose components go on until a test ends them; return its one task."""
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    task_id: str = (await network.clearing.view()).tasks[0].task_id
    return task_id


async def lanes(node: Any) -> dict[str, str]:
    return {party.role: party.status for party in (await node.view()).tasks[0].parties}


async def test_ctl_3_8_a_poll_for_an_unknown_task_is_pending_and_leaves_nothing(network: Any) -> None:
    for _ in range(2):
        reply = await call(network, "bank", "operator", TASK_POLL, TaskPoll(task_id="task-9", role="host"))
        assert (reply.status, reply.extension) == (TaskStatus.PENDING, None)
    assert await network.operator.database.read(lambda session: session.get(Task, "task-9")) is None


async def test_ctl_3_9_a_callback_for_anothers_share_changes_nothing(network: Any, make: SimpleNamespace) -> None:
    task_id = await running(network, make)
    before = await lanes(network.clearing)
    for role in ("guest", "guest.0", "host.1", "arbiter"):
        told = TaskCallback(task_id=task_id, status=TaskStatus.FAILED, role=role)
        assert (await refusal(network, "operator", "clearing", TASK_CALLBACK, told)).peer_code == 40400
    assert await lanes(network.clearing) == before
    await finish(make, network.bank, network.operator)
    assert (await network.bank.ended()).outcome == "SUCCESS"


@pytest.mark.parametrize("told", [TaskStatus.PENDING, TaskStatus.READY])
async def test_ctl_3_8_a_status_that_goes_back_in_a_callback_is_noted_and_not_believed(
    network: Any, make: SimpleNamespace, told: TaskStatus
) -> None:
    task_id = await running(network, make)
    run = TaskCallback(task_id=task_id, status=TaskStatus.RUNNING, role="host")
    await call(network, "operator", "clearing", TASK_CALLBACK, run)
    with capture_logs() as said:
        await call(network, "operator", "clearing", TASK_CALLBACK, run.model_copy(update={"status": told}))
    assert (await lanes(network.clearing))["host.0"] == "RUNNING"
    [warning] = [one for one in said if one["event"] == "a status that goes back"]
    assert (warning["known"], warning["told"], warning["partner"]) == ("RUNNING", told.value, "operator")


async def test_ctl_3_8_a_poll_that_is_answered_with_less_than_before_is_noted_and_not_believed(
    network: Any, make: SimpleNamespace
) -> None:
    network.plain.update(network.nodes)
    task_id = await running(network, make)
    run = TaskCallback(task_id=task_id, status=TaskStatus.RUNNING, role="host")
    await call(network, "operator", "clearing", TASK_CALLBACK, run)
    truth = network.operator.services[TASK_POLL.name]

    async def forgetful(_caller: Any, _request: Any) -> TaskStatusReply:
        return TaskStatusReply(status=TaskStatus.READY)

    with capture_logs() as said:
        network.operator.services[TASK_POLL.name] = forgetful
        await until(lambda: [one for one in said if one["event"] == "a status that goes back"])
    assert (await lanes(network.clearing))["host.0"] == "RUNNING"
    network.operator.services[TASK_POLL.name] = truth
    await finish(make, network.bank, network.operator)
    assert (await network.bank.ended()).outcome == "SUCCESS"


@pytest.mark.parametrize("before", TaskStatus)
@pytest.mark.parametrize("after", TaskStatus)
def test_ctl_3_8_task_states_what_is_told_is_news_or_a_repeat_or_goes_back(
    before: TaskStatus, after: TaskStatus
) -> None:
    news = bool(states.task_path(before, after))
    assert [news, before is after, states.goes_back(before, after)].count(True) == 1


@pytest.mark.parametrize("other", ["first", "second"])
async def test_ctl_3_2_a_repeat_with_other_content_is_refused_and_the_first_stands(
    network: Any, make: SimpleNamespace, other: str
) -> None:
    one = make.job(make.component("first"))
    assert await call(network, "bank", "operator", JOB_CREATE, one) is not None
    dag = make.job(make.component(other), make.component("more", "sum", [f"{other}.data0"]))
    for changed in (dag, make.job(make.component("first"), common={"first": {"mode": "safe"}})):
        error = await refusal(network, "bank", "operator", JOB_CREATE, changed)
        assert "known here with another" in error.peer_message
    await call(network, "bank", "operator", JOB_CREATE, one)
    assert [known for known, _ in network.operator.admission.admitted] == ["job-1"]


async def test_ctl_3_3_a_start_before_its_creation_starts_nothing(network: Any, make: SimpleNamespace) -> None:
    reference = JobReference(job_id="job-1")
    start = TaskStart(task_id="task-1", job_id="job-1", task_name="first")
    for endpoint, request in ((JOB_START, reference), (TASK_START, start)):
        assert (await refusal(network, "bank", "operator", endpoint, request)).peer_code == 40400
    await call(network, "bank", "operator", JOB_CREATE, make.job())
    assert "has not been started" in (await refusal(network, "bank", "operator", TASK_START, start)).peer_message
    assert network.operator.machine.launches == 0
    await call(network, "bank", "operator", JOB_START, reference)
    await call(network, "bank", "operator", TASK_START, start)
    await until(lambda: network.operator.machine.launches)


async def test_ctl_3_2_a_job_in_which_we_have_no_role_is_refused(network: Any, make: SimpleNamespace) -> None:
    error = await refusal(network, "bank", "clearing", JOB_CREATE, make.job())
    assert "no role" in error.peer_message
    assert (await refusal(network, "bank", "clearing", JOB_START, JobReference(job_id="job-1"))).peer_code == 40400


@pytest.mark.parametrize("sickness", SICK)
@pytest.mark.parametrize("lasts", [20.0, 3600.0], ids=["for a while", "for good"])
async def test_a_partner_that_answers_so_is_waited_for_and_in_the_end_named(
    network: Any, make: SimpleNamespace, sickness: str, lasts: float
) -> None:
    client = network.clearing.control._driver._partners._client
    healthy, until_then = client.answer, network.clock.now() + lasts * 1000

    async def answer(node_id: str, *args: Any, **parts: Any) -> Any:
        if node_id == "operator" and network.clock.now() < until_then:
            raise SICK[sickness]()
        return await healthy(node_id, *args, **parts)

    client.answer = answer
    with capture_logs() as said:
        await network.run(make.job(scheduler="clearing"))
        view = await network.bank.ended()
    assert any(one["event"] == "will ask again" and one["partner"] == "operator" for one in said)
    if lasts < network.patience_seconds:
        assert (view.outcome, network.operator.machine.launches) == ("SUCCESS", 1)
    else:
        assert view.outcome == "FAILED"
        assert SICK[sickness]().message in view.reason and "operator" in view.reason
        assert network.operator.machine.launches == 0


async def test_ctl_3_1_a_repeat_with_other_content_is_refused_by_the_scheduler_and_the_first_goes_on(
    network: Any, make: SimpleNamespace
) -> None:
    await running(network, make)
    first = make.job(scheduler="clearing")
    await call(network, "bank", "clearing", JOB_CREATE_ALL, first)  # alike: no news
    for changed in (
        make.job(make.component("other"), scheduler="clearing"),
        make.job(scheduler="clearing", common={"first": {"mode": "safe"}}),
        first.model_copy(update={"flow_id": "another"}),
    ):
        error = await refusal(network, "bank", "clearing", JOB_CREATE_ALL, changed)
        assert (error.peer_code, "known here with another" in error.peer_message) == (40902, True)
    assert network.sent(JOB_CREATE.name) == [("clearing", "bank"), ("clearing", "operator")]
    await finish(make, network.bank, network.operator)
    assert (await network.bank.ended()).outcome == "SUCCESS"


async def test_ctl_3_8_a_poll_for_a_role_that_is_not_ours_tells_nothing_of_ours(
    network: Any, make: SimpleNamespace
) -> None:
    task_id = await running(network, make)
    for role in ("guest", "arbiter", "host.1", "nobody"):
        reply = await call(network, "clearing", "operator", TASK_POLL, TaskPoll(task_id=task_id, role=role))
        assert (reply.status, reply.extension) == (TaskStatus.PENDING, None)
    for role in ("host", "host.0"):
        reply = await call(network, "clearing", "operator", TASK_POLL, TaskPoll(task_id=task_id, role=role))
        assert list(reply.extension["parties"]) == ["host.0"]


async def test_ctl_3_9_a_callback_for_a_task_that_nobody_knows_is_refused(network: Any, make: SimpleNamespace) -> None:
    await running(network, make)
    told = TaskCallback(task_id="task-9", status=TaskStatus.SUCCESS, role="host")
    assert (await refusal(network, "operator", "clearing", TASK_CALLBACK, told)).peer_code == 40400
    assert await network.clearing.database.read(lambda session: session.get(Task, "task-9")) is None


@pytest.mark.parametrize(
    ("end", "then"),
    [(TaskStatus.SUCCESS, TaskStatus.FAILED), (TaskStatus.SUCCESS, TaskStatus.RUNNING),
     (TaskStatus.FAILED, TaskStatus.SUCCESS)],
)  # fmt: skip
async def test_ctl_3_9_nothing_follows_the_end_of_a_share(
    network: Any, make: SimpleNamespace, end: TaskStatus, then: TaskStatus
) -> None:
    task_id = await running(network, make)
    told = TaskCallback(task_id=task_id, status=end, role="host")
    await call(network, "operator", "clearing", TASK_CALLBACK, told)
    await call(network, "operator", "clearing", TASK_CALLBACK, told.model_copy(update={"status": then}))
    assert (await lanes(network.clearing))["host.0"] == end
