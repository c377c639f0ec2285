"""Verbs about what a node decides by declaration: its policy."""

from __future__ import annotations

from interconn.api import policies as policy_rows
from interconn.api.audits import AuditReference
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb


class Policies(Noun[Client]):
    """The declared policy of the node."""

    @Verb
    def show(self, digest: str = "") -> Question[policy_rows.PolicyView]:
        """Show the policy in force, or an earlier one by its digest."""
        return Question(policy_rows.POLICY_SHOW, policy_rows.PolicyReference(digest=digest))

    @Verb
    def explain(self, audit_id: str) -> Question[policy_rows.PolicyFinding]:
        """Ask which rule would decide an application, and why the others would not."""
        return Question(policy_rows.POLICY_EXPLAIN, AuditReference(audit_id=audit_id))
