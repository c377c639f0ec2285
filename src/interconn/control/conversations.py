"""The last exchange with each node about each job and task: which call, since when, how it ended, when again.

Kept in memory: after a restart everything that is under way is asked again within seconds.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from interconn.control.holding import LONGEST_WAIT_SECONDS
from interconn.standard.errors import InterconnError, PeerError, PeerRefused
from interconn.standard.wire import WireModel
from interconn.state.clock import Clock

MOST_KEPT: Final = 20_000
"""Matters and nodes of which the last exchange is kept; the oldest give way."""
MOST_JOBS: Final = 1000
"""Jobs of which is kept who does not answer their schedulers."""
UNDER_WAY: Final = "not answered yet"
ANSWERED: Final = "answered"
SERVED: Final = "served"
_LONGEST_OUTCOME: Final = 500


@dataclass(frozen=True)
class Exchange:
    """The last call between this node and another about a job or a task.

    Attributes:
        node_id: the other.
        outgoing: this node called; else the other did.
        call: name of the endpoint.
        at: when it was made last, epoch milliseconds.
        outcome: `answered` or `served`, the refusal, why there was no answer, or that there is none yet.
        attempts: how often it has been made since the node last answered it.
        since: when the first of these was made.
        silent: the node gave no answer.
        next_at: when it is made again, where that is known.
    """

    node_id: str
    outgoing: bool
    call: str
    at: int
    outcome: str
    attempts: int = 1
    since: int = 0
    silent: bool = False
    next_at: int | None = None

    @property
    def refused(self) -> bool:
        """Whether the other node answered a call of this one with a refusal."""
        return self.outgoing and not self.silent and self.outcome not in (ANSWERED, UNDER_WAY)


class Conversations:
    """Keeps the last exchange with each node about each matter.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: OrderedDict[tuple[str, str], Exchange] = OrderedDict()
        self._silent_to_scheduler: OrderedDict[str, dict[str, int]] = OrderedDict()

    def asked(self, node_id: str, call: str, request: WireModel) -> None:
        """Take note of a call to another node that is being made."""
        before = self._last.get((matter := _matter(request), node_id))
        now = self._clock.now()
        again = before is not None and before.call == call and before.outgoing and before.outcome != ANSWERED
        attempts, since = (before.attempts + 1, before.since) if before and again else (1, now)
        silent = bool(before and again and before.silent)
        outcome = before.outcome if before and silent else UNDER_WAY
        self._keep(matter, Exchange(node_id, True, call, now, outcome, attempts, since, silent))

    def answered(self, node_id: str, call: str, request: WireModel, error: InterconnError | None = None) -> None:
        """Take note of how such a call has ended."""
        matter = _matter(request)
        now = self._clock.now()
        known = self._last.get((matter, node_id))
        if known is None or known.call != call or not known.outgoing:
            known = Exchange(node_id, True, call, now, "", since=now)
        silent = isinstance(error, PeerError) and not isinstance(error, PeerRefused)
        outcome = ANSWERED if error is None else error.message[:_LONGEST_OUTCOME]
        self._keep(matter, replace(known, outcome=outcome, silent=silent))

    def again(self, node_id: str, request: WireModel, seconds: float) -> None:
        """Take note that a call will be made again after a pause."""
        if known := self._last.get((matter := _matter(request), node_id)):
            self._keep(matter, replace(known, next_at=self._clock.now() + int(seconds * 1000)))

    def heard(self, node_id: str, call: str, request: WireModel, error: InterconnError | None = None) -> None:
        """Take note of a call of another node, proven to be its own, that was served or refused."""
        now = self._clock.now()
        matter = _matter(request)
        before = self._last.get((matter, node_id))
        if before and before.outgoing and (before.silent or before.outcome == UNDER_WAY):
            return  # that it has not answered us says more
        outcome = SERVED if error is None else f"refused: {error.message[:_LONGEST_OUTCOME]}"
        self._keep(matter, Exchange(node_id, False, call, now, outcome, since=now))

    def last(self, node_id: str, matters: Iterable[str]) -> Exchange | None:
        """Return the last exchange with a node about any of some jobs and tasks; one without an answer goes before.

        Args:
            node_id: the other node.
            matters: ids of jobs and tasks.
        """
        known = [self._as_of_now(found) for matter in matters if (found := self._last.get((matter, node_id)))]
        return max(known, key=lambda exchange: (exchange.silent, exchange.at), default=None)

    def silent(self, node_ids: Iterable[str], matters: Sequence[str]) -> dict[str, int]:
        """Return which of some nodes do not answer this one about any of some matters, and since when."""
        last = [self.last(node_id, matters) for node_id in node_ids]
        return {exchange.node_id: exchange.since for exchange in last if exchange and exchange.silent}

    def told_silent(self, job_id: str, silent: Mapping[str, int]) -> None:
        """Take note of which nodes do not answer the scheduler of a job, as that tells."""
        self._silent_to_scheduler.pop(job_id, None)
        if silent:
            self._silent_to_scheduler[job_id] = dict(silent)
            if len(self._silent_to_scheduler) > MOST_JOBS:
                self._silent_to_scheduler.popitem(last=False)

    def silent_to_scheduler(self, job_id: str) -> Mapping[str, int]:
        """Return which nodes do not answer the scheduler of a job, and since when, as that told last."""
        return self._silent_to_scheduler.get(job_id, {})

    def _as_of_now(self, exchange: Exchange) -> Exchange:
        """Call silent who has not answered for longer than any answer is held: its call may hang for a while yet."""
        seconds = (self._clock.now() - exchange.at) / 1000
        if exchange.outcome != UNDER_WAY or seconds <= LONGEST_WAIT_SECONDS:
            return exchange
        return replace(exchange, outcome=f"no answer for {seconds:.0f} s", silent=True)

    def _keep(self, matter: str, exchange: Exchange) -> None:
        if not matter:
            return
        key = (matter, exchange.node_id)
        self._last[key] = exchange
        self._last.move_to_end(key)
        if len(self._last) > MOST_KEPT:
            self._last.popitem(last=False)


def _matter(request: WireModel) -> str:
    """Return the task or the job that a request is about."""
    return str(getattr(request, "task_id", None) or getattr(request, "job_id", None) or "")
