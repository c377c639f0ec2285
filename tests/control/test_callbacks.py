"""Jobs whose parties push what happens (CTL-3.9, CTL-G3.2.2.1-callback), and peers that only push or only answer."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from interconn.standard.control import JobStatus, TaskStatus
from interconn.standard.errors import NotFound, PeerUnreachable
from interconn.standard.flow import Config
from interconn.standard.wire import Empty
from interconn.state.outbox import OutboxMessage
from interconn.trail.entries import AuditEntry
from tests.virtual_time import until

POLL, PUSH = "schedule.task.poll", "schedule.task.callback"


def pushing(make: SimpleNamespace, *parts: Any, word: str = "callback", **members: Any) -> Any:
    job = make.job(*parts, scheduler="clearing", **members)
    job.config.job_params.common["sync_type"] = word
    return job


def chain(make: SimpleNamespace) -> list[Any]:
    return [make.component("first"), make.component("second", "sum", ["first.data0"])]


def told(network: Any) -> list[tuple[str, str, str, str]]:
    """Who pushed what, in the order in which it came."""
    return [
        (source, body["task_id"], body["role"], body["status"])
        for source, _, name, body in network.calls
        if name == PUSH
    ]


def silence(node: Any, endpoint: str, error: Exception) -> None:
    async def refuse(_caller: Any, _request: Any) -> Any:
        raise error

    node.services[endpoint] = refuse


async def test_the_next_task_starts_without_a_question_ctl_g3_2_2_1_callback(
    network: Any, make: SimpleNamespace
) -> None:
    await network.run(pushing(make, *chain(make)))
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"
    assert network.sent(POLL) == []
    pushed = told(network)
    assert len(pushed) == len(set(pushed))
    for source, role in (("bank", "guest"), ("operator", "host")):
        for task_id in {task_id for _, task_id, _, _ in pushed}:
            words = [status for node, task, _, status in pushed if (node, task) == (source, task_id)]
            assert words == sorted(words, key=list(TaskStatus).index)
            assert words[0] == "READY"
            assert words[-1] == "SUCCESS"
        assert {each for node, _, each, _ in pushed if node == source} == {role}


async def test_nothing_of_what_arrived_stays_in_the_outbox(network: Any, make: SimpleNamespace) -> None:
    await network.run(pushing(make))
    await network.operator.ended()

    def waiting(session: Any) -> list[OutboxMessage]:
        return list(session.scalars(select(OutboxMessage)))

    while await network.operator.database.read(waiting):
        await network.clock.sleep(1)
    assert told(network)


async def test_a_failure_is_pushed_with_its_reason(network: Any, make: SimpleNamespace) -> None:
    network.operator.machine.ends = lambda environment: make.exit(137, "killed by SIGKILL", 1)
    await network.run(pushing(make))
    view = await network.bank.ended()
    assert view.reason == "first failed at operator (host.0): exit status 137, killed by SIGKILL"


async def test_a_push_that_finds_nobody_is_sent_again_in_order(network: Any, make: SimpleNamespace) -> None:
    served = network.clearing.services[PUSH]
    lost = 0

    async def lose(caller: Any, request: Any) -> Any:
        nonlocal lost
        lost += 1
        if lost <= 3:
            raise PeerUnreachable("lost on the way", where="clearing")
        return await served(caller, request)

    network.clearing.services[PUSH] = lose
    await network.run(pushing(make))
    assert (await network.operator.ended()).outcome == "SUCCESS"
    assert lost > 3


async def test_a_lost_word_is_asked_for_after_a_silence(network: Any, make: SimpleNamespace) -> None:
    async def drop(_caller: Any, _request: Any) -> Any:
        return Empty()

    network.clearing.services[PUSH] = drop  # taken, answered, and forgotten
    await network.run(pushing(make))
    assert (await network.operator.ended()).outcome == "SUCCESS"
    assert network.sent(POLL)


async def test_a_scheduler_that_takes_no_pushes_asks(network: Any, make: SimpleNamespace) -> None:
    silence(network.clearing, PUSH, NotFound("no such call"))
    await network.run(pushing(make, *chain(make)))
    assert (await network.operator.ended()).outcome == "SUCCESS"


@pytest.mark.parametrize("network", [45.0], indirect=True)
async def test_a_peer_that_only_calls_back_is_not_given_up(network: Any, make: SimpleNamespace) -> None:
    silence(network.operator, POLL, NotFound("no such call"))
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await until(lambda: network.operator.machine.environments)
    await network.clock.sleep(600)
    (directory,) = network.operator.machine.environments
    await network.operator.machine.end(directory, make.exit(0, "", 1))
    assert (await network.operator.ended()).outcome == "SUCCESS"


@pytest.mark.parametrize("network", [45.0], indirect=True)
async def test_a_peer_that_is_to_call_back_and_is_gone_ends_the_job(network: Any, make: SimpleNamespace) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await until(lambda: network.operator.machine.environments)
    network.cut.add("operator")
    view = await network.bank.ended()
    assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
    assert "no answer from operator" in view.reason


async def test_an_unknown_word_is_taken_as_poll_with_a_remark(network: Any, make: SimpleNamespace) -> None:
    await network.run(pushing(make, word="telepathy"))
    assert (await network.operator.ended()).outcome == "SUCCESS"
    assert network.sent(PUSH) == []
    assert network.sent(POLL)

    def scheduled(session: Any) -> AuditEntry:
        return session.scalars(select(AuditEntry).where(AuditEntry.action == "job.scheduled")).one()

    entry = await network.clearing.database.read(scheduled)
    assert "telepathy" in str(entry.details)


@pytest.mark.parametrize("word", [None, 7, ["callback"], {"callback": 1}, "POLL"])
def test_anything_else_than_callback_is_poll_resolution_8(make: SimpleNamespace, word: Any) -> None:
    config: Config = pushing(make, word=word).config
    assert config.sync_type() == "poll"
    assert config.remarks()


@pytest.mark.parametrize("name", ["bank", "operator", "clearing"])
async def test_restarted_in_the_middle(network: Any, make: SimpleNamespace, name: str) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await until(lambda: network.bank.machine.environments and network.operator.machine.environments)
    await network.nodes[name].restart()
    for node in (network.bank, network.operator):
        (directory,) = node.machine.environments
        await node.machine.end(directory, make.exit(0, "", 1))
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"
        assert node.machine.launches == 1
