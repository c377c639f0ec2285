"""Approvals that partners ask of each other, whatever they are for."""

from __future__ import annotations

from interconn.api import audits as audit_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.management import AuditStatus


class Audits(Noun[Client]):
    """Approvals that partners ask of each other (MGT-4.3 to 4.6, 5.1 to 5.4, 7.1 to 7.4, 8.1 and 8.2)."""

    @Verb
    def list(
        self,
        *,
        page: int = 1,
        size: int = -1,
        kind: audit_rows.AuditKind | None = None,
        status: AuditStatus | None = None,
        subject_id: str | None = None,
        audit_id: str | None = None,
        node_id: str | None = None,
    ) -> Question[audit_rows.AuditViews]:
        """List a page of approvals, all or some; a size of -1 asks for all."""
        request = audit_rows.AuditSearch(
            page_num=page,
            page_size=size,
            kind=kind,
            status=status,
            subject_id=subject_id,
            audit_id=audit_id,
            node_id=node_id,
        )
        return Question(audit_rows.AUDIT_LIST, request)

    @Verb
    def approve(
        self,
        audit_id: str,
        *,
        time_limit: int | None = None,
        times_limit: int | None = None,
        grant_datasets: bool = False,
        reason: str = "",
    ) -> Question[audit_rows.AuditView]:
        """Approve what a partner applied for; limits may only tighten what it asked.

        `grant_datasets` grants the data sets that a project's application names along with the project.
        """
        request = audit_rows.AuditDecision(
            audit_id=audit_id,
            time_limit=time_limit,
            times_limit=times_limit,
            grant_datasets=grant_datasets,
            reason=reason,
        )
        return Question(audit_rows.AUDIT_APPROVE, request)

    @Verb
    def reject(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Reject what a partner applied for."""
        return Question(audit_rows.AUDIT_REJECT, audit_rows.AuditDecision(audit_id=audit_id, reason=reason))

    @Verb
    def terminate(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Revoke an approval that was given, by us or to us."""
        return Question(audit_rows.AUDIT_TERMINATE, audit_rows.AuditTermination(audit_id=audit_id, reason=reason))

    @Verb
    def show(self, audit_id: str) -> Question[audit_rows.AuditView]:
        """Show one approval."""
        return Question(audit_rows.AUDIT_SHOW, audit_rows.AuditReference(audit_id=audit_id))

    @Verb
    def withdraw(self, audit_id: str) -> Question[audit_rows.AuditView]:
        """Take back the opinion that the caller has given, while nothing is decided."""
        return Question(audit_rows.AUDIT_WITHDRAW, audit_rows.AuditReference(audit_id=audit_id))

    @Verb
    def ask(self, audit_id: str) -> Question[audit_rows.PartnerStatus]:
        """Ask the partner how an approval stands there (MGT-4.6, MGT-5.4, MGT-7.4)."""
        return Question(audit_rows.AUDIT_ASK, audit_rows.AuditReference(audit_id=audit_id))
