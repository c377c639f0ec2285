"""The partners as calls need them: contracts in memory, in step with every commit that changes one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from interconn.identity.credentials import Credential
from interconn.identity.trust import CertificateTrust, require_certificate
from interconn.management.contracts.tables import Contract
from interconn.management.transitions import APPLICANT
from interconn.peers.directory import Peer
from interconn.standard.errors import CertificateRefused, ContractNotUsable, InterconnError, UnknownNode
from interconn.standard.management import AuditStatus, AuthType
from interconn.state.clock import Clock, SystemClock
from interconn.state.database import Database


@dataclass(frozen=True)
class _Standing:
    """One contract, as far as calls are concerned."""

    contract_id: str
    status: str
    direction: str
    key_compared: bool
    expired_time: int | None
    peer: Peer | None  # None until the partner's key is known
    own_fingerprint: str
    former: Credential | None
    former_until: int

    def obstacle(self, now: int) -> tuple[str, str | None]:
        """Return why no call may be made under this contract, and what to do; an empty reason if one may."""
        reasons: dict[str, tuple[str, str | None]] = {
            AuditStatus.REJECTED: ("was rejected", "Apply again: interconn peer apply"),
            AuditStatus.TERMINATED: ("was terminated", "Apply again: interconn peer apply"),
        }
        if self.status in reasons:
            return reasons[self.status]
        if self.status == AuditStatus.APPLIED:
            if self.direction == APPLICANT:
                return "waits for the partner's approval", "Their people decide: interconn why shows since when"
            return "waits for this side's approval", "interconn peer approve ... --fingerprint"
        if self.expired_time is not None and now >= self.expired_time:
            return "has expired", "Apply again: interconn peer apply"
        if not self.key_compared or self.peer is None:
            return (
                "waits for a person to compare the fingerprint of the partner's key",
                "interconn peer approve ... --fingerprint",
            )
        return "", None

    def partner(self, now: int) -> Peer | None:
        """Return the other side as calls need it at this time: with its former key while that is accepted."""
        if self.peer is None or self.former is None or now >= self.former_until:
            return self.peer
        return replace(self.peer, former=self.former)


class ContractDirectory:
    """Finds partners for `peers`, from memory and from any thread.

    Args:
        database: where the contracts are; asked once, by `load`.
        clock: time, for contracts that expire.
        trust: which certificates are believed; without it none is.
    """

    def __init__(
        self, database: Database, *, clock: Clock | None = None, trust: CertificateTrust | None = None
    ) -> None:
        self._database = database
        self._trust = trust
        self._clock = clock or SystemClock()
        self._standings: dict[str, tuple[_Standing, ...]] = {}

    async def load(self) -> None:
        """Read all contracts."""

        def work(session: Session) -> dict[str, tuple[_Standing, ...]]:
            nodes = session.scalars(select(Contract.node_id).distinct())
            return {node_id: _standings(session, node_id) for node_id in nodes}

        self._standings = await self._database.read(work)

    def follow(self, session: Session, node_id: str) -> None:
        """Take over the contracts with a node as this transaction leaves them, once it is committed."""
        session.flush()
        standings = _standings(session, node_id)

        def put(_session: Session) -> None:
            # Replaced as a whole, so that readers in other threads see the old or the new and nothing between.
            self._standings = {**self._standings, node_id: standings}

        event.listen(session, "after_commit", put, once=True)

    def usable(self, node_id: str) -> Peer:
        """Return a partner whose contract is approved, in force, and whose key a person has compared.

        Raises:
            UnknownNode: there is no contract with that node.
            ContractNotUsable: there is one that allows no calls; the message says why.
            CertificateRefused: its certificate is not to be believed now.
        """
        standings = self._standings.get(node_id)
        if not standings:
            raise UnknownNode(
                f"there is no contract with {node_id[:128]}",
                where="x-source-node-id",
                clause="MGT-3-contract-state",
                hint="Apply for cooperation first: interconn peer apply",
            )
        now = self._clock.now()
        for standing in standings:
            if not standing.obstacle(now)[0] and (peer := standing.partner(now)):
                self.require_belief(peer.credential, node_id)
                if peer.former and not self._believes(peer.former, node_id):
                    return replace(peer, former=None)
                return peer
        reason, hint = standings[0].obstacle(now)
        raise ContractNotUsable(
            f"contract {standings[0].contract_id} with {node_id} {reason}", clause="MGT-3-contract-state", hint=hint
        )

    def partners(self) -> list[Peer]:
        """Return all partners that `usable` would return, by node id."""
        found = []
        for node_id in sorted(self._standings):
            with suppress(InterconnError):
                found.append(self.usable(node_id))
        return found

    def require_belief(self, credential: Credential, node_id: str) -> None:
        """Check that a credential, if it is a certificate, is that node's and to be believed now.

        Raises:
            CertificateRefused: it is not; the message says why.
        """
        if credential.chain:
            require_certificate(self._trust, credential, node_id, self._clock.now())

    def own_key(self, node_id: str) -> str:
        """Return the fingerprint by which a node knows this one; empty where it knows none."""
        now = self._clock.now()
        live = [one for one in self._standings.get(node_id, ()) if one.status in _LIVE]
        in_force = [one for one in live if one.status == AuditStatus.APPROVED and not one.obstacle(now)[0]]
        return (in_force or live)[0].own_fingerprint if live else ""

    def _believes(self, credential: Credential, node_id: str) -> bool:
        try:
            self.require_belief(credential, node_id)
        except CertificateRefused:
            return False
        return True


_LIVE: Final = (AuditStatus.APPLIED, AuditStatus.APPROVED)


def _standings(session: Session, node_id: str) -> tuple[_Standing, ...]:
    """Return the contracts with a node, newest first."""
    found = session.scalars(select(Contract).where(Contract.node_id == node_id).order_by(Contract.number.desc()))
    return tuple(_standing(contract) for contract in found)


def _standing(contract: Contract) -> _Standing:
    peer = None
    if contract.auth_credential:
        peer = Peer(
            node_id=contract.node_id,
            inst_id=contract.inst_id,
            address=contract.address,
            contract_id=contract.contract_id,
            credential=key(contract),
            dialect=contract.dialect,
        )
    return _Standing(
        contract_id=contract.contract_id,
        status=contract.status,
        direction=contract.direction,
        key_compared=contract.key_compared,
        expired_time=contract.expired_time,
        peer=peer,
        own_fingerprint=contract.own_fingerprint,
        former=former_key(contract),
        former_until=contract.former_until or 0,
    )


def key(contract: Contract) -> Credential:
    """Return the other side's key.

    Raises:
        InvalidRequest: there is none yet.
    """
    return _read(contract.auth_type, contract.auth_credential)


def former_key(contract: Contract) -> Credential | None:
    """Return the other side's key before its present one, where there was one."""
    if not contract.former_credential:
        return None
    return _read(contract.former_auth_type, contract.former_credential)


@lru_cache(maxsize=1024)
def _read(auth_type: str, text: str) -> Credential:
    # A contract is looked at with every call under it, and its key seldom changes.
    return Credential.parse(AuthType(auth_type), text)
