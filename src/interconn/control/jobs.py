"""Jobs and tasks in the database: found, compared, and moved from state to state, each step with its cause."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from interconn.components.progress import is_later
from interconn.control.flow import Party, config_digest, dag_digest
from interconn.control.states import Outcome, check_job_step, combined, has_ended, task_path
from interconn.control.tables import Job, Lane, Task
from interconn.identity.signature import Evidence
from interconn.standard.control import JobCreate, JobStatus, TaskStatus
from interconn.standard.errors import ContentConflict, NotFound
from interconn.standard.wire import validate
from interconn.state.database import announce
from interconn.trail import entries

JOBS: Final = "control-jobs"
"""Signal: a job has come that somebody must see to."""
LONGEST_REASON: Final = 2000
MAXIMUM_REFUSALS: Final = 100
"""Refused jobs kept of one scheduler: a partner must not fill the disk with what is refused."""


# What every step of every task asks is written once: to build a statement takes as long as to run it.
_AT_NODE = (Lane.task_id == bindparam("task_id"), Lane.node_id == bindparam("node_id"))
_LANES_AT: Final = select(Lane).where(*_AT_NODE).order_by(Lane.role, Lane.index)
_LANES_OF_ROLE_AT: Final = _LANES_AT.where(Lane.role == bindparam("role"))
_STANDINGS: Final = select(Lane.status).where(Lane.task_id == bindparam("task_id")).distinct()
_TASKS_NAMED: Final = select(Task).where(
    Task.job_id == bindparam("job_id"), Task.name.in_(bindparam("names", expanding=True))
)


@dataclass(frozen=True)
class Cause:
    """Why something is decided: for the audit trail.

    Attributes:
        at: epoch milliseconds.
        actor: `node:…`, `person:…` or `system`.
        clause: of the standard.
        partner: the node with which, or for which.
        request_digest: of the request that caused it.
        evidence: what proves that request, or the answer that caused it.
    """

    at: int
    actor: str
    clause: str
    partner: str = ""
    request_digest: str = ""
    evidence: Evidence | dict[str, Any] | None = None


def job_topic(job_id: str) -> str:
    """Return the signal of a job: it, or one of its tasks, has come to another state."""
    return f"job:{job_id}"


def lanes_topic(job_id: str) -> str:
    """Return the signal of what watchers of a job see: anything about it or one of its lanes has changed."""
    return f"lanes:{job_id}"


def status_topic(job_id: str) -> str:
    """Return the signal of a job itself: something was decided about it, or it was stopped from a component on."""
    return f"job-status:{job_id}"


def task_topic(task_id: str) -> str:
    """Return the signal of a task: anything about one of its lanes has changed."""
    return f"task:{task_id}"


def lane_topic(task_id: str, node_id: str) -> str:
    """Return the signal of a task at one node: anything about its lanes there has changed."""
    return f"lanes:{task_id}:{node_id}"


def require(session: Session, job_id: str) -> Job:
    """Return a job.

    Raises:
        NotFound: it is not known here.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(
            "the job is not known here",
            where="job_id",
            clause="CTL-2.3",
            hint="One that was proposed and has not begun is told of by 'interconn why JOB' and 'interconn audit list'",
        )
    return job


def concerns(job: Job, node_id: str) -> bool:
    """Tell whether a node is the job's initiator, its scheduler or a party; nobody else may learn that it exists."""
    # The scheduler, who asks most, is found without the job's content, which may be large.
    return node_id in (job.initiator, job.scheduler) or any(node_id in nodes for nodes in _roles(job).values())


def known(session: Session, job_id: str) -> Job | None:
    """Return a job that binds this node.

    One that was only refused binds nobody, and its row gives way: the approval may have come since, or a stranger
    may have used the id.
    """
    job = session.get(Job, job_id)
    if job and job.status == JobStatus.REJECTED and not (job.scheduling or job.submission):
        session.delete(job)
        session.flush()
        return None
    return job


def keep_refusal(
    session: Session, request: JobCreate, *, scheduler: str, trace_id: str, cause: Cause, why: str
) -> None:
    """Keep, for people to see, that a job was refused; of one scheduler's only the latest, and not what they hold."""
    if session.get(Job, request.job_id):
        return
    refused = select(Job).where(
        Job.scheduler == scheduler, Job.status == JobStatus.REJECTED, ~Job.scheduling, Job.submission == ""
    )
    for old in session.scalars(refused.order_by(Job.created_at.desc()).offset(MAXIMUM_REFUSALS - 1)).all():
        session.delete(old)
    job = new_job(request, scheduler=scheduler, trace_id=trace_id, now=cause.at)
    job.content = {"dag": {"components": []}, "config": {"role": {}}}
    job.closed = True
    session.add(job)
    session.flush()
    end(session, job, Outcome.REJECTED, why, cause)


def content(job: Job) -> JobCreate:
    """Return a job as it arrived."""
    return validate(JobCreate, job.content)


def _roles(job: Job) -> dict[str, list[str]]:
    found: dict[str, list[str]] = job.content["config"]["role"]
    return found


def new_job(request: JobCreate, *, scheduler: str, trace_id: str, now: int) -> Job:
    """Return a row for a job, not yet added."""
    return Job(
        job_id=request.job_id,
        flow_id=request.flow_id or "",
        content=request.to_wire(),
        dag_digest=dag_digest(request.dag),
        config_digest=config_digest(request.config),
        initiator=request.config.initiator.node_id,
        scheduler=scheduler,
        sync_type=request.config.sync_type().value,
        status=JobStatus.PENDING.value,
        stopped=[],
        stops=[],
        reported=[],
        trace_id=trace_id,
        created_at=now,
    )


def check_same(job: Job, request: JobCreate) -> None:
    """Check that a repeated job is the one we know.

    Raises:
        ContentConflict: DAG, configuration or flow differ.
    """
    for part, known, given in (
        ("flow", job.flow_id, request.flow_id or job.flow_id),
        ("dag", job.dag_digest, dag_digest(request.dag)),
        ("config", job.config_digest, config_digest(request.config)),
    ):
        if known != given:
            raise ContentConflict(
                f"the job is known here with another {part}",
                where="job_id",
                clause="CTL-3.1",
                hint="Use a fresh job id",
            )


def note(session: Session, job: Job, action: str, cause: Cause, **details: Any) -> None:
    """Write a decision about a job to the audit trail, and wake whoever waits for the job."""
    entries.record(
        session,
        at=cause.at,
        actor=cause.actor,
        action=action,
        subject=job.job_id,
        partner=cause.partner,
        clause=cause.clause,
        trace_id=job.trace_id,
        request_digest=cause.request_digest,
        details=details,
        evidence=cause.evidence,
    )
    announce(session, job_topic(job.job_id))
    announce(session, lanes_topic(job.job_id))
    announce(session, status_topic(job.job_id))
    announce(session, JOBS)


def move(session: Session, job: Job, after: JobStatus, cause: Cause) -> None:
    """Move a job one step.

    Raises:
        IllegalTransition: the step is not allowed.
    """
    check_job_step(JobStatus(job.status), after)
    job.status = after.value
    note(session, job, f"job.{after.lower()}", cause)


def end(session: Session, job: Job, outcome: Outcome, reason: str, cause: Cause) -> None:
    """End a job: FINISHED, or REJECTED. A repeat is no news.

    Its shares that are under way end when they are known to have (`shares`, `last_words`).
    """
    if has_ended(JobStatus(job.status)):
        return
    after = JobStatus.REJECTED if outcome is Outcome.REJECTED else JobStatus.FINISHED
    check_job_step(JobStatus(job.status), after)
    job.status, job.outcome, job.reason = after.value, outcome.value, reason[:LONGEST_REASON]
    job.ended_at = cause.at
    note(session, job, f"job.{after.lower()}", cause, outcome=outcome.value, reason=job.reason)


def close(session: Session, job: Job) -> None:
    """Take note that nothing is left to be done for an ended job here, and wake whoever waits for that."""
    if not job.closed:
        job.closed = True
        announce(session, job_topic(job.job_id))
        announce(session, lanes_topic(job.job_id))
        announce(session, status_topic(job.job_id))


def tasks_of(session: Session, job_id: str) -> list[Task]:
    """Return the tasks of a job, first first."""
    return tasks_of_each(session, [job_id])[job_id]


def tasks_named(session: Session, job_id: str, names: Collection[str]) -> dict[str, Task]:
    """Return those tasks of a job that run some components of its DAG, by these components' names."""
    parameters = {"job_id": job_id, "names": list(names)}
    return {task.name: task for task in session.scalars(_TASKS_NAMED, parameters)} if names else {}


def task_ids_at(session: Session, job_id: str, node_id: str) -> list[str]:
    """Return the ids of the tasks of a job in which a node has a share."""
    own = select(Lane.task_id).join(Task, Task.task_id == Lane.task_id)
    return list(session.scalars(own.where(Task.job_id == job_id, Lane.node_id == node_id).distinct()))


def tasks_of_each(session: Session, job_ids: Collection[str]) -> dict[str, list[Task]]:
    """Return the tasks of each of some jobs, first first."""
    found: dict[str, list[Task]] = {job_id: [] for job_id in job_ids}
    wanted = select(Task).where(Task.job_id.in_(job_ids)).order_by(Task.created_at, Task.task_id)
    for task in session.scalars(wanted):
        found[task.job_id].append(task)
    return found


def lanes_of(session: Session, task_id: str) -> list[Lane]:
    """Return the known lanes of a task: guests, hosts, arbiters, then others."""
    return lanes_of_each(session, [task_id])[task_id]


def lanes_of_each(session: Session, task_ids: Collection[str]) -> dict[str, list[Lane]]:
    """Return the known lanes of each of some tasks, as `lanes_of` orders them."""
    order = {"guest": 0, "host": 1, "arbiter": 2}
    found: dict[str, list[Lane]] = {task_id: [] for task_id in task_ids}
    lanes = session.scalars(select(Lane).where(Lane.task_id.in_(task_ids))).all()
    for lane in sorted(lanes, key=lambda lane: (order.get(lane.role, 3), lane.role, lane.index)):
        found[lane.task_id].append(lane)
    return found


def lanes_at(session: Session, task_id: str, node_id: str, role: str = "") -> list[Lane]:
    """Return the lanes of a task at one node, those of one role or all."""
    parameters = {"task_id": task_id, "node_id": node_id, "role": role}
    return list(session.scalars(_LANES_OF_ROLE_AT if role else _LANES_AT, parameters))


def unfinished(session: Session, job_id: str, node_id: str = "") -> list[tuple[Task, Lane]]:
    """Return the lanes of a job that have not ended, each with its task: those of one node or all."""
    final = [status.value for status in TaskStatus if status.is_final]
    wanted = select(Task, Lane).join(Lane, Lane.task_id == Task.task_id)
    wanted = wanted.where(Task.job_id == job_id, Lane.status.not_in(final))
    if node_id:
        wanted = wanted.where(Lane.node_id == node_id)
    order = (Task.created_at, Task.task_id, Lane.role, Lane.index)
    return [(task, lane) for task, lane in session.execute(wanted.order_by(*order))]


def add_task(
    session: Session, job: Job, task_id: str, name: str, parties: Iterable[Party], now: int
) -> tuple[Task, list[Lane]]:
    """Add a task with a lane for each of the parties; return both."""
    task = Task(task_id=task_id, job_id=job.job_id, name=name, status=TaskStatus.PENDING.value, told=[], created_at=now)
    session.add(task)
    session.flush()  # its lanes refer to it
    lanes = [
        Lane(
            task_id=task_id,
            role=party.role,
            index=party.index,
            node_id=party.node_id,
            status=TaskStatus.PENDING.value,
            progress={},
            reason="",
        )
        for party in parties
    ]
    session.add_all(lanes)
    return task, lanes


def move_lane(
    session: Session,
    task: Task,
    lane: Lane,
    after: TaskStatus,
    now: int,
    *,
    reason: str = "",
    progress: dict[str, Any] | None = None,
    beside: Sequence[Lane] = (),
) -> bool:
    """Take note of how a lane stands, and of what follows for the task; return whether it was news.

    A status never goes backwards, nor does progress, and nothing follows a final status.

    Args:
        session: of the transaction.
        task: which.
        lane: of it.
        after: how the lane is said to stand.
        now: epoch milliseconds.
        reason: of a failure; of a lane that is READY, what it waits for before it is launched.
        progress: what its component told last.
        beside: all lanes of the task, where they are at hand; else the database is asked how they stand.
    """
    before = TaskStatus(lane.status)
    changed = False
    if before is after is TaskStatus.READY and reason != lane.reason:
        lane.reason, changed = reason[:LONGEST_REASON], True
    if progress and is_later(progress, lane.progress) and not before.is_final:
        lane.progress, changed = progress, True
    for step in task_path(before, after):
        lane.status, changed = step.value, True
        if step is TaskStatus.RUNNING:
            lane.started_at = now
        if step.is_final:
            lane.ended_at = now
        lane.reason = reason[:LONGEST_REASON] if step in (TaskStatus.READY, TaskStatus.FAILED) else ""
    if changed:
        known = (task.status, task.ended_at)
        statuses = {TaskStatus(word) for word in ([each.status for each in beside] or _words(session, task.task_id))}
        task.status = combined(statuses).value
        if all(status.is_final for status in statuses):
            task.ended_at = task.ended_at or now
        announce(session, task_topic(task.task_id))
        announce(session, lanes_topic(task.job_id))
        announce(session, lane_topic(task.task_id, lane.node_id))
        if (task.status, task.ended_at) != known:
            announce(session, job_topic(task.job_id))
    return changed


def _words(session: Session, task_id: str) -> Sequence[str]:
    """Return how the lanes of a task stand; of many parties only the words are fetched, not the rows."""
    session.flush()
    return session.scalars(_STANDINGS, {"task_id": task_id}).all()
