"""Parties without their scheduler: what they do alone, and that in the end all tell the same."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from interconn.api.jobs import JobEvent
from interconn.control.tables import Member
from interconn.standard.control import JOB_CREATE_ALL, JobReference, JobStatus, JobStop
from interconn.standard.errors import ContractNotUsable, NotApproved, PeerUnreachable, PermitRefused
from tests.control.test_jobs_between_nodes import begun, finish, hold_components
from tests.virtual_time import until


async def given_up(node: Any) -> str:
    """Wait until a party gives its job up; return the reason that it tells then."""
    await until(lambda: node.control._follower.given_up("job-1"))
    view = await node.control._initiator.view("job-1")
    assert view.outcome == "FAILED"
    return str(view.reason)


async def test_a_job_that_went_well_without_a_party_that_had_done_its_part_went_well_there_too(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    await finish(make, network.operator)
    await network.clock.sleep(5)  # in which the scheduler hears of it
    network.cut.add("operator")
    assert "has not answered for 45 s" in await given_up(network.operator)
    await finish(make, network.bank)
    assert (await network.bank.ended()).outcome == "SUCCESS"
    network.cut.clear()
    view = await network.operator.ended()
    assert (view.outcome, view.reason) == ("SUCCESS", "")


async def test_a_scheduler_that_is_back_tells_why_a_job_failed_that_its_parties_had_given_up(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    network.clearing.kill()
    for node in (network.bank, network.operator):
        assert "the scheduler clearing has not answered for 45 s" in await given_up(node)
    await network.clearing.restart()
    reasons = {(await node.ended()).reason for node in network.nodes.values()}
    assert len(reasons) == 1 and "has not answered for 45 s" in reasons.pop()
    shares = [make.statuses(await node.view()) for node in network.nodes.values()]
    assert shares[0] == shares[1] == shares[2]


@pytest.mark.parametrize(("halted", "calls"), [("operator", 1), ("clearing", 2)])
async def test_a_node_that_stood_still_blames_nobody_for_it(
    network: Any, make: SimpleNamespace, halted: str, calls: int
) -> None:
    """A process that is halted, or a machine asleep: its calls end long after their timeouts, and nobody was silent."""
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    node = network.nodes[halted]
    client = node.control._driver._partners._client
    healthy, lasts = client.answer, [90.0] * calls

    async def answer(*args: Any, **parts: Any) -> Any:
        if not lasts:
            return await healthy(*args, **parts)
        await network.clock.sleep(lasts.pop())
        raise PeerUnreachable("it took too long")

    client.answer = answer
    await network.clock.sleep(100)
    assert not lasts
    await finish(make, network.bank, network.operator)
    for other in network.nodes.values():
        assert (await other.ended()).outcome == "SUCCESS"


async def test_who_watches_a_job_that_is_given_up_is_told_its_end(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.operator))
    watcher = await network.operator.watch(make.person, JobReference(job_id="job-1"), "")
    network.cut.add("operator")
    told: list[JobEvent] = []
    while not watcher.over():
        told += await watcher.news(60.0)
    assert told[-1].last and told[-1].job and "has not answered for 45 s" in told[-1].job.reason


async def test_contract_with_the_scheduler_terminated_while_a_component_runs(
    network: Any, make: SimpleNamespace
) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.operator.machine.environments)

    async def over(*_: Any, **__: Any) -> Any:
        raise ContractNotUsable("the contract was terminated", where="clearing")

    network.operator.control._follower._partners._client.answer = over
    view = await network.operator.ended()
    await until(lambda: network.operator.machine.stops)  # components are stopped once the end is on disk
    assert view.outcome == "FAILED"
    assert "the scheduler clearing is a partner no more" in view.reason
    assert network.operator.machine.stops == 1


async def test_a_party_whose_contract_with_the_scheduler_is_over_is_not_asked_for_its_last_word(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    client = network.clearing.control._driver._partners._client
    healthy = client.answer

    async def answer(node_id: str, *args: Any, **parts: Any) -> Any:
        if node_id == "operator":
            raise ContractNotUsable("the contract was terminated", where="operator")
        return await healthy(node_id, *args, **parts)

    client.answer = answer
    began = network.clock.now()
    view = await network.clearing.ended()
    assert "the contract was terminated" in view.reason and network.clock.now() - began < 45_000
    assert make.statuses(view) == {"first": {"guest.0": "FAILED", "host.0": "FAILED"}}


@pytest.mark.parametrize("stopped", [False, True], ids=["given up", "stopped meanwhile"])
async def test_a_scheduler_that_took_a_job_and_was_lost_before_it_said_so(
    network: Any, make: SimpleNamespace, stopped: bool
) -> None:
    """CTL-3.1: whether it has the job, its initiator cannot know; in the end both tell the same."""
    taking = network.clearing.services[JOB_CREATE_ALL.name]

    async def take_and_die(caller: Any, request: Any) -> Any:
        network.cut.add("clearing")
        async with asyncio.timeout(1.0):  # it is in the database by then
            await taking(caller, request)

    network.clearing.services[JOB_CREATE_ALL.name] = take_and_die
    network.clearing.control._driver._partners.patience_seconds = 86_400.0
    await network.run(make.job(scheduler="clearing"))
    if stopped:
        await network.bank.own["own.job.stop"](make.person, JobStop(job_id="job-1"))
    await network.clock.sleep(120)
    view = await network.bank.view()
    assert view.outcome == "FAILED"
    assert ("stopped by bank" if stopped else "clearing, which was to schedule") in view.reason
    network.clearing.services[JOB_CREATE_ALL.name] = taking
    network.cut.clear()
    told = {(view.status, view.outcome, view.reason) for view in [await node.ended() for node in
            (network.bank, network.clearing)]}  # fmt: skip
    assert [(status, outcome) for status, outcome, _ in told] == [(JobStatus.REJECTED, "REJECTED")]
    assert network.bank.machine.launches == network.operator.machine.launches == 0


async def test_a_job_that_one_party_rejected_has_one_reason_everywhere(network: Any, make: SimpleNamespace) -> None:
    """CTL-3.1, CTL-3.2: at who refused it, at the third node that schedules, at the initiator that handed it over."""
    network.operator.admission.refusals["admit"] = PermitRefused("the permit is used up", where="permits")
    await network.run(make.job(scheduler="clearing"))
    told = [await node.ended() for node in network.nodes.values()]
    assert {(view.status, view.outcome) for view in told} == {(JobStatus.REJECTED, "REJECTED")}
    assert {view.reason for view in told} == {"operator: permits: the permit is used up"}


async def test_a_scheduler_that_is_not_to_have_the_job_is_asked_no_more(network: Any, make: SimpleNamespace) -> None:
    network.clearing.admission.refusals["schedule"] = NotApproved("not approved here", where="job_id")
    await network.run(make.job(scheduler="clearing"))
    began = network.clock.now()
    view = await network.bank.ended()
    assert (view.outcome, view.reason) == ("REJECTED", "clearing, which was to schedule: job_id: not approved here")
    assert network.clock.now() - began < 5000


async def test_a_party_that_was_given_up_and_had_succeeded_all_the_same_says_so_when_it_is_back(
    network: Any, make: SimpleNamespace
) -> None:
    """The job has failed by then; what each share came to is one in all books."""
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    network.cut.add("operator")
    await finish(make, network.operator)
    await network.clock.sleep(60)
    at_once = await network.bank.view()
    assert (at_once.outcome, "no answer from operator" in at_once.reason) == ("FAILED", True)
    network.cut.clear()
    views = [await node.ended() for node in network.nodes.values()]
    assert {view.reason for view in views} == {at_once.reason}
    assert [make.statuses(view) for view in views] == [{"first": {"guest.0": "FAILED", "host.0": "SUCCESS"}}] * 3


async def test_who_is_away_when_a_job_ends_holds_up_nobody_elses_last_word(network: Any, make: SimpleNamespace) -> None:
    """CTL-3.6: the others are asked how their shares ended while one is still being told."""
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    network.cut.add("operator")
    await network.bank.own["own.job.stop"](make.person, JobStop(job_id="job-1"))

    async def heard() -> bool:
        return make.statuses(await network.clearing.view())["first"]["guest.0"] == "FAILED"

    while not await heard():
        await network.clock.sleep(0.5)
    members = await network.clearing.database.read(lambda session: list(session.scalars(select(Member))))
    assert {member.node_id: member.informed for member in members} == {"bank": True, "operator": False}
    network.cut.clear()
    await network.operator.ended()
