"""What the control layer keeps: jobs, the nodes in them, tasks, and each party's share of a task."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.standard.control import JobStatus, TaskStatus
from interconn.state.database import Table


class Job(Table):
    """A job as this node knows it, in whatever capacity: initiator, scheduler, participant.

    Attributes:
        content: the job as it arrived (`JobCreate`), read only where it is needed, as it may be large; its digests tell
            whether a repeat is the same job.
        scheduler: the node that schedules it; only that one is obeyed.
        sync_type: how the state of tasks travels to the scheduler: poll or callback.
        scheduling: this node is the scheduler.
        submission: state of handing it to another node that schedules: SENDING, ACCEPTED; empty where there is none.
        admitted: this node takes part (CTL-3.2 was accepted here).
        opened: this node was asked to start it (CTL-3.3).
        stopped: names of the components that were stopped by request, with all that follow them.
        stops: at the scheduler: requests to stop from a component on, with the nodes that have answered CTL-3.6.
        status: of the standard. The scheduler decides it; others follow.
        outcome, reason: what FINISHED hides, once the job has ended.
        closed: nothing remains to be done: all were told that had to be, or the scheduler's last word is in.
        reported: the lanes of all parties as the scheduler told them last; empty where this node schedules.
    """

    __tablename__ = "control_jobs"

    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    flow_id: Mapped[str] = mapped_column(String(128), default="")
    content: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    dag_digest: Mapped[str] = mapped_column(String(64))
    config_digest: Mapped[str] = mapped_column(String(64))
    initiator: Mapped[str] = mapped_column(String(128))
    scheduler: Mapped[str] = mapped_column(String(128))
    sync_type: Mapped[str] = mapped_column(String(16), default="poll")
    scheduling: Mapped[bool] = mapped_column(default=False)
    submission: Mapped[str] = mapped_column(String(16), default="")
    admitted: Mapped[bool] = mapped_column(default=False)
    opened: Mapped[bool] = mapped_column(default=False)
    stopped: Mapped[list[Any]] = mapped_column(default=list)
    stops: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(String(16), default=JobStatus.PENDING.value, index=True)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    closed: Mapped[bool] = mapped_column(default=False, index=True)
    reported: Mapped[list[Any]] = mapped_column(default=list, deferred=True)
    trace_id: Mapped[str] = mapped_column(String(256))
    created_at: Mapped[int]  # epoch milliseconds, as all times here
    ended_at: Mapped[int | None]

    __table_args__ = (Index("ix_control_jobs_order", "created_at", "job_id"),)


class Member(Table):
    """What the scheduler has from a node that takes part.

    Attributes:
        accepted: it has answered CTL-3.2 with success.
        opened: it has answered CTL-3.3.
        informed: it has answered CTL-3.6, or was given up.
    """

    __tablename__ = "control_members"

    job_id: Mapped[str] = mapped_column(ForeignKey("control_jobs.job_id"), primary_key=True)
    node_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    accepted: Mapped[bool] = mapped_column(default=False)
    opened: Mapped[bool] = mapped_column(default=False)
    informed: Mapped[bool] = mapped_column(default=False)


class Task(Table):
    """A component of a job's DAG that was given a task id.

    Attributes:
        name: `components[].name`.
        status: combined from the parties known here; of all parties at the scheduler.
        told: at the scheduler: the nodes that have answered CTL-3.4.
    """

    __tablename__ = "control_tasks"

    task_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("control_jobs.job_id"), index=True)
    name: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16), default=TaskStatus.PENDING.value)
    told: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[int]
    ended_at: Mapped[int | None]

    __table_args__ = (Index("ix_control_tasks_name", "job_id", "name"),)


class Lane(Table):
    """One party's share of a task: its own at a participant, everybody's at the scheduler."""

    __tablename__ = "control_lanes"

    task_id: Mapped[str] = mapped_column(ForeignKey("control_tasks.task_id"), primary_key=True)
    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    index: Mapped[int] = mapped_column("ordinal", primary_key=True)
    node_id: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16), default=TaskStatus.PENDING.value)
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(Text, default="")
    started_at: Mapped[int | None]
    ended_at: Mapped[int | None]

    @property
    def party(self) -> str:
        """Role and index, e.g. guest.0."""
        return f"{self.role}.{self.index}"
