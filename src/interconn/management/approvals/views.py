"""Audits as people see them, a page at a time: a few queries for all of them, not some for each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind, AuditView
from interconn.management.approvals import opinions
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.permits.tables import Grant, Permit
from interconn.management.transitions import APPLICANT, PARTNER
from interconn.management.waiting import undelivered_of, waits_for
from interconn.standard.management import AuditStatus
from interconn.state.outbox import OutboxMessage


def audit_views(session: Session, audits: Sequence[Audit]) -> list[AuditView]:
    """Return audits as a person sees them, in their order."""
    session.flush()
    if not audits:
        return []
    messages = undelivered_of(session, [audit.audit_id for audit in audits])
    numbers = [audit.number for audit in audits]
    kept = set(session.scalars(select(Permit.audit_number).where(Permit.audit_number.in_(numbers))))
    given = set(session.scalars(select(Grant.audit_number).where(Grant.audit_number.in_(numbers))))
    approving = opinions.on_each(session, [opinions.of_audit(audit) for audit in audits])
    return [
        _view(
            audit,
            approving.get(opinions.of_audit(audit), []),
            has_permit=audit.number in (kept if audit.direction == APPLICANT else given),
            message=messages.get((audit.node_id, audit.audit_id)),
        )
        for audit in audits
    ]


def _view(audit: Audit, approving: list[Opinion], *, has_permit: bool, message: OutboxMessage | None) -> AuditView:
    return AuditView(
        audit_id=audit.audit_id,
        kind=AuditKind(audit.kind),
        subject_id=audit.subject_id,
        node_id=audit.node_id,
        direction=audit.direction,
        status=AuditStatus(audit.status),
        has_permit=has_permit,
        waits_for=_waits_for(audit, approving, has_permit, message),
        applied_at=audit.applied_at,
        decided_at=audit.decided_at,
        decided_by=audit.decided_by,
        opinions=opinions.views(approving),
        policy=audit.policy,
        void=audit.void,
        details=audit.content | ({"reason": audit.reason} if audit.reason else {}),
    )


def _waits_for(audit: Audit, approving: list[Opinion], has_permit: bool, message: OutboxMessage | None) -> str:
    if audit.void:
        return ""
    if audit.status == AuditStatus.TERMINATED:
        waits = waits_for(message, "learn of the end of the approval")
        return "" if waits.startswith("nobody") else waits
    if audit.direction == PARTNER:
        if audit.status == AuditStatus.APPLIED:
            return opinions.awaited(approving) or "a person here to approve or reject"
        return waits_for(message, "take the verdict")
    if audit.status == AuditStatus.APPLIED:
        return waits_for(message, "take the application") or f"a person at {audit.node_id} to approve"
    if audit.status != AuditStatus.APPROVED:
        return ""
    renewed = waits_for(message, "take the application")  # applied for again, as the permit is not here
    if has_permit or audit.kind != AuditKind.DATASET:
        return "" if renewed.startswith("nobody") else renewed
    return renewed or f"node {audit.node_id} to send the permit"
