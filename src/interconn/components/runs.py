"""Runs of components as they are found in the database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.tables import ComponentRun

Key = tuple[str, str, int]
"""Task, role, index."""

LINGER_SECONDS: Final = 60.0
"""How long a component may live on after it has told its outcome."""
ENDED: Final = "ENDED"
ORDERED: Final = "ORDERED"


def must_stop(run: ComponentRun, now: int, longest_seconds: float) -> bool:
    """Return whether a component must be stopped: on request, or because it does not end by itself or in time.

    Args:
        run: of the component; why it must be stopped is written into it.
        now: epoch milliseconds.
        longest_seconds: after which it is taken for hung.
    """
    allowed = run.order.get("seconds")
    if not run.stop_reason and allowed is not None and now - run.ordered_at > allowed * 1000:
        run.stop_reason = f"it has not ended within {allowed:g} s, its deadline"
    if not run.stop_reason and run.launched_at is not None and now - run.launched_at > longest_seconds * 1000:
        run.stop_reason = f"it has run for more than {longest_seconds:.0f} s"
    lingers = run.reported_at is not None and now - run.reported_at > LINGER_SECONDS * 1000
    return bool(run.stop_reason) or lingers


def unfinished(session: Session) -> list[Key]:
    """Return the runs that have not ended, in the order in which they were ordered."""
    keys = select(ComponentRun.task_id, ComponentRun.role, ComponentRun.index)
    going = keys.where(ComponentRun.state != ENDED).order_by(ComponentRun.ordered_at)
    return [(task_id, role, index) for task_id, role, index in session.execute(going)]


def all_unfinished(session: Session) -> list[ComponentRun]:
    """Return the same, whole."""
    return list(session.scalars(select(ComponentRun).where(ComponentRun.state != ENDED)))


def going_of_job(session: Session, job_id: str) -> list[ComponentRun]:
    """Return the runs of a job that have not ended."""
    return list(session.scalars(select(ComponentRun).where(ComponentRun.job_id == job_id, ComponentRun.state != ENDED)))


def waiting_of_task(session: Session, task_id: str) -> list[ComponentRun]:
    """Return the runs of a task that nobody has launched yet, as far as is recorded."""
    ordered = (ComponentRun.task_id == task_id, ComponentRun.state == ORDERED)
    return list(session.scalars(select(ComponentRun).where(*ordered)))
