"""Which steps of a job may begin, kept as its tasks succeed: each end costs its followers, not the whole DAG."""

from __future__ import annotations

from collections.abc import Collection
from heapq import heapify, heappop, heappush

from interconn.control.flow import Plan, Step


class Readiness:
    """The steps that have not begun, each with what it still waits for. It is built from the database at every start.

    Args:
        plan: of the job.
        begun: names of the steps that have a task already.
        succeeded: names of those whose task has succeeded.
    """

    def __init__(self, plan: Plan, begun: Collection[str], succeeded: Collection[str]) -> None:
        self._steps = plan.steps
        self._places = {name: place for place, name in enumerate(plan.steps)}
        self._followers: dict[str, list[str]] = {}
        self._waits_for: dict[str, int] = {}
        self._succeeded = set(succeeded)
        self._ready: list[tuple[int, str]] = []
        begun = frozenset(begun)
        for step in plan.steps.values():
            if step.name in begun:
                continue
            missing = step.upstream - self._succeeded
            for name in missing:
                self._followers.setdefault(name, []).append(step.name)
            if missing:
                self._waits_for[step.name] = len(missing)
            else:
                self._ready.append((self._places[step.name], step.name))
        heapify(self._ready)

    def succeed(self, name: str) -> None:
        """Take note that a step has succeeded. A repeat changes nothing."""
        if name in self._succeeded:
            return
        self._succeeded.add(name)
        for follower in self._followers.pop(name, []):
            self._waits_for[follower] -= 1
            if not self._waits_for[follower]:
                del self._waits_for[follower]
                heappush(self._ready, (self._places[follower], follower))

    def take(self, room: int, stopped: Collection[str]) -> list[Step]:
        """Return steps that may begin now, in the order of the plan; they have begun with that.

        Args:
            room: for so many shares; the last step may have more of them.
            stopped: names of steps that are not to begin any more.
        """
        taken: list[Step] = []
        while self._ready and room > 0:
            _, name = heappop(self._ready)
            if name not in stopped:
                taken.append(self._steps[name])
                room -= len(self._steps[name].parties)
        return taken

    def missing(self) -> set[str]:
        """Return the names of the steps that have not succeeded."""
        return set(self._steps) - self._succeeded
