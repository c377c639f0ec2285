"""Whom a job waits for, for what and since when, as far as this node knows, in whatever capacity it is in it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api.jobs import PartyView, Progress, TaskView
from interconn.components.tables import ComponentRun
from interconn.control import views
from interconn.control.conversations import Conversations, Exchange
from interconn.control.states import has_ended
from interconn.control.tables import Job, Member, Task
from interconn.standard.control import JobStatus, TaskStatus
from interconn.trail.entries import AuditEntry

NOT_LAUNCHED: Final = "its component is not launched yet"


@dataclass(frozen=True)
class Awaited:
    """Something that a job waits for.

    Attributes:
        node_id: whose node has to act.
        purpose: to do what.
        since: epoch milliseconds; where a node gives no answer, the first of the calls that it has not answered.
        begun: whether it is at it already.
        task_id: where it is about a task.
        progress: how far its component has told to be.
        exchange: the last call between this node and that one about it.
        unheard: it does not answer the scheduler either, as that tells.
    """

    node_id: str
    purpose: str
    since: int
    begun: bool = False
    task_id: str = ""
    progress: Progress | None = None
    exchange: Exchange | None = None
    unheard: bool = False

    @property
    def silent(self) -> bool:
        """Whether the node does not answer, this one or the scheduler."""
        return self.unheard or (self.exchange is not None and self.exchange.silent)

    @property
    def refusing(self) -> bool:
        """Whether the node refused the last call of this one about it."""
        return self.exchange is not None and self.exchange.refused


class Refreshing(Protocol):
    """Asks the scheduler of a job how it stands."""

    async def refresh(self, job_id: str) -> None:
        """Ask once; silence is no error."""
        ...


class Standing:
    """Tells whom jobs and tasks wait for.

    Args:
        node_id: of this node.
        conversations: the last exchanges with the nodes of jobs.
        follower: keeps up with other schedulers.
    """

    def __init__(
        self, node_id: str, *, conversations: Conversations | None = None, follower: Refreshing | None = None
    ) -> None:
        self._node_id = node_id
        self._conversations = conversations
        self._follower = follower

    async def refresh(self, job_id: str) -> None:
        """Ask the scheduler of a job how it stands, where that is another node and answers."""
        if self._follower:
            await self._follower.refresh(job_id)

    def of_job(self, session: Session, job: Job) -> list[Awaited]:
        """Return what a job waits for, the most telling first; nothing once it is closed."""
        if job.closed:
            return []
        if job.submission == "SENDING":
            return self._told([Awaited(job.scheduler, "take the job as its scheduler", job.created_at)], job)
        found = self._of_scheduled(session, job) if job.scheduling else self._of_followed(session, job)
        return self._told(found, job)

    def of_task(self, session: Session, task: Task) -> list[Awaited]:
        """Return what a task waits for, the most telling first."""
        job = session.get(Job, task.job_id)
        known = [one for one in views.known_tasks(session, job) if one.task_id == task.task_id] if job else []
        return self._told(self._shares(session, known), job)

    def _of_scheduled(self, session: Session, job: Job) -> list[Awaited]:
        members = session.scalars(select(Member).where(Member.job_id == job.job_id).order_by(Member.node_id)).all()
        status = JobStatus(job.status)
        if status is JobStatus.PENDING:
            return [Awaited(one.node_id, "accept the job", job.created_at) for one in members if not one.accepted]
        if has_ended(status):
            since = job.ended_at or job.created_at
            unheard = [one.node_id for one in members if not one.informed]
            stopped = [one for one in self._stopped(session, job) if one.node_id not in unheard]
            return [*(Awaited(node_id, "hear of the end of the job", since) for node_id in unheard), *stopped]
        since = _decided_at(session, job, "job.running")
        unopened = [Awaited(one.node_id, "start the job", since) for one in members if not one.opened]
        found = unopened or self._shares(session, views.known_tasks(session, job))
        for stop in job.stops:
            since = _decided_at(session, job, "job.stopped_from")
            purpose = f"hear that {stop['task_name']} and what follows it is stopped"
            found += [
                Awaited(one.node_id, purpose, since, True) for one in members if one.node_id not in stop["informed"]
            ]
        return found or [Awaited(self._node_id, "go on with the job", since)]

    def _of_followed(self, session: Session, job: Job) -> list[Awaited]:
        if has_ended(JobStatus(job.status)):
            stopped = self._stopped(session, job)
            if stopped and not _amiss(self._last(job.scheduler, [job.job_id])):
                return stopped
            return [Awaited(job.scheduler, "confirm how the job ended", job.ended_at or job.created_at), *stopped]
        shares = self._shares(session, views.known_tasks(session, job))
        last = self._last(job.scheduler, [job.job_id, *(one.task_id for one in shares)])
        if shares and not _amiss(last):
            return shares
        purpose = "go on with the job as its scheduler"
        if job.admitted and not job.opened:
            purpose = "start the job as its scheduler"
        begun = job.opened and not _amiss(last)
        return [Awaited(job.scheduler, purpose, _last_decision(session, job), begun), *shares]

    def _stopped(self, session: Session, job: Job) -> list[Awaited]:
        """Return whose shares were cut short by the end of the job and have not ended yet (docs/decisions/0020)."""
        since = job.ended_at or job.created_at
        return [
            Awaited(
                party.node_id,
                self._ending(session, task, party),
                since,
                begun=party.node_id != self._node_id,  # what this node has to end itself goes first
                task_id=task.task_id,
            )
            for task in views.known_tasks(session, job)
            for party in task.parties
            if not party.status.is_final
        ]

    def _ending(self, session: Session, task: TaskView, party: PartyView) -> str:
        purpose = f"end its part as {party.role} in task {task.name or task.task_id}, which was stopped"
        if party.node_id == self._node_id and (run := _run_of(session, task.task_id, party.role)):
            return _of_component(run, purpose, 0)[0]
        return purpose

    def _shares(self, session: Session, tasks: Sequence[TaskView]) -> list[Awaited]:
        untold = _untold(session, [task.task_id for task in tasks if not task.ended_at])
        return [
            self._share(session, task, party, untold.get(task.task_id))
            for task in tasks
            for party in task.parties
            if not party.status.is_final
        ]

    def _share(self, session: Session, task: TaskView, party: PartyView, told: Collection[str] | None) -> Awaited:
        since = party.started_at or task.started_at or 0
        place = f"as {party.role} in task {task.name or task.task_id}"
        if told is not None and party.node_id not in told and party.status is TaskStatus.PENDING:
            return Awaited(party.node_id, f"accept its part {place}", since, False, task.task_id)
        begun = party.status is TaskStatus.RUNNING
        purpose = f"{'finish' if begun else 'begin'} {place}"
        if party.node_id == self._node_id and (run := _run_of(session, task.task_id, party.role)):
            purpose, since = _of_component(run, purpose, since)
        if party.reason:
            purpose = f"{purpose}: {party.reason}"
        return Awaited(party.node_id, purpose, since, begun, task.task_id, party.progress if begun else None)

    def _told(self, found: Sequence[Awaited], job: Job | None) -> list[Awaited]:
        """Add the last exchanges, and sort: who is silent or refuses, who has not begun, whom one hears least.

        Of two of whom one hears nothing, another node goes before this one, as it is the one that cannot be seen.
        """
        told = []
        elsewhere = self._silent_to_scheduler(job) if job else {}
        for one in found:
            about = [matter for matter in (one.task_id, job.job_id if job else "") if matter]
            exchange = None if one.node_id == self._node_id else self._last(one.node_id, about)
            since = exchange.since if exchange and exchange.silent else one.since
            if job and one.node_id in elsewhere and not (exchange and exchange.silent):
                purpose = f"{one.purpose}; it does not answer {job.scheduler}, which schedules"
                one = replace(one, purpose=purpose, unheard=True)
                since = elsewhere[one.node_id]
            told.append(replace(one, exchange=exchange, since=since))

        def rank(one: Awaited) -> tuple[bool, bool, int, bool, int, int]:
            heard = one.progress.at or 0 if one.progress else 0
            spoken = one.exchange.at if one.exchange else 0
            return (not (one.silent or one.refusing), one.begun, heard, one.node_id == self._node_id, spoken, one.since)

        return sorted(told, key=rank)

    def _silent_to_scheduler(self, job: Job) -> Mapping[str, int]:
        if self._conversations is None or job.scheduling or has_ended(JobStatus(job.status)):
            return {}
        silent = self._conversations.silent_to_scheduler(job.job_id)
        return {node_id: since for node_id, since in silent.items() if node_id not in (self._node_id, job.scheduler)}

    def _last(self, node_id: str, matters: Sequence[str]) -> Exchange | None:
        return self._conversations.last(node_id, matters) if self._conversations else None


def _amiss(last: Exchange | None) -> bool:
    """Tell whether a node gave no answer to the last call of this one, or a refusal."""
    return last is not None and (last.silent or last.refused)


def _untold(session: Session, task_ids: Sequence[str]) -> dict[str, Collection[str]]:
    """Return of tasks that this node schedules which nodes have answered CTL-3.4."""
    rows = session.execute(
        select(Task.task_id, Task.told)
        .join(Job, Job.job_id == Task.job_id)
        .where(Task.task_id.in_(task_ids), Job.scheduling)
    )
    return {row[0]: row[1] for row in rows}


def _run_of(session: Session, task_id: str, party: str) -> ComponentRun | None:
    role, _, index = party.rpartition(".")
    return session.get(ComponentRun, (task_id, role, int(index))) if index.isdecimal() else None


def _of_component(run: ComponentRun, purpose: str, since: int) -> tuple[str, int]:
    """Say what this node's own component does, which is more than its share's state tells."""
    if run.state == "ORDERED":
        return f"{purpose}: {NOT_LAUNCHED}", run.ordered_at
    if run.stop_reason:
        return f"{purpose}: its component is being stopped, {run.stop_reason}", since
    if not run.reported:
        return f"{purpose}: its component was launched and has told nothing yet", run.launched_at or since
    if run.reported_at:
        return f"{purpose}: its component has told {run.reported} and does not end", run.reported_at
    return purpose, since


def _decided_at(session: Session, job: Job, action: str) -> int:
    """Return when something was decided of a job, by the audit trail."""
    asked = select(func.max(AuditEntry.at)).where(AuditEntry.subject == job.job_id, AuditEntry.action == action)
    return session.scalar(asked) or job.created_at


def _last_decision(session: Session, job: Job) -> int:
    decided = select(func.max(AuditEntry.at)).where(AuditEntry.subject == job.job_id)
    ended = select(func.max(Task.ended_at)).where(Task.job_id == job.job_id)
    return max(session.scalar(decided) or 0, session.scalar(ended) or 0, job.created_at)
