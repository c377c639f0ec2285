"""Watchers of a job: each is told every fact, in order, from where they left off, on whichever of three nodes."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.api.jobs import JobEvent, JobView, PartyView, Progress, TaskView
from interconn.components.callback import CallbackServer
from interconn.components.launcher import Exit
from interconn.control import watchers
from interconn.control.facts import Facts
from interconn.control.views import going_on
from interconn.standard.control import (
    JOB_STATUS_ALL,
    ComponentCallback,
    ComponentStatus,
    JobReference,
    JobStatus,
    TaskStatus,
)
from interconn.standard.errors import NotFound, TooManyRequests

ROWS = 1000


class Looking:
    """Somebody who watches a job at a node, and what they were told."""

    def __init__(self, node: Any, last_event_id: str = "") -> None:
        self.node = node
        self.last = last_event_id
        self.events: list[JobEvent] = []
        self.task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        watcher = await self.node.watch(self.node.person, JobReference(job_id="job-1"), self.last)
        try:
            while not watcher.over():
                self.events += await watcher.news(15.0)
        finally:
            watcher.close()

    async def to_the_end(self) -> list[JobEvent]:
        async with asyncio.timeout(600):
            await self.task
        return self.events

    async def saw(self, done: int) -> None:
        """Wait until the host's progress has been told."""
        async with asyncio.timeout(600):
            while done not in self.host_rows():  # noqa: ASYNC110 - it may be anything
                await asyncio.sleep(0.1)

    def host_rows(self) -> list[int]:
        parties = [event.party for event in self.events if event.party and event.party.role == "host.0"]
        return [party.progress.done for party in parties if party.progress]


@pytest.fixture(autouse=True)
def people(network: Any, make: SimpleNamespace) -> None:
    for node in network.nodes.values():
        node.person = make.person


async def report(node: Any, done: int, status: ComponentStatus = ComponentStatus.RUNNING) -> None:
    """Let the component of a node tell its progress, once a second as the SDK does."""
    await asyncio.sleep(1.0)
    while not node.machine.environments:  # noqa: ASYNC110 - it may be anything
        await asyncio.sleep(0.1)
    [environment] = node.machine.environments.values()
    told = ComponentCallback(
        task_id=environment["config.task_id"],
        role=environment["config.self_role"],
        status=status,
        extension={"progress": {"phase": "matching", "done": done, "total": ROWS}},
    )
    server = CallbackServer(database=node.database, clock=node.network.clock, listener=node.components._listener)
    await server.receive(told, token=environment["config.token"])


async def end(node: Any, status: int = 0) -> None:
    [directory] = node.machine.environments
    await node.machine.end(directory, Exit(status, "", 1))


def last_facts(events: list[JobEvent]) -> JobView:
    """What a watcher knows who keeps the last event of each thing."""
    job = [event.job for event in events if event.job][-1]
    tasks = {event.task_id: event.task for event in events if event.task}
    parties = {(event.task_id, event.party.role): event.party for event in events if event.party}
    for (task_id, _), party in parties.items():
        tasks[task_id].parties.append(party)
    return job.model_copy(update={"tasks": list(tasks.values())})


@pytest.mark.parametrize(
    ("plain", "sync_type"),
    [(False, "poll"), (True, "poll"), (False, "callback")],
    ids=["our nodes", "a scheduler without our extensions of a poll", "callback"],
)
async def test_progress_reaches_the_watchers_of_all_three_nodes_in_order(
    network: Any, make: SimpleNamespace, plain: bool, sync_type: str
) -> None:
    """CTL-4.1, CTL-3.8 or CTL-3.9, CTL-3.7: the component's own node, the scheduler, and another party through it."""
    network.operator.machine.ends = lambda environment: None
    if plain:
        network.plain.add("clearing")
    job = make.job(scheduler="clearing")
    job.config.job_params.common["sync_type"] = sync_type
    await network.run(job)
    await report(network.operator, 0)
    looking = [Looking(node) for node in network.nodes.values()]
    for done in (100, 400, 900):
        await report(network.operator, done)
        for one in looking:
            await one.saw(done)
    await report(network.operator, ROWS, ComponentStatus.SUCCESS)
    await end(network.operator)
    for one in looking:
        events = await one.to_the_end()
        rows = one.host_rows()
        assert rows == sorted(rows) and {100, 400, 900, ROWS} <= set(rows)
        assert [event.last for event in events] == [False] * (len(events) - 1) + [True]
        assert (events[-1].job.status, events[-1].job.outcome) == (JobStatus.FINISHED, "SUCCESS")
        shown = await one.node.view()
        told = last_facts(events)
        assert [told.status, told.outcome, told.reason] == [shown.status, shown.outcome, shown.reason]
        assert make.statuses(told) == make.statuses(shown)


async def test_who_comes_again_is_told_what_has_changed_since(network: Any, make: SimpleNamespace) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(make.job())
    await report(network.operator, 100)
    first = Looking(network.bank)
    await first.saw(100)
    first.task.cancel()
    await asyncio.gather(first.task, return_exceptions=True)
    await report(network.operator, 200)
    again = Looking(network.bank, first.events[-1].id)
    await again.saw(200)
    assert 100 not in again.host_rows()
    assert {event.kind for event in again.events} <= {"party", "job"}
    await end(network.operator, 1)
    events = await again.to_the_end()
    assert events[-1].last and events[-1].job.outcome == "FAILED"
    # Who knows the end is told that there is nothing more.
    watcher = await network.bank.watch(make.person, JobReference(job_id="job-1"), events[-1].id)
    assert watcher.over()
    watcher.close()


@pytest.mark.parametrize("last", ["", "of-another-life-7", "0123abcd-3", "-1", "\x00"])
async def test_an_event_that_says_nothing_here_brings_all_facts(network: Any, make: SimpleNamespace, last: str) -> None:
    await network.run(make.job())
    await network.bank.ended()
    events = await Looking(network.bank, last).to_the_end()
    assert [event.kind for event in events] == ["task", "party", "party", "job"]
    assert last_facts(events).tasks == (await network.bank.view()).tasks


async def test_a_watcher_that_reads_slowly_is_told_what_has_not_been_overtaken(
    network: Any, make: SimpleNamespace
) -> None:
    network.operator.machine.ends = lambda environment: None
    await network.run(make.job())
    await report(network.operator, 0)
    beside = Looking(network.bank)
    slow = await network.bank.watch(make.person, JobReference(job_id="job-1"), "")
    await slow.news(15.0)
    for done in range(100, ROWS, 100):
        await report(network.operator, done)
        await beside.saw(done)
    news = await slow.news(15.0)
    assert [event.party.progress.done for event in news if event.party] == [900]
    slow.close()
    beside.task.cancel()
    await asyncio.gather(beside.task, return_exceptions=True)


async def test_watchers_are_bounded_and_leave_nothing(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "MOST_OF_ONE_TOKEN", 2)
    network.operator.machine.ends = lambda environment: None
    await network.run(make.job())
    asked = JobReference(job_id="job-1")
    two = [await network.bank.watch(make.person, asked, "") for _ in range(2)]
    with pytest.raises(TooManyRequests):
        await network.bank.watch(make.person, asked, "")
    with pytest.raises(TooManyRequests):
        await network.bank.watch(make.person, JobReference(job_id="nowhere"), "")
    for one in two:
        one.close()
        one.close()  # twice is once
    for _ in range(3):
        with pytest.raises(NotFound):
            await network.bank.watch(make.person, JobReference(job_id="nowhere"), "")
    kept = network.bank.control._watchers
    assert (kept._tokens.total(), [one.looking for one in kept._watched.values()]) == (0, [None])


async def test_a_party_asks_for_every_lane_only_while_somebody_watches(network: Any, make: SimpleNamespace) -> None:
    """CTL-3.7: followers whose people do not look cost the scheduler nothing more."""
    network.operator.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    await report(network.operator, 100)
    await asyncio.sleep(30.0)

    def asked() -> int:
        return len([call for call in network.calls if call[:3] == ("bank", "clearing", JOB_STATUS_ALL.name)])

    async def asked_while(seconds: float) -> int:
        before = asked()
        await asyncio.sleep(seconds)
        return asked() - before

    async def goes_on() -> None:
        for done in range(200, 800, 10):
            await report(network.operator, done)
            await asyncio.sleep(0.5)

    going = asyncio.create_task(goes_on())
    alone = await asked_while(15.0)
    looking = Looking(network.bank)
    watched = await asked_while(10.0)
    assert alone <= 2 < watched <= 12  # at most one a second
    looking.task.cancel()
    await asyncio.gather(going, looking.task, return_exceptions=True)


def task(status: TaskStatus, done: int = 0, at: int | None = None) -> TaskView:
    progress = Progress(phase="matching", done=done, total=10, at=at) if done else None
    party = PartyView(node_id="operator", role="host.0", status=status, progress=progress)
    return TaskView(task_id="t", name="first", component="join", status=status, parties=[party])


@pytest.mark.parametrize(
    ("known", "told", "stays"),
    [
        (task(TaskStatus.RUNNING, 5, 50), task(TaskStatus.RUNNING, 4, 40), True),
        (task(TaskStatus.RUNNING, 5, 50), task(TaskStatus.RUNNING), True),
        (task(TaskStatus.SUCCESS), task(TaskStatus.RUNNING, 9, 90), True),
        (task(TaskStatus.RUNNING, 5, 50), task(TaskStatus.READY), True),
        (task(TaskStatus.RUNNING, 5, 50), task(TaskStatus.RUNNING, 6, 60), False),
        (task(TaskStatus.READY), task(TaskStatus.RUNNING, 1, 10), False),
    ],
)
def test_an_answer_that_was_overtaken_takes_nothing_back(known: TaskView, told: TaskView, stays: bool) -> None:
    assert going_on([known], [told]) == [known if stays else told]


def test_what_has_passed_between_nodes_is_no_news_by_itself() -> None:
    facts = Facts()
    view = JobView(job_id="j", status=JobStatus.RUNNING, scheduler="s", initiator="i", created_at=1)
    assert facts.take(view, ended=False)
    assert not facts.take(view.model_copy(update={"session_bytes": {"sent_bytes": 5}}), ended=False)
    assert facts.take(view.model_copy(update={"status": JobStatus.FINISHED}), ended=True)
