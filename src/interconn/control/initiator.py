"""What the node's own people and systems ask of control: run, show, list and stop jobs, read logs (CTL-5)."""

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
from interconn.control import jobs, views
from interconn.control.admission import Admission
from interconn.control.flow import plan
from interconn.control.follower import Follower
from interconn.control.jobs import Cause
from interconn.control.partners import Partners
from interconn.control.release import ResultRelease
from interconn.control.scheduler import Scheduler
from interconn.control.shares import Shares
from interconn.control.states import has_ended
from interconn.control.tables import Job
from interconn.standard.control import (
    JOB_STOP_ALL,
    PLATFORM_CREATE_ALL,
    PLATFORM_STATUS_ALL,
    PLATFORM_STOP_ALL,
    JobCreate,
    JobReference,
    JobStatus,
    JobStatusReply,
    JobStop,
    PlatformJobCreate,
)
from interconn.standard.errors import InvalidFlow, Refused
from interconn.standard.identifiers import new_job_id
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page

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
            OwnService(PLATFORM_CREATE_ALL, self.create_all),
            OwnService(PLATFORM_STOP_ALL, self.stop_all),
            OwnService(PLATFORM_STATUS_ALL, self.status_all),
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
            while True:
                view = await self._view(request.job_id)
                if view.status is not JobStatus.PENDING or self._clock.now() >= deadline:
                    return view
                await wake.wait((deadline - self._clock.now()) / 1000)

    async def create_all(self, person: Person, request: PlatformJobCreate) -> JobReference:
        """Create a job and run it (CTL-5.1, CTL-G3.2.3-merge).

        Raises:
            InvalidFlow: it cannot be run.
            ContentConflict: the job id is known with other content.
        """
        job = JobCreate(
            job_id=request.job_id or new_job_id(), flow_id=request.flow_id, dag=request.dag, config=request.config
        )
        await self._database.write(lambda session: self._submit(session, job, person, PLATFORM_CREATE_ALL.clause))
        return JobReference(job_id=job.job_id)

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
        return await self._view(request.job_id)

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

    async def stop(self, person: Person, request: JobReference) -> JobView:
        """Stop a job, here or through its scheduler.

        Raises:
            NotFound: the job is not known here.
            PeerError: the scheduler cannot be told.
        """
        await self._stop(person, request.job_id)
        return await self.show(person, request)

    async def stop_all(self, person: Person, request: JobReference) -> Empty:
        """Stop a job (CTL-5.2); raises as `stop` does."""
        await self._stop(person, request.job_id)
        return Empty()

    async def _stop(self, person: Person, job_id: str) -> None:
        cause = Cause(
            at=self._clock.now(), actor=person.actor, clause=PLATFORM_STOP_ALL.clause, evidence=person.authority
        )
        reason = f"stopped by {self._node_id}"

        def decide(session: Session) -> str:
            """Stop what is this node's to stop; return who else has to be asked."""
            job = jobs.require(session, job_id)
            if has_ended(JobStatus(job.status)):
                return ""
            if job.scheduling:
                self._scheduler.stop(session, job, "", reason, cause)
                return ""
            if job.submission == "SENDING":
                raise Refused(
                    f"the job is being handed to {job.scheduler}", where="job_id", hint="Stop it once that has answered"
                )
            jobs.note(session, job, "job.stop_asked", cause)
            return job.scheduler

        scheduler = await self._database.write(decide)
        if scheduler:
            request = JobStop(job_id=job_id)
            await self._partners.answer(scheduler, JOB_STOP_ALL, request, trace_id=person.trace_id)

    async def status_all(self, person: Person, request: JobReference) -> JobStatusReply:
        """Say how a job and its tasks stand (CTL-5.3).

        Raises:
            NotFound: the job is not known here.
        """
        view = await self.show(person, request)
        return JobStatusReply(
            job_status=view.status,
            status={task.task_id: task.status for task in view.tasks},
            extension={"outcome": view.outcome, "reason": view.reason},
        )

    async def log(self, _person: Person, request: JobLogRequest) -> JobLog:
        """Read the log of a task on this node.

        Raises:
            NotFound: this node ran no component for it.
        """
        lines, total = await self._components.log(request.task_id, start=request.start, length=request.length)
        return JobLog(lines=lines, total=total)

    async def _view(self, job_id: str) -> JobView:
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
