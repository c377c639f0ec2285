"""What becomes of shares that were under way when their job ended: asked, not assumed.

A component may have succeeded just before the word to stop reached it, and what has succeeded stays so (CTL-3.5). So
the scheduler writes no end of a share into its book before the party has told it, or has had its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog
from sqlalchemy.orm import Session

from interconn.control import jobs
from interconn.control.tables import Job, Task
from interconn.control.watch import Followed, TaskWatch
from interconn.standard.control import TaskStatus
from interconn.standard.errors import InterconnError, PeerUnreachable
from interconn.state.clock import Clock
from interconn.state.database import Database

log = structlog.get_logger()

Share = tuple[str, str, str]
"""Task, node, role."""


class LastWords:
    """Hears how the shares of an ended job ended.

    Args:
        database: where lanes are kept.
        clock: time.
        watch: asks the parties.
        patience_seconds: what a party has for its word.
    """

    def __init__(self, *, database: Database, clock: Clock, watch: TaskWatch, patience_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._watch = watch
        self._patience = patience_seconds

    async def awaited(self, job: Job) -> dict[str, list[Share]]:
        """Return the shares of an ended job that have no end yet, by the nodes that have to tell it."""
        found: dict[str, list[Share]] = {}
        for share in await self._database.read(lambda session: _under_way(session, job.job_id)):
            found.setdefault(share[1], []).append(share)
        return found

    async def hear(self, job: Job, shares: Iterable[Share]) -> None:
        """Ask, until each of some shares has an end: the party's word, or that it gave none."""
        await asyncio.gather(*(self._hear(job, *share) for share in shares))

    async def _hear(self, job: Job, task_id: str, node_id: str, role: str) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._watch.follow(Followed(task_id, node_id, role, job.trace_id), stopped=True)
        except (InterconnError, TimeoutError) as error:
            silent = isinstance(error, TimeoutError | PeerUnreachable)
            log.info("no last word", partner=node_id, task=task_id, role=role, reason=str(error) or "time is up")
            await self._database.write(lambda session: self._assume(session, job, (task_id, node_id, role), silent))

    def _assume(self, session: Session, job: Job, share: Share, silent: bool) -> None:
        task_id, node_id, role = share
        task, now = session.get_one(Task, task_id), self._clock.now()
        reason = f"stopped: {job.reason}" + (f"; {node_id} does not tell how it ended" if silent else "")
        for lane in jobs.lanes_at(session, task_id, node_id, role):
            jobs.move_lane(session, task, lane, TaskStatus.FAILED, now, reason=reason)


def _under_way(session: Session, job_id: str) -> list[Share]:
    return sorted({(lane.task_id, lane.node_id, lane.role) for _, lane in jobs.unfinished(session, job_id)})
