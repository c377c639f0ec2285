"""Room for components on this node's machine: who is launched, who waits, and whose turn is next.

What is admitted is all that this node plays in one task, as its shares talk to each other and none ends without the
others. Between tasks that wait the initiators take turns, and the jobs of each; of one job the tasks go in order. What
does not fit just now is passed by, but only so often: then it waits for nobody but those who run.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from interconn.standard.errors import InvalidFlow

LONGEST_PASSING: Final = 16
"""How often others that came later may go before a task for which there is no room yet."""
COMPONENTS: Final = "components"
_UNITS: Final = {"cpu": "cores", "memory": "GiB of memory", "disk": "GiB of disk", COMPONENTS: "components at once"}
_AROUND: Final = 1e-9
_LEFT_KEPT: Final = 10_000
"""Shares that ended last: one of them may still be entered by somebody who saw it wait a moment ago."""


def machine_room() -> dict[str, float]:
    """Return the cores and the memory (GiB) of this machine that this process may use."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": float(cores), "memory": memory}


@dataclass
class _Entry:
    """A task that waits or runs here.

    Attributes:
        needs: cpu, memory, disk and components, as far as they are counted.
        shares: the parties of it that have not ended here.
        passed: how often another went before it, though its turn had come.
    """

    task_id: str
    job_id: str
    initiator: str
    needs: Mapping[str, float]
    shares: set[str] = field(default_factory=set)
    passed: int = 0


class Room:
    """Says what may run. It is kept in memory and made anew from the runs that have not ended.

    Args:
        bounds: by name, in cores, GiB and components; what is absent has none.
        admitted: is called with the id of each task that may run from now on.
    """

    def __init__(self, bounds: Mapping[str, float], admitted: Callable[[str], None] = lambda _: None) -> None:
        self._bounds = dict(bounds)
        self._admitted = admitted
        self._running: dict[str, _Entry] = {}
        self._left: dict[tuple[str, str], None] = {}
        self._taken = dict.fromkeys(self._bounds, 0.0)
        self._waiting: dict[str, _Entry] = {}
        self._turns: dict[str, dict[str, list[_Entry]]] = {}  # initiators, and jobs of each, whose turn is next first

    @property
    def bounded(self) -> bool:
        """Whether there is anything to wait for at all."""
        return bool(self._bounds)

    def check(self, needs: Mapping[str, float], where: str) -> None:
        """Check that something can run here at all.

        Raises:
            InvalidFlow: it asks for more than this node ever gives.
        """
        for name, bound in self._bounds.items():
            if needs.get(name, 0.0) > bound + _AROUND:
                raise InvalidFlow(
                    f"asks for {needs[name]:g} {_UNITS[name]}, and this node gives {bound:g} at most",
                    where=where,
                    clause="CTL-G3.1.1.1-conf",
                    hint="Ask for less, or let the node's people give more (node.toml, control)",
                )

    def enter(
        self, task_id: str, share: str, *, job_id: str, initiator: str, needs: Mapping[str, float], runs: bool = False
    ) -> None:
        """Let a share wait for its turn, which may come at once. A repeat changes nothing.

        Args:
            task_id, share: which.
            job_id, initiator: take turns with others.
            needs: of all shares of the task here together.
            runs: it was launched by an earlier life of the node and takes its room in any case.
        """
        if (task_id, share) in self._left:
            return  # it has ended since it was looked at
        entry = self._running.get(task_id) or self._waiting.get(task_id)
        if entry is None:
            entry = _Entry(task_id, job_id, initiator, needs)
            self._waiting[task_id] = entry
            self._turns.setdefault(initiator, {}).setdefault(job_id, []).append(entry)
        entry.shares.add(share)
        if runs and task_id in self._waiting:
            self._admit(entry)
        self._admit_next()

    def may_run(self, task_id: str) -> bool:
        """Return whether a task has its room."""
        return task_id in self._running

    def reason(self, task_id: str) -> str:
        """Return what a task waits for; empty if it does not."""
        entry = self._waiting.get(task_id)
        if entry is None:
            return ""
        found = []
        for name, bound in self._bounds.items():
            needed, free = entry.needs.get(name, 0.0), bound - self._taken[name]
            if needed > free + _AROUND:
                found.append(f"{needed:g} {_UNITS[name]} are needed and {max(free, 0):g} of {bound:g} free")
        found.append(f"tasks that wait, this one included: {len(self._waiting)}")
        return f"waits for room on its node: {'; '.join(found)}"

    def leave(self, task_id: str, share: str) -> None:
        """Take note that a share has ended, or will not run; with the last one the room is free for others."""
        self._left[task_id, share] = None
        if len(self._left) > _LEFT_KEPT:
            del self._left[next(iter(self._left))]
        entry = self._running.get(task_id) or self._waiting.get(task_id)
        if entry is None:
            return
        entry.shares.discard(share)
        if entry.shares:
            return
        if self._running.pop(task_id, None):
            for name in self._taken:
                self._taken[name] -= entry.needs.get(name, 0.0)
        else:
            self._leave_queue(entry)
        self._admit_next()

    def _admit_next(self) -> None:
        while entry := self._next():
            self._admit(entry)

    def _admit(self, entry: _Entry) -> None:
        self._leave_queue(entry)
        for name in self._taken:
            self._taken[name] += entry.needs.get(name, 0.0)
        self._running[entry.task_id] = entry
        # Whoever had a turn comes last from now on, its job among its initiator's, too.
        if entry.initiator in self._turns:
            jobs = self._turns[entry.initiator] = self._turns.pop(entry.initiator)
            if entry.job_id in jobs:
                jobs[entry.job_id] = jobs.pop(entry.job_id)
        self._admitted(entry.task_id)

    def _leave_queue(self, entry: _Entry) -> None:
        del self._waiting[entry.task_id]
        jobs = self._turns[entry.initiator]
        jobs[entry.job_id].remove(entry)
        if not jobs[entry.job_id]:
            del jobs[entry.job_id]
        if not jobs:
            del self._turns[entry.initiator]

    def _next(self) -> _Entry | None:
        """Return whose turn it is, if there is room for it."""
        passed: list[_Entry] = []
        for jobs in self._turns.values():
            for waiting in jobs.values():
                entry = waiting[0]
                if self._fits(entry):
                    if any(each.passed >= LONGEST_PASSING for each in self._waiting.values()):
                        oldest = next(each for each in self._waiting.values() if each.passed >= LONGEST_PASSING)
                        return oldest if self._fits(oldest) else None
                    for each in passed:
                        each.passed += 1
                    return entry
                passed.append(entry)
        return None

    def _fits(self, entry: _Entry) -> bool:
        return all(
            self._taken[name] + entry.needs.get(name, 0.0) <= bound + _AROUND for name, bound in self._bounds.items()
        )
