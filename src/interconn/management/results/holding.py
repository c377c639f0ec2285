"""Which results are held: asked by the control layer in its transactions (`interconn.control.release`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.policy_file import Release
from interconn.control.release import EndedShare, Share
from interconn.control.tables import Job, Lane, Task
from interconn.management.causes import Cause
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.results.tables import Result, Standing
from interconn.standard.control import TaskStatus
from interconn.standard.errors import NotApproved
from interconn.state.clock import Clock
from interconn.state.database import announce

RESULT_TOPIC = "results"
CLAUSE = "extension"


class Holding:
    """Holds results that the policy says are to wait; `interconn.control.release.ResultRelease`.

    Args:
        clock: time.
        policy: says which.
    """

    def __init__(self, *, clock: Clock, policy: PolicyKeeper) -> None:
        self._clock = clock
        self._policy = policy

    def ended(self, session: Session, share: EndedShare) -> None:
        """Hold the results of a share that match; in the transaction in which they come to be, so none is ever seen."""
        in_force = self._policy.in_force
        for key, output in share.outputs.items():
            matching = [release for release in in_force.policy.release if _matches(release, share, output)]
            if matching and not _known(session, share, key):
                self._hold(session, share, key, output, matching, in_force.digest)

    def held(self, session: Session, task_ids: Collection[str]) -> Mapping[Share, Mapping[str, str]]:
        """Return what is not to be shown of some tasks."""
        hidden = select(Result).where(Result.task_id.in_(list(task_ids)), Result.standing != Standing.RELEASED.value)
        found: dict[Share, dict[str, str]] = defaultdict(dict)
        for result in session.scalars(hidden):
            found[result.task_id, result.role, result.index][result.key] = result.standing
        return found

    def check_place(self, session: Session, namespace: str, name: str, *, what: str) -> None:
        """Check that what lies at a place in storage is no result that is held or was refused, or may yet be held.

        Args:
            session: of a transaction.
            namespace, name: of the place.
            what: it is, for the message, e.g. "the model".

        Raises:
            NotApproved: it is.
        """
        if result := hidden_at(session, namespace, name):
            raise NotApproved(
                f"{what} is a result that is {result.standing}",
                where="path",
                hint=f"interconn result release {result.reference}",
            )
        if name.startswith(".") or _unsettled(session, namespace, name):
            raise NotApproved(
                f"{what} is of a task that has not ended well",
                where="path",
                hint="Whether a result waits for a release is settled when its task succeeds",
            )

    def hides(self, session: Session, namespace: str, name: str) -> bool:
        """Tell whether what lies at a place in storage is not to be shown."""
        return hidden_at(session, namespace, name) is not None

    def _hold(
        self,
        session: Session,
        share: EndedShare,
        key: str,
        output: Mapping[str, Any],
        matching: list[Release],
        digest: str,
    ) -> None:
        minimum = max((release.minimum_rows or 0 for release in matching), default=0) or None
        job = session.get_one(Job, share.job_id)
        result = Result(
            job_id=share.job_id,
            task_id=share.task_id,
            task_name=share.task_name,
            role=share.role,
            index=share.index,
            key=key,
            component=share.component,
            category=str(output["category"]),
            namespace=output["namespace"],
            stored_name=output["name"],
            partners=list(share.partners),
            rules=[release.name for release in matching],
            policy=digest,
            approval=any(release.approval for release in matching),
            four_eyes=any(release.four_eyes for release in matching),
            minimum_rows=minimum,
            erase=any(release.erase_refused for release in matching),
            checked=minimum is None,
            standing=Standing.HELD.value,
            trace_id=job.trace_id,
            held_at=self._clock.now(),
        )
        session.add(result)
        session.flush()
        note(session, result, Cause("system", job.trace_id), self._clock.now(), "hold")


def note(session: Session, result: Result, cause: Cause, now: int, action: str, **details: str) -> None:
    """Record what happened to a result in the audit trail, and wake whoever waits for results."""
    cause.record(
        session,
        at=now,
        action=f"result.{action}",
        subject=f"result:{result.reference}"[:160],
        partner="",
        clause=CLAUSE,
        details={
            "standing": result.standing,
            "task": result.task_id,
            "rules": result.rules,
            "policy": result.policy,
            **({"reason": result.reason} if result.reason else {}),
            **details,
        },
    )
    announce(session, RESULT_TOPIC)


def hidden_at(session: Session, namespace: str, name: str) -> Result | None:
    """Return the result at a place in storage that is held or was refused, or None where there is none."""
    return session.scalar(
        select(Result).where(
            Result.namespace == namespace, Result.stored_name == name, Result.standing != Standing.RELEASED.value
        )
    )


def _unsettled(session: Session, namespace: str, name: str) -> bool:
    """Tell whether a place in storage is one for outputs of a task that runs, or failed (CMP-G4.2.1.3-naming)."""
    job_and_role, _, index = namespace.rpartition("-")
    if not (index.isascii() and index.isdigit()) or len(index) > 9:
        return False
    jobs = [job_and_role[:place] for place, character in enumerate(job_and_role) if character == "-"]
    shares = (
        select(Lane, Task.job_id)
        .join(Task, Task.task_id == Lane.task_id)
        .where(Task.job_id.in_(jobs), Lane.index == int(index), Lane.status != TaskStatus.SUCCESS.value)
    )
    return any(
        namespace == f"{job_id}-{lane.role}-{lane.index}" and name.startswith(f"{lane.task_id}-")
        for lane, job_id in session.execute(shares)
    )


def _known(session: Session, share: EndedShare, key: str) -> bool:
    wanted = select(Result.number).where(
        Result.task_id == share.task_id, Result.role == share.role, Result.index == share.index, Result.key == key
    )
    return session.scalar(wanted) is not None


def _matches(release: Release, share: EndedShare, output: Mapping[str, Any]) -> bool:
    return (
        (release.components is None or share.component in release.components)
        and (release.partners is None or not set(release.partners).isdisjoint(share.partners))
        and (release.kinds is None or output["category"] in release.kinds)
    )
