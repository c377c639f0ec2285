"""What has to end before something of this node's is removed: the jobs that read it, and partners' use of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.components.tables import ComponentRun
from interconn.control.tables import Job
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.permits.levels import WORDS, ResourceType
from interconn.standard.errors import Refused


def end_use(
    session: Session,
    person: Person,
    audits: Audits,
    subject: Subject[Any],
    subject_id: str,
    *,
    source: Mapping[str, str],
    place: Mapping[str, str],
    force: bool,
) -> None:
    """End what the use of a data set or model rests on, or refuse.

    Args:
        session: of a transaction.
        person: who removes it.
        audits: the engine, which ends approvals.
        subject: the kind of approval by which partners use it.
        subject_id: its id.
        source: the member of task_params that names it, and its id.
        place: `namespace` and `name` under which it lies in storage, by which it may be named too.
        force: revoke what is approved, and let the jobs fail.

    Raises:
        Refused: a job reads it or its use is approved for a partner, and no force is used.
    """
    word, noun = WORDS[ResourceType(subject.kind.value)], subject.kind.value.lower()
    reading = _jobs_that_read(session, source, place)
    if reading and not force:
        raise Refused(
            f"{word} {subject_id} is read by job {reading[0]}",
            where=f"{noun}_id",
            hint="Wait for its end or stop it: interconn job stop. With --force the job fails",
        )
    approved = audits.register.approved_for_partners(session, subject.kind, subject_id)
    if approved and not force:
        users = ", ".join(sorted({audit.node_id for audit in approved}))
        raise Refused(
            f"the use of {word} {subject_id} is approved for {users}",
            where=f"{noun}_id",
            hint=f"Revoke that first: interconn {noun} revoke. --force does so",
        )
    for audit in approved:
        audits.revoke(session, person, subject, audit, reason=f"the {word} was removed")


def _jobs_that_read(session: Session, source: Mapping[str, str], place: Mapping[str, str]) -> list[str]:
    """Return the jobs on this node that have not ended and name a source, or whose components still read it."""
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
