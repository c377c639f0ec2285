"""A stop that races with the last SUCCESS: one outcome on all nodes, and a success stays one (CTL-3.5, CTL-3.6).

Nothing is left to chance: the stop arrives before the first transaction that follows the end of the components, in the
next job before the second, and so on until it comes after the last.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event

from interconn.control.tables import Job, Lane
from interconn.standard.control import JOB_STOP, JOB_STOP_ALL, JobStatus, JobStop, PartyStop
from interconn.standard.errors import PeerRefused
from tests.control.test_jobs_between_nodes import call, hold_components
from tests.virtual_time import until

ALL = ("bank", "operator", "clearing")
FEWEST = 2
"""Transactions that there are at least, at one node, between the end of the components and that of the job."""


class Transactions:
    """Counts the transactions of some nodes, and has something happen just before one of them."""

    def __init__(self, network: Any, names: tuple[str, ...]) -> None:
        self.number = 0
        self.happens: Callable[[], Awaitable[None]] | None = None
        self.before = -1
        for name in names:
            database = network.nodes[name].database
            database.write = self._counted(database.write)

    def _counted(self, write: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        async def counted(work: Any) -> Any:
            number, self.number = self.number, self.number + 1
            if number == self.before and (happens := self.happens):
                self.happens = None
                await happens()
            return await write(work)

        return counted

    def arm(self, before: int, happens: Callable[[], Awaitable[None]]) -> None:
        self.number, self.before, self.happens = 0, before, happens

    @property
    def happened(self) -> bool:
        return self.happens is None


@contextmanager
def overwritten() -> Iterator[list[str]]:
    """Gathers whatever final is overwritten, on whichever node: a share's end, a job's, and what it came to."""
    found: list[str] = []

    def watch(attribute: Any, final: tuple[str, ...]) -> Callable[[Any, str, Any, Any], None]:
        def check(row: Any, new: str, old: Any, _initiator: Any) -> None:
            if old in final and new != old:
                found.append(f"{attribute} of {getattr(row, 'task_id', '') or row.job_id}: {old} became {new}")

        return check

    watched = [
        (attribute, watch(attribute, final))
        for attribute, final in (
            (Lane.status, ("SUCCESS", "FAILED")),
            (Job.status, ("FINISHED", "REJECTED")),
            (Job.outcome, ("SUCCESS", "FAILED")),
        )
    ]
    for attribute, check in watched:
        event.listen(attribute, "set", check)
    try:
        yield found
    finally:
        for attribute, check in watched:
            event.remove(attribute, "set", check)


async def check_one_outcome(network: Any, make: SimpleNamespace, job_id: str) -> str:
    """All nodes tell the same of a job that has ended; return what it came to."""
    views = [await network.nodes[name].ended(job_id) for name in ALL if await knows(network.nodes[name], job_id)]
    assert {view.status for view in views} == {JobStatus.FINISHED}
    assert len({view.outcome for view in views}) == 1, [(view.outcome, view.reason) for view in views]
    assert len({view.reason for view in views}) == 1, [view.reason for view in views]
    shares = [make.statuses(view)["first"] for view in views]
    assert all(each == shares[0] for each in shares), shares
    statuses = set(shares[0].values())
    assert statuses <= {"SUCCESS", "FAILED"}
    assert (views[0].outcome == "SUCCESS") <= (statuses == {"SUCCESS"})
    return str(views[0].outcome)


async def knows(node: Any, job_id: str) -> bool:
    found: bool = await node.database.read(lambda session: session.get(Job, job_id) is not None)
    return found


def launched(node: Any, job_id: str) -> list[Any]:
    environments = node.machine.environments.items()
    return [path for path, environment in environments if job_id in environment["config.session_id"]]


async def ended_components(network: Any, make: SimpleNamespace, job_id: str) -> None:
    """Let the components of both parties succeed at the same moment."""
    for node in (network.bank, network.operator):
        for directory in launched(node, job_id):
            if directory not in node.machine.exits:
                await node.machine.end(directory, make.exit(0, "", 1))


async def enumerate_stops(
    network: Any,
    make: SimpleNamespace,
    names: tuple[str, ...],
    stop: Callable[[str], Awaitable[None]],
    *,
    takes_back: str = " became ",
    **parts: Any,
) -> list[str]:
    """Run job after job, each with the stop one transaction later, until it comes after the last; the outcomes."""
    sync_type = parts.pop("sync_type", "poll")
    hold_components(network)
    transactions = Transactions(network, names)
    outcomes = []
    with overwritten() as lost:
        for number in itertools.count():
            job = make.job(job_id=f"job-{number}", **parts)
            job.config.job_params.common["sync_type"] = sync_type
            await network.run(job)
            await until(lambda job_id=job.job_id: launched(network.bank, job_id) and launched(network.operator, job_id))
            await network.clock.sleep(1)  # until nothing but the end of the components is waited for
            transactions.arm(number, lambda job_id=job.job_id: stop(job_id))
            await ended_components(network, make, job.job_id)
            outcomes.append(await check_one_outcome(network, make, job.job_id))
            assert [each for each in lost if takes_back in each] == []
            if not transactions.happened:
                break
    assert len(outcomes) > FEWEST
    return outcomes


@pytest.mark.parametrize(
    ("scheduler", "stopper", "sync_type"),
    [
        ("clearing", "operator", "poll"),
        ("clearing", "bank", "callback"),
        ("bank", "operator", "poll"),
        pytest.param("operator", "bank", "callback", marks=pytest.mark.slow),
        pytest.param("operator", "operator", "poll", marks=pytest.mark.slow),
    ],
)
async def test_a_stop_by_any_party_before_each_transaction_ctl_3_5(
    network: Any, make: SimpleNamespace, scheduler: str, stopper: str, sync_type: str
) -> None:
    async def stop(job_id: str) -> None:
        await network.nodes[stopper].own["own.job.stop"](make.person, JobStop(job_id=job_id))

    outcomes = await enumerate_stops(network, make, ALL, stop, scheduler=scheduler, sync_type=sync_type)
    # It comes too early for a success at first, and too late for a failure in the end.
    assert (outcomes[0], outcomes[-1]) == ("FAILED", "SUCCESS")


@pytest.mark.parametrize("sync_type", ["poll", "callback"])
async def test_ctl_3_6_of_a_scheduler_before_each_transaction_of_a_party(
    network: Any, make: SimpleNamespace, sync_type: str
) -> None:
    """A scheduler may send it without a word of what the job came to; what that was, it tells when it is asked."""

    async def stop(job_id: str) -> None:
        await call(network, "clearing", "operator", JOB_STOP, PartyStop(job_id=job_id))

    parts = {"scheduler": "clearing", "sync_type": sync_type, "takes_back": "SUCCESS became"}
    outcomes = await enumerate_stops(network, make, ("operator",), stop, **parts)
    assert outcomes[-1] == "SUCCESS"


async def test_a_stop_from_a_component_on_before_each_transaction_ctl_3_5_cascade(
    network: Any, make: SimpleNamespace
) -> None:
    async def stop(job_id: str) -> None:
        await call(network, "operator", "clearing", JOB_STOP_ALL, JobStop(job_id=job_id, task_name="first"))

    outcomes = await enumerate_stops(network, make, ALL, stop, scheduler="clearing")
    assert outcomes[-1] == "SUCCESS"


async def test_a_stop_that_a_stranger_asks_for_at_each_transaction_changes_nothing(
    network: Any, make: SimpleNamespace
) -> None:
    async def stop(job_id: str) -> None:
        with pytest.raises(PeerRefused):
            await call(network, "clearing", "bank", JOB_STOP_ALL, JobStop(job_id=job_id))

    outcomes = await enumerate_stops(network, make, ("bank", "operator"), stop, scheduler="bank")
    assert set(outcomes) == {"SUCCESS"}


async def test_ctl_3_6_tells_a_party_what_the_job_came_to(network: Any, make: SimpleNamespace) -> None:
    """A party of which all has succeeded knows at once that the job has not, and why."""
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: launched(network.bank, "job-1") and launched(network.operator, "job-1"))
    [directory] = launched(network.operator, "job-1")
    await network.operator.machine.end(directory, make.exit(0, "", 1))
    await network.clock.sleep(1)
    network.clearing.services["schedule.job.status_all"] = None  # nothing else tells it
    await network.bank.machine.end(launched(network.bank, "job-1")[0], make.exit(9, "", 1))
    await until(lambda: ("clearing", "operator") in network.sent("schedule.job.stop"))
    await network.clock.sleep(1)
    view = await network.operator.view()
    assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
    assert view.reason == "first failed at bank (guest.0): exit status 9"
    assert make.statuses(view)["first"]["host.0"] == "SUCCESS"
