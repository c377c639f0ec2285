"""Jobs that want the same room: each waits its turn, says why, none starves and no two wait for each other."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.standard.control import JobStatus, JobStop
from tests.virtual_time import until


async def give(network: Any, **room: float) -> None:
    for node in network.nodes.values():
        node.room = dict(room)
        await node.restart()


def hold_components(network: Any) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None


def wanting(make: SimpleNamespace, job_id: str, *parts: Any, scheduler: str = "clearing", **resources: Any) -> Any:
    job = make.job(*parts, job_id=job_id, scheduler=scheduler)
    job.config.job_params.common["resources"] = resources
    return job


def running(node: Any) -> list[Any]:
    return [directory for directory in node.machine.environments if directory not in node.machine.exits]


async def end_all(make: SimpleNamespace, *nodes: Any) -> None:
    for node in nodes:
        for directory in running(node):
            await node.machine.end(directory, make.exit(0, "", 1))


async def test_a_share_that_does_not_fit_waits_and_says_so(network: Any, make: SimpleNamespace) -> None:
    await give(network, cpu=4)
    hold_components(network)
    await network.run(wanting(make, "job-1", cpu=3))
    await until(lambda: running(network.bank) and running(network.operator))
    await network.run(wanting(make, "job-2", cpu=2))

    async def waiting() -> Any:
        view = await network.bank.view("job-2")
        return [
            lane for task in view.tasks for lane in task.parties if "2 cores are needed and 1 of 4 free" in lane.reason
        ]

    while not (found := await waiting()):
        await network.clock.sleep(0.5)
    assert {(lane.role, lane.status) for lane in found} == {("guest.0", "READY")}
    assert len(running(network.bank)) == len(running(network.operator)) == 1
    await end_all(make, network.bank, network.operator)
    await until(lambda: running(network.bank) and running(network.operator))
    view = await network.bank.view("job-2")
    assert all(not lane.reason for task in view.tasks for lane in task.parties)
    await end_all(make, network.bank, network.operator)
    for job_id in ("job-1", "job-2"):
        assert (await network.operator.ended(job_id)).outcome == "SUCCESS"


async def test_what_can_never_fit_is_refused_at_creation(network: Any, make: SimpleNamespace) -> None:
    network.operator.room = {"cpu": 4.0}
    await network.operator.restart()
    await network.run(wanting(make, "job-1", cpu=64))
    view = await network.bank.ended()
    assert view.status is JobStatus.REJECTED
    assert "asks for 64 cores, and this node gives 4 at most" in view.reason
    assert network.bank.machine.launches == 0


async def test_what_waits_can_be_stopped(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=1)
    hold_components(network)
    await network.run(make.job(job_id="job-1", scheduler="clearing"))
    await until(lambda: running(network.bank) and running(network.operator))
    await network.run(make.job(job_id="job-2", scheduler="clearing"))
    await network.operator.own["own.job.stop"](make.person, JobStop(job_id="job-2"))
    assert (await network.bank.ended("job-2")).reason == "stopped by operator"
    await end_all(make, network.bank, network.operator)
    assert (await network.bank.ended("job-1")).outcome == "SUCCESS"
    assert network.bank.machine.launches == network.operator.machine.launches == 1


async def test_two_jobs_of_two_schedulers_do_not_wait_for_each_other(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=1)
    parts = [make.component(name) for name in "abcd"]
    names = ("bank", "operator", "clearing")
    async with asyncio.timeout(3600):
        await asyncio.gather(
            *(
                network.run(make.job(*parts, job_id=f"job-{name}", scheduler=name))
                for name in ("bank", "operator", "clearing")
            )
        )
        for name in names:
            for node in (network.bank, network.operator):
                assert (await node.ended(f"job-{name}")).outcome == "SUCCESS"
    assert network.bank.machine.launches == network.operator.machine.launches == 12


async def test_a_restarted_node_gives_room_to_what_runs_first(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=1)
    hold_components(network)
    for number in (1, 2):
        await network.run(make.job(job_id=f"job-{number}", scheduler="clearing"))
        await until(lambda: running(network.bank) and running(network.operator))
    for name in ("bank", "operator", "clearing"):
        await network.nodes[name].restart()
    await network.clock.sleep(60)
    assert len(running(network.bank)) == len(running(network.operator)) == 1
    for _ in range(2):
        await until(lambda: running(network.bank) and running(network.operator))
        await end_all(make, network.bank, network.operator)
    for number in (1, 2):
        assert (await network.bank.ended(f"job-{number}")).outcome == "SUCCESS"


async def test_a_node_with_all_roles_admits_the_shares_of_a_task_together(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=2)
    role = {"guest": ["bank"], "host": ["operator"], "arbiter": ["bank"]}
    parts = [make.component(name, "trained") for name in ("first", "second")]
    jobs = [make.job(*parts, job_id=f"job-{n}", role=role, scheduler="bank") for n in range(3)]
    await asyncio.gather(*(network.run(job) for job in jobs))
    for job in jobs:
        assert (await network.operator.ended(job.job_id)).outcome == "SUCCESS"
    assert network.bank.machine.launches == 12
    assert network.sent("schedule.job.start") == [("bank", "operator")] * 3


async def test_more_shares_on_a_node_than_it_runs_at_once_are_refused(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=1)
    role = {"guest": ["bank"], "host": ["operator"], "arbiter": ["bank"]}
    await network.run(make.job(make.component("first", "trained"), role=role, scheduler="clearing"))
    assert "asks for 2 components at once" in (await network.operator.ended()).reason


async def test_a_big_job_does_not_starve_small_ones(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=2)
    big = make.job(*(make.component(f"c{n}") for n in range(30)), job_id="big", scheduler="clearing")
    await network.run(big)
    small = [make.job(job_id=f"small-{n}", scheduler="clearing") for n in range(5)]
    await asyncio.gather(*(network.run(job) for job in small))
    ends = {job.job_id: (await network.bank.ended(job.job_id)).ended_at for job in [*small, big]}
    assert max(ends[job.job_id] for job in small) < ends["big"]


@pytest.mark.parametrize("waits", [False, True])
async def test_a_deadline_ends_a_task_with_that_reason(network: Any, make: SimpleNamespace, waits: bool) -> None:
    await give(network, components=1)
    hold_components(network)
    if waits:
        await network.run(make.job(job_id="job-0", scheduler="clearing"))
        await until(lambda: running(network.bank) and running(network.operator))
    job = make.job(scheduler="clearing")
    job.config.job_params.common["extension"] = {"task_seconds": {"first": 120}}
    await network.run(job)
    began = network.clock.now()
    view = await network.operator.ended()
    assert view.outcome == "FAILED"
    assert "it has not ended within 120 s, its deadline" in view.reason
    assert 120_000 <= network.clock.now() - began < 240_000


async def test_a_party_that_keeps_no_deadline_is_given_up_by_the_scheduler(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    job = make.job(scheduler="clearing")
    job.config.job_params.common["extension"] = {"task_seconds": 120}
    network.operator.components._must_stop = network.bank.components._must_stop = lambda session, key: False
    await network.run(job)
    await until(lambda: running(network.bank) and running(network.operator))
    job_row = await network.clearing.view()
    while job_row.outcome != "FAILED":
        await network.clock.sleep(5)
        job_row = await network.clearing.view()
    assert "it has not ended the task by its deadline" in job_row.reason


@pytest.mark.parametrize("given", [0, -1, "soon", True, float("nan")])
async def test_a_deadline_that_is_none_is_refused(network: Any, make: SimpleNamespace, given: Any) -> None:
    job = make.job(scheduler="clearing")
    job.config.job_params.common["extension"] = {"task_seconds": given}
    with pytest.raises(Exception, match="must be a number of seconds above 0"):
        await network.run(job)


@pytest.mark.slow
async def test_of_a_hundred_jobs_on_one_node_none_starves(network: Any, make: SimpleNamespace) -> None:
    await give(network, components=4)
    names = [f"job-{n}" for n in range(100)]
    await asyncio.gather(*(network.run(make.job(job_id=name, scheduler="clearing")) for name in names))
    ends = [(await network.bank.ended(name)).ended_at for name in names]
    assert all(ends)
