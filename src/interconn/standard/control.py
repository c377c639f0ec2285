"""Wire models and endpoints of the control layer (CTL-3, CTL-4.1, CTL-5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AliasChoices, Field

from interconn.standard.endpoint import Endpoint, Face, Proof
from interconn.standard.flow import Config, Dag
from interconn.standard.identifiers import Identifier
from interconn.standard.patterns import pattern
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import Empty, WireModel

TaskName = Annotated[str, Field(max_length=128)]
Role = Annotated[str, Field(max_length=64)]


class JobStatus(StrEnum):
    """States of a job (CTL-3.7-job-states, resolution 10); FINISHED hides the outcome, which is derived."""

    PENDING = "PENDING"
    READY = "READY"
    REJECTED = "REJECTED"
    RUNNING = "RUNNING"
    FINISHED = "FINISHED"


class TaskStatus(StrEnum):
    """States of a task (CTL-3.8-task-states)."""

    PENDING = "PENDING"
    READY = "READY"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"

    @property
    def is_final(self) -> bool:
        """Whether nothing can follow."""
        return self in (TaskStatus.SUCCESS, TaskStatus.FAILED)


class ComponentStatus(StrEnum):
    """What a component may report of itself (CTL-4.1)."""

    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class JobCreate(WireModel):
    """A job for the scheduler (CTL-3.1) or for a participant (CTL-3.2)."""

    job_id: Identifier
    flow_id: Annotated[str, Field(max_length=128)] | None = None
    dag: Dag
    config: Config = Field(validation_alias=AliasChoices("config", "conf"))


class JobReference(WireModel):
    """A job by its id."""

    job_id: Identifier


class TaskStart(WireModel):
    """Start of one task at a participant; task_name is components[].name (CTL-3.4, resolution 3)."""

    task_id: Identifier
    job_id: Identifier
    task_name: TaskName = Field(validation_alias=AliasChoices("task_name", "component_name"))


class TaskStarted(WireModel):
    """The start was taken. What the share waits for before it is launched is our extension."""

    extension: dict[str, Any] | None = None


class JobStop(WireModel):
    """Stop of a job, or of a task and all that depend on it (CTL-3.5, CTL-3.6)."""

    job_id: Identifier
    task_name: TaskName | None = Field(default=None, validation_alias=AliasChoices("task_name", "component_name"))


class PartyStop(JobStop):
    """Stop at a participant (CTL-3.6). What the whole job came to, and why, is our extension."""

    extension: dict[str, Any] | None = None


class JobStatusReply(WireModel):
    """State of a job and of its tasks by task id (CTL-3.7, CTL-5.3). Outcome and reason are our extension."""

    job_status: JobStatus
    status: dict[str, TaskStatus] = {}
    extension: dict[str, Any] | None = None


class TaskPoll(WireModel):
    """Ask a participant for its task (CTL-3.8). An empty role means any of the node's."""

    task_id: Identifier
    role: Role = ""


class TaskStatusReply(WireModel):
    """State of a task at a participant. Progress and reason are our extension."""

    status: TaskStatus
    extension: dict[str, Any] | None = None


class TaskCallback(WireModel):
    """A participant tells the scheduler of a task (CTL-3.9). Progress and the reason of a failure are our extension."""

    task_id: Identifier
    status: TaskStatus
    role: Role
    extension: dict[str, Any] | None = None


class TaskHeard(WireModel):
    """What was told of a task was heard. That progress is taken is our extension, said to who tells of it."""

    extension: dict[str, Any] | None = None


class ComponentCallback(WireModel):
    """A component tells its own node how it fares (CTL-4.1). Progress and reason are our extension."""

    task_id: Identifier
    status: ComponentStatus
    role: Role
    extension: dict[str, Any] | None = None


class PlatformJobCreate(WireModel):
    """A job from the institution's own upper layer (CTL-5.1); job_id may name a job reserved before."""

    job_id: Identifier | None = None
    flow_id: Annotated[str, Field(max_length=128)] | None = None
    dag: Dag
    config: Config = Field(validation_alias=AliasChoices("config", "conf"))


class LogLevel(StrEnum):
    """How much of a log is wanted (CTL-5.4, CTL-5.5): error alone, info with it, or all with debug."""

    INFO = "info"
    DEBUG = "debug"
    ERROR = "error"


class TaskLogCount(WireModel):
    """Count the lines of a task's log (CTL-5.4)."""

    task_id: Identifier
    log_level: LogLevel


class LogLineCount(WireModel):
    """How many lines there are."""

    num: int


class TaskLogRead(WireModel):
    """Read a task's log (CTL-5.5). The source leaves open from what lines are counted: here the first is 0."""

    task_id: Identifier
    log_level: LogLevel
    start: int = Field(ge=0, le=2**53)
    length: int | None = Field(default=None, ge=0, le=2**53)


class LogText(WireModel):
    """Lines of a log, with line feeds between them."""

    data: str


class JobsOfFlow(WireModel):
    """List jobs, those of one flow or all (CTL-5.6)."""

    flow_id: Annotated[str, Field(max_length=128)] | None = None


class JobStatuses(WireModel):
    """Jobs by id, each with its state."""

    job_list: dict[str, JobStatus]


class TaskStop(WireModel):
    """Stop a job from one component on, and all that depends on it (CTL-5.7)."""

    job_id: Identifier
    task_name: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        validation_alias=AliasChoices("task_name", "component_name")
    )


class ComponentRegister(WireModel):
    """A component of another maker, for this node to know (CTL-5.8)."""

    image_url: str = Field(
        alias="imageUrl",
        min_length=1,
        max_length=512,
        pattern=pattern(r"^[!-~]+$", "an address of an image is of visible ASCII characters"),
    )
    component_info: SelfDescription


_SCHEDULE = "/v1/interconn/schedule"
_PLATFORM = "/v1/platform/schedule"

JOB_CREATE_ALL: Final = Endpoint(
    "schedule.job.create_all", "CTL-3.1", "POST", f"{_SCHEDULE}/job/create_all", JobCreate, Empty,
    "The initiator hands a job to the scheduler.",
)  # fmt: skip
JOB_CREATE: Final = Endpoint(
    "schedule.job.create", "CTL-3.2", "POST", f"{_SCHEDULE}/job/create", JobCreate, Empty,
    "The scheduler hands a job to a participant.",
)  # fmt: skip
JOB_START: Final = Endpoint(
    "schedule.job.start", "CTL-3.3", "POST", f"{_SCHEDULE}/job/start", JobReference, Empty,
    "The scheduler opens a job at a participant.",
)  # fmt: skip
TASK_START: Final = Endpoint(
    "schedule.task.start", "CTL-3.4", "POST", f"{_SCHEDULE}/task/start", TaskStart, TaskStarted,
    "The scheduler starts one task at a participant.",
)  # fmt: skip
JOB_STOP_ALL: Final = Endpoint(
    "schedule.job.stop_all", "CTL-3.5", "POST", f"{_SCHEDULE}/job/stop_all", JobStop, Empty,
    "A party asks the scheduler to stop a job.",
)  # fmt: skip
JOB_STOP: Final = Endpoint(
    "schedule.job.stop", "CTL-3.6", "POST", f"{_SCHEDULE}/job/stop", PartyStop, Empty,
    "The scheduler stops a job at a participant.",
)  # fmt: skip
JOB_STATUS_ALL: Final = Endpoint(
    "schedule.job.status_all", "CTL-3.7", "POST", f"{_SCHEDULE}/job/status_all", JobReference, JobStatusReply,
    "A party asks the scheduler how a job stands.", also_methods=("GET",),
)  # fmt: skip
TASK_POLL: Final = Endpoint(
    "schedule.task.poll", "CTL-3.8", "POST", f"{_SCHEDULE}/task/poll", TaskPoll, TaskStatusReply,
    "The scheduler asks a participant how a task stands.",
)  # fmt: skip
TASK_CALLBACK: Final = Endpoint(
    "schedule.task.callback", "CTL-3.9", "POST", f"{_SCHEDULE}/task/callback", TaskCallback, TaskHeard,
    "A participant tells the scheduler how a task stands.",
)  # fmt: skip

COMPONENT_CALLBACK: Final = Endpoint(
    "component.callback", "CTL-4.1", "POST", f"{_PLATFORM}/task/callback", ComponentCallback, Empty,
    "A component tells its own node how it fares.", Proof.NONE, Face.COMPONENT,
)  # fmt: skip

PLATFORM_CREATE_ALL: Final = Endpoint(
    "platform.job.create_all", "CTL-5.1", "POST", f"{_PLATFORM}/job/create_all", PlatformJobCreate, JobReference,
    "Create a job and run it.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip
PLATFORM_STOP_ALL: Final = Endpoint(
    "platform.job.stop_all", "CTL-5.2", "POST", f"{_PLATFORM}/job/stop_all", JobReference, Empty,
    "Stop a job.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip
PLATFORM_STATUS_ALL: Final = Endpoint(
    "platform.job.status_all", "CTL-5.3", "GET", f"{_PLATFORM}/job/status_all", JobReference, JobStatusReply,
    "Ask how a job stands.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip

PLATFORM_LOG_COUNT: Final = Endpoint(
    "platform.task.get_log_line", "CTL-5.4", "GET", f"{_PLATFORM}/task/get_log_line", TaskLogCount, LogLineCount,
    "Count the lines of a task's log on this node.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip
PLATFORM_LOG: Final = Endpoint(
    "platform.task.get_log", "CTL-5.5", "GET", f"{_PLATFORM}/task/get_log", TaskLogRead, LogText,
    "Read a task's log on this node.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip
PLATFORM_JOB_LIST: Final = Endpoint(
    "platform.job.query_job_list", "CTL-5.6", "GET", f"{_PLATFORM}/job/query_job_list", JobsOfFlow, JobStatuses,
    "List jobs with their states.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip
PLATFORM_STOP_TASK: Final = Endpoint(
    "platform.job.stop_task", "CTL-5.7", "POST", f"{_PLATFORM}/job/stop_task", TaskStop, Empty,
    "Stop a job from one component on.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip
PLATFORM_COMPONENT_REGISTER: Final = Endpoint(
    "platform.component.register", "CTL-5.8", "POST", f"{_PLATFORM}/component/register", ComponentRegister, Empty,
    "Register a component.", Proof.NONE, Face.NORTH_SOUTH,
)  # fmt: skip

EAST_WEST: Final = (
    JOB_CREATE_ALL, JOB_CREATE, JOB_START, TASK_START, JOB_STOP_ALL, JOB_STOP, JOB_STATUS_ALL, TASK_POLL, TASK_CALLBACK,
)  # fmt: skip
NORTH_SOUTH: Final = (
    PLATFORM_CREATE_ALL, PLATFORM_STOP_ALL, PLATFORM_STATUS_ALL, PLATFORM_LOG_COUNT, PLATFORM_LOG, PLATFORM_JOB_LIST,
    PLATFORM_STOP_TASK, PLATFORM_COMPONENT_REGISTER,
)  # fmt: skip
