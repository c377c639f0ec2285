"""What this node pushes to the scheduler of a job with sync_type callback (CTL-3.9, CTL-G3.2.2.1-callback).

Each change of a share's status goes into the outbox in the transaction that records it: told once, in order, until the
scheduler has answered. One that refuses to be told may still ask (CTL-3.8), and is answered as ever.

Progress goes beside the outbox, to schedulers that say that they take it: what is told is how things stand by then, so
a word that is lost is made good by the next, and none of them waits (docs/decisions/0024-room-and-turns.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from interconn.control.holding import PROGRESS_SECONDS
from interconn.control.partners import Partners
from interconn.control.tables import Job, Lane, Task
from interconn.peers.outbound import Destination
from interconn.standard.control import TASK_CALLBACK, TaskCallback, TaskHeard, TaskStatus
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError
from interconn.standard.flow import SyncType
from interconn.standard.wire import WireModel
from interconn.state import outbox
from interconn.state.clock import Clock
from interconn.state.database import Database, announce
from interconn.state.outbox import OutboxMessage

log = structlog.get_logger()

PROGRESS_TOPIC: Final = "progress-to-push"
LONGEST_PAUSE_SECONDS: Final = 20.0
"""Between two words of progress to a scheduler that does not take them just now."""
_LOOK_SECONDS: Final = 60.0


def push(session: Session, job: Job, lane: Lane, now: int, *, tells_progress: bool) -> None:
    """Tell the scheduler how a share of this node now stands, where the job is one in which it is told.

    Its own lanes a scheduler has before it. The role is told alone: a node has no role of a job twice.

    Args:
        session: of the transaction that records it.
        job: whose share it is.
        lane: the share.
        now: epoch milliseconds.
        tells_progress: the scheduler is of a kind that may know that extension.
    """
    if not _is_pushed(job):
        return
    outbox.enqueue(
        session,
        node_id=job.scheduler,
        endpoint=TASK_CALLBACK.name,
        body=_word(lane, tells_progress=tells_progress).to_wire(),
        reference=lane.task_id,
        trace_id=job.trace_id,
        now=now,
    )


def push_progress(session: Session, job: Job) -> None:
    """Tell the scheduler soon how far the shares of this node are, where the job is one in which it is told."""
    if _is_pushed(job):
        announce(session, PROGRESS_TOPIC)


@dataclass(frozen=True)
class _Progress:
    """How far a share is, as its scheduler is told."""

    scheduler: str
    trace_id: str
    word: TaskCallback
    at: int


class Callbacks:
    """Hears how what was pushed fared (`interconn.peers.delivery.Correspondent`), and pushes progress.

    Args:
        database: where jobs are kept.
        clock: time.
        partners: the nodes.
    """

    def __init__(self, *, database: Database, clock: Clock, partners: Partners) -> None:
        self._database = database
        self._clock = clock
        self._partners = partners
        # Kept in memory: after a restart each scheduler says anew that it takes progress, with the next status.
        self._takers: set[str] = set()
        self._told: dict[tuple[str, str], int] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._pauses: dict[str, float] = {}

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        """The call it sends."""
        return [TASK_CALLBACK]

    def destination(self, session: Session, message: OutboxMessage) -> Destination | None:
        """A scheduler is a partner under contract."""
        return None

    def delivered(self, session: Session, message: OutboxMessage, reply: WireModel) -> None:
        """Forget a message that has arrived: the lane it told of is kept."""
        if isinstance(reply, TaskHeard) and (reply.extension or {}).get("progress") == "taken":
            self._takers.add(message.node_id)
            progress = (message.body.get("extension") or {}).get("progress") or {}
            self._told[(message.reference, message.body["role"])] = int(progress.get("at") or 0)
            announce(session, PROGRESS_TOPIC)  # more may have come while this was on its way
        session.delete(message)

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        """Leave a refused message where people see it; the scheduler asks, if it wants to know."""
        log.warning("the scheduler takes no word of a task", partner=message.node_id, task=message.reference)

    async def run(self) -> None:
        """Push progress to schedulers that take it, to each once a second at most, until cancelled."""
        with self._database.signals.subscribe(PROGRESS_TOPIC) as wake:
            try:
                while True:
                    if self._takers:
                        await self._look()
                        await self._clock.sleep(PROGRESS_SECONDS)
                    await wake.wait(_LOOK_SECONDS)
            finally:
                telling = list(self._telling.values())
                for task in telling:
                    task.cancel()
                await asyncio.gather(*telling, return_exceptions=True)

    async def _look(self) -> None:
        try:
            found = await self._database.read(self._under_way)
        except Exception:
            log.exception("progress is not looked for")
            return
        by_scheduler: dict[str, list[_Progress]] = {}
        for each in found:
            if self._told.get(_key(each.word), 0) < each.at:
                by_scheduler.setdefault(each.scheduler, []).append(each)
        going = {_key(each.word) for each in found}
        for key in [key for key in list(self._told) if key not in going]:
            self._told.pop(key, None)
        for scheduler, words in by_scheduler.items():
            if scheduler not in self._telling:
                self._telling[scheduler] = asyncio.create_task(self._tell(scheduler, words))
                self._telling[scheduler].add_done_callback(partial(self._done, scheduler))

    def _under_way(self, session: Session) -> list[_Progress]:
        """Return how far each share is of which a scheduler is told; of what the outbox holds more is told there."""
        awaits = exists().where(
            OutboxMessage.endpoint == TASK_CALLBACK.name,
            OutboxMessage.reference == Lane.task_id,
            OutboxMessage.state == "WAITING",
        )
        wanted = (
            select(Job.scheduler, Job.trace_id, Lane)
            .join(Task, Task.job_id == Job.job_id)
            .join(Lane, Lane.task_id == Task.task_id)
            .where(Job.closed.is_(False), Job.scheduling.is_(False), Job.sync_type == SyncType.CALLBACK.value)
            .where(Job.scheduler.in_(sorted(self._takers)), Lane.node_id == self._partners.node_id)
            .where(Lane.status == TaskStatus.RUNNING.value, ~awaits)
        )
        return [
            _Progress(scheduler, trace_id, _word(lane, tells_progress=True), int(lane.progress.get("at") or 0))
            for scheduler, trace_id, lane in session.execute(wanted)
        ]

    async def _tell(self, scheduler: str, words: list[_Progress]) -> None:
        """Tell one scheduler some progress, one word after the other; what fails is told anew after a pause."""
        for each in words:
            try:
                await self._partners.answer(scheduler, TASK_CALLBACK, each.word, trace_id=each.trace_id)
            except InterconnError as error:
                log.info("progress not told", partner=scheduler, task=each.word.task_id, reason=error.message)
                pause = self._pauses.get(scheduler, PROGRESS_SECONDS)
                self._pauses[scheduler] = min(pause * 2, LONGEST_PAUSE_SECONDS)
                await self._clock.sleep(pause)
                return
            self._pauses.pop(scheduler, None)
            self._told[_key(each.word)] = each.at

    def _done(self, scheduler: str, task: asyncio.Task[None]) -> None:
        del self._telling[scheduler]
        if not task.cancelled() and (error := task.exception()):
            log.error("telling progress stopped", partner=scheduler, exc_info=error)
        self._database.signals.notify(PROGRESS_TOPIC)


def _is_pushed(job: Job) -> bool:
    return not job.scheduling and job.sync_type == SyncType.CALLBACK


def _word(lane: Lane, *, tells_progress: bool) -> TaskCallback:
    """Return what is told of a share. Its progress, be it empty, says that this node would tell how that goes on."""
    extension: dict[str, Any] = {"progress": dict(lane.progress)} if tells_progress else {}
    if lane.reason:
        extension["reason"] = lane.reason
    return TaskCallback(
        task_id=lane.task_id, status=TaskStatus(lane.status), role=lane.role, extension=extension or None
    )


def _key(word: TaskCallback) -> tuple[str, str]:
    return word.task_id, word.role
