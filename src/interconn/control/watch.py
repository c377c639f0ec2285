"""Follows a task at one of its parties: by polling (CTL-3.8, CTL-G3.2.2.1-poll), or by what the party pushes
(CTL-3.9, CTL-G3.2.2.1-callback) and by asking only when nothing has come for a while.

Between our nodes an answer is held until there is news; a peer that answers at once is asked at growing intervals.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from interconn.components.callback import reason_text, told_part
from interconn.components.progress import told_progress
from interconn.control import jobs
from interconn.control.holding import LONGEST_WAIT_SECONDS, asking
from interconn.control.partners import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Partners
from interconn.control.states import combined, goes_back
from interconn.control.tables import Task
from interconn.control.together import Together
from interconn.standard.control import TASK_POLL, TaskPoll, TaskStatus, TaskStatusReply
from interconn.standard.errors import ContractNotUsable, InterconnError, PeerRefused, PeerUnreachable, Refused
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.signals import Subscription

log = structlog.get_logger()

HELD_SECONDS: Final = 0.5
"""An answer that took that long was held; the next question may follow at once."""
LONGEST_TASK_SECONDS: Final = 7 * 86_400.0 + 3600.0
"""Longer than our own nodes let a component run (`components.service`), for peers that know no bound."""
SILENCE_SECONDS: Final = 20.0
"""A party that calls back and has said nothing for that long is asked: its word may have been lost."""
_WAIT_SECONDS: Final = 15.0
_TIMEOUT_SECONDS: Final = LONGEST_WAIT_SECONDS + 10.0
_LOOK_SECONDS: Final = 600.0


@dataclass(frozen=True)
class Followed:
    """The lanes of one role of a task at one node, and the job's trace id."""

    task_id: str
    node_id: str
    role: str
    trace_id: str


@dataclass
class _Hearing:
    """What is known of a party's lanes, and since when.

    Attributes:
        status: of its lanes together.
        over: all have ended.
        first: when the following began, epoch milliseconds as all times.
        heard: when it was last heard of.
        began: when it was last known to have begun, or the following began.
        awaited: its word is waited for before it is asked.
        pause: before it is asked again, seconds.
    """

    status: TaskStatus
    over: bool
    first: int
    heard: int
    began: int
    awaited: bool
    pause: float = FIRST_PAUSE_SECONDS


class TaskWatch:
    """Follows tasks and writes down what their parties say.

    Args:
        database: where lanes are kept.
        clock: time.
        partners: the nodes.
        together: writes what comes at the same time.
    """

    def __init__(self, *, database: Database, clock: Clock, partners: Partners, together: Together) -> None:
        self._database = database
        self._clock = clock
        self._partners = partners
        self._together = together

    async def follow(
        self,
        lanes: Followed,
        *,
        calls_back: bool = False,
        until: int | None = None,
        stopped: bool = False,
        fresh: bool = False,
    ) -> TaskStatus:
        """Follow the lanes of a role at a node until they have ended; return how.

        Args:
            lanes: which.
            calls_back: the node is to push what happens (CTL-3.9); it is asked when it has been silent.
            until: by when they must have ended, epoch milliseconds.
            stopped: the node was told to stop; a task that it does not know then will not begin any more.
            fresh: the node was told to begin the task a moment ago; what it did not push nobody knows yet.

        Raises:
            InterconnError: the node has stayed away, refused, or not begun for longer than the patience, or the time
                is over.
        """
        own = lanes.node_id == self._partners.node_id
        with self._database.signals.subscribe(jobs.lane_topic(lanes.task_id, lanes.node_id)) as wake:
            now = self._clock.now()
            # One of our own kind that has taken a task is ready; its next word is of something else.
            status = TaskStatus.READY if self._partners.knows_extensions(lanes.node_id) else TaskStatus.PENDING
            over = False
            if own or calls_back or not fresh:
                status, over = await self._database.read(partial(_known, lanes=lanes))
            hearing = _Hearing(status, over, now, now, now, awaited=own or calls_back)
            while not hearing.over:
                left = _LOOK_SECONDS if until is None else (until - self._clock.now()) / 1000
                if left <= 0:
                    raise Refused("it has not ended the task by its deadline", where=lanes.node_id, clause="CTL-3.8")
                if hearing.awaited:
                    spoke = await self._word(wake, min(left, _LOOK_SECONDS if own else SILENCE_SECONDS))
                    if spoke or own:  # our own lanes are in our own database
                        hearing.status, hearing.over = await self._database.read(partial(_known, lanes=lanes))
                        hearing.heard = self._clock.now()
                        continue
                await self._ask(lanes, hearing, calls_back=calls_back, stopped=stopped)
        return hearing.status

    async def _ask(self, lanes: Followed, hearing: _Hearing, *, calls_back: bool, stopped: bool) -> None:
        asked = self._clock.now()
        request = TaskPoll(task_id=lanes.task_id, role=lanes.role)
        try:
            answer = await self._partners.answer(
                lanes.node_id,
                TASK_POLL,
                request,
                trace_id=lanes.trace_id,
                headers={} if hearing.awaited else asking(hearing.status, _WAIT_SECONDS),
                timeout=_TIMEOUT_SECONDS,
            )
        except InterconnError as error:
            hearing.heard += self._partners.stood_still(asked, _TIMEOUT_SECONDS)
            await self._silent(lanes, hearing, error, calls_back=calls_back)
            return
        reply, now = answer.reply, self._clock.now()
        # An answer that is no news commits nothing and so costs no flush.
        news, status, over = await self._together.write(partial(_note, reply=reply, now=now, lanes=lanes))
        hearing.heard, hearing.status, hearing.over = now, status, over
        hearing.pause = FIRST_PAUSE_SECONDS if news else hearing.pause
        if news:
            hearing.awaited = False  # it did not push what it now tells: it is one that only answers
        if reply.status is not TaskStatus.PENDING:
            hearing.began = now
        elif stopped:
            raise Refused("it did not begin the task", where=lanes.node_id, clause="CTL-3.8")
        elif now - hearing.began >= self._partners.patience_seconds * 1000:
            raise PeerUnreachable("it accepted the task and did not begin it", where=lanes.node_id, clause="CTL-3.4")
        if now - hearing.first > LONGEST_TASK_SECONDS * 1000:
            raise PeerUnreachable("it has not ended the task within a week", where=lanes.node_id, clause="CTL-3.8")
        if not (news or hearing.awaited) and now - asked < HELD_SECONDS * 1000:
            await self._clock.sleep(hearing.pause)
            hearing.pause = min(hearing.pause * 2, LONGEST_PAUSE_SECONDS)

    async def _silent(self, lanes: Followed, hearing: _Hearing, error: InterconnError, *, calls_back: bool) -> None:
        """Take note of a question without an answer; raises it once the patience is used up."""
        known, hearing.over = await self._database.read(partial(_known, lanes=lanes))
        pushed = known is not hearing.status and not goes_back(hearing.status, known)
        if pushed:
            hearing.heard, hearing.status = self._clock.now(), known
        if (calls_back or pushed) and isinstance(error, PeerRefused) and not error.failed:
            # It lives, and refuses to be asked: it is one that only calls back.
            hearing.heard, hearing.awaited = self._clock.now(), True
            return
        # A contract that is over does not come back.
        away = self._clock.now() - hearing.heard >= self._partners.patience_seconds * 1000
        if away or isinstance(error, ContractNotUsable):
            raise error
        log.info("poll failed", partner=lanes.node_id, task=lanes.task_id, reason=error.message)
        hearing.awaited = False  # asked again soon, not after the next silence
        self._partners.conversations.again(
            lanes.node_id, TaskPoll(task_id=lanes.task_id, role=lanes.role), hearing.pause
        )
        await self._clock.sleep(hearing.pause)
        hearing.pause = min(hearing.pause * 2, LONGEST_PAUSE_SECONDS)

    async def _word(self, wake: Subscription, seconds: float) -> bool:
        """Wait for what a party pushes; return whether anything came in that time."""
        woken = asyncio.create_task(wake.wait(_LOOK_SECONDS))
        slept = asyncio.create_task(self._clock.sleep(seconds))
        try:
            done, _ = await asyncio.wait({woken, slept}, return_when=asyncio.FIRST_COMPLETED)
            return woken in done and woken.result()
        finally:
            woken.cancel()
            slept.cancel()
            await asyncio.gather(woken, slept, return_exceptions=True)


def _known(session: Session, *, lanes: Followed) -> tuple[TaskStatus, bool]:
    """Return the state known of a role's lanes at a node, and whether all have ended."""
    found = jobs.lanes_at(session, lanes.task_id, lanes.node_id, lanes.role)
    statuses = [TaskStatus(lane.status) for lane in found]
    return combined(statuses), all(status.is_final for status in statuses)


def _note(session: Session, *, lanes: Followed, reply: TaskStatusReply, now: int) -> tuple[bool, TaskStatus, bool]:
    """Take note of an answer; return whether it was news, and what is known with it."""
    task = session.get_one(Task, lanes.task_id)
    told = (reply.extension or {}).get("parties")
    news = False
    found = jobs.lanes_at(session, lanes.task_id, lanes.node_id, lanes.role)
    for lane in found:
        # A peer without our extension tells one state for all lanes of the role.
        detail = told.get(lane.party) if isinstance(told, dict) else None
        status, reason, progress = _detail(detail if isinstance(detail, dict) else {}, reply.status)
        if goes_back(TaskStatus(lane.status), status):
            log.warning("a status that goes back", partner=lanes.node_id, task=lanes.task_id, party=lane.party,
                        known=lane.status, told=status.value, clause="CTL-3.8-task-states")  # fmt: skip
        news |= jobs.move_lane(session, task, lane, status, now, reason=reason, progress=progress)
    statuses = [TaskStatus(lane.status) for lane in found]
    return news, combined(statuses), all(status.is_final for status in statuses)


def _detail(detail: dict[str, Any], status: TaskStatus) -> tuple[TaskStatus, str, dict[str, Any] | None]:
    with suppress(KeyError, ValueError):
        status = TaskStatus(detail["status"])
    progress = detail.get("progress")
    reason = told_part(reason_text(detail.get("reason")))
    return status, reason, told_progress(progress) if isinstance(progress, dict) else None
