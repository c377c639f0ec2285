"""What scheduling costs, with components that do nothing: a task and party, many tasks, many parties, many jobs.

Everything runs in this process on two cores at most, all nodes together; between real machines the nodes' work runs
side by side, and signatures and the network come on top (gate, transport).
"""

from __future__ import annotations

import asyncio
import logging
import os
import statistics
import time
from pathlib import Path
from typing import Any

import structlog

from benchmarks.control_nodes import BenchNode, job, layered, nodes

CHAIN = 10
"""Tasks of a job in the runs over parties."""


def measure(quick: bool) -> dict[str, Any]:
    """Return milliseconds, messages and MB; sizes stand in the names."""
    # What nodes tell would come between the figures, and thousands of lines cost more than what they tell of.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    figures: dict[str, Any] = {}
    figures.update(asyncio.run(_overhead(20 if quick else 200)))
    figures.update(asyncio.run(_many_tasks((50, 100) if quick else (250, 500, 1000))))
    figures.update(asyncio.run(_many_parties((2, 10) if quick else (2, 10, 50))))
    figures.update(asyncio.run(_many_jobs(20 if quick else 100)))
    figures.update(asyncio.run(_many_finished(200 if quick else 10_000)))
    return figures


async def _overhead(tasks: int) -> dict[str, Any]:
    """A chain between two nodes: how long after the end of one task the next has ended at each party."""
    async with nodes(2) as (found, _):
        await found[0].run(job("job-chain", [[number - 1] if number else [] for number in range(tasks)], 2))
        await found[0].ended("job-chain")
        lanes: list[float] = []
        before = 0
        for task, own in sorted(await found[0].tasks("job-chain"), key=lambda each: each[0].ended_at or 0):
            lanes += [(lane.ended_at or 0) - before for lane in own if before]
            before = task.ended_at or 0
    return {
        "overhead a task and party, median ms": round(statistics.median(lanes), 1),
        "overhead a task and party, p99 ms": round(statistics.quantiles(lanes, n=100)[-1], 1),
    }


async def _many_tasks(sizes: tuple[int, ...]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for tasks in sizes:
        async with nodes(3) as (found, calls):
            took = await _run(found, f"job-{tasks}", list(layered(tasks, 25)), 3)
            figures[f"{tasks} tasks on 3 nodes, s"] = round(took, 2)
            figures[f"{tasks} tasks on 3 nodes, ms a task"] = round(1000 * took / tasks, 1)
            figures[f"{tasks} tasks on 3 nodes, messages a task"] = round(calls.total() / tasks, 1)
    return figures


async def _many_parties(sizes: tuple[int, ...]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    chain: list[list[int]] = [[number - 1] if number else [] for number in range(CHAIN)]
    for parties in sizes:
        async with nodes(parties) as (found, calls):
            took = await _run(found, "job-parties", chain, parties)
            figures[f"{parties} parties, s for {CHAIN} tasks"] = round(took, 2)
            figures[f"{parties} parties, ms a task and party"] = round(1000 * took / CHAIN / parties, 1)
            figures[f"{parties} parties, messages a task and party"] = round(calls.total() / CHAIN / parties, 2)
    return figures


async def _many_jobs(count: int) -> dict[str, Any]:
    """Jobs of three tasks begun at once: the last may not wait much longer than the first works."""
    async with nodes(2) as (found, _):
        began = time.monotonic()
        took: list[float] = []

        async def one(number: int) -> None:
            request = job(f"job-{number}", [[], [0], [1]], 2)
            await found[0].run(request)
            await found[0].ended(request.job_id)
            took.append(time.monotonic() - began)

        await asyncio.gather(*map(one, range(count)))
        return {
            f"{count} jobs at once, s": round(max(took), 2),
            f"{count} jobs at once, jobs/s": round(count / max(took), 1),
            f"{count} jobs at once, first and median to end, s": [
                round(min(took), 2),
                round(statistics.median(took), 2),
            ],
        }


async def _many_finished(count: int) -> dict[str, Any]:
    """Jobs of one task on one node, one after the other but for eight at a time: what stays in memory of them."""
    async with nodes(1) as (found, _):
        await _finish(found[0], 0, 50)
        before, began = _resident(), time.monotonic()
        await _finish(found[0], 50, count)
        return {
            f"{count} finished jobs, MB more": round(_resident() - before, 1),
            f"{count} finished jobs, jobs/s": round(count / (time.monotonic() - began), 1),
        }


async def _finish(node: BenchNode, first: int, count: int) -> None:
    waiting = iter(range(first, first + count))

    async def some() -> None:
        for number in waiting:
            request = job(f"job-{number}", [[]], 1)
            await node.run(request)
            await node.ended(request.job_id)
            del node.admission.proposals[request.job_id]

    await asyncio.gather(*(some() for _ in range(8)))


async def _run(found: list[BenchNode], job_id: str, inputs: list[list[int]], parties: int) -> float:
    began = time.monotonic()
    await found[0].run(job(job_id, inputs, parties))
    await asyncio.gather(*(node.ended(job_id) for node in found[:parties]))
    return time.monotonic() - began


def _resident() -> float:
    """Return how much of this process is in memory, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
