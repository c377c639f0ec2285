"""What an institution's upper layer asks of control, by the standard's own calls (CTL-5.1 to CTL-5.7).

They are optional there (CTL-G3.2.1), and do what the node's own API does; who may make which says `api/rules.py`.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.own import OwnService, Person
from interconn.components import Components
from interconn.control.initiator import SEVERITIES, Initiator
from interconn.control.tables import Job
from interconn.standard.control import (
    PLATFORM_CREATE_ALL,
    PLATFORM_JOB_LIST,
    PLATFORM_LOG,
    PLATFORM_LOG_COUNT,
    PLATFORM_STATUS_ALL,
    PLATFORM_STOP_ALL,
    PLATFORM_STOP_TASK,
    JobReference,
    JobsOfFlow,
    JobStatus,
    JobStatuses,
    JobStatusReply,
    JobStop,
    LogLineCount,
    LogText,
    PlatformJobCreate,
    TaskLogCount,
    TaskLogRead,
    TaskStop,
)
from interconn.standard.errors import CapacityExceeded
from interconn.standard.wire import Empty
from interconn.state.database import Database
from interconn.state.pages import MAXIMUM_RECORDS

LONGEST_TEXT: Final = 1_000_000
"""Characters of a log in one answer: who wants the rest asks again, from the line after the last."""


class Platform:
    """Serves the standard's north-south calls.

    Args:
        database: where jobs are kept.
        components: has the logs.
        initiator: runs, shows and stops jobs.
    """

    def __init__(self, *, database: Database, components: Components, initiator: Initiator) -> None:
        self._database = database
        self._components = components
        self._initiator = initiator

    def own_services(self) -> list[OwnService[Any, Any]]:
        """Return what is served to the upper layer."""
        return [
            OwnService(PLATFORM_CREATE_ALL, self.create_all),
            OwnService(PLATFORM_STOP_ALL, self.stop_all),
            OwnService(PLATFORM_STATUS_ALL, self.status_all),
            OwnService(PLATFORM_LOG_COUNT, self.count_log),
            OwnService(PLATFORM_LOG, self.log),
            OwnService(PLATFORM_JOB_LIST, self.jobs),
            OwnService(PLATFORM_STOP_TASK, self.stop_task),
        ]

    async def create_all(self, person: Person, request: PlatformJobCreate) -> JobReference:
        """Create a job and run it (CTL-5.1, CTL-G3.2.3-merge); raises as `Initiator.submit` does."""
        return JobReference(job_id=await self._initiator.submit(person, request, PLATFORM_CREATE_ALL.clause))

    async def stop_all(self, person: Person, request: JobReference) -> Empty:
        """Stop a job (CTL-5.2); raises as `Initiator.stop_job` does."""
        await self._initiator.stop_job(person, JobStop(job_id=request.job_id), PLATFORM_STOP_ALL.clause)
        return Empty()

    async def stop_task(self, person: Person, request: TaskStop) -> Empty:
        """Stop a job from a component on (CTL-5.7, CTL-3.5-cascade); raises as `Initiator.stop_job` does."""
        stop = JobStop(job_id=request.job_id, task_name=request.task_name)
        await self._initiator.stop_job(person, stop, PLATFORM_STOP_TASK.clause)
        return Empty()

    async def status_all(self, person: Person, request: JobReference) -> JobStatusReply:
        """Say how a job and its tasks stand (CTL-5.3).

        Raises:
            NotFound: the job is not known here.
        """
        view = await self._initiator.show(person, request)
        return JobStatusReply(
            job_status=view.status,
            status={task.task_id: task.status for task in view.tasks},
            extension={"outcome": view.outcome, "reason": view.reason},
        )

    async def count_log(self, _person: Person, request: TaskLogCount) -> LogLineCount:
        """Count the lines of a task's log on this node (CTL-5.4).

        Raises:
            NotFound: this node ran no component for it.
        """
        _, total = await self._components.logs.read(
            request.task_id, start=0, length=0, level=SEVERITIES[request.log_level]
        )
        return LogLineCount(num=total)

    async def log(self, _person: Person, request: TaskLogRead) -> LogText:
        """Read a task's log on this node (CTL-5.5): without a length as much as fits an answer.

        Raises:
            NotFound: this node ran no component for it.
        """
        lines, _ = await self._components.logs.read(
            request.task_id,
            start=request.start,
            length=LONGEST_TEXT if request.length is None else request.length,
            level=SEVERITIES[request.log_level],
            most=LONGEST_TEXT,
        )
        return LogText(data="\n".join(lines))

    async def jobs(self, _person: Person, request: JobsOfFlow) -> JobStatuses:
        """List jobs with their states, newest first (CTL-5.6).

        Raises:
            CapacityExceeded: there are more than one answer may hold; the call has no pages.
        """
        wanted = select(Job.job_id, Job.status).order_by(Job.created_at.desc(), Job.job_id.desc())
        if request.flow_id:
            wanted = wanted.where(Job.flow_id == request.flow_id)

        def read(session: Session) -> JobStatuses:
            found = session.execute(wanted.limit(MAXIMUM_RECORDS + 1)).all()
            if len(found) > MAXIMUM_RECORDS:
                raise CapacityExceeded(
                    f"there are more than {MAXIMUM_RECORDS} jobs, and this call has no pages",
                    where="flow_id",
                    clause=PLATFORM_JOB_LIST.clause,
                    hint="Name a flow, or use GET /api/v1/jobs, which has pages",
                )
            return JobStatuses(job_list={job_id: JobStatus(status) for job_id, status in found})

        return await self._database.read(read)
