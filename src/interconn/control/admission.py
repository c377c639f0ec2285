"""What control asks of the layer above: whether a job was approved, and where data sets lie.

The management layer implements both. Every method takes the session of a transaction of control's, so that an
admission and what it uses up (one access of a permit a job) are committed with the job, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy.orm import Session

from interconn.standard.control import JobCreate, PlatformJobCreate


class Admission(Protocol):
    """Says whether a job may be run."""

    def proposed(self, session: Session, job_id: str) -> JobCreate:
        """Return a job that this node proposed and that all parties have approved, ready to be run.

        Raises:
            NotFound: this node proposed no such job.
            NotApproved: an approval is missing; the message says whose.
        """
        ...

    def planned(self, session: Session, job_id: str) -> JobCreate | None:
        """Return a job that was proposed, by this node or to it, whoever has approved it; None where there is none."""
        ...

    def awaiting(self, session: Session, content: PlatformJobCreate) -> JobCreate | None:
        """Return a job that this node proposed with just this content and that has not been run, as it was proposed.

        One that all parties have approved goes before, and then the one proposed first; None where there is none.

        Args:
            session: of a transaction.
            content: DAG, configuration and, where it is named, the flow.
        """
        ...

    def admit(
        self, session: Session, job: JobCreate, *, scheduler: str, digests: tuple[str, str] | None = None
    ) -> None:
        """Let this node take part in a job, and use up one access of each permit that it needs.

        Called inside the transaction that stores the job, and again in that of each task's start, so that what was
        revoked meanwhile takes effect; a job counts once. Also called for jobs that this node initiated itself, as
        every initiator is a participant.

        Args:
            session: of that transaction.
            job: as it arrived.
            scheduler: the node that sent it, proven; this node itself where it schedules.
            digests: of its DAG and its configuration, as they were kept when it was stored; else they are made.

        Raises:
            NotApproved: it was not approved here, or job id, DAG, configuration or scheduler differ.
            PermitRefused: a permit is missing, foreign, used up, expired or revoked.
            ComponentDisabled: it would run what this node has disabled (MGT-6.2).
        """
        ...

    def preauthorised(self, session: Session, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some jobs that local pre-authorisation admitted, as their initiator has no management plane.

        Args:
            session: of a transaction.
            job_ids: the jobs.
        """
        ...

    def admit_as_scheduler(self, session: Session, job: JobCreate, *, caller: str) -> None:
        """Let this node schedule a job for others, or for itself.

        Args:
            session: of the transaction that stores the job.
            job: as it arrived.
            caller: the initiator, proven; this node itself where it initiated the job.

        Raises:
            NotApproved: this node does not schedule for that caller.
        """
        ...


class DataCatalogue(Protocol):
    """Knows where this node's data sets and models lie."""

    def locate(self, session: Session, *, reference: Mapping[str, Any]) -> tuple[str, str]:
        """Return namespace and name in storage of a data set of this node (CTL-G3.1.1.1-source, resolution 9).

        Args:
            session: of a transaction of control's.
            reference: holds `dataset_id`, or `name` and `namespace`, or all three; or `model_id`.

        Raises:
            NotFound: this node has no such data set.
        """
        ...
