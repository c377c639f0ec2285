"""Which jobs read a data set or a model just now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.tables import ComponentRun
from interconn.control.tables import Job


def jobs_that_read(session: Session, source: Mapping[str, str], place: Mapping[str, str]) -> list[str]:
    """Return the jobs on this node that have not ended and name a source, or whose components still read it.

    Args:
        session: of a transaction.
        source: the member of task_params that names it, and its id.
        place: `namespace` and `name` under which it lies in storage, by which it may be named too.
    """
    found = {
        job.job_id
        for job in session.scalars(select(Job).where(Job.closed.is_(False)))
        if _names(job.content["config"].get("task_params") or {}, [source, place])
    }
    running = session.scalars(select(ComponentRun).where(ComponentRun.state != "ENDED"))
    found |= {run.job_id for run in running if dict(place) in run.order.get("inputs", [])}
    return sorted(found)


def _names(value: object, wanted: Sequence[Mapping[str, str]]) -> bool:
    """Tell whether parameters of any party name something of ours or, rather too often than too seldom, another's."""
    if not isinstance(value, dict):
        return False
    if any(members.items() <= value.items() for members in wanted):
        return True
    return any(_names(inner, wanted) for inner in value.values())
