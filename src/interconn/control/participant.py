"""A node's part in a job: it takes jobs and tasks from the scheduler, and answers polls.

Only the scheduler of the approved configuration is obeyed (CTL-3.2 to CTL-3.4, CTL-3.6, CTL-3.8).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from interconn.control import jobs
from interconn.control.admission import Admission
from interconn.control.flow import Descriptions, plan
from interconn.control.holding import hold
from interconn.control.jobs import Cause
from interconn.control.shares import Shares
from interconn.control.states import Outcome, combined, has_ended
from interconn.control.tables import Job, Lane, Task
from interconn.peers.inbound import Caller, Service
from interconn.standard.control import (
    JOB_CREATE,
    JOB_START,
    JOB_STOP,
    TASK_POLL,
    TASK_START,
    JobCreate,
    JobReference,
    JobStatus,
    PartyStop,
    TaskPoll,
    TaskStart,
    TaskStarted,
    TaskStatus,
    TaskStatusReply,
)
from interconn.standard.errors import (
    ContentConflict,
    Forbidden,
    InvalidFlow,
    InvalidRequest,
    NoLauncher,
    NotFound,
    Refused,
)
from interconn.standard.flow import Config
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database, announce

log = structlog.get_logger()

_REFUSALS: Final = (Forbidden, InvalidFlow, NoLauncher, NotFound)


class Participant:
    """Serves the scheduler.

    Args:
        node_id: of this node.
        database: where jobs are kept.
        clock: time.
        admission: says whether a job was approved.
        descriptions: of the components that this node can run.
        shares: runs what this node has to run.
    """

    def __init__(
        self,
        *,
        node_id: str,
        database: Database,
        clock: Clock,
        admission: Admission,
        descriptions: Descriptions,
        shares: Shares,
    ) -> None:
        self._node_id = node_id
        self._database = database
        self._clock = clock
        self._admission = admission
        self._descriptions = descriptions
        self._shares = shares

    def services(self) -> list[Service[Any, Any]]:
        """Return what is served to the scheduler."""
        return [
            Service(JOB_CREATE, self.create),
            Service(JOB_START, self.start),
            Service(TASK_START, self.start_task),
            Service(TASK_POLL, self.poll),
            Service(JOB_STOP, self.stop),
        ]

    async def create(self, caller: Caller, request: JobCreate) -> Empty:
        """Take part in a job (CTL-3.2), if it was approved. A repeat is answered alike.

        Raises:
            Forbidden: the caller does not schedule the job, or admission refuses it.
            InvalidFlow: it cannot be run.
            ContentConflict: the job is known with other content.
        """
        _check_scheduler(request.config, caller.node_id)
        if self._node_id not in request.config.nodes():
            raise Refused("this node has no role in the job", where="config.role", clause="CTL-3.2")
        cause = self._cause(caller, JOB_CREATE.clause)
        try:
            await self._database.write(lambda session: self._accept(session, request, caller, cause))
        except _REFUSALS as error:
            reason = f"{self._node_id}: {error}"  # as its scheduler, and through it everybody, tells it
            log.info("job refused", job=request.job_id, scheduler=caller.node_id, reason=reason)
            await self._database.write(
                lambda session: jobs.keep_refusal(
                    session, request, scheduler=caller.node_id, trace_id=caller.trace_id, cause=cause, why=reason
                )
            )
            raise
        reach("job.created")
        return Empty()

    def _accept(self, session: Session, request: JobCreate, caller: Caller, cause: Cause) -> None:
        job = jobs.known(session, request.job_id)
        if job and jobs.concerns(job, caller.node_id):
            jobs.check_same(job, request)
            if job.scheduler != caller.node_id:
                raise Forbidden(f"the job is scheduled by {job.scheduler}", where="job_id", clause=JOB_CREATE.clause)
            if job.admitted:
                return
            _check_goes_on(job, JOB_CREATE.clause)
        self._shares.check_room(plan(request, self._descriptions))
        self._admission.admit(session, request, scheduler=caller.node_id)
        if job and job.scheduler != caller.node_id:  # admission knows no such job of the caller's either
            raise Forbidden("the job was not approved here", where="job_id", clause=JOB_CREATE.clause)
        if job is None:
            job = jobs.new_job(request, scheduler=caller.node_id, trace_id=caller.trace_id, now=cause.at)
            session.add(job)
        job.admitted = True
        jobs.note(session, job, "job.admitted", cause, dag=job.dag_digest, config=job.config_digest)

    async def start(self, caller: Caller, request: JobReference) -> Empty:
        """Open a job for its tasks (CTL-3.3).

        Raises:
            NotFound, Forbidden, Refused: not created here, not the caller's, or ended.
        """
        cause = self._cause(caller, JOB_START.clause)

        def work(session: Session) -> None:
            job = _obeyed(session, request.job_id, caller)
            _check_goes_on(job, JOB_START.clause)
            if not job.opened:
                job.opened = True
                if not job.scheduling:  # else the scheduler's own decision stands there already
                    jobs.move(session, job, JobStatus.READY, cause)
                    jobs.move(session, job, JobStatus.RUNNING, cause)

        await self._database.write(work)
        return Empty()

    async def start_task(self, caller: Caller, request: TaskStart) -> TaskStarted:
        """Start this node's share of a task, one component for each role it plays (CTL-3.4, CTL-3.3-once).

        Raises:
            NotFound, Forbidden, Refused: not created here, not the caller's, not started, or ended.
            ContentConflict: the task id or the component is taken.
            InvalidFlow: the DAG has no such component.
            NotApproved, PermitRefused: the approval, the contract with the initiator or a permit is over by now.
        """
        await self._database.write(lambda session: self._begin(session, caller, request))
        reach("task.accepted")
        # Said at once, so that the scheduler asks no other node as long as this one has no room (CTL-3.4).
        if not (reason := await self._shares.waits(request.task_id)):
            return TaskStarted()
        await self._database.write(lambda session: self._shares.note_waiting(session, request.task_id, reason))
        return TaskStarted(extension={"waiting": reason})

    def _begin(self, session: Session, caller: Caller, request: TaskStart) -> None:
        if request.task_id.startswith("."):
            raise InvalidRequest("no directory can be named after it", where="task_id", clause=TASK_START.clause)
        job = _obeyed(session, request.job_id, caller)
        task = session.get(Task, request.task_id)
        if task and (task.job_id, task.name) != (job.job_id, request.task_name):
            raise ContentConflict("the task id is in use", where="task_id", clause=TASK_START.clause)
        if task and all(lane.status != TaskStatus.PENDING for lane in self._shares.lanes(session, request.task_id)):
            return
        _check_goes_on(job, TASK_START.clause)
        if not job.opened:
            raise Refused("the job has not been started", where="job_id", clause="CTL-G3.1.1.2-start")
        if request.task_name in job.stopped:
            raise Refused("the component has been stopped", where="task_name", clause="CTL-3.5-cascade")
        step = self._shares.plan(job).steps.get(request.task_name)
        if step is None:
            raise InvalidFlow("the DAG has no such component", where="task_name", clause=TASK_START.clause)
        tasks = jobs.tasks_named(session, job.job_id, {step.name, *step.upstream})
        _check_task_id(session, request, tasks.get(step.name))
        # What was revoked since the job was admitted holds for each of its tasks; no use is counted again.
        digests = (job.dag_digest, job.config_digest)
        self._admission.admit(session, self._shares.content(job), scheduler=job.scheduler, digests=digests)
        self._shares.begin(session, job, step, request.task_id, task, tasks)

    async def poll(self, caller: Caller, request: TaskPoll) -> TaskStatusReply:
        """Say how a task stands here (CTL-3.8); a task not known yet, or none of the caller's, is PENDING.

        Raises:
            Forbidden: the caller has a part in the job and does not schedule it.
        """

        async def read() -> TaskStatusReply:
            return await self._database.read(lambda session: self._state_of(session, caller, request))

        topic = jobs.task_topic(request.task_id)
        return await hold(self._database, caller, topic, read, status=lambda reply: reply.status)

    def _state_of(self, session: Session, caller: Caller, request: TaskPoll) -> TaskStatusReply:
        task = session.get(Task, request.task_id)
        job = session.get(Job, task.job_id) if task else None
        if task is None or job is None or not jobs.concerns(job, caller.node_id):
            return TaskStatusReply(status=TaskStatus.PENDING)
        _obeyed(session, task.job_id, caller)
        role, _, index = request.role.partition(".")
        own = self._shares.lanes(session, task.task_id)
        lanes = [lane for lane in own if role in ("", lane.role) and index in ("", str(lane.index))]
        if not lanes:
            # It was told of a task in which it has no share: nothing of it is left to wait for.
            return TaskStatusReply(status=TaskStatus.PENDING if own else TaskStatus.SUCCESS)
        extension = {"parties": {lane.party: _report(lane) for lane in lanes}}
        return TaskStatusReply(status=combined(TaskStatus(lane.status) for lane in lanes), extension=extension)

    async def stop(self, caller: Caller, request: PartyStop) -> Empty:
        """Stop this node's share of a job, or of a task and those that follow it (CTL-3.6). A repeat changes nothing.

        Raises:
            NotFound, Forbidden: not created here, or not the caller's.
            InvalidFlow: the DAG has no such component.
        """
        cause = self._cause(caller, JOB_STOP.clause)

        def work(session: Session) -> None:
            job = _obeyed(session, request.job_id, caller)
            if request.task_name:
                self._stop_from(session, job, request.task_name, cause)
            else:
                self._stop_all(session, job, request.extension or {}, cause)

        await self._database.write(work)
        return Empty()

    def _stop_from(self, session: Session, job: Job, task_name: str, cause: Cause) -> None:
        names = self._shares.plan(job).downstream(task_name)
        if not names <= set(job.stopped):
            job.stopped = sorted({*job.stopped, *names})
            jobs.note(session, job, "job.stopped_from", cause, task_name=task_name)
        self._shares.stop(session, job, f"stopped by {cause.partner}", names)

    def _stop_all(self, session: Session, job: Job, told: Mapping[str, Any], cause: Cause) -> None:
        said = told.get("reason")
        reason = job.reason or (said if isinstance(said, str) else "") or f"stopped by {cause.partner}"
        if job.status != JobStatus.RUNNING:
            # Not begun: whether the scheduler calls that REJECTED or FINISHED, it is asked (`follower`).
            self._shares.stop(session, job, reason)
            if not has_ended(JobStatus(job.status)):
                jobs.note(session, job, "job.stop", cause)
            announce(session, jobs.job_topic(job.job_id))  # one that was given up here may have its scheduler back
            return
        # Some schedulers send CTL-3.6 after a success too; ours say what the job came to.
        failed = told.get("outcome") in (Outcome.FAILED, Outcome.REJECTED)
        outcome = Outcome.FAILED if failed else self._shares.outcome(session, job)
        self._shares.end(session, job, outcome, "" if outcome is Outcome.SUCCESS else reason, cause)

    def _cause(self, caller: Caller, clause: str) -> Cause:
        return Cause(
            at=self._clock.now(),
            actor=f"node:{caller.node_id}",
            clause=clause,
            partner=caller.node_id,
            request_digest=caller.request_digest,
            evidence=caller.evidence,
        )


def _obeyed(session: Session, job_id: str, caller: Caller) -> Job:
    """Return a job that this node takes part in and the caller schedules."""
    job = session.get(Job, job_id)
    if job and caller.node_id != job.scheduler and jobs.concerns(job, caller.node_id):
        raise Forbidden(f"the job is scheduled by {job.scheduler}", where="job_id", clause="CTL-3.2")
    # One answer for a job that is not there, that was refused, and that is none of the caller's business.
    if job is None or caller.node_id != job.scheduler or not job.admitted:
        raise NotFound("this node takes no part in such a job of yours", where="job_id", clause="CTL-2.3")
    return job


def _check_goes_on(job: Job, clause: str) -> None:
    if has_ended(JobStatus(job.status)):
        raise Refused(f"the job has ended: {job.reason or job.outcome}", where="job_id", clause=clause)


def _check_task_id(session: Session, request: TaskStart, known: Task | None) -> None:
    if known and known.task_id != request.task_id:
        raise ContentConflict("the component has another task id", where="task_id", clause=TASK_START.clause)
    # Outputs are named {task}-{key}: one task's `t-a` and another's `t` with `a-…` would be one place.
    parts = request.task_id.split("-")
    shorter = ["-".join(parts[:count]) for count in range(1, len(parts))]
    longer = (Task.task_id >= f"{request.task_id}-", Task.task_id < f"{request.task_id}.")  # '.' follows '-'
    alike = select(Task).where(Task.job_id == request.job_id, or_(Task.task_id.in_(shorter), and_(*longer)))
    for other in session.scalars(alike.limit(1)):
        message = f"begins like that of {other.name}, so that their outputs could have one name"
        raise ContentConflict(message, where="task_id", clause="CMP-G4.2.1.3-naming")


def _check_scheduler(config: Config, caller: str) -> None:
    # Where none is named, the initiator may act as one (CTL-G3.2.3-no-scheduler).
    allowed = {config.scheduler()}
    if not config.job_params.common.get("scheduler"):
        allowed.add(config.initiator.node_id)
    if caller not in allowed:
        raise Forbidden(
            f"the job is scheduled by {config.scheduler()}, not by {caller}",
            where="config.job_params.common.scheduler",
            clause="CTL-3.2",
        )


def _report(lane: Lane) -> dict[str, Any]:
    return {
        "status": lane.status,
        "progress": lane.progress,
        "reason": lane.reason,
        "started_at": lane.started_at,
        "ended_at": lane.ended_at,
    }
