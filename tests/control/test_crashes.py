"""Killed at any point and started again: the job ends well, everybody knows, and nothing ran twice (issue: faults)."""

from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.standard.control import JobStatus
from interconn.state.crash_points import CRASH_POINTS
from tests.virtual_time import until

LAYERS = ("job.", "task.", "component.")
POINTS = [point for point in CRASH_POINTS if point.startswith(LAYERS)]
SCHEDULING = ("job.ready", "job.started", "task.assigned", "task.gathered", "job.finishing")


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("scheduler", ["bank", "clearing"])
async def test_killed_at(network: Any, make: SimpleNamespace, scheduler: str, point: str) -> None:
    victim = network.nodes[scheduler] if point in SCHEDULING else network.operator
    victim.crash_at = point
    job = make.job(make.component("first"), make.component("second", "sum", ["first.data0"]), scheduler=scheduler)
    with suppress(make.killed):  # the person who asked may see the node go down; the decision stands in the database
        await network.run(job)
    await victim.died.wait()
    assert victim.crashed == [point]
    await victim.restart()
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert (view.status, view.outcome, view.reason) == (JobStatus.FINISHED, "SUCCESS", "")
        assert node.machine.launches == 2
        assert {status for parties in make.statuses(view).values() for status in parties.values()} == {"SUCCESS"}
    assert len({call[3]["task_id"] for call in network.calls if call[2] == "schedule.task.start"}) == 2


@pytest.mark.parametrize("name", ["bank", "operator", "clearing"])
async def test_killed_while_components_run(network: Any, make: SimpleNamespace, name: str) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.bank.machine.environments and network.operator.machine.environments)
    await network.nodes[name].restart()
    for node in (network.bank, network.operator):
        (directory,) = node.machine.environments
        await node.machine.end(directory, make.exit(0, "", 1))
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"
        assert node.machine.launches == 1


@pytest.mark.parametrize("point", ["job.finishing", "task.settled"])
async def test_a_failure_is_told_to_all_though_its_teller_was_killed(
    network: Any, make: SimpleNamespace, point: str
) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: network.bank.machine.environments and network.operator.machine.environments)
    victim = network.clearing if point == "job.finishing" else network.operator
    victim.crash_at = point
    (directory,) = network.operator.machine.environments
    await network.operator.machine.end(directory, make.exit(137, "killed by SIGKILL", 1))
    await victim.died.wait()
    await victim.restart()
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert view.outcome == "FAILED"
        assert view.reason == "first failed at operator (host.0): exit status 137, killed by SIGKILL"
    await until(lambda: network.bank.machine.stops == 1)
