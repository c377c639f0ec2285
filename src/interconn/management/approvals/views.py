"""Audits as people see them, a page at a time: a few queries for all of them, not some for each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind, AuditView
from interconn.management.approvals import opinions, standing
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.permits.tables import Grant, Permit
from interconn.management.reconciliation.tables import Comparison, comparisons_of
from interconn.management.transitions import APPLICANT
from interconn.management.waiting import Waiting, mail_of
from interconn.standard.management import AuditStatus


def audit_views(session: Session, audits: Sequence[Audit]) -> list[AuditView]:
    """Return audits as a person sees them, in their order."""
    session.flush()
    if not audits:
        return []
    numbers = [audit.number for audit in audits]
    kept = set(session.scalars(select(Permit.audit_number).where(Permit.audit_number.in_(numbers))))
    given = set(session.scalars(select(Grant.audit_number).where(Grant.audit_number.in_(numbers))))
    approving = opinions.on_each(session, [opinions.of_audit(audit) for audit in audits])
    awaited = waiting_of(session, audits)
    return [
        _view(
            audit,
            approving.get(opinions.of_audit(audit), []),
            has_permit=audit.number in (kept if audit.direction == APPLICANT else given),
            waiting=awaited[audit.number],
        )
        for audit in audits
    ]


def audit_view(session: Session, audit: Audit) -> AuditView:
    """Return one audit as a person sees it."""
    return audit_views(session, [audit])[0]


def waits_for(session: Session, audit: Audit) -> str:
    """Return whom an audit waits for and for what; empty when it waits for nothing."""
    return audit_view(session, audit).waits_for


def waiting_of(session: Session, audits: Sequence[Audit]) -> dict[int, Waiting | None]:
    """Return what each of some audits waits for, by its number."""
    numbers = [audit.number for audit in audits]
    mail = mail_of(session, [audit.audit_id for audit in audits])
    kept = set(session.scalars(select(Permit.audit_number).where(Permit.audit_number.in_(numbers))))
    approving = opinions.on_each(session, [opinions.of_audit(audit) for audit in audits])
    compared: dict[int, Comparison] = {}
    for kind in {audit.kind for audit in audits}:
        compared |= comparisons_of(session, kind, [audit.number for audit in audits if audit.kind == kind])
    return {
        audit.number: standing.waiting(
            audit,
            has_permit=audit.number in kept,
            mail=mail.get((audit.node_id, audit.audit_id), []),
            approving=approving.get(opinions.of_audit(audit), []),
            compared=compared.get(audit.number),
        )
        for audit in audits
    }


def _view(audit: Audit, approving: list[Opinion], *, has_permit: bool, waiting: Waiting | None) -> AuditView:
    return AuditView(
        audit_id=audit.audit_id,
        kind=AuditKind(audit.kind),
        subject_id=audit.subject_id,
        node_id=audit.node_id,
        direction=audit.direction,
        status=AuditStatus(audit.status),
        has_permit=has_permit,
        waits_for=str(waiting) if waiting else "",
        applied_at=audit.applied_at,
        decided_at=audit.decided_at,
        decided_by=audit.decided_by,
        opinions=opinions.views(approving),
        policy=audit.policy,
        void=audit.void,
        details=audit.content | ({"reason": audit.reason} if audit.reason else {}),
    )
