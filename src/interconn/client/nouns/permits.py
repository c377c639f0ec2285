"""Permits that partners gave, grants that the node gave, and pre-authorisations."""

from __future__ import annotations

from interconn.api import audits as audit_rows
from interconn.api import permits as rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb


class Permits(Noun[Client]):
    """Permits that partners gave this node (MGT-2.2-permit); tokens are never shown."""

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, node_id: str | None = None, kind: audit_rows.AuditKind | None = None
    ) -> Question[rows.PermitViews]:
        """List a page of permits, the newest first; a size of -1 asks for all."""
        request = rows.PermitSearch(page_num=page, page_size=size, node_id=node_id, kind=kind)
        return Question(rows.PERMIT_LIST, request)

    @Verb
    def renew(self, audit_id: str) -> Question[audit_rows.AuditView]:
        """Ask the holder for the permit of an approval anew, after it was lost; the former one dies."""
        return Question(rows.PERMIT_RENEW, audit_rows.AuditReference(audit_id=audit_id))


class Grants(Noun[Client]):
    """What this node granted to partners (MGT-2.2-mprac-custody)."""

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, node_id: str | None = None, kind: audit_rows.AuditKind | None = None
    ) -> Question[rows.GrantViews]:
        """List a page of grants with their uses, the newest first; a size of -1 asks for all."""
        request = rows.PermitSearch(page_num=page, page_size=size, node_id=node_id, kind=kind)
        return Question(rows.GRANT_LIST, request)

    @Verb
    def revoke(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Revoke a grant, which ends its approval on both sides."""
        return Question(audit_rows.AUDIT_TERMINATE, audit_rows.AuditTermination(audit_id=audit_id, reason=reason))


class Preauthorisations(Noun[Client]):
    """What partners without a management plane may do here."""

    @Verb
    def add(
        self,
        node_id: str,
        component: str,
        dataset_id: str,
        *,
        time_limit: int | None = None,
        times_limit: int | None = None,
    ) -> Question[rows.PreauthorisationView]:
        """Allow a partner to run a component, named as provider/name, on a data set of this node."""
        request = rows.PreauthorisationAdd(
            node_id=node_id,
            component=component,
            dataset_id=dataset_id,
            time_limit=time_limit,
            times_limit=times_limit,
        )
        return Question(rows.PREAUTHORISATION_ADD, request)

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, node_id: str | None = None
    ) -> Question[rows.PreauthorisationViews]:
        """List a page of pre-authorisations, the newest first; a size of -1 asks for all."""
        request = rows.PreauthorisationSearch(page_num=page, page_size=size, node_id=node_id)
        return Question(rows.PREAUTHORISATION_LIST, request)

    @Verb
    def revoke(self, preauthorisation_id: str) -> Question[rows.PreauthorisationView]:
        """Take a pre-authorisation back."""
        request = rows.PreauthorisationReference(preauthorisation_id=preauthorisation_id)
        return Question(rows.PREAUTHORISATION_REVOKE, request)
