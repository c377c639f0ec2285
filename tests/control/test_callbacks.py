"""Jobs whose parties push what happens (CTL-3.9, CTL-G3.2.2.1-callback), and peers that only push or only answer."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from interconn.components.callback import CallbackServer
from interconn.control.partners import Partners
from interconn.control.tables import Lane
from interconn.standard.control import ComponentCallback, ComponentStatus, JobStatus, TaskCallback, TaskStatus
from interconn.standard.errors import NotFound, PeerUnreachable
from interconn.standard.flow import Config
from interconn.standard.wire import Empty
from interconn.state import outbox
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
    await network.clock.sleep(240)
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


def pushed_progress(network: Any, source: str = "operator") -> list[int]:
    """How many rows a node pushed that it has done, in the order in which that came."""
    bodies = [body for node, _, name, body in network.calls if name == PUSH and node == source]
    told = [(body.get("extension") or {}).get("progress") or {} for body in bodies]
    return [progress["done"] for progress in told if progress]


async def report(node: Any, done: int, status: ComponentStatus = ComponentStatus.RUNNING) -> None:
    """Let the component of a node tell its progress, not sooner after the last time than a node takes note."""
    await node.network.clock.sleep(0.25)
    await until(lambda: node.machine.environments)
    [environment] = node.machine.environments.values()
    told = ComponentCallback(
        task_id=environment["config.task_id"],
        role=environment["config.self_role"],
        status=status,
        extension={"progress": {"phase": "matching", "done": done, "total": 1000}},
    )
    server = CallbackServer(database=node.database, clock=node.network.clock, listener=node.components._listener)
    await server.receive(told, token=environment["config.token"])


async def known_rows(node: Any) -> int:
    """How many rows of the host's share are done as far as a node knows that does not ask."""

    def read(session: Any) -> int:
        lanes = session.scalars(select(Lane).where(Lane.role == "host")).all()
        return next((lane.progress.get("done", 0) for lane in lanes), 0)

    return await node.database.read(read)


async def comes_to_know(node: Any, done: int) -> None:
    async with asyncio.timeout(600):
        while await known_rows(node) != done:
            await node.network.clock.sleep(0.1)


async def test_progress_is_pushed_and_nobody_asks_for_it_ctl_3_9(network: Any, make: SimpleNamespace) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    began = network.clock.now()
    for done in (100, 400, 900):
        await report(network.operator, done)
        await comes_to_know(network.clearing, done)
    # In time that passes only while all wait: one second between two words, and what it takes to tell them.
    assert network.clock.now() - began < 5000
    await report(network.operator, 1000, ComponentStatus.SUCCESS)
    [directory] = network.operator.machine.environments
    await network.operator.machine.end(directory, make.exit(0, "", 1))
    assert (await network.operator.ended()).outcome == "SUCCESS"
    assert await known_rows(network.clearing) == 1000
    assert network.sent(POLL) == []


async def test_progress_that_comes_fast_is_told_once_a_second_and_the_last_of_it_always(
    network: Any, make: SimpleNamespace
) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await report(network.operator, 0)
    for done in range(1, 51):
        await report(network.operator, done)
    await comes_to_know(network.clearing, 50)
    rows = pushed_progress(network)
    assert rows == sorted(rows)
    assert len(set(rows)) <= 15  # in some 13 seconds
    assert network.sent(POLL) == []


async def test_progress_does_not_pile_up_for_a_scheduler_that_is_away(network: Any, make: SimpleNamespace) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await report(network.operator, 1)
    await comes_to_know(network.clearing, 1)
    while await network.operator.database.read(outbox.count_waiting):
        await network.clock.sleep(0.1)  # that this has arrived, its sender may know a moment later
    network.cut.add("clearing")
    for done in range(2, 31):
        await network.clock.sleep(1)
        await report(network.operator, done)
    assert await network.operator.database.read(outbox.count_waiting) == 0
    network.cut.clear()
    told = len(pushed_progress(network))
    await comes_to_know(network.clearing, 30)
    assert set(pushed_progress(network)[told:]) <= {30}  # how it stands, and nothing of how it stood


async def test_a_scheduler_that_does_not_say_that_it_takes_progress_is_told_of_changes_alone(
    network: Any, make: SimpleNamespace
) -> None:
    """CTL-3.9: each change of a status arrives once; the extension is for those that know it."""
    served = network.clearing.services[PUSH]

    async def plain(caller: Any, request: Any) -> Any:
        await served(caller, request.model_copy(update={"extension": None}))
        return Empty()

    network.clearing.services[PUSH] = plain
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    for done in (1, 2, 3):
        await report(network.operator, done)
        await network.clock.sleep(2)
    words = [status for source, _, _, status in told(network) if source == "operator"]
    assert words == ["READY", "RUNNING"]


async def test_a_scheduler_of_a_kind_without_extensions_is_told_what_the_standard_has(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Partners, "knows_extensions", lambda _self, _node_id: False)
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await report(network.operator, 1)
    await until(lambda: "RUNNING" in [status for source, _, _, status in told(network) if source == "operator"])
    bodies = [body for _, _, name, body in network.calls if name == PUSH]
    assert {name for body in bodies for name in body} == {"task_id", "status", "role"}


async def test_who_tells_no_progress_is_answered_with_an_empty_object_ctl_2_3(
    network: Any, make: SimpleNamespace
) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await report(network.operator, 5)
    await comes_to_know(network.clearing, 5)
    [task] = (await network.clearing.view()).tasks
    for extension, answer in (
        (None, None), ({}, None), ({"reason": "x"}, None), ({"progress": 7}, None), ({"progress": ["x"]}, None),
        ({"progress": {}}, {"progress": "taken"}),
    ):  # fmt: skip
        word = TaskCallback(task_id=task.task_id, status=TaskStatus.RUNNING, role="host", extension=extension)
        caller = SimpleNamespace(node_id="operator")
        reply = await network.clearing.services[PUSH](caller, word)
        assert (reply.extension, reply.to_wire()) == (answer, {"extension": answer} if answer else {})
        assert await known_rows(network.clearing) == 5


async def test_progress_that_arrives_late_brings_nothing_back(network: Any, make: SimpleNamespace) -> None:
    await network.run(pushing(make))
    view = await network.operator.ended()
    [task] = view.tasks
    late = TaskCallback(
        task_id=task.task_id, status=TaskStatus.RUNNING, role="host",
        extension={"progress": {"phase": "matching", "done": 1, "total": 2, "at": network.clock.now()}},
    )  # fmt: skip
    await network.clearing.services[PUSH](SimpleNamespace(node_id="operator"), late)
    assert make.statuses(await network.clearing.view())["first"]["host.0"] == "SUCCESS"
    assert await known_rows(network.clearing) == 0


@pytest.mark.parametrize("name", ["operator", "clearing"])
async def test_progress_goes_on_after_a_restart(network: Any, make: SimpleNamespace, name: str) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(pushing(make))
    await report(network.operator, 10)
    await comes_to_know(network.clearing, 10)
    await network.nodes[name].restart()
    for done in (20, 30):
        await report(network.operator, done)
        await comes_to_know(network.clearing, done)
