"""Verbs about what a node decides by declaration: its policy, and the results that wait because of it."""

from __future__ import annotations

from typing import Literal

from interconn.api import policies as policy_rows
from interconn.api import results as result_rows
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


class Results(Noun[Client]):
    """Results of tasks that the policy holds."""

    @Verb
    def list(
        self, *, job_id: str | None = None, standing: Literal["HELD", "RELEASED", "REFUSED"] | None = None
    ) -> Question[result_rows.ResultViews]:
        """List results that are held, or were."""
        return Question(result_rows.RESULT_LIST, result_rows.ResultSearch(job_id=job_id, standing=standing))

    @Verb
    def release(self, result: str, *, reason: str = "") -> Question[result_rows.ResultView]:
        """Release a result, named JOB/TASK/KEY, to this node's people."""
        return Question(result_rows.RESULT_RELEASE, result_rows.ResultDecision(result=result, reason=reason))

    @Verb
    def refuse(self, result: str, *, reason: str = "") -> Question[result_rows.ResultView]:
        """Refuse a result for good."""
        return Question(result_rows.RESULT_REFUSE, result_rows.ResultDecision(result=result, reason=reason))
