"""The states of jobs and tasks as data: which may follow which (CTL-3.7-job-states, CTL-3.8-task-states)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from interconn.standard.control import JobStatus, TaskStatus
from interconn.standard.errors import IllegalTransition

JOB_TRANSITIONS: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    # A job that ends before it runs is FINISHED too: the standard leaves that open.
    JobStatus.PENDING: frozenset({JobStatus.READY, JobStatus.REJECTED, JobStatus.FINISHED}),
    JobStatus.READY: frozenset({JobStatus.RUNNING, JobStatus.FINISHED}),
    JobStatus.RUNNING: frozenset({JobStatus.FINISHED}),
    JobStatus.REJECTED: frozenset(),
    JobStatus.FINISHED: frozenset(),
}

TASK_TRANSITIONS: Final[Mapping[TaskStatus, frozenset[TaskStatus]]] = {
    TaskStatus.PENDING: frozenset({TaskStatus.READY, TaskStatus.FAILED}),
    TaskStatus.READY: frozenset({TaskStatus.RUNNING, TaskStatus.FAILED}),
    TaskStatus.RUNNING: frozenset({TaskStatus.SUCCESS, TaskStatus.FAILED}),
    TaskStatus.SUCCESS: frozenset(),
    TaskStatus.FAILED: frozenset(),
}

_ORDER: Final = (TaskStatus.PENDING, TaskStatus.READY, TaskStatus.RUNNING)


class Outcome(StrEnum):
    """What a job came to, which the wire's FINISHED hides (resolution 10)."""

    NONE = ""
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    REJECTED = "REJECTED"


def has_ended(status: JobStatus) -> bool:
    """Return whether nothing can follow."""
    return not JOB_TRANSITIONS[status]


def check_job_step(before: JobStatus, after: JobStatus) -> None:
    """Check one step of a job.

    Raises:
        IllegalTransition: it is not allowed.
    """
    if after not in JOB_TRANSITIONS[before]:
        raise IllegalTransition(f"a job that is {before} cannot become {after}", clause="CTL-3.7-job-states")


def task_path(before: TaskStatus, after: TaskStatus) -> tuple[TaskStatus, ...]:
    """Return the steps from one state of a task to another that was heard of, those in between included.

    What a component or partner tells may skip states, as short-lived ones are not always seen. What lies behind
    the present state, or follows a final one, is no news: the path is empty.
    """
    if before.is_final or before is after:
        return ()
    if after is TaskStatus.FAILED:
        return (after,)
    chain = (*_ORDER, TaskStatus.SUCCESS)
    return chain[chain.index(before) + 1 : chain.index(after) + 1]


def goes_back(before: TaskStatus, after: TaskStatus) -> bool:
    """Return whether what is told of a task lies behind what is known: it is not believed, and worth a word."""
    return before is not after and not task_path(before, after)


def combined(statuses: Iterable[TaskStatus]) -> TaskStatus:
    """Return the state of a task from those of its parties: FAILED with the first failure, SUCCESS with the last."""
    found = set(statuses)
    if not found:
        return TaskStatus.PENDING
    if TaskStatus.FAILED in found:
        return TaskStatus.FAILED
    if found == {TaskStatus.SUCCESS}:
        return TaskStatus.SUCCESS
    if found & {TaskStatus.RUNNING, TaskStatus.SUCCESS}:
        return TaskStatus.RUNNING
    return TaskStatus.READY if TaskStatus.READY in found else TaskStatus.PENDING
