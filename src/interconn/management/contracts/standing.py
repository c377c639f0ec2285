"""Whom a contract waits for, on either side of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from interconn.management.contracts.tables import Contract
from interconn.management.reconciliation.tables import Comparison, comparisons_of, differs, in_step
from interconn.management.transitions import APPLICANT
from interconn.management.waiting import REFUSED, Mail, Waiting, Whom, mail_of, untaken
from interconn.standard.management import CONTRACT_APPLY, CONTRACT_CONFIRM, CONTRACT_TERMINATE, AuditStatus

CONTRACT = "CONTRACT"
"""What a comparison calls a contract, beside the kinds of audits."""


def waiting(contract: Contract, *, mail: Mail, compared: Comparison | None) -> Waiting | None:
    """Return what a contract waits for, or None where it waits for nothing.

    Args:
        contract: of either side.
        mail: what was sent to the partner about it.
        compared: what the partner said when it was last asked.
    """
    node, since = contract.node_id, contract.decided_at or contract.applied_at
    compare = f"interconn peer approve {contract.contract_id} --fingerprint FINGERPRINT"
    if contract.status == AuditStatus.APPLIED and contract.direction == APPLICANT:
        message = untaken(mail, CONTRACT_APPLY.name)
        if message:
            give_up = f"interconn peer terminate {contract.contract_id}"
            return Waiting(Whom.NODE_THERE, node, "take the application", since, message, command=give_up)
        return Waiting(Whom.PERSON_THERE, node, "approve", since, command=f"interconn peer show {node}")
    if contract.status == AuditStatus.APPLIED:
        return Waiting(Whom.PERSON_HERE, node, "compare the fingerprint and to approve", since, command=compare)
    if contract.status == AuditStatus.APPROVED and not contract.key_compared:
        purpose = f"compare the fingerprint of the key of {node}: interconn peer approve"
        return Waiting(Whom.PERSON_HERE, node, purpose, since, command=compare)
    if contract.next_fingerprint:
        purpose = f"compare the fingerprint of the new key of {node}: interconn peer approve"
        return Waiting(Whom.PERSON_HERE, node, purpose, since, command=compare)
    if contract.status == AuditStatus.TERMINATED:
        message = untaken(mail, CONTRACT_TERMINATE.name)
        # A partner that knows of no contract in force refuses that call; only if it says otherwise is it to learn.
        refused = message is not None and message.state == REFUSED
        if message is None or (refused and not differs(compared)):
            return None
        return Waiting(Whom.NODE_THERE, node, "learn of the end of the contract", since, message)
    if contract.direction == APPLICANT:
        return None
    message = untaken(mail, CONTRACT_CONFIRM.name)
    if message is None or (message.state == REFUSED and in_step(compared, contract.status)):
        return None
    return Waiting(Whom.NODE_THERE, node, "acknowledge the verdict", since, message)


def waiting_of(session: Session, contracts: Sequence[Contract]) -> dict[int, Waiting | None]:
    """Return what each of some contracts waits for, by its number."""
    mail = mail_of(session, [contract.contract_id for contract in contracts])
    compared = comparisons_of(session, CONTRACT, [contract.number for contract in contracts])
    return {
        contract.number: waiting(
            contract,
            mail=mail.get((contract.node_id, contract.contract_id), []),
            compared=compared.get(contract.number),
        )
        for contract in contracts
    }
