"""Jobs as they run."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from interconn.api.own import own, stream
from interconn.api.pictures import Picture
from interconn.standard.control import JobReference, JobStatus, JobStop, LogLevel, TaskName, TaskStatus
from interconn.standard.identifiers import Identifier
from interconn.standard.job_log import MAXIMUM_LINES, PartyName
from interconn.standard.management import Paging
from interconn.standard.wire import WireModel


class JobRun(WireModel):
    """Start a job whose approvals are all there."""

    job_id: Identifier


class Progress(WireModel):
    """How far a component says it is."""

    phase: str = ""
    done: int = 0
    total: int = Field(default=0, description="0 where the component does not know")
    at: int | None = Field(
        default=None, description="when its own node took note, epoch milliseconds; later news have a later one"
    )


class PartyView(WireModel):
    """One party's share of a task."""

    node_id: str
    role: str = Field(description="role and ordinal, e.g. guest.0")
    status: TaskStatus
    progress: Progress | None = None
    reason: str = ""
    outputs: dict[str, Any] = Field(default={}, description="output key to where it lies; own node only")
    started_at: int | None = None
    ended_at: int | None = None


class TaskView(WireModel):
    """A task of a job."""

    task_id: str
    name: str
    component: str
    status: TaskStatus
    parties: list[PartyView] = []
    started_at: int | None = None
    ended_at: int | None = None


class JobView(WireModel):
    """A job as this node sees it: as scheduler it knows all parties, as participant its own share.

    A participant that is not the scheduler fills in what the scheduler tells it (CTL-3.7).
    """

    job_id: str
    flow_id: str = ""
    status: JobStatus
    outcome: str = Field(default="", description="SUCCESS or FAILED once FINISHED; REJECTED; empty before")
    reason: str = ""
    scheduler: str
    initiator: str
    preauthorised: bool = Field(
        default=False, description="admitted here by pre-authorisation, as its initiator has no management plane"
    )
    tasks: list[TaskView] = []
    created_at: int
    ended_at: int | None = None
    session_bytes: dict[str, int] = {}


class JobEvent(WireModel):
    """A fact about a job that is news: the job, one of its tasks, or one party's share of a task, whole as it is now.

    Whoever keeps the last event of each job, task and share knows what `JobView` tells.
    """

    id: str = Field(description="of the event; a watcher that comes again sends the last one it had")
    kind: Literal["job", "task", "party"] = Field(description="which of the three members it has")
    job_id: str
    task_id: str = Field(default="", description="of a task, and of a share")
    job: JobView | None = Field(default=None, description="without its tasks, which come as events")
    task: TaskView | None = Field(default=None, description="without its shares, which come as events")
    party: PartyView | None = None
    last: bool = Field(default=False, description="the job has ended, and nothing follows")


class JobSearch(Paging):
    """Which jobs to list."""

    status: JobStatus | None = None
    flow_id: Identifier | None = None


class JobViews(WireModel):
    """A page of jobs, newest first, and how many there are in all."""

    jobs: list[JobView]
    total: int = 0


class JobLogRequest(WireModel):
    """Log lines of a task of this node."""

    task_id: Identifier
    start: int = Field(default=0, ge=0)
    length: int = Field(default=1000, ge=1, le=100_000)
    level: LogLevel = Field(default=LogLevel.DEBUG, description="lines that matter less are left out")


class JobLog(WireModel):
    """Log lines, first first."""

    lines: list[str]
    total: int


class JobParty(WireModel):
    """A party's share of a task."""

    task_name: str
    party: str = Field(description="role and ordinal, e.g. guest.0")
    node_id: str


class JobParties(WireModel):
    """Who runs which task of a job, in an order in which tasks follow those they read from."""

    parties: list[JobParty]


class JobLogsRequest(WireModel):
    """Log lines of one party's share of a task, of this node or of another."""

    job_id: Identifier
    task_name: TaskName
    party: PartyName
    start: int = Field(default=0, ge=0, le=2**53)
    length: int = Field(default=MAXIMUM_LINES, ge=0, le=MAXIMUM_LINES)
    level: LogLevel = Field(default=LogLevel.DEBUG, description="lines that matter less are left out")


class PartyLogView(WireModel):
    """Log lines, first first; how many there are of that level; and whether no more will come."""

    node_id: str
    lines: list[str]
    total: int
    ended: bool


JOB_RUN: Final = own("job.run", "POST", "/jobs/run", JobRun, JobView, "Start an approved job.")
JOB_SHOW: Final = own("job.show", "GET", "/jobs/show", JobReference, JobView, "How a job stands.")
JOB_WATCH: Final = stream(
    "job.watch", "/jobs/watch", JobReference, JobEvent, "Follow a job to its end, as server-sent events."
)
JOB_PICTURE: Final = own("job.picture", "GET", "/jobs/picture", JobReference, Picture, "Draw a job as it stands.")
JOB_LIST: Final = own("job.list", "GET", "/jobs", JobSearch, JobViews, "List jobs.")
JOB_STOP: Final = own("job.stop", "POST", "/jobs/stop", JobStop, JobView, "Stop a job, or a part of it.")
JOB_PARTIES: Final = own(
    "job.parties", "GET", "/jobs/parties", JobReference, JobParties, "Who runs which task of a job."
)
JOB_LOGS: Final = own(
    "job.logs",
    "GET",
    "/jobs/logs",
    JobLogsRequest,
    PartyLogView,
    "Log of a party's share of a task, here or as far as that party permits.",
)
JOB_LOG: Final = own("job.log", "GET", "/jobs/log", JobLogRequest, JobLog, "Log of a task on this node.")

ENDPOINTS: Final = (
    JOB_RUN, JOB_SHOW, JOB_WATCH, JOB_PICTURE, JOB_LIST, JOB_STOP, JOB_LOG, JOB_PARTIES, JOB_LOGS,
)  # fmt: skip
