"""The contracts of this node: finding them, what each allows, and how a change to one is kept (MGT-3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.identity.credentials import Credential
from interconn.identity.keys import OwnKeys
from interconn.identity.node import NodeIdentity
from interconn.identity.trust import check_signing_certificate
from interconn.management.causes import Cause
from interconn.management.contracts.directory import ContractDirectory, key
from interconn.management.contracts.tables import Contract
from interconn.standard.errors import CertificateRefused, ContractNotUsable, InvalidRequest, NotFound, Refused
from interconn.standard.management import AuditStatus, NodeInformation, NodeUpdate
from interconn.standard.wire import canonical_json
from interconn.state import outbox
from interconn.state.clock import Clock
from interconn.state.database import announce

CONTRACT_TOPIC: Final = "contracts"

UNLIMITED: Final = 253_402_300_799_000
"""The end of the year 9999, epoch milliseconds: a confirm has to name an expiry (MGT-3.2); ours may have none."""


class Contracts:
    """Keeps contracts.

    Args:
        node: this node's name card.
        keys: this node's keys.
        clock: time.
        directory: follows every change.
    """

    def __init__(self, *, node: NodeIdentity, keys: OwnKeys, clock: Clock, directory: ContractDirectory) -> None:
        self._node = node
        self._keys = keys
        self._clock = clock
        self._directory = directory

    def named(self, session: Session, contract_id: str) -> Contract:
        """Return a contract by its id, as a person names it.

        Raises:
            NotFound: there is none.
        """
        contract = session.scalar(select(Contract).where(Contract.contract_id == contract_id))
        if contract is None:
            raise NotFound(f"there is no contract {contract_id}", where="contract_id", hint="interconn peer list")
        return contract

    def between(self, session: Session, node_id: str, contract_id: str) -> Contract:
        """Return a contract to a node that is a side of it; no other learns that it exists.

        Raises:
            NotFound: there is no such contract between the two nodes.
        """
        found = select(Contract).where(Contract.contract_id == contract_id, Contract.node_id == node_id)
        contract = session.scalar(found)
        if contract is None or contract.provisional:
            raise NotFound("there is no such contract between the two nodes", where="contract_id", clause="MGT-3.5")
        return contract

    def allows_calls(self, contract: Contract) -> bool:
        """Tell whether calls may be made under the contract."""
        if not (self.in_force(contract) and contract.key_compared):
            return False
        try:
            self._directory.require_belief(key(contract), contract.node_id)
        except CertificateRefused:
            return False
        return True

    def in_force(self, contract: Contract) -> bool:
        """Tell whether a contract is approved and has not expired."""
        return contract.status == AuditStatus.APPROVED and not _expired(contract, self._clock.now())

    def accepts_former(self, contract: Contract) -> bool:
        """Tell whether the other side's former key is accepted still."""
        return contract.former_until is not None and self._clock.now() < contract.former_until

    def require_belief(self, credential: Credential, node_id: str) -> None:
        """Check that a credential, if it is a certificate, is that node's and to be believed now.

        Raises:
            CertificateRefused: it is not; the message says why.
        """
        self._directory.require_belief(credential, node_id)

    def require_own_belief(self, credential: Credential) -> None:
        """Check that a certificate of this node's own is made for signing, and this node's.

        Whether its authority is known is for partners to say: a node need not trust itself.

        Raises:
            CertificateRefused: it is not.
        """
        if credential.chain:
            check_signing_certificate(credential.chain[0], self._node.node_id)

    def introduce(self, contract: Contract) -> Credential:
        """Return the key that the other side is told by apply or confirm, and keep which it was."""
        credential = self._keys.newest.credential
        contract.own_fingerprint = credential.fingerprint
        contract.told = digest_of_told(self._node.information(), credential.pem)
        return credential

    def require_usable(self, session: Session, node_id: str, contract_id: str = "") -> Contract:
        """Return a contract with a node that allows calls: that one, or any if none is named.

        Raises:
            NotFound: the contract named is not one with that node.
            ContractNotUsable: it is not approved, in force and compared.
        """
        named = [self.between(session, node_id, contract_id)] if contract_id else None
        for contract in named or _approved_with(session, node_id):
            if self.allows_calls(contract):
                return contract
        raise ContractNotUsable(
            f"no contract with {node_id} is in force",
            clause="MGT-3-contract-state",
            hint="'interconn peer list' shows how contracts stand and whom each waits for",
        )

    def latest(self, session: Session, node_id: str) -> Contract:
        """Return the contract that counts with a node: one in force, else the newest.

        Raises:
            NotFound: there was never one.
        """
        try:
            return self.require_usable(session, node_id)
        except ContractNotUsable:
            newest = select(Contract).where(Contract.node_id == node_id).order_by(Contract.number.desc()).limit(1)
            contract = session.scalar(newest)
        if contract is None:
            raise NotFound(f"there is no contract with {node_id}", where="node_id", hint="interconn peer apply")
        return contract

    def check_applicable(self, session: Session, node_id: str, expired_time: int | None) -> None:
        """Check that a new contract with a node may come about.

        Raises:
            Refused: it is this node itself, or one is in force (MGT-3-contract-reapply).
            InvalidRequest: it would have expired already.
        """
        now = self._clock.now()
        if node_id == self._node.node_id:
            raise Refused("a node has no contract with itself", where="node_id", clause="MGT-3.1")
        if expired_time is not None and expired_time <= now:
            raise InvalidRequest(
                "the contract would have expired already",
                where="expired_time",
                clause="MGT-3.1",
                hint="It is an instant in epoch milliseconds",
            )
        for contract in _approved_with(session, node_id):
            if not _expired(contract, now):
                raise Refused(
                    f"contract {contract.contract_id} with {node_id} is approved already",
                    clause="MGT-3-contract-reapply",
                    hint="Terminate it first if it is to be replaced",
                )

    def note(
        self, session: Session, contract: Contract, cause: Cause, action: str, clause: str, **details: str
    ) -> None:
        """Record a change in the audit trail, and have directory and waiters follow it."""
        session.flush()
        cause.record(
            session,
            at=self._clock.now(),
            action=action,
            subject=f"contract:{contract.contract_id}",
            partner=contract.node_id,
            clause=clause,
            details={"status": contract.status, "fingerprint": contract.fingerprint, **details},
        )
        self._directory.follow(session, contract.node_id)
        announce(session, CONTRACT_TOPIC)

    def send(
        self, session: Session, contract: Contract, endpoint: str, body: dict[str, Any], *, insists: bool = False
    ) -> None:
        """Commit a message about the contract to the other side."""
        outbox.enqueue(
            session,
            node_id=contract.node_id,
            endpoint=endpoint,
            body=body,
            reference=contract.contract_id,
            trace_id=contract.trace_id,
            now=self._clock.now(),
            insists=insists,
        )


def _approved_with(session: Session, node_id: str) -> Iterator[Contract]:
    approved = select(Contract).where(Contract.node_id == node_id, Contract.status == AuditStatus.APPROVED.value)
    yield from session.scalars(approved.order_by(Contract.number.desc()))


def expiry(time: int | None) -> int | None:
    """Return an expiry as it is kept: None for one that never comes."""
    return None if time is None or time >= UNLIMITED else time


def _expired(contract: Contract, now: int) -> bool:
    return contract.expired_time is not None and now >= contract.expired_time


def digest_of_told(card: NodeInformation | NodeUpdate, credential: str) -> str:
    """Return the digest of what partners are told to remember of a node: its card, except for software, and its key."""
    told = card.to_wire()
    members = ("address", "description", "inst_id", "institution", "name")
    return hashlib.sha256(
        canonical_json({"credential": credential, **{name: told.get(name) for name in members}})
    ).hexdigest()


def called(contract: Contract) -> str:
    """Return what messages call a contract."""
    return f"contract {contract.contract_id}"
