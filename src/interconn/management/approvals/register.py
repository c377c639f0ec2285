"""Where audits are found: by their id, by the two sides, or by what they are about."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind, AuditView
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import audit_views
from interconn.management.transitions import APPLICANT, PARTNER
from interconn.standard.errors import NotFound
from interconn.standard.management import AuditStatus

SubjectKey = tuple[str, str]
"""Initiator and id of what is to be approved: two nodes may use one id for subjects of their own."""


class Register:
    """The audits of one node.

    Args:
        node_id: this node.
    """

    def __init__(self, node_id: str) -> None:
        self._node_id = node_id

    def named(self, session: Session, audit_id: str) -> Audit:
        """Return an audit by its id, as a person names it.

        Raises:
            NotFound: there is none.
        """
        audit = session.scalar(select(Audit).where(Audit.audit_id == audit_id))
        if audit is None:
            raise NotFound(f"there is no approval {audit_id}", where="audit_id", hint="interconn audit list")
        return audit

    def between(self, session: Session, subject: Subject[Any], node_id: str, audit_id: str) -> Audit:
        """Return an audit to the node that is the other side of it.

        Raises:
            NotFound: there is none of that kind with that node.
        """
        found = select(Audit).where(
            Audit.audit_id == audit_id, Audit.node_id == node_id, Audit.kind == subject.kind.value
        )
        audit = session.scalar(found)
        if audit is None:
            raise NotFound(
                "there is no such audit between the two nodes", where="audit_id", clause=subject.apply.clause
            )
        return audit

    def approved_for_partners(self, session: Session, kind: AuditKind, subject_id: str) -> list[Audit]:
        """Return what this node approved on something of its own that partners applied for, and has not ended."""
        found = select(Audit).where(
            Audit.kind == kind.value,
            Audit.subject_id == subject_id,
            Audit.direction == PARTNER,
            Audit.status == AuditStatus.APPROVED.value,
        )
        return list(session.scalars(found.order_by(Audit.number)))

    def on(self, session: Session, kind: AuditKind, subject_id: str, *, initiator: str) -> list[Audit]:
        """Return the audits on a subject of a node: all partners' on our own, else the one between us and it.

        Two nodes may use one id for subjects of their own, so the side that applied counts too.
        """
        found = select(Audit).where(Audit.kind == kind.value, Audit.subject_id == subject_id)
        if initiator == self._node_id:
            found = found.where(Audit.direction == APPLICANT)
        else:
            found = found.where(Audit.direction == PARTNER, Audit.node_id == initiator)
        return list(session.scalars(found.order_by(Audit.number)))

    def views_on(
        self, session: Session, kind: AuditKind, subjects: Collection[SubjectKey]
    ) -> dict[SubjectKey, list[AuditView]]:
        """Return the audits on each of some subjects, named by initiator and id, as a person sees them."""
        audits = self._on_each(session, kind, subjects)
        views = iter(audit_views(session, [audit for each in audits.values() for audit in each]))
        return {key: [next(views) for _ in each] for key, each in audits.items()}

    def _on_each(
        self, session: Session, kind: AuditKind, subjects: Collection[SubjectKey]
    ) -> dict[SubjectKey, list[Audit]]:
        wanted = {subject_id for _, subject_id in subjects}
        found = select(Audit).where(Audit.kind == kind.value, Audit.subject_id.in_(wanted)).order_by(Audit.number)
        audits: dict[SubjectKey, list[Audit]] = {key: [] for key in subjects}
        for audit in session.scalars(found):
            initiator = self._node_id if audit.direction == APPLICANT else audit.node_id
            if (initiator, audit.subject_id) in audits:
                audits[initiator, audit.subject_id].append(audit)
        return audits
