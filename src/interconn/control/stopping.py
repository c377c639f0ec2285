"""Ends jobs on this node because what allowed them is over; asked by the layer above, inside its transactions.

The reason reaches every node of a job by the calls there are: a scheduler tells it with CTL-3.7, and a party that is
not the scheduler has its shares end FAILED with it, which the scheduler polls (CTL-3.8) or finds at the next CTL-3.4.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.control import jobs
from interconn.control.jobs import Cause
from interconn.control.scheduler import Scheduler
from interconn.control.shares import Shares
from interconn.control.states import Outcome, has_ended
from interconn.control.tables import Job
from interconn.standard.control import JobStatus


class Stopping:
    """Stops jobs.

    Args:
        scheduler: of the jobs that this node schedules.
        shares: this node's own part.
    """

    def __init__(self, *, scheduler: Scheduler, shares: Shares) -> None:
        self._scheduler = scheduler
        self._shares = shares

    def stop(self, session: Session, job_id: str, reason: str, cause: Cause) -> bool:
        """Stop a job that has not ended; return whether there was one. A job not created yet is admission's to refuse.

        Args:
            session: of the transaction in which what allowed the job ends.
            job_id: of the job.
            reason: as every node of the job will show it.
            cause: for the audit trail.
        """
        job = session.get(Job, job_id)
        if job is None or has_ended(JobStatus(job.status)):
            return False
        if job.scheduling:
            self._scheduler.stop(session, job, "", reason, cause)
        else:
            # Whatever the scheduler asks of this node from now on is refused with the reason.
            self._shares.end(session, job, Outcome.FAILED, reason, cause)
        return True

    def stop_with(self, session: Session, node_id: str, reason: str, cause: Cause) -> list[str]:
        """Stop all jobs in which a node has a part, and return their ids."""
        going = select(Job).where(Job.ended_at.is_(None)).order_by(Job.created_at, Job.job_id)
        found = [job.job_id for job in session.scalars(going) if jobs.concerns(job, node_id)]
        return [job_id for job_id in found if self.stop(session, job_id, reason, cause)]
