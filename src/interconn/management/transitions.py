"""The one state machine of contracts and audits, as data (MGT-3-contract-state, MGT-4-dataset-audit-state)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from interconn.standard.errors import IllegalTransition
from interconn.standard.management import AuditStatus, Verdict

APPLICANT: Final = "APPLICANT"
"""Direction of a contract or an audit: this node applied."""
PARTNER: Final = "PARTNER"
"""The other side applied, and this node decides."""


class Step(StrEnum):
    """What may happen to a contract or an audit after it was applied for."""

    APPROVE = "approve"
    REJECT = "reject"
    TERMINATE = "terminate"


TRANSITIONS: Final = {
    (AuditStatus.APPLIED, Step.APPROVE): AuditStatus.APPROVED,
    (AuditStatus.APPLIED, Step.REJECT): AuditStatus.REJECTED,
    (AuditStatus.APPROVED, Step.TERMINATE): AuditStatus.TERMINATED,
}
OUTCOME: Final = {
    Step.APPROVE: AuditStatus.APPROVED,
    Step.REJECT: AuditStatus.REJECTED,
    Step.TERMINATE: AuditStatus.TERMINATED,
}
STEP_OF: Final = {Verdict.APPROVED: Step.APPROVE, Verdict.REJECTED: Step.REJECT}


def advance(present: str, step: Step, *, what: str, clause: str) -> AuditStatus | None:
    """Return the state that follows, or None if the step was made before and this is its repetition.

    Raises:
        IllegalTransition: the present state does not allow the step.
    """
    status = AuditStatus(present)
    following = TRANSITIONS.get((status, step))
    if following is None and status is not OUTCOME[step]:
        raise IllegalTransition(f"{what} is {status}, so nobody can {step} it", clause=clause)
    return following


def path(here: str, there: str) -> tuple[Step, ...]:
    """Return the steps by which the other side came from our state to the one it names; empty if it legally cannot."""
    return _PATHS.get((AuditStatus(here), AuditStatus(there)), ())


_PATHS: Final = {
    (AuditStatus.APPLIED, AuditStatus.APPROVED): (Step.APPROVE,),
    (AuditStatus.APPLIED, AuditStatus.REJECTED): (Step.REJECT,),
    (AuditStatus.APPLIED, AuditStatus.TERMINATED): (Step.APPROVE, Step.TERMINATE),
    (AuditStatus.APPROVED, AuditStatus.TERMINATED): (Step.TERMINATE,),
}
