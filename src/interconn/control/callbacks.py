"""What this node pushes to the scheduler of a job with sync_type callback (CTL-3.9, CTL-G3.2.2.1-callback).

Each change of a share's status goes into the outbox in the transaction that records it: told once, in order, until the
scheduler has answered. One that refuses to be told may still ask (CTL-3.8), and is answered as ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from sqlalchemy.orm import Session

from interconn.control.tables import Job, Lane
from interconn.peers.outbound import Destination
from interconn.standard.control import TASK_CALLBACK, TaskCallback, TaskStatus
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError
from interconn.standard.flow import SyncType
from interconn.standard.wire import WireModel
from interconn.state import outbox
from interconn.state.outbox import OutboxMessage

log = structlog.get_logger()


def push(session: Session, job: Job, lane: Lane, now: int) -> None:
    """Tell the scheduler how a share of this node now stands, where the job is one in which it is told.

    Its own lanes a scheduler has before it. The role is told alone: a node has no role of a job twice.
    """
    if job.scheduling or job.sync_type != SyncType.CALLBACK:
        return
    status = TaskStatus(lane.status)
    extension = {"reason": lane.reason} if lane.reason else None
    message = TaskCallback(task_id=lane.task_id, status=status, role=lane.role, extension=extension)
    outbox.enqueue(
        session,
        node_id=job.scheduler,
        endpoint=TASK_CALLBACK.name,
        body=message.to_wire(),
        reference=lane.task_id,
        trace_id=job.trace_id,
        now=now,
    )


class Callbacks:
    """Hears how what was pushed fared; `interconn.peers.delivery.Correspondent`."""

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        """The call it sends."""
        return [TASK_CALLBACK]

    def destination(self, session: Session, message: OutboxMessage) -> Destination | None:
        """A scheduler is a partner under contract."""
        return None

    def delivered(self, session: Session, message: OutboxMessage, reply: WireModel) -> None:
        """Forget a message that has arrived: the lane it told of is kept."""
        session.delete(message)

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        """Leave a refused message where people see it; the scheduler asks, if it wants to know."""
        log.warning("the scheduler takes no word of a task", partner=message.node_id, task=message.reference)
