"""Whom an approval waits for, on either side of it."""

from __future__ import annotations

from interconn.api.audits import AuditKind
from interconn.management.approvals import opinions
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.reconciliation.tables import Comparison, in_step
from interconn.management.transitions import PARTNER
from interconn.management.waiting import REFUSED, Mail, Waiting, Whom, untaken
from interconn.standard.management import AuditStatus

_WORTHLESS_WITHOUT = frozenset({AuditKind.DATASET.value, AuditKind.MODEL.value})
"""Kinds whose approval is worth nothing without the permit that comes with it."""


def call_of(audit: Audit, step: str) -> str:
    """Return the name of the call of an audit's kind that makes a step: `apply`, `confirm` or `terminate`."""
    return f"{audit.kind.lower()}.{step}"


def lacks_permit(audit: Audit, *, has_permit: bool) -> bool:
    """Tell whether this node, as applicant, was approved and has not got the permit.

    A partner may confirm a project, a flow or a job without one (MGT-2.2-permit): then nothing is missing. Where only
    its answer to a query told of the approval, or what it gave is lost, something is.
    """
    if audit.direction == PARTNER or not audit.in_force or has_permit:
        return False
    return audit.kind in _WORTHLESS_WITHOUT or not audit.permitless


def waiting(
    audit: Audit, *, has_permit: bool, mail: Mail, approving: list[Opinion], compared: Comparison | None
) -> Waiting | None:
    """Return what an audit waits for, or None where it waits for nothing.

    Args:
        audit: of either side.
        has_permit: it has brought a permit.
        mail: what was sent to the partner about it.
        approving: opinions given here, where it takes two.
        compared: what the partner said when it was last asked.
    """
    if audit.void:
        return None
    node, since = audit.node_id, audit.decided_at or audit.applied_at
    if audit.status == AuditStatus.TERMINATED:
        return _told(audit, "terminate", "learn of the end of the approval", mail, compared)
    if audit.direction == PARTNER:
        if audit.status != AuditStatus.APPLIED:
            return _told(audit, "confirm", "take the verdict", mail, compared)
        command, text = f"interconn audit approve {audit.audit_id}", opinions.awaited(approving)
        return Waiting(Whom.PERSON_HERE, node, "approve or reject", since, command=command, text=text)
    message = untaken(mail, call_of(audit, "apply"))
    if message and message.state != REFUSED:  # the first time, or again as the verdict or its permit is not here
        return Waiting(Whom.NODE_THERE, node, "take the application", since, message)
    if audit.status == AuditStatus.APPLIED:
        return Waiting(Whom.PERSON_THERE, node, "approve", since, command=f"interconn audit ask {audit.audit_id}")
    if lacks_permit(audit, has_permit=has_permit):
        return Waiting(Whom.NODE_THERE, node, "send the permit", since, message)
    return None


def _told(audit: Audit, step: str, purpose: str, mail: Mail, compared: Comparison | None) -> Waiting | None:
    """Return the wait for the partner's node to take what was decided, unless it is known to be in step."""
    message = untaken(mail, call_of(audit, step))
    if message is None or (message.state == REFUSED and in_step(compared, audit.status)):
        return None
    return Waiting(Whom.NODE_THERE, audit.node_id, purpose, audit.decided_at or audit.applied_at, message)
