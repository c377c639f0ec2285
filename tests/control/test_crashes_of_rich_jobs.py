"""Killed at any point, and again as it recovers: jobs of all shapes end alike on every node, and nothing runs twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.lab import ledger
from interconn.standard.control import JobStop
from interconn.standard.errors import InterconnError
from interconn.state.crash_points import CRASH_POINTS
from tests.control.conftest import ANY_POINT, component, job

SCHEDULING = ("job.ready", "job.started", "task.assigned", "task.gathered", "job.finishing")
TAKING_PART = (
    "job.created",
    "task.accepted",
    "component.launched",
    "component.recorded",
    "component.exited",
    "task.settled",
)
DIAMOND = (
    component("first"),
    component("left", "sum", ["first.data0"]),
    component("right", "trained", ["first.data0"]),
    component("last", "both", ["left.data0", "right.data0"]),
)


@dataclass(frozen=True)
class Shape:
    """A kind of job.

    Attributes:
        request: makes it.
        outcome: what it comes to, however often anybody dies.
        fails: the kind of the operator's component that fails.
        stopped: somebody stops the job as soon as the first node has died.
        fast: where it is killed in the fast suite too, and who; everything else is left to the slow one.
    """

    request: Callable[[], Any]
    outcome: str = "SUCCESS"
    fails: str = ""
    stopped: bool = False
    fast: frozenset[tuple[str, str]] = frozenset()


def calling_back(request: Any) -> Any:
    """A job whose parties push how their shares stand (CTL-3.9)."""
    request.config.job_params.common["sync_type"] = "callback"
    return request


SHAPES = {
    "branches": Shape(
        lambda: job(*DIAMOND, scheduler="clearing"),
        fast=frozenset(
            {
                *((point, "clearing") for point in SCHEDULING),
                *((point, ("bank", "operator")[number % 2]) for number, point in enumerate(TAKING_PART)),
            }
        ),
    ),
    "two roles on one node": Shape(
        lambda: job(
            component("first", "trained"),
            component("second", "sum", ["first.data0"]),
            role={"guest": ["bank"], "host": ["operator"], "arbiter": ["operator"]},
            scheduler="clearing",
        ),
    ),
    "a host that schedules": Shape(lambda: job(*DIAMOND[:3], scheduler="operator")),
    "a component fails": Shape(lambda: job(*DIAMOND, scheduler="clearing"), outcome="FAILED", fails="trained"),
    "callbacks": Shape(lambda: calling_back(job(*DIAMOND, scheduler="clearing"))),
    "stopped": Shape(
        lambda: job(*DIAMOND, scheduler="clearing"),
        outcome="FAILED",
        stopped=True,
        fast=frozenset({("task.assigned", "clearing"), ("component.launched", "operator"), ("task.settled", "bank")}),
    ),
}


def cases() -> list[Any]:
    found = []
    for name, shape in SHAPES.items():
        scheduler = shape.request().config.scheduler()
        killed = [(point, scheduler) for point in SCHEDULING]
        killed += [(point, node_id) for point in TAKING_PART for node_id in ("bank", "operator")]
        for point, node_id in killed:
            marks = [] if (point, node_id) in shape.fast else [pytest.mark.slow]
            found.append(pytest.param(shape, point, node_id, marks=marks, id=f"{name}-{point}-{node_id}"))
    return found


def test_every_crash_point_of_jobs_is_killed_at() -> None:
    killed_at = {case.values[1] for case in cases()}
    assert killed_at == {point for point in CRASH_POINTS if point.startswith(("job.", "task.", "component."))}


@pytest.mark.parametrize(("shape", "point", "node_id"), cases())
async def test_killed_twice(network: Any, make: SimpleNamespace, shape: Shape, point: str, node_id: str) -> None:
    victim = network.nodes[node_id]
    if shape.fails:

        def ends(environment: dict[str, str]) -> Any:
            failing = shape.fails == environment["runtime.component.name"]
            return make.exit(1, "", 1) if failing else make.exit(0, "", 1)

        network.operator.machine.ends = ends
    victim.crash_at = point
    with suppress(make.killed):  # the person who asked may see the node go down
        await network.run(shape.request())
    await victim.died.wait()
    victim.crash_at = ANY_POINT  # whatever it does first when it recovers
    await victim.restart()
    if shape.stopped:
        with suppress(make.killed):
            await stop(network, make)
    for _ in range(2):
        await network.clock.sleep(20)
        if victim.dead:
            await victim.restart()
            if shape.stopped:
                await stop(network, make)
    victim.crash_at = ""
    assert victim.crashed[0] == point
    for node in network.nodes.values():
        if node.node_id in {"bank", "operator", shape.request().config.scheduler()}:
            view = await node.ended()
            # A stop may come too late.
            assert view.outcome in {shape.outcome, "SUCCESS" if shape.stopped else shape.outcome}
    await network.clock.sleep(60)
    found = ledger.compare([await read(node) for node in network.nodes.values()])
    assert found.clean, list(found.lines())
    for node in network.nodes.values():
        assert set(node.machine.environments) == set(node.machine.exits), "something still runs"


async def stop(network: Any, make: SimpleNamespace) -> None:
    with suppress(InterconnError):  # the node that schedules may be down; then it is asked when it is back
        await network.bank.own["own.job.stop"](make.person, JobStop(job_id="job-1"))


async def read(node: Any) -> ledger.Book:
    found: ledger.Book = await node.database.read(lambda session: ledger.read(session, node.node_id))
    return found
