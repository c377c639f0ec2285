"""What the node's own people ask of control: run, show, list and stop jobs, read logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from interconn.api.jobs import (
    JOB_LIST,
    JOB_LOG,
    JOB_RUN,
    JOB_SHOW,
    JOB_STOP,
    JobLog,
    JobLogRequest,
    JobRun,
    JobSearch,
    JobView,
    JobViews,
)
from interconn.api.own import OwnService, Person
from interconn.components import Components
from interconn.components.task_log import Severity
from interconn.control import jobs, views
from interconn.control.admission import Admission
from interconn.control.flow import plan
from interconn.control.follower import Follower
from interconn.control.jobs import Cause
from interconn.control.partners import Partners
from interconn.control.release import ResultRelease
from interconn.control.scheduler import Scheduler
from interconn.control.shares import Shares
from interconn.control.states import Outcome, has_ended
from interconn.control.tables import Job
from interconn.standard.control import (
    JOB_STOP_ALL,
    JobCreate,
    JobReference,
    JobStatus,
    JobStop,
    LogLevel,
    PlatformJobCreate,
)
from interconn.standard.errors import InvalidFlow, NotApproved, Refused
from interconn.standard.identifiers import new_job_id
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page

SEVERITIES: Final = {LogLevel.DEBUG: Severity.DEBUG, LogLevel.INFO: Severity.INFO, LogLevel.ERROR: Severity.ERROR}
FIRST_WORD_SECONDS: Final = 5.0
"""How long a person who starts a job waits for the participants' first answer."""


class Initiator:
    """Serves the admin listener.

    Args:
        node_id: of this node.
        database: where jobs are kept.
        clock: time.
        components: has logs and places of outputs.
        admission: holds the approved jobs.
        scheduler: takes jobs that this node schedules itself.
        follower: asks other schedulers.
        partners: the nodes.
        shares: this node's own part.
        release: says which results are held.
    """

    def __init__(
        self,
        *,
        node_id: str,
        database: Database,
        clock: Clock,
        components: Components,
        admission: Admission,
        scheduler: Scheduler,
        follower: Follower,
        partners: Partners,
        shares: Shares,
        release: ResultRelease,
    ) -> None:
        self._node_id = node_id
        self._database = database
        self._clock = clock
        self._components = components
        self._admission = admission
        self._scheduler = scheduler
        self._follower = follower
        self._partners = partners
        self._shares = shares
        self._release = release

    def own_services(self) -> list[OwnService[Any, Any]]:
        """Return what is served to the node's own people and systems."""
        return [
            OwnService(JOB_RUN, self.run),
            OwnService(JOB_SHOW, self.show),
            OwnService(JOB_LIST, self.list),
            OwnService(JOB_STOP, self.stop),
            OwnService(JOB_LOG, self.log),
        ]

    async def run(self, person: Person, request: JobRun) -> JobView:
        """Run a job whose approvals are all there; returns once the participants have answered, or soon.

        Raises:
            NotFound, NotApproved: there is no such job, or an approval is missing.
            InvalidFlow: it cannot be run.
        """
        await self._database.write(
            lambda session: self._submit(
                session, self._admission.proposed(session, request.job_id), person, "own.job.run"
            )
        )
        with self._database.signals.subscribe(jobs.job_topic(request.job_id)) as wake:
            deadline = self._clock.now() + FIRST_WORD_SECONDS * 1000
            while await self._waits(request.job_id) and self._clock.now() < deadline:
                await wake.wait((deadline - self._clock.now()) / 1000)
        return await self.view(request.job_id)

    async def _waits(self, job_id: str) -> bool:
        status = await self._database.read(lambda session: jobs.require(session, job_id).status)
        return status == JobStatus.PENDING

    async def submit(self, person: Person, content: PlatformJobCreate, clause: str) -> str:
        """Run a job with some content, and return its id.

        Without an id it is the job that this node proposed with that content and that waits to be run: in this
        transaction, so that of two who ask at the same time one runs it. Where there is none, an id is made for it.

        Args:
            person: who decides it.
            content: of the job, and its id where that was reserved before.
            clause: of the call by which it came.

        Raises:
            InvalidFlow: it cannot be run.
            ContentConflict: the job id is known with other content.
            NotApproved: an approval is missing.
        """

        def work(session: Session) -> str:
            known = self._admission.awaiting(session, content) if content.job_id is None else None
            job = known or JobCreate(
                job_id=content.job_id or new_job_id(),
                flow_id=content.flow_id,
                dag=content.dag,
                config=content.config,
            )
            try:
                self._submit(session, job, person, clause)
            except NotApproved as error:
                if known or content.job_id:
                    raise
                # Of an id that was made a moment ago nobody knows anything.
                raise NotApproved(
                    "no job with this flow, DAG and configuration waits to be run",
                    where="config",
                    clause=clause,
                    hint="interconn job propose asks for its approvals; each may be run once",
                ) from error
            return job.job_id

        return await self._database.write(work)

    def _submit(self, session: Session, request: JobCreate, person: Person, clause: str) -> None:
        """Decide to run a job, in a transaction: schedule it here or hand it to who does. A repeat changes nothing."""
        if request.config.initiator.node_id != self._node_id:
            message = f"the job's initiator is {request.config.initiator.node_id}"
            raise InvalidFlow(message, where="config.initiator", clause=clause, hint="Its own node runs it")
        cause = Cause(at=self._clock.now(), actor=person.actor, clause=clause, evidence=person.authority)
        scheduler = request.config.scheduler()
        if scheduler == self._node_id:
            self._scheduler.accept(session, request, person.trace_id, cause)
            return
        job = jobs.known(session, request.job_id)
        if job:
            jobs.check_same(job, request)
            return
        plan(request, self._components.registry)
        job = jobs.new_job(request, scheduler=scheduler, trace_id=person.trace_id, now=cause.at)
        job.submission = "SENDING"
        session.add(job)
        session.flush()
        jobs.note(session, job, "job.submit", cause, dag=job.dag_digest, config=job.config_digest)

    async def show(self, _person: Person, request: JobReference) -> JobView:
        """Show a job; one that another node schedules is asked for there.

        Raises:
            NotFound: the job is not known here.
        """
        await self._follower.refresh(request.job_id)
        return await self.view(request.job_id)

    async def list(self, _person: Person, request: JobSearch) -> JobViews:
        """List jobs, newest first, as this node knows them without asking."""
        matching = []
        if request.status:
            matching.append(Job.status == request.status.value)
        if request.flow_id:
            matching.append(Job.flow_id == request.flow_id)

        def read(session: Session) -> JobViews:
            found, total = read_page(
                session,
                Job,
                lambda some: self._views(session, some),
                paging=request,
                order=(Job.created_at.desc(), Job.job_id.desc()),
                matching=matching,
            )
            return JobViews(jobs=[*found], total=total)

        return await self._database.read(read)

    async def stop(self, person: Person, request: JobStop) -> JobView:
        """Stop a job or a part of it, here or through its scheduler; raises as `stop_job` does."""
        await self.stop_job(person, request, "own.job.stop")
        return await self.show(person, JobReference(job_id=request.job_id))

    async def stop_job(self, person: Person, request: JobStop, clause: str) -> None:
        """Stop a job, or a component of it and all that follow, here or through its scheduler.

        Raises:
            NotFound: the job is not known here.
            InvalidFlow: the DAG has no such component.
            PeerError: the scheduler cannot be told.
        """
        cause = Cause(at=self._clock.now(), actor=person.actor, clause=clause, evidence=person.authority)
        task_name = request.task_name or ""

        def decide(session: Session) -> str:
            """Stop what is this node's to stop; return who else has to be asked."""
            job = jobs.require(session, request.job_id)
            if has_ended(JobStatus(job.status)):
                return ""
            if job.scheduling:
                self._scheduler.stop(session, job, task_name, f"stopped by {self._node_id}", cause)
                return ""
            if job.submission == "SENDING":
                if task_name:
                    message = f"the job is being handed to {job.scheduler}"
                    raise Refused(message, where="job_id", hint="Stop it whole, or once that has answered")
                # Should the scheduler have taken it, it hears so with this node's part, and is asked what came of it.
                job.submission = "ACCEPTED"
                self._shares.end(session, job, Outcome.FAILED, f"stopped by {self._node_id}", cause)
                return ""
            jobs.note(session, job, "job.stop_asked", cause, **({"task_name": task_name} if task_name else {}))
            return job.scheduler

        scheduler = await self._database.write(decide)
        if scheduler:
            await self._partners.answer(scheduler, JOB_STOP_ALL, request, trace_id=person.trace_id)

    async def log(self, _person: Person, request: JobLogRequest) -> JobLog:
        """Read the log of a task on this node.

        Raises:
            NotFound: this node ran no component for it.
        """
        lines, total = await self._components.logs.read(
            request.task_id, start=request.start, length=request.length, level=SEVERITIES[request.level]
        )
        return JobLog(lines=lines, total=total)

    async def view(self, job_id: str) -> JobView:
        """Return a job as this node's own people see it, without asking anybody.

        Raises:
            NotFound: it is not known here.
        """
        return await self._database.read(lambda session: self._views(session, [jobs.require(session, job_id)])[0])

    def _views(self, session: Session, some: Sequence[Job]) -> Sequence[JobView]:
        preauthorised = self._admission.preauthorised(session, [job.job_id for job in some])
        found = views.job_views(session, some, self._node_id, self._components)
        held = self._release.held(session, [task.task_id for view in found for task in view.tasks])
        return [
            views.without_held(view, self._node_id, held).model_copy(
                update={"preauthorised": view.job_id in preauthorised}
            )
            for view in found
        ]
