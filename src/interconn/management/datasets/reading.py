"""Which jobs read a data set just now."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.tables import ComponentRun
from interconn.control.tables import Job
from interconn.management.datasets.tables import Dataset


def jobs_that_read(session: Session, node_id: str, dataset: Dataset) -> list[str]:
    """Return the jobs on this node that have not ended and name a data set, or whose components still read it."""
    place = {"namespace": dataset.namespace, "name": dataset.stored_name}
    found = {
        job.job_id
        for job in session.scalars(select(Job).where(Job.closed.is_(False)))
        if _names(job.content["config"].get("task_params") or {}, dataset)
    }
    running = session.scalars(select(ComponentRun).where(ComponentRun.state != "ENDED"))
    found |= {run.job_id for run in running if place in run.order.get("inputs", [])}
    return sorted(found)


def _names(value: object, dataset: Dataset) -> bool:
    """Tell whether parameters of any party name a data set: of ours or, rather too often than too seldom, another's."""
    if isinstance(value, dict):
        place = (value.get("namespace"), value.get("name"))
        if value.get("dataset_id") == dataset.dataset_id or place == (dataset.namespace, dataset.stored_name):
            return True
        return any(_names(inner, dataset) for inner in value.values())
    return False
