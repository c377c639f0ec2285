"""Explains what runs: jobs, tasks and transport sessions."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.state import Explanation
from interconn.control.standing import Awaited, awaited_by, awaited_by_task
from interconn.control.tables import Job, Task
from interconn.identity.node import NodeIdentity
from interconn.management.explanations.agreements import Agreements
from interconn.management.waiting import Whom
from interconn.transport.tables import TransportSession

NODE_HERE = "NODE_HERE"
"""This node itself has to act, beside those of `Whom`."""


class Running:
    """Explains what runs, inside transactions.

    Args:
        node: this node's name card.
        agreements: knows the last contact with a partner.
    """

    def __init__(self, *, node: NodeIdentity, agreements: Agreements) -> None:
        self._node = node
        self._agreements = agreements

    def named(self, session: Session, name: str) -> list[Explanation]:
        """Explain the job, the task or the sessions of an id."""
        explained = []
        if job := session.get(Job, name):
            explained.append(self._job(session, job))
        if task := session.get(Task, name):
            explained.append(self._task(session, task))
        sessions = session.scalars(select(TransportSession).where(TransportSession.session_id == name))
        return explained + [_session(one) for one in sessions]

    def _job(self, session: Session, job: Job) -> Explanation:
        awaited = awaited_by(session, job)
        ended = job.ended_at is not None
        outcome = f" ({job.outcome})" if job.outcome else ""
        step = ("nothing: it has ended" if ended else "wait, or stop it", f"interconn job show {job.job_id}")
        if awaited and not ended:
            step = ("wait for it, or stop the job", f"interconn job stop {job.job_id}")
        tasks = session.scalars(select(Task.task_id).where(Task.job_id == job.job_id).order_by(Task.created_at))
        return self._waiting(
            awaited,
            Explanation(
                kind="job",
                id=job.job_id,
                what=f"a job that {job.scheduler} schedules for {job.initiator}",
                state=f"{job.status}{outcome}",
                since=job.ended_at or job.created_at,
                next_step=f"{step[0]}: {job.reason}" if ended and job.reason else step[0],
                command=step[1],
                related=list(tasks),
            ),
        )

    def _task(self, session: Session, task: Task) -> Explanation:
        over = task.ended_at is not None
        return self._waiting(
            [] if over else awaited_by_task(session, task.task_id),
            Explanation(
                kind="task",
                id=task.task_id,
                what=f"task {task.name} of job {task.job_id}",
                state=task.status,
                since=task.ended_at or task.created_at,
                next_step="nothing: it has ended; its log tells more" if over else "wait for it; its log tells more",
                command=f"interconn job log {task.task_id}",
                related=[task.job_id],
            ),
        )

    def _waiting(self, awaited: list[Awaited], explanation: Explanation) -> Explanation:
        """Say whom something waits for: a partner before this node itself, as it is the one that cannot be seen."""
        if not awaited:
            return explanation
        own = self._node.node_id
        first = sorted(awaited, key=lambda one: one.node_id == own)[0]
        here = first.node_id == own
        more = f" (and {len(awaited) - 1} more)" if len(awaited) > 1 else ""
        return explanation.model_copy(
            update={
                "node_id": "" if here else first.node_id,
                "waits_for": f"{'this node' if here else f'node {first.node_id}'} to {first.purpose}{more}",
                "whom": NODE_HERE if here else Whom.NODE_THERE.value,
                "since": first.since or explanation.since,
                "contact": None if here else self._agreements.contact(first.node_id),
            }
        )


def _session(session: TransportSession) -> Explanation:
    of_task = f" for task {session.task_id}" if session.task_id else ", opened by hand"
    return Explanation(
        kind="session",
        id=session.session_id,
        what=f"a transport session between {', '.join(session.parties)}{of_task}",
        state="OPEN" if session.closed_at is None else "CLOSED",
        since=session.closed_at or session.opened_at,
        next_step="nothing: components use it while their task runs"
        if session.closed_at is None
        else "nothing: it is over",
        command="interconn session list",
        related=[session.task_id] if session.task_id else [],
    )
