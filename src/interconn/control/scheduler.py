"""What a scheduler serves the parties of a job: creation, stop, status, callbacks (CTL-3.1, 3.5, 3.7, 3.9)."""

from __future__ import annotations

from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from interconn.components.callback import reason_text, told_part
from interconn.components.progress import told_progress
from interconn.control import jobs, views
from interconn.control.admission import Admission
from interconn.control.conversations import Conversations
from interconn.control.flow import Descriptions, plan
from interconn.control.holding import LANES, hold, known_to
from interconn.control.jobs import Cause
from interconn.control.shares import Shares
from interconn.control.states import Outcome, goes_back, has_ended
from interconn.control.tables import Job, Member, Task
from interconn.peers.inbound import Caller, Service
from interconn.standard.control import (
    JOB_CREATE_ALL,
    JOB_STATUS_ALL,
    JOB_STOP_ALL,
    TASK_CALLBACK,
    JobCreate,
    JobReference,
    JobStatus,
    JobStatusReply,
    JobStop,
    TaskCallback,
    TaskHeard,
    TaskStatus,
)
from interconn.standard.errors import Forbidden, NotFound, Refused
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.database import Database

log = structlog.get_logger()

CREATION_SECONDS: Final = 8.0
"""How long create_all waits for the participants' answers before it answers that the work goes on."""


class Scheduler:
    """Serves the parties of jobs that this node schedules. What it decides, the driver carries out.

    Args:
        node_id: of this node.
        database: where jobs are kept.
        clock: time.
        admission: says for whom this node schedules.
        descriptions: of the components known here.
        shares: this node's own part, where it has one.
        conversations: who does not answer this node.
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
        conversations: Conversations,
    ) -> None:
        self._node_id = node_id
        self._database = database
        self._clock = clock
        self._admission = admission
        self._descriptions = descriptions
        self._shares = shares
        self._conversations = conversations

    def services(self) -> list[Service[Any, Any]]:
        """Return what is served to the parties."""
        return [
            Service(JOB_CREATE_ALL, self.create_all),
            Service(JOB_STOP_ALL, self.stop_all),
            Service(JOB_STATUS_ALL, self.status_all),
            Service(TASK_CALLBACK, self.callback),
        ]

    async def create_all(self, caller: Caller, request: JobCreate) -> Empty:
        """Take a job from its initiator (CTL-3.1) and ask all participants (CTL-3.2). A repeat is answered alike.

        Raises:
            Forbidden: the caller is not the initiator, or this node does not schedule for it.
            InvalidFlow: it cannot be run.
            ContentConflict: the job is known with other content.
            Refused: another node schedules it, or a participant refused.
        """
        if caller.node_id != request.config.initiator.node_id:
            message = f"the job's initiator is {request.config.initiator.node_id}"
            raise Forbidden(message, where="config.initiator", clause=JOB_CREATE_ALL.clause)
        cause = self._cause(f"node:{caller.node_id}", JOB_CREATE_ALL.clause, caller)
        await self._database.write(lambda session: self.accept(session, request, caller.trace_id, cause))
        return await self._answered(request.job_id)

    def accept(self, session: Session, request: JobCreate, trace_id: str, cause: Cause) -> None:
        """Take a job to schedule, in a transaction; raises as `create_all` does."""
        if request.config.scheduler() != self._node_id:
            message = f"the job is scheduled by {request.config.scheduler()}"
            raise Refused(message, where="config.job_params.common.scheduler", clause=JOB_CREATE_ALL.clause)
        job = jobs.known(session, request.job_id)
        initiator = request.config.initiator.node_id
        if job and jobs.concerns(job, initiator):
            jobs.check_same(job, request)
            if not job.scheduling:
                raise Refused(f"the job is known here as {job.status}: {job.reason}", where="job_id", clause="CTL-3.1")
            return
        plan(request, self._descriptions)
        self._admission.admit_as_scheduler(session, request, caller=initiator)
        if job:  # admission knows no such job of the caller's either
            raise Forbidden("the job was not approved here", where="job_id", clause=JOB_CREATE_ALL.clause)
        job = jobs.new_job(request, scheduler=self._node_id, trace_id=trace_id, now=cause.at)
        job.scheduling = True
        session.add(job)
        session.flush()
        session.add_all(Member(job_id=job.job_id, node_id=node_id) for node_id in request.config.nodes())
        remarks = {"remarks": found} if (found := request.config.remarks()) else {}
        jobs.note(session, job, "job.scheduled", cause, dag=job.dag_digest, config=job.config_digest, **remarks)

    async def _answered(self, job_id: str) -> Empty:
        """Wait a while for what the participants say, as the initiator is owed it (CTL-3.1)."""
        with self._database.signals.subscribe(jobs.job_topic(job_id)) as wake:
            deadline = self._clock.now() + CREATION_SECONDS * 1000
            while True:
                job = await self._database.read(lambda session: jobs.require(session, job_id))
                if job.status == JobStatus.REJECTED:
                    raise Refused(f"the job was rejected: {job.reason}", where="job_id", clause=JOB_CREATE_ALL.clause)
                if job.status != JobStatus.PENDING or self._clock.now() >= deadline:
                    return Empty()
                await wake.wait((deadline - self._clock.now()) / 1000)

    async def stop_all(self, caller: Caller, request: JobStop) -> Empty:
        """Stop a job, or a component of it and all that follow, for any of its parties (CTL-3.5).

        Raises:
            NotFound: the caller has no part in such a job.
            InvalidFlow: the DAG has no such component.
        """
        cause = self._cause(f"node:{caller.node_id}", JOB_STOP_ALL.clause, caller)

        def work(session: Session) -> None:
            job = self._job_of(session, request.job_id, caller)
            self.stop(session, job, request.task_name or "", f"stopped by {caller.node_id}", cause)

        await self._database.write(work)
        return Empty()

    def stop(self, session: Session, job: Job, task_name: str, reason: str, cause: Cause) -> None:
        """Stop a job from a component on, or whole, in a transaction. A repeat changes nothing."""
        if has_ended(JobStatus(job.status)):
            return
        if not task_name:
            self._shares.end(session, job, Outcome.FAILED, reason, cause)
            return
        names = self._shares.plan(job).downstream(task_name)
        if task_name in {stop["task_name"] for stop in job.stops}:
            return
        job.stopped = sorted({*job.stopped, *names})
        job.stops = [*job.stops, {"task_name": task_name, "reason": reason, "informed": []}]
        jobs.note(session, job, "job.stopped_from", cause, task_name=task_name)

    async def status_all(self, caller: Caller, request: JobReference) -> JobStatusReply:
        """Say how a job and its tasks stand (CTL-3.7).

        Raises:
            NotFound: the caller has no part in such a job.
        """

        async def status() -> str:
            return await self._database.read(lambda session: self._job_of(session, request.job_id, caller).status)

        async def reply() -> JobStatusReply:
            return await self._database.read(
                lambda session: views.status_reply(
                    session, self._job_of(session, request.job_id, caller), self._conversations
                )
            )

        if known_to(caller).startswith(LANES):
            topic = jobs.lanes_topic(request.job_id)
            return await hold(self._database, caller, topic, reply, status=views.revision)
        await hold(self._database, caller, jobs.status_topic(request.job_id), status, status=str)
        return await reply()

    async def callback(self, caller: Caller, request: TaskCallback) -> TaskHeard:
        """Take note of how a participant's task stands (CTL-3.9); polls tell the same (resolution 8).

        Raises:
            NotFound: the caller has no share in such a task.
        """
        now = self._clock.now()
        extension = request.extension or {}
        told = told_part(reason_text(extension.get("reason")))
        tells_progress = isinstance(extension.get("progress"), dict)
        progress = told_progress(extension["progress"]) if tells_progress and extension["progress"] else None

        def work(session: Session) -> None:
            task = session.get(Task, request.task_id)
            job = session.get(Job, task.job_id) if task else None
            role, _, index = request.role.partition(".")
            lanes = [
                lane
                for lane in jobs.lanes_at(session, request.task_id, caller.node_id, role)
                if index in ("", str(lane.index))
            ]
            if not (task and job and job.scheduling and lanes):
                raise NotFound("you have no share in such a task", where="task_id", clause=TASK_CALLBACK.clause)
            for lane in lanes:
                # Of several shares of one role on one node, a word without a number tells of the first end at most.
                # Progress goes beside what is pushed of its status, and may be overtaken by the end.
                overtaken = bool(progress) and request.status is TaskStatus.RUNNING
                if goes_back(TaskStatus(lane.status), request.status) and not overtaken:
                    log.warning("a status that goes back", partner=caller.node_id, task=request.task_id,
                                party=lane.party, known=lane.status, told=request.status.value,
                                clause="CTL-3.8-task-states")  # fmt: skip
                if len(lanes) == 1 or not request.status.is_final or request.status is TaskStatus.FAILED:
                    reason = told or (f"{caller.node_id} tells no reason" if request.status.is_final else "")
                    jobs.move_lane(
                        session, task, lane, request.status, now, reason=reason,
                        progress=progress if len(lanes) == 1 else None,
                    )  # fmt: skip

        await self._database.write(work)
        # Said only to who tells it: for all others the standard's empty object is all there is (CTL-2.3).
        return TaskHeard(extension={"progress": "taken"} if tells_progress else None)

    def _job_of(self, session: Session, job_id: str, caller: Caller) -> Job:
        job = session.get(Job, job_id)
        member = session.get(Member, (job_id, caller.node_id))
        # Whether there is such a job is nobody's business but its parties'.
        if job is None or not job.scheduling or not (member or caller.node_id == job.initiator):
            raise NotFound("this node schedules no such job with you", where="job_id", clause="CTL-3.7")
        return job

    def _cause(self, actor: str, clause: str, caller: Caller) -> Cause:
        return Cause(
            at=self._clock.now(),
            actor=actor,
            clause=clause,
            partner=caller.node_id,
            request_digest=caller.request_digest,
            evidence=caller.evidence,
        )
