"""Follows a task at one of its parties by polling (CTL-3.8, CTL-G3.2.2.1-poll).

Between our nodes an answer is held until there is news; a peer that answers at once is asked at growing intervals.
"""

from __future__ import annotations

from contextlib import suppress
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
from interconn.control.tables import Job, Lane, Task
from interconn.standard.control import TASK_POLL, TaskPoll, TaskStatus, TaskStatusReply
from interconn.standard.errors import InterconnError, PeerUnreachable, Refused
from interconn.state.clock import Clock
from interconn.state.database import Database

log = structlog.get_logger()

HELD_SECONDS: Final = 0.5
"""An answer that took that long was held; the next question may follow at once."""
LONGEST_TASK_SECONDS: Final = 7 * 86_400.0 + 3600.0
"""Longer than our own nodes let a component run (`components.service`), for peers that know no bound."""
_WAIT_SECONDS: Final = 15.0
_TIMEOUT_SECONDS: Final = LONGEST_WAIT_SECONDS + 10.0


class TaskWatch:
    """Polls the parties of tasks and writes down what they say.

    Args:
        database: where lanes are kept.
        clock: time.
        partners: the nodes.
    """

    def __init__(self, *, database: Database, clock: Clock, partners: Partners) -> None:
        self._database = database
        self._clock = clock
        self._partners = partners

    async def follow(self, job: Job, task_id: str, node_id: str, role: str, *, stopped: bool = False) -> None:
        """Poll until the lanes of a role at a node have ended.

        Args:
            job: the job.
            task_id, node_id, role: whose lanes.
            stopped: the node was told to stop; a task that it does not know then will not begin any more.

        Raises:
            InterconnError: the node has stayed away, refused, or not begun for longer than the patience.
        """
        patience = self._partners.patience_seconds * 1000
        heard = began = first = self._clock.now()
        pause = FIRST_PAUSE_SECONDS
        request = TaskPoll(task_id=task_id, role=role)
        while True:
            known, over = await self._database.read(lambda session: _known(session, task_id, node_id, role))
            if over:
                return
            asked = self._clock.now()
            try:
                answer = await self._partners.answer(
                    node_id,
                    TASK_POLL,
                    request,
                    trace_id=job.trace_id,
                    headers=asking(known, _WAIT_SECONDS),
                    timeout=_TIMEOUT_SECONDS,
                )
            except InterconnError as error:
                if self._clock.now() - heard >= patience:
                    raise
                log.info("poll failed", partner=node_id, task=task_id, reason=error.message)
                self._partners.conversations.again(node_id, request, pause)
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                continue
            reply, heard = answer.reply, self._clock.now()
            # An answer that is no news commits nothing and so costs no flush.
            news = await self._database.write(partial(_note, reply=reply, now=heard, lanes_at=(task_id, node_id, role)))
            pause = FIRST_PAUSE_SECONDS if news else pause
            if reply.status is not TaskStatus.PENDING:
                began = heard
            elif stopped:
                raise Refused("it did not begin the task", where=node_id, clause="CTL-3.8")
            elif heard - began >= patience:
                raise PeerUnreachable("it accepted the task and did not begin it", where=node_id, clause="CTL-3.4")
            if heard - first > LONGEST_TASK_SECONDS * 1000:
                raise PeerUnreachable("it has not ended the task within a week", where=node_id, clause="CTL-3.8")
            if reply.status.is_final:
                return
            if not news and heard - asked < HELD_SECONDS * 1000:
                await self._clock.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def _lanes(session: Session, task_id: str, node_id: str, role: str) -> list[Lane]:
    return [lane for lane in jobs.lanes_of(session, task_id) if lane.node_id == node_id and lane.role == role]


def _known(session: Session, task_id: str, node_id: str, role: str) -> tuple[str, bool]:
    """Return the state known of a role's lanes at a node, and whether all have ended."""
    statuses = [TaskStatus(lane.status) for lane in _lanes(session, task_id, node_id, role)]
    return combined(statuses).value, all(status.is_final for status in statuses)


def _note(session: Session, *, lanes_at: tuple[str, str, str], reply: TaskStatusReply, now: int) -> bool:
    """Take note of an answer; return whether it was news."""
    task_id, node_id, role = lanes_at
    task = session.get_one(Task, task_id)
    told = (reply.extension or {}).get("parties")
    news = False
    for lane in _lanes(session, task_id, node_id, role):
        # A peer without our extension tells one state for all lanes of the role.
        detail = told.get(lane.party) if isinstance(told, dict) else None
        status, reason, progress = _detail(detail if isinstance(detail, dict) else {}, reply.status)
        if goes_back(TaskStatus(lane.status), status):
            log.warning("a status that goes back", partner=node_id, task=task_id, party=lane.party,
                        known=lane.status, told=status.value, clause="CTL-3.8-task-states")  # fmt: skip
        news |= jobs.move_lane(session, task, lane, status, now, reason=reason, progress=progress)
    return news


def _detail(detail: dict[str, Any], status: TaskStatus) -> tuple[TaskStatus, str, dict[str, Any] | None]:
    with suppress(KeyError, ValueError):
        status = TaskStatus(detail["status"])
    progress = detail.get("progress")
    reason = told_part(reason_text(detail.get("reason")))
    return status, reason, told_progress(progress) if isinstance(progress, dict) else None
