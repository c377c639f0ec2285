"""What two nodes have between them: contracts and audits, seen alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.management.approvals.standing import lacks_permit
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.standing import CONTRACT
from interconn.management.contracts.tables import Contract
from interconn.management.permits.tables import Permit
from interconn.management.reconciliation.judgement import Standing
from interconn.management.transitions import APPLICANT
from interconn.management.waiting import Mail, mail_of, on_its_way, untaken
from interconn.standard.management import AuditStatus

_STEP_TOLD: Final = {
    AuditStatus.APPLIED: "apply",
    AuditStatus.APPROVED: "confirm",
    AuditStatus.REJECTED: "confirm",
    AuditStatus.TERMINATED: "terminate",
}


Key = tuple[str, int]
"""What a comparison is kept under: CONTRACT or the kind of the audit, and the number of its row."""


@dataclass(frozen=True)
class Matter:
    """A contract or an audit between this node and a partner.

    Attributes:
        kind: CONTRACT, or the kind of the audit.
        number: of its row.
        reference: id of the contract or audit.
        subject_id: id of what the audit is about; empty for a contract.
        node_id: the other side.
        standing: our side.
        since: when our state was reached, epoch milliseconds.
        pending: something about it is on its way to the partner.
        askable: the partner may be asked, as far as the row itself tells.
        address: of the partner, where it is a contract.
        void: why it counts no more although its state stands; nothing is asked about it.
        later: a contract with that partner is newer than this one.
    """

    kind: str
    number: int
    reference: str
    subject_id: str
    node_id: str
    standing: Standing
    since: int
    pending: bool
    askable: bool
    address: str = ""
    void: str = ""
    later: bool = False

    @property
    def key(self) -> Key:
        """What its comparison is kept under."""
        return self.kind, self.number

    @property
    def here(self) -> AuditStatus:
        """Our state."""
        return self.standing.here


def of_contracts(session: Session, contracts: Sequence[Contract]) -> list[Matter]:
    """Return contracts as matters."""
    mail = mail_of(session, [contract.contract_id for contract in contracts])
    newest = select(Contract.node_id, func.max(Contract.number)).group_by(Contract.node_id)
    nodes = {contract.node_id for contract in contracts}
    last = dict(session.execute(newest.where(Contract.node_id.in_(nodes))).all())
    return [
        _of_contract(one, mail.get((one.node_id, one.contract_id), []), later=one.number < last[one.node_id])
        for one in contracts
    ]


def of_audits(session: Session, audits: Sequence[Audit]) -> list[Matter]:
    """Return audits as matters."""
    mail = mail_of(session, [audit.audit_id for audit in audits])
    numbers = [audit.number for audit in audits]
    kept = set(session.scalars(select(Permit.audit_number).where(Permit.audit_number.in_(numbers))))
    return [_of_audit(one, mail.get((one.node_id, one.audit_id), []), has_permit=one.number in kept) for one in audits]


def _of_contract(contract: Contract, mail: Mail, *, later: bool) -> Matter:
    here, applicant = AuditStatus(contract.status), contract.direction == APPLICANT
    told = _is_told(mail, "contract", here, applicant)
    return Matter(
        kind=CONTRACT,
        number=contract.number,
        reference=contract.contract_id,
        subject_id="",
        node_id=contract.node_id,
        standing=Standing(
            contract=True, job=False, applicant=applicant, here=here, whole=not contract.provisional, told=told
        ),
        since=contract.decided_at or contract.applied_at,
        pending=on_its_way(mail),
        # The address that a stranger gave is not contacted before a person has approved.
        askable=not contract.provisional and (applicant or contract.key_compared),
        address=contract.address,
        later=later,
    )


def _of_audit(audit: Audit, mail: Mail, *, has_permit: bool) -> Matter:
    here, applicant = AuditStatus(audit.status), audit.direction == APPLICANT
    return Matter(
        kind=audit.kind,
        number=audit.number,
        reference=audit.audit_id,
        subject_id=audit.subject_id,
        node_id=audit.node_id,
        standing=Standing(
            contract=False,
            job=audit.kind == AuditKind.JOB,
            applicant=applicant,
            here=here,
            whole=not lacks_permit(audit, has_permit=has_permit),
            told=_is_told(mail, audit.kind.lower(), here, applicant),
        ),
        since=audit.decided_at or audit.applied_at,
        pending=on_its_way(mail),
        askable=not audit.void,
        void=audit.void,
    )


def find_all(session: Session, keys: Iterable[Key]) -> list[Matter]:
    """Return the matters of some comparisons."""
    wanted = list(keys)
    contracts = [number for kind, number in wanted if kind == CONTRACT]
    audits = [number for kind, number in wanted if kind != CONTRACT]
    found = of_contracts(session, session.scalars(select(Contract).where(Contract.number.in_(contracts))).all())
    return found + of_audits(session, session.scalars(select(Audit).where(Audit.number.in_(audits))).all())


def find(session: Session, key: Key) -> Matter | None:
    """Return the matter of a comparison, or None where its row is gone."""
    found = find_all(session, [key])
    return found[0] if found else None


def between(session: Session, node_id: str, limit: int) -> tuple[list[Matter], int]:
    """Return what is between this node and a partner: contracts first, then what is open or in force.

    Args:
        session: of a transaction.
        node_id: the partner.
        limit: return at most so many, the newest of each sort first.

    Returns:
        The matters, and how many there are in all.
    """
    # One that got no answer before it was given up, or that was refused, is nothing between the two.
    open_or_known = Contract.provisional.is_(False) | (Contract.status == AuditStatus.APPLIED.value)
    ours = (Contract.node_id == node_id, open_or_known)
    contracts = session.scalars(select(Contract).where(*ours).order_by(Contract.number.desc()).limit(limit)).all()
    over = (AuditStatus.REJECTED.value, AuditStatus.TERMINATED.value)
    order = (case((Audit.status.in_(over), 1), else_=0), Audit.number.desc())
    theirs = (Audit.node_id == node_id, Audit.void == "")
    audits = session.scalars(select(Audit).where(*theirs).order_by(*order).limit(limit - len(contracts))).all()
    total = sum(session.scalar(select(func.count()).where(*each)) or 0 for each in (ours, theirs))
    return of_contracts(session, contracts) + of_audits(session, audits), total


def _is_told(mail: Mail, noun: str, here: AuditStatus, applicant: bool) -> bool:
    step = _STEP_TOLD[here]
    if applicant and step == "confirm":
        return True  # the partner decided, so it knows
    return untaken(mail, f"{noun}.{step}") is None
