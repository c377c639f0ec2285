"""Whom a job waits for, as far as this node knows, in whatever capacity it is in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.control import jobs
from interconn.control.states import has_ended
from interconn.control.tables import Job, Member
from interconn.standard.control import JobStatus, TaskStatus


@dataclass(frozen=True)
class Awaited:
    """Something that a job waits for.

    Attributes:
        node_id: whose node has to act.
        purpose: to do what.
        since: epoch milliseconds.
    """

    node_id: str
    purpose: str
    since: int


def awaited_by(session: Session, job: Job) -> list[Awaited]:
    """Return what a job waits for; nothing once it is closed."""
    if job.closed:
        return []
    if job.submission == "SENDING":
        return [Awaited(job.scheduler, "take the job as its scheduler", job.created_at)]
    if not job.scheduling:
        running = _lanes(session, job)
        ended = has_ended(JobStatus(job.status))
        last = "confirm how the job ended" if ended else "go on with the job as its scheduler"
        return running or [Awaited(job.scheduler, last, job.ended_at or job.created_at)]
    members = session.scalars(select(Member).where(Member.job_id == job.job_id).order_by(Member.node_id)).all()
    match JobStatus(job.status):
        case JobStatus.PENDING:
            return [Awaited(one.node_id, "accept the job", job.created_at) for one in members if not one.accepted]
        case JobStatus.READY:
            return [Awaited(one.node_id, "start the job", job.created_at) for one in members if not one.opened]
        case JobStatus.RUNNING:
            return _lanes(session, job)
    since = job.ended_at or job.created_at
    return [Awaited(one.node_id, "hear of the end of the job", since) for one in members if not one.informed]


def awaited_by_task(session: Session, task_id: str) -> list[Awaited]:
    """Return which parties a task waits for."""
    return [
        Awaited(lane.node_id, _share(lane.status, lane.party), lane.started_at or 0)
        for lane in jobs.lanes_of(session, task_id)
        if not TaskStatus(lane.status).is_final
    ]


def _lanes(session: Session, job: Job) -> list[Awaited]:
    return [
        Awaited(
            lane.node_id, f"{_share(lane.status, lane.party)} in task {task.name}", lane.started_at or task.created_at
        )
        for task in jobs.tasks_of(session, job.job_id)
        for lane in jobs.lanes_of(session, task.task_id)
        if not TaskStatus(lane.status).is_final
    ]


def _share(status: str, party: str) -> str:
    return f"{'finish' if status == TaskStatus.RUNNING else 'begin'} as {party}"
