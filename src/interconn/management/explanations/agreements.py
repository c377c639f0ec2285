"""Explains what two nodes agree on: contracts and approvals."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.state import ExchangeView, Explanation
from interconn.management.approvals.standing import call_of
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import waiting_of as audits_waiting
from interconn.management.contacts import last_contact
from interconn.management.contracts.contracts import Contracts
from interconn.management.contracts.standing import CONTRACT
from interconn.management.contracts.standing import waiting_of as contracts_waiting
from interconn.management.contracts.tables import Contract
from interconn.management.explanations.exchanges import last_sent, later, received
from interconn.management.explanations.steps import (
    Step,
    step_for,
    step_when_different,
    step_when_settled,
    step_when_unproven,
)
from interconn.management.reconciliation.tables import Comparison
from interconn.management.transitions import APPLICANT, PARTNER
from interconn.management.waiting import Waiting, mail_about
from interconn.peers.exchanges import Exchanges
from interconn.standard.management import AuditStatus

MAXIMUM_RELATED = 50
"""Approvals by which one thing is explained: the newest."""

_CLAIMS = {"UNKNOWN": "knows of no such thing", "REFUSED": "would not say", "SILENT": "did not answer"}


class Agreements:
    """Explains contracts and approvals, inside transactions.

    Args:
        contracts: which of them allow calls.
        exchanges: the last contacts with partners.
    """

    def __init__(self, *, contracts: Contracts, exchanges: Exchanges | None) -> None:
        self._contracts = contracts
        self._exchanges = exchanges

    def of_contracts(self, session: Session, contracts: Sequence[Contract]) -> list[Explanation]:
        """Explain contracts."""
        waiting = contracts_waiting(session, contracts)
        return [self._contract(session, contract, waiting[contract.number]) for contract in contracts]

    def of_audits(self, session: Session, audits: Sequence[Audit]) -> list[Explanation]:
        """Explain approvals."""
        waiting = audits_waiting(session, audits)
        return [self._audit(session, audit, waiting[audit.number]) for audit in audits]

    def by_audits(self, session: Session, audits: Sequence[Audit], settled: Step, **thing: str) -> Explanation:
        """Explain something by the approvals on it: by one that waits, a person here first, else by the newest.

        Args:
            session: of a transaction.
            audits: on it, oldest first.
            settled: what a person may do where none of them waits.
            thing: its kind, id, what and state, as in an explanation.
        """
        explained = self.of_audits(session, audits[-MAXIMUM_RELATED:])
        related = [one.id for one in explained]
        waiting = [one for one in explained if one.waits_for]
        if waiting:
            first = min(waiting, key=lambda one: (one.whom != "PERSON_HERE", one.since or 0))
            more = f" (and {len(waiting) - 1} more)" if len(waiting) > 1 else ""
            return first.model_copy(update={**thing, "waits_for": f"{first.waits_for}{more}", "related": related})
        last = explained[-1] if explained else None
        return Explanation(
            **thing,
            since=last.since if last else None,
            exchange=last.exchange if last else None,
            contact=last.contact if last else None,
            next_step=settled[0],
            command=settled[1],
            related=related,
        )

    def contact(self, node_id: str) -> ExchangeView | None:
        """Return the last call between this node and a partner."""
        return last_contact(self._exchanges, node_id)

    def _is_unproven(self, node_id: str) -> bool:
        return self._exchanges is not None and self._exchanges.with_partner(node_id).unproven

    def _contract(self, session: Session, contract: Contract, waiting: Waiting | None) -> Explanation:
        mail = mail_about(session, contract.node_id, contract.contract_id)
        again = f"interconn peer apply {contract.address} --node-id {contract.node_id}"
        step = step_when_settled(contract.status, again=again)
        if contract.status == AuditStatus.APPROVED and not waiting and not self._contracts.allows_calls(contract):
            step = ("it has expired: whoever still wants it applies anew", again)
        elif contract.status == AuditStatus.APPROVED and self._is_unproven(contract.node_id):
            step = step_when_unproven(contract.node_id, contract.contract_id)
        inbound = _inbound(
            contract.node_id, "contract", contract.direction, contract.status, contract.applied_at, contract.decided_at
        )
        asked = "this node applied for" if contract.direction == APPLICANT else f"{contract.node_id} applied for"
        return self._explained(
            session,
            (CONTRACT, contract.number),
            waiting,
            step,
            kind=CONTRACT,
            id=contract.contract_id,
            what=f"a contract with {contract.node_id}, which {asked}",
            state=contract.status,
            node_id=contract.node_id,
            since=contract.decided_at or contract.applied_at,
            exchange=later(last_sent(mail), inbound),
        )

    def _audit(self, session: Session, audit: Audit, waiting: Waiting | None) -> Explanation:
        mail, kind = mail_about(session, audit.node_id, audit.audit_id), AuditKind(audit.kind)
        step = step_when_settled(audit.status, again=_AGAIN[kind] if audit.direction == APPLICANT else "")
        if audit.void:
            step = (f"nothing: it is closed, {audit.void}", "")
        told = audit.decided_by.startswith("node:") or audit.direction == APPLICANT
        noun = call_of(audit, "").rstrip(".")
        inbound = _inbound(
            audit.node_id, noun, audit.direction, audit.status, audit.applied_at, audit.decided_at if told else None
        )
        asked = "this node asks of" if audit.direction == APPLICANT else "this node is asked by"
        return self._explained(
            session,
            (audit.kind, audit.number),
            waiting,
            step,
            kind=f"{audit.kind} approval",
            id=audit.audit_id,
            what=f"the approval of {noun} {audit.subject_id}, which {asked} {audit.node_id}",
            state=audit.status,
            node_id=audit.node_id,
            since=audit.decided_at or audit.applied_at,
            exchange=later(last_sent(mail), inbound),
            related=[audit.subject_id],
        )

    def _explained(
        self, session: Session, key: tuple[str, int], waiting: Waiting | None, settled: Step, **parts: object
    ) -> Explanation:
        compared = session.get(Comparison, key)
        step = step_for(waiting) if waiting else settled
        if compared and compared.differs_since is not None:
            step = step_when_different(compared.node_id)
        explanation = Explanation.model_validate({**parts, "next_step": step[0], "command": step[1]})
        return explanation.model_copy(
            update={
                "waits_for": str(waiting) if waiting else "",
                "whom": waiting.whom.value if waiting else "",
                "since": waiting.since if waiting else explanation.since,
                "contact": self.contact(explanation.node_id),
                "partner_believes": _belief(compared),
            }
        )


def _inbound(
    node_id: str, noun: str, direction: str, status: str, applied_at: int, decided_at: int | None
) -> ExchangeView | None:
    """Return the call of the partner that brought the present state, where one did."""
    if direction == PARTNER and (status == AuditStatus.APPLIED or decided_at is None):
        return received(node_id, f"{noun}.apply", applied_at)
    if direction == APPLICANT and status in (AuditStatus.APPROVED, AuditStatus.REJECTED) and decided_at is not None:
        return received(node_id, f"{noun}.confirm", decided_at)
    return None


def _belief(compared: Comparison | None) -> str:
    if compared is None or compared.asked_at is None or not compared.answer:
        return ""
    return compared.there or _CLAIMS.get(compared.answer, compared.words or "gave no answer that counts")


_AGAIN = {
    AuditKind.DATASET: "interconn dataset request NODE DATASET",
    AuditKind.PROJECT: "interconn project create NAME --partner NODE",
    AuditKind.FLOW: "interconn flow create FILE --project PROJECT",
    AuditKind.JOB: "interconn job propose FLOW --config FILE",
    AuditKind.MODEL: "interconn model request NODE MODEL --project PROJECT",
}
