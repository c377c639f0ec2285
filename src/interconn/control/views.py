"""A job as people and parties see it: tasks with a lane for each party."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from interconn.api.jobs import JobView, PartyView, Progress, TaskView
from interconn.components import Components
from interconn.components.progress import is_later
from interconn.components.tables import ComponentRun
from interconn.control import jobs
from interconn.control.conversations import Conversations
from interconn.control.release import Share
from interconn.control.tables import Job, Lane, Task
from interconn.standard.control import JobStatus, JobStatusReply, TaskStatus
from interconn.standard.errors import InterconnError, InvalidRequest
from interconn.standard.wire import digest, validate

_RANKS: Final = {
    TaskStatus.PENDING: 0,
    TaskStatus.READY: 1,
    TaskStatus.RUNNING: 2,
    TaskStatus.SUCCESS: 3,
    TaskStatus.FAILED: 3,
}
_PARTY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}\.[0-9]{1,6}")


def status_reply(session: Session, job: Job, conversations: Conversations) -> JobStatusReply:
    """Return what the scheduler tells the parties (CTL-3.7): outcome, reason, lanes and who is silent are extensions.

    Of who does not answer it is told since when, and not at which address.
    """
    tasks = _own_tasks(session, job)
    going = [task for task in tasks if not task.ended_at]
    nodes = {party.node_id for task in going for party in task.parties if not party.status.is_final}
    return JobStatusReply(
        job_status=JobStatus(job.status),
        status={task.task_id: task.status for task in tasks},
        extension={
            "outcome": job.outcome,
            "reason": job.reason,
            "tasks": [task.to_wire() for task in tasks],
            "silent": conversations.silent(sorted(nodes), [job.job_id, *(task.task_id for task in going)]),
        },
    )


def told_tasks(reply: JobStatusReply) -> list[TaskView]:
    """Return the lanes that a scheduler tells; of one that tells none, its tasks with their states alone."""
    told = (reply.extension or {}).get("tasks")
    if isinstance(told, list):
        try:
            return [_as_told(validate(TaskView, each)) for each in told[:4096]]
        except InvalidRequest:
            pass  # an extension of somebody else's, of the same name
    return [TaskView(task_id=task_id, name="", component="", status=status) for task_id, status in reply.status.items()]


def told_silent(reply: JobStatusReply) -> dict[str, int]:
    """Return which nodes do not answer a scheduler, and since when, as it tells."""
    told = (reply.extension or {}).get("silent")
    pairs = [*told.items()][:256] if isinstance(told, dict) else []
    return {node_id[:128]: since for node_id, since in pairs if isinstance(since, int) and 0 < since < 2**53}


def _as_told(task: TaskView) -> TaskView:
    """Keep of a task what a scheduler can know: lanes of parties, and never where anything lies on this node."""
    lanes = [party.model_copy(update={"outputs": {}}) for party in task.parties if _PARTY.fullmatch(party.role)]
    return task.model_copy(update={"parties": lanes})


def revision(reply: JobStatusReply) -> str:
    """Return what stands for the state of a job and all its lanes in the question of who follows them."""
    return f"lanes-{digest(reply.to_wire())[:32]}"


def going_on(known: Sequence[TaskView], told: Sequence[TaskView]) -> list[TaskView]:
    """Return tasks as a scheduler tells them, but nothing that is behind what is known: answers overtake each other."""
    before = {task.task_id: task for task in known}
    return [_going_on(before[task.task_id], task) if task.task_id in before else task for task in told]


def _going_on(known: TaskView, told: TaskView) -> TaskView:
    before = {party.role: party for party in known.parties}
    parties = [_later(before.get(party.role), party) for party in told.parties]
    if _RANKS[known.status] > _RANKS[told.status]:
        told = told.model_copy(update={"status": known.status, "ended_at": known.ended_at})
    return told.model_copy(update={"parties": parties})


def _later(known: PartyView | None, told: PartyView) -> PartyView:
    if known is None or _RANKS[known.status] < _RANKS[told.status]:
        return told
    if _RANKS[known.status] > _RANKS[told.status]:
        return known
    progress = known.progress
    if progress and not (told.progress and is_later(told.progress.model_dump(), progress.model_dump())):
        return told.model_copy(update={"progress": progress})
    return told


def known_tasks(session: Session, job: Job) -> list[TaskView]:
    """Return the tasks of a job as this node and, where that is another, its scheduler know them."""
    tasks = _own_tasks(session, job)
    return tasks if job.scheduling else _merged(tasks, [validate(TaskView, each) for each in job.reported])


def job_views(session: Session, some: Sequence[Job], node_id: str, components: Components) -> list[JobView]:
    """Return jobs as this node's own people see them, with a few queries for all of them."""
    tasks = _tasks_of_each(session, some)
    task_ids = [task.task_id for each in tasks.values() for task in each]
    # What is held here is not looked for again, run by run.
    held = session.scalars(select(ComponentRun).where(ComponentRun.task_id.in_(task_ids))).all()
    found = [_job_view(session, job, tasks[job.job_id], node_id, components) for job in some]
    del held
    return found


def _job_view(session: Session, job: Job, tasks: list[TaskView], node_id: str, components: Components) -> JobView:
    if not job.scheduling:
        tasks = _merged(tasks, [validate(TaskView, each) for each in job.reported])
    for task in tasks:
        for party in task.parties:
            if party.node_id == node_id:
                role, _, index = party.role.partition(".")
                if party.status is TaskStatus.SUCCESS:  # before, nothing lies there
                    party.outputs = _outputs(components, session, task.task_id, role, int(index))
                party.reason = components.reason(session, task.task_id, role, int(index)) or party.reason
    return JobView(
        job_id=job.job_id,
        flow_id=job.flow_id,
        status=JobStatus(job.status),
        outcome=job.outcome,
        reason=job.reason,
        scheduler=job.scheduler,
        initiator=job.initiator,
        tasks=tasks,
        created_at=job.created_at,
        ended_at=job.ended_at,
        session_bytes=components.traffic(task.task_id for task in tasks),
    )


def without_held(view: JobView, node_id: str, held: Mapping[Share, Mapping[str, str]]) -> JobView:
    """Return a job with nothing of what is held but that it exists: neither its place nor its content."""
    for task in view.tasks:
        for party in task.parties:
            role, _, index = party.role.partition(".")
            names = held.get((task.task_id, role, int(index)), {}) if party.node_id == node_id else {}
            for name in names.keys() & party.outputs.keys():
                party.outputs[name] = {"category": party.outputs[name].get("category"), "standing": names[name]}
    return view


def _outputs(components: Components, session: Session, task_id: str, role: str, index: int) -> dict[str, Any]:
    try:
        return dict(components.outputs(session, task_id, role, index))
    except InterconnError:
        return {}  # of a component that this node does not have any more


def _own_tasks(session: Session, job: Job) -> list[TaskView]:
    return _tasks_of_each(session, [job])[job.job_id]


def _tasks_of_each(session: Session, some: Sequence[Job]) -> dict[str, list[TaskView]]:
    """Return the tasks of each of some jobs as this node knows them, by job id."""
    # What else is read here of these jobs comes with one query for all of them.
    whole = select(Job).where(Job.job_id.in_([job.job_id for job in some]))
    session.scalars(whole.options(undefer(Job.content), undefer(Job.reported))).all()
    tasks = jobs.tasks_of_each(session, [job.job_id for job in some])
    lanes = jobs.lanes_of_each(session, [task.task_id for each in tasks.values() for task in each])
    found = {}
    for job in some:
        classes = {each["name"]: each["componentName"] for each in job.content["dag"]["components"]}
        found[job.job_id] = [
            _task_view(task, lanes[task.task_id], classes.get(task.name, "")) for task in tasks[job.job_id]
        ]
    return found


def _task_view(task: Task, lanes: Sequence[Lane], component: str) -> TaskView:
    return TaskView(
        task_id=task.task_id,
        name=task.name,
        component=component,
        status=TaskStatus(task.status),
        parties=[_party_view(lane) for lane in lanes],
        started_at=task.created_at,
        ended_at=task.ended_at,
    )


def _party_view(lane: Lane) -> PartyView:
    return PartyView(
        node_id=lane.node_id,
        role=lane.party,
        status=TaskStatus(lane.status),
        progress=Progress(**lane.progress) if lane.progress else None,
        reason=lane.reason,
        started_at=lane.started_at,
        ended_at=lane.ended_at,
    )


def _merged(own: list[TaskView], told: list[TaskView]) -> list[TaskView]:
    """Of a task that both know, the scheduler knows all lanes and this node its own better."""
    known = {task.task_id: task for task in own}
    merged = []
    for task in told:
        mine = known.pop(task.task_id, None)
        if mine is not None:
            lanes = {party.role: party for party in task.parties} | {party.role: party for party in mine.parties}
            task = task.model_copy(
                update={"name": mine.name, "component": mine.component, "parties": list(lanes.values())}
            )
        merged.append(task)
    return merged + list(known.values())
