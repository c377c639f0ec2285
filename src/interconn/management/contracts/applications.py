"""Applications for cooperation, ours and those of others (MGT-3.1, docs/decisions/0004-first-contact.md)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.api.peers import PeerApply
from interconn.identity.credentials import Credential, read_fingerprint
from interconn.identity.node import NodeIdentity
from interconn.management.causes import Cause
from interconn.management.contracts.addresses import base_url
from interconn.management.contracts.contracts import Contracts, expiry
from interconn.management.contracts.standing import CONTRACT
from interconn.management.contracts.tables import Contract
from interconn.management.reconciliation.tables import is_unknown_there
from interconn.management.transitions import APPLICANT, PARTNER
from interconn.management.waiting import mail_about, on_its_way
from interconn.peers.inbound import Caller
from interconn.standard.errors import CapacityExceeded, InvalidRequest
from interconn.standard.identifiers import new_id, new_nonce
from interconn.standard.management import CONTRACT_APPLY, AuditStatus, ContractApply
from interconn.state import outbox
from interconn.state.clock import Clock

OPEN_APPLICATIONS_OF_A_NODE: Final = 16
OPEN_APPLICATIONS: Final = 1000
"""An application needs no proof, so what strangers may leave here is bounded."""


class Applications:
    """Makes and receives applications, inside transactions.

    Args:
        node: this node's name card.
        clock: time.
        contracts: keeps them.
    """

    def __init__(self, *, node: NodeIdentity, clock: Clock, contracts: Contracts) -> None:
        self._node = node
        self._clock = clock
        self._contracts = contracts

    def apply(self, session: Session, person: Person, request: PeerApply) -> Contract:
        """Commit an application of ours and its message; the contract's id comes with the reply."""
        address = base_url(request.address)
        self._contracts.check_applicable(session, request.node_id, request.expired_time)
        contract = Contract(
            contract_id=new_id("pending"),
            provisional=True,
            node_id=request.node_id,
            address=address,
            direction=APPLICANT,
            status=AuditStatus.APPLIED.value,
            expected_fingerprint=read_fingerprint(request.fingerprint) if request.fingerprint else "",
            expired_time=request.expired_time,
            trace_id=self._trace_of_its_own(session, person, request.node_id),
            applied_at=self._clock.now(),
        )
        session.add(contract)
        credential = self._contracts.introduce(contract)
        card = self._node.information()
        application = ContractApply(
            **card.to_wire() | ({"description": request.description} if request.description else {}),
            auth_credential=credential.pem,
            auth_type=credential.auth_type,
            expired_time=request.expired_time,
        )
        self._contracts.send(session, contract, CONTRACT_APPLY.name, application.to_wire())
        self._contracts.note(session, contract, Cause.person(person), "contract.apply", "MGT-3.1")
        return contract

    def _trace_of_its_own(self, session: Session, person: Person, node_id: str) -> str:
        # The partner knows a repeated application by its trace id and bytes; a person who applies anew in the same
        # trace must not be taken for one.
        before = select(Contract).where(Contract.node_id == node_id, Contract.trace_id == person.trace_id)
        again = session.scalar(before.limit(1)) is not None
        return f"{person.trace_id[:96]}.{new_nonce()[:16]}" if again else person.trace_id

    def numbered(self, session: Session, contract: Contract, contract_id: str, cause: Cause) -> None:
        """Take over the id that the partner gave to our application."""
        if not contract.provisional:
            return
        if session.scalar(select(Contract).where(Contract.contract_id == contract_id)):
            # Another partner's contract has that id; nothing said under it later could be told apart.
            self.refused(session, contract, "the partner gave it an id that is in use here", cause)
            return
        was, contract.contract_id, contract.provisional = contract.contract_id, contract_id, False
        for message in mail_about(session, contract.node_id, was):
            message.reference = contract_id
        self._contracts.note(session, contract, cause, "contract.applied", "MGT-3.1", was=was)

    def refused(self, session: Session, contract: Contract, reason: str, cause: Cause) -> None:
        """Take note that the partner did not even take our application."""
        if contract.provisional and contract.status == AuditStatus.APPLIED:
            self._give_up(session, contract, reason, cause)

    def _give_up(self, session: Session, contract: Contract, reason: str, cause: Cause) -> None:
        contract.status, contract.reason, contract.decided_at = AuditStatus.REJECTED.value, reason, self._clock.now()
        self._contracts.note(session, contract, cause, "contract.refused", "MGT-3.1", reason=reason)

    def may_be_withdrawn(self, session: Session, contract: Contract) -> bool:
        """Tell whether an application of ours is none at the partner's: unanswered, or forgotten by its own word."""
        if contract.direction != APPLICANT or contract.status != AuditStatus.APPLIED:
            return False
        return contract.provisional or is_unknown_there(session, CONTRACT, contract.number)

    def withdraw(self, session: Session, contract: Contract, cause: Cause) -> None:
        """Give up an application that is none at the partner's; by the standard there is no contract yet."""
        outbox.withdraw(session, endpoint=CONTRACT_APPLY.name, reference=contract.contract_id)
        unanswered = "withdrawn before the partner answered"
        self._give_up(
            session, contract, unanswered if contract.provisional else "the partner knows nothing of it", cause
        )

    def repeat(self, session: Session, contract: Contract, cause: Cause) -> None:
        """Send our application once more, byte by byte, so that the partner knows it and says its verdict again."""
        sent = mail_about(session, contract.node_id, contract.contract_id)
        if on_its_way(sent):
            return
        for message in sent:
            if message.endpoint == CONTRACT_APPLY.name:
                self._contracts.send(session, contract, CONTRACT_APPLY.name, message.body)
                self._contracts.note(session, contract, cause, "contract.apply_again", "MGT-3.1")
                return

    def receive(self, session: Session, caller: Caller, request: ContractApply) -> tuple[Contract, bool]:
        """Keep an application of another node; its address is not contacted before a person approves.

        Returns:
            The contract, and whether it was known: then this is its application once more.
        """
        if request.node_id != caller.node_id:
            raise InvalidRequest(
                "node_id differs from x-source-node-id: a node applies for itself", where="node_id", clause="MGT-3.1"
            )
        credential = Credential.parse(request.auth_type, request.auth_credential)
        address = base_url(request.address)
        repeat_of = f"{caller.trace_id[:128]} {caller.request_digest}"
        known = session.scalar(
            select(Contract).where(
                Contract.node_id == caller.node_id, Contract.direction == PARTNER, Contract.repeat_of == repeat_of
            )
        )
        if known:  # its reply was lost
            known.key_proven = known.key_proven or caller.proven_key is not None
            return known, True
        self._contracts.require_belief(credential, caller.node_id)
        self._contracts.check_applicable(session, caller.node_id, request.expired_time)
        self._check_room(session, caller.node_id)
        contract = Contract(
            contract_id=new_id("contract"),
            node_id=request.node_id,
            inst_id=request.inst_id,
            institution=request.institution,
            name=request.name,
            address=address,
            system=request.system,
            system_version=request.system_version,
            description=request.description or "",
            direction=PARTNER,
            status=AuditStatus.APPLIED.value,
            auth_type=request.auth_type.value,
            auth_credential=credential.pem,
            fingerprint=credential.fingerprint,
            key_proven=caller.proven_key is not None,
            expired_time=expiry(request.expired_time),
            repeat_of=repeat_of,
            trace_id=caller.trace_id,
            applied_at=self._clock.now(),
        )
        session.add(contract)
        self._contracts.note(session, contract, Cause.caller(caller), "contract.received", "MGT-3.1")
        return contract, False

    def _check_room(self, session: Session, node_id: str) -> None:
        waiting = select(func.count()).where(
            Contract.direction == PARTNER, Contract.status == AuditStatus.APPLIED.value
        )
        of_node = session.scalar(waiting.where(Contract.node_id == node_id)) or 0
        if of_node >= OPEN_APPLICATIONS_OF_A_NODE or (session.scalar(waiting) or 0) >= OPEN_APPLICATIONS:
            raise CapacityExceeded("too many applications wait for a decision here", clause="MGT-3.1")
