"""Jobs that are made to hang, in every way there is: `why` names who has to act, since when, and the last exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.api.state import Explanation
from interconn.components.callback import CallbackServer
from interconn.components.launcher import Exit
from interconn.control import initiator, watch
from interconn.management.explanations.agreements import Agreements
from interconn.management.explanations.running import Running
from interconn.standard.control import (
    JOB_CREATE,
    JOB_CREATE_ALL,
    JOB_START,
    JOB_STATUS_ALL,
    JOB_STOP,
    TASK_CALLBACK,
    TASK_POLL,
    TASK_START,
    ComponentCallback,
    ComponentStatus,
    JobStop,
    TaskStatus,
    TaskStatusReply,
)
from interconn.standard.errors import PermitRefused, StaleClock


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a first word, nor for the end of a held answer."""
    monkeypatch.setattr(initiator, "FIRST_WORD_SECONDS", 0.0)
    monkeypatch.setattr(watch, "_WAIT_SECONDS", 0.1)


async def why(node: Any, name: str = "job-1") -> Explanation:
    """What a person at a node is told of a job."""
    running = Running(node=node.identity(), agreements=Agreements(contracts=None, exchanges=None))  # type: ignore[arg-type]
    running.standing = node.control.standing
    await running.standing.refresh("job-1")
    [found] = await node.database.read(lambda session: running.named(session, name))
    return found


async def until(node: Any, is_so: Callable[[Explanation], bool], name: str = "job-1") -> Explanation:
    """What is told once it is so; a job takes its time until it hangs."""
    async with asyncio.timeout(60):
        while not is_so(found := await why(node, name)):  # noqa: ASYNC110 - it may be anything
            await asyncio.sleep(0.05)
    return found


async def once(node: Any, said: str, name: str = "job-1") -> Explanation:
    """What is told once it says something."""
    found = await until(node, lambda found: said in found.waits_for, name)
    assert found.since is not None and found.since <= node.network.clock.now()
    return found


async def report(node: Any, status: ComponentStatus = ComponentStatus.RUNNING, **progress: Any) -> None:
    """Let the component of a node tell something."""
    while not node.machine.environments:  # noqa: ASYNC110 - it may be anything
        await asyncio.sleep(0.002)
    environment = [*node.machine.environments.values()][-1]
    told = ComponentCallback(
        task_id=environment["config.task_id"],
        role=environment["config.self_role"],
        status=status,
        extension={"progress": progress} if progress else None,
    )
    server = CallbackServer(database=node.database, clock=node.network.clock, listener=node.components._listener)
    await server.receive(told, token=environment["config.token"])


def never_ends(*nodes: Any) -> None:
    for node in nodes:
        node.machine.ends = lambda environment: None


async def silence(*_: Any) -> Any:
    """A partner that takes a call and never answers it."""
    await asyncio.Event().wait()


async def test_a_component_of_a_partner_that_never_ends(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.operator)
    await network.run(make.job())
    await report(network.operator, phase="matching", done=3, total=10)
    found = await once(network.bank, "at matching 3/10")
    assert found.waits_for == "node operator to finish as host.0 in task first, at matching 3/10"
    assert (found.whom, found.node_id, found.exchange.call) == ("NODE_THERE", "operator", TASK_POLL.name)
    assert found.awaits[0].progress.at is not None
    there = await once(network.operator, "at matching 3/10")
    assert (there.whom, there.waits_for) == (
        "NODE_HERE",
        "this node to finish as host.0 in task first, at matching 3/10",
    )


async def test_a_component_here_that_never_ends(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.bank)
    await network.run(make.job())
    await report(network.bank)
    found = await once(network.bank, "to finish")
    assert (found.whom, found.waits_for) == ("NODE_HERE", "this node to finish as guest.0 in task first")
    # The operator's own part is over; whom the job waits for, it knows from the scheduler.
    there = await once(network.operator, "to finish")
    assert (there.node_id, there.waits_for) == ("bank", "node bank to finish as guest.0 in task first")


async def test_a_component_that_tells_nothing(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.bank)
    await network.run(make.job())
    found = await once(network.bank, "told nothing yet")
    assert found.waits_for == (
        "this node to begin as guest.0 in task first: its component was launched and has told nothing yet"
    )


async def test_a_component_that_has_told_its_outcome_and_does_not_end(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.bank)
    network.bank.machine.stop = silence  # nor does it let itself be stopped
    await network.run(make.job())
    await report(network.bank, ComponentStatus.SUCCESS)
    assert "has told SUCCESS and does not end" in (await once(network.bank, "does not end")).waits_for


async def test_two_that_run_of_which_the_one_heard_of_least_is_named_first(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.bank, network.operator)
    await network.run(make.job())
    await report(network.operator, phase="matching", done=3, total=10)
    await until(network.bank, lambda found: any(one.node_id and one.progress for one in found.awaits))
    await report(network.bank, phase="matching", done=9, total=10)
    found = await until(network.bank, lambda found: [one.progress is not None for one in found.awaits] == [True, True])
    assert [one.node_id for one in found.awaits] == ["operator", ""]
    assert found.waits_for == "node operator to finish as host.0 in task first, at matching 3/10 (and 1 more)"


async def test_a_partner_cut_off_before_it_accepts(network: Any, make: SimpleNamespace) -> None:
    network.cut.add("operator")
    await network.run(make.job())
    waits_for = "node operator to accept the job; it does not answer: no answer from operator: cut off"
    found = await until(network.bank, lambda found: found.waits_for == waits_for)
    assert (found.exchange.call, found.exchange.outgoing, found.since) == (JOB_CREATE.name, True, found.exchange.since)
    found = await until(network.bank, lambda found: found.exchange.attempts > 1 and found.exchange.next_at)
    assert found.exchange.next_at > found.exchange.at >= found.exchange.since


@pytest.mark.parametrize("how", ["cut", "killed"])
async def test_a_partner_lost_while_its_component_runs(network: Any, make: SimpleNamespace, how: str) -> None:
    never_ends(network.operator)
    await network.run(make.job())
    await report(network.operator)
    await once(network.bank, "to finish")
    if how == "cut":
        network.cut.add("operator")
    else:
        network.operator.kill()
    found = await once(network.bank, "it does not answer")
    assert found.waits_for.startswith("node operator to finish as host.0 in task first; it does not answer: no answer")
    assert (found.exchange.call, found.since) == (TASK_POLL.name, found.exchange.since)


async def test_a_partner_that_never_answers_a_start(network: Any, make: SimpleNamespace) -> None:
    network.operator.services[JOB_START.name] = silence
    await network.run(make.job())
    found = await until(network.bank, lambda found: found.waits_for == "node operator to start the job")
    found = await until(network.bank, lambda found: bool(found.exchange) and found.exchange.call == JOB_START.name)
    assert (found.waits_for, found.node_id) == ("node operator to start the job", "operator")
    assert (found.exchange.call, found.exchange.outcome) == (JOB_START.name, "not answered yet")
    # The operator waits too, for whom has to ask it.
    there = await why(network.operator)
    assert there.waits_for == "node bank to start the job as its scheduler"
    assert (there.exchange.call, there.exchange.outgoing) == (JOB_STATUS_ALL.name, True)


async def test_a_partner_that_never_answers_the_start_of_a_task(network: Any, make: SimpleNamespace) -> None:
    network.operator.services[TASK_START.name] = silence
    await network.run(make.job())
    await once(network.bank, "accept its part")
    found = await until(network.bank, lambda found: bool(found.exchange) and found.exchange.call == TASK_START.name)
    assert found.waits_for.startswith("node operator to accept its part as host.0 in task first")
    assert (found.exchange.call, found.exchange.outcome) == (TASK_START.name, "not answered yet")


@pytest.mark.parametrize("sync_type", ["poll", "callback"])
async def test_a_partner_that_says_pending_for_ever(network: Any, make: SimpleNamespace, sync_type: str) -> None:
    """CTL-3.8, CTL-3.9: one that was to call back and does not, is polled all the same."""

    async def pending(*_: Any) -> TaskStatusReply:
        return TaskStatusReply(status=TaskStatus.PENDING)

    network.operator.services[TASK_POLL.name] = pending
    network.bank.services[TASK_CALLBACK.name] = silence  # what it pushes, where it does, does not arrive
    job = make.job()
    job.config.job_params.common["sync_type"] = sync_type
    await network.run(job)
    await network.clock.sleep(25 if sync_type == "callback" else 0)  # it is asked once it has been silent for a while
    found = await until(network.bank, lambda found: found.waits_for.startswith("node operator to begin"))
    found = await until(network.bank, lambda found: len(found.awaits) == 1)  # what the bank has to do, it does
    assert found.waits_for == "node operator to begin as host.0 in task first"
    found = await until(network.bank, lambda found: bool(found.exchange) and found.exchange.call == TASK_POLL.name)
    assert found.exchange.outgoing and found.whom == "NODE_THERE"


async def test_a_scheduler_lost_as_a_participant_sees_it(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.operator)
    await network.run(make.job(scheduler="clearing"))
    await report(network.operator)
    network.cut.add("clearing")
    for node in (network.operator, network.bank):
        found = await once(node, "it does not answer")
        assert found.waits_for.startswith(
            "node clearing to go on with the job as its scheduler; it does not answer: no answer from clearing"
        )
        assert (found.node_id, found.exchange.call, found.since) == (
            "clearing", JOB_STATUS_ALL.name, found.exchange.since,
        )  # fmt: skip
    # What this node has to do itself is told too.
    assert "this node to finish as host.0 in task first" in [
        one.waits_for for one in (await why(network.operator)).awaits
    ]


async def test_a_partner_lost_as_another_hears_of_it_from_the_scheduler(network: Any, make: SimpleNamespace) -> None:
    """CTL-3.7 with our extension: a party asks none but the scheduler, which tells who does not answer it."""
    never_ends(network.operator)
    await network.run(make.job(scheduler="clearing"))
    await report(network.operator)
    await once(network.bank, "to finish")
    network.operator.kill()
    found = await once(network.bank, "does not answer clearing")
    assert found.waits_for == (
        "node operator to finish as host.0 in task first; it does not answer clearing, which schedules"
    )
    assert (found.node_id, found.whom) == ("operator", "NODE_THERE")
    at_scheduler = await once(network.clearing, "it does not answer")
    assert (found.since, at_scheduler.exchange.call) == (at_scheduler.since, TASK_POLL.name)
    await network.operator.restart()
    found = await until(network.bank, lambda found: "does not answer" not in found.waits_for)
    assert found.waits_for == "node operator to finish as host.0 in task first"


async def test_a_scheduler_that_is_lost_before_it_takes_the_job(network: Any, make: SimpleNamespace) -> None:
    network.cut.add("clearing")
    await network.run(make.job(scheduler="clearing"))
    found = await once(network.bank, "it does not answer")
    assert found.waits_for.startswith("node clearing to take the job as its scheduler; it does not answer")
    assert found.exchange.call == JOB_CREATE_ALL.name


async def test_a_partner_lost_at_the_end(network: Any, make: SimpleNamespace) -> None:
    """CTL-3.6: the job has failed, and one that may still be at it has not heard so."""
    network.bank.machine.ends = lambda environment: Exit(1, "", 1)
    never_ends(network.operator)
    network.operator.services[JOB_STOP.name] = silence
    await network.run(make.job())
    found = await until(network.bank, lambda found: bool(found.exchange) and found.exchange.call == JOB_STOP.name)
    assert found.waits_for.startswith("node operator to hear of the end of the job")
    assert (found.node_id, found.exchange.call, found.state) == ("operator", JOB_STOP.name, "FINISHED (FAILED)")


async def test_one_task_is_explained_alone(network: Any, make: SimpleNamespace) -> None:
    never_ends(network.operator)
    await network.run(make.job())
    await report(network.operator, phase="matching", done=3, total=10)
    job = await once(network.bank, "at matching")
    found = await once(network.bank, "at matching", job.related[0])
    assert (found.kind, found.node_id, found.exchange.call) == ("task", "operator", TASK_POLL.name)


@pytest.mark.parametrize(
    ("lacking", "state", "who"),
    [("a permit", "REJECTED (REJECTED)", "operator: "), ("a data set", "FINISHED (FAILED)", "failed at operator")],
)
async def test_what_ended_at_once_is_explained_by_its_reason(
    network: Any, make: SimpleNamespace, lacking: str, state: str, who: str
) -> None:
    job = make.job()
    if lacking == "a permit":
        network.operator.admission.refusals["admit"] = PermitRefused("the permit is used up", where="permits")
    else:
        job.config.task_params.by_role()["host"]["0"]["first"]["dataset_id"] = "missing"
    await network.run(job)
    await network.bank.ended()
    found = await why(network.bank)
    assert (found.state, found.waits_for) == (state, "")
    assert who in found.reason and ("permit" in found.reason or "no such data set" in found.reason)


async def test_a_component_that_does_not_end_when_its_job_is_stopped(network: Any, make: SimpleNamespace) -> None:
    """Its share is over when it is (docs/decisions/0020-last-words.md); until then `why` names it everywhere."""
    never_ends(network.operator)
    network.operator.machine.stop = silence
    await network.run(make.job(scheduler="clearing"))
    await report(network.operator)
    await network.operator.own["own.job.stop"](make.person, JobStop(job_id="job-1"))
    for node in network.nodes.values():
        who = "this node" if node is network.operator else "node operator"
        found = await once(node, "which was stopped")
        assert found.waits_for.startswith(f"{who} to end its part as host.0 in task first, which was stopped")
        assert (found.state, found.reason) == ("FINISHED (FAILED)", "stopped by operator")
        assert found.next_step == "wait: it has ended, and not everywhere yet"
    assert "its component is being stopped" in (await why(network.operator)).waits_for


async def test_a_partner_that_holds_an_answer_for_too_long_is_called_silent_before_the_call_ends(
    network: Any, make: SimpleNamespace
) -> None:
    """A node whose process is halted takes a poll and says nothing: CTL-3.8 is held for 20 s at most."""
    never_ends(network.operator)
    await network.run(make.job(scheduler="clearing"))
    await report(network.operator)
    await once(network.clearing, "to finish")
    network.operator.services[TASK_POLL.name] = silence
    await network.clock.sleep(21)
    found = await once(network.clearing, "no answer for 2")
    assert (found.awaits[0].silent, found.command) == (True, "interconn peer show operator")
    assert "does not answer clearing, which schedules" in (await once(network.bank, "does not answer")).waits_for


async def test_a_partner_that_refuses_to_be_asked_is_named_with_what_it_says(
    network: Any, make: SimpleNamespace
) -> None:
    """Say, as one of both clocks is wrong: it lives and answers, and the job stands still all the same."""
    never_ends(network.operator)
    await network.run(make.job(scheduler="clearing"))
    await report(network.operator)
    await once(network.bank, "to finish")

    async def stale(*_: Any) -> Any:
        raise StaleClock("the timestamp is 3600 s behind this node's clock", where="x-timestamp")

    network.operator.services[TASK_POLL.name] = network.clearing.services[JOB_STATUS_ALL.name] = stale
    found = await once(network.clearing, "it refuses")
    assert found.waits_for.startswith(
        f"node operator to finish as host.0 in task first; it refuses {TASK_POLL.name}: x-timestamp: the timestamp is"
    )
    assert (found.awaits[0].refusing, found.command) == (True, "interconn peer show operator")
    found = await once(network.bank, "it refuses")
    assert found.waits_for.startswith("node clearing to go on with the job as its scheduler; it refuses")
