"""Changing this node's own key and name card while it works (MGT-3.4, docs/decisions/0009-keys-and-certificates.md).

A partner that has acknowledged the new key is signed to with it from then on, the others with the old one; when
nobody knows the old one alone, it is erased. All of it follows from the contracts' rows, so that a restart at any
point goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.identity.credentials import Credential
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import Certified
from interconn.identity.node import NodeIdentity
from interconn.identity.signature import KeyProof
from interconn.identity.trust import until
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import CONTRACT_TOPIC, Contracts, digest_of_told
from interconn.management.contracts.directory import ContractDirectory
from interconn.management.contracts.tables import Contract, KeyRotation
from interconn.management.waiting import REFUSED, Waiting, Whom
from interconn.peers.outbound import Destination
from interconn.standard import headers as names
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import BadSignature, ContractNotUsable, InterconnError, PeerRefused, Refused
from interconn.standard.management import CONTRACT_CONFIRM, NODE_UPDATE, AuditStatus, AuthType, NodeUpdate
from interconn.standard.wire import WireModel
from interconn.state import outbox
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database
from interconn.state.outbox import OutboxMessage

log = structlog.get_logger()

OPEN: Final = "OPEN"
DONE: Final = "DONE"
LOST: Final = "LOST"
LOOK_SECONDS: Final = 30.0
"""Contracts that expire say nothing, so it is looked at them that often."""
_UPDATE: Final = "update:"
_REPETITION: Final = "repeat:"
"""References of updates are not those of their contracts: a termination does not wait behind an update."""


class Rotation:
    """Changes this node's key and tells partners, and tells them of a changed name card.

    Args:
        node: this node's name card.
        database: where contracts are.
        keys: this node's keys.
        clock: time.
        contracts: keeps them.
        directory: of partners.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        keys: KeyRing,
        clock: Clock,
        contracts: Contracts,
        directory: ContractDirectory,
    ) -> None:
        self._node = node
        self._database = database
        self._keys = keys
        self._clock = clock
        self._contracts = contracts
        self._directory = directory

    async def start(self) -> None:
        """Take up what a stop or a crash has interrupted, and see whether the name card was changed meanwhile."""

        def work(session: Session) -> KeyRotation | None:
            rotation = _latest(session)
            if rotation is not None and not self._keys.holds(rotation.following):
                # Keys and database are not of one time. The store's word counts: its key is the one there is.
                log.warning("the key of the latest rotation is not in the store", fingerprint=rotation.following)
                rotation.status, rotation = LOST if rotation.status == OPEN else rotation.status, None
            elif rotation is not None:
                self._keys.lead(rotation.following)
            credential = self._keys.newest.credential
            for contract in session.scalars(select(Contract).where(Contract.told == "")):
                # A contract of an older version: it was told the one key and, as far as anybody knows, this card.
                contract.told = digest_of_told(self._node.information(), credential.pem)
                contract.own_fingerprint = contract.own_fingerprint or credential.fingerprint
                self._directory.follow(session, contract.node_id)
            return rotation

        rotation = await self._database.write(work)
        if rotation is not None and rotation.status == DONE:
            self._clean(rotation)
        await self.step()

    async def run(self) -> None:
        """Follow every contract until cancelled."""
        with self._database.signals.subscribe(CONTRACT_TOPIC) as changed:
            while True:
                await self.step()
                await changed.wait(LOOK_SECONDS)

    async def step(self) -> bool:
        """Tell whom there is to tell, end a rotation that nobody needs any more, and return whether there was any."""
        if not await self._database.read(self._something_to_do):
            return False
        done = await self._database.write(self._step)
        if done is not None:
            reach("rotation.done")
            self._clean(done)
        return True

    async def rotate(self, cause: Cause, auth_type: AuthType | None, certified: Certified | None) -> None:
        """Make a new key and tell every partner; the node signs with it wherever it is known.

        Raises:
            Refused: a rotation is under way.
            ConfigurationError: the key cannot be made or taken.
        """
        await self._database.read(self._check_none_open)
        self._forget_strays()
        wanted = auth_type or self._keys.newest.credential.auth_type
        following = self._keys.add(wanted, certified).credential
        reach("rotation.key_made")

        def work(session: Session) -> None:
            self._check_none_open(session)
            self._contracts.require_own_belief(following)
            former = self._keys.newest.credential.fingerprint
            for contract in session.scalars(select(Contract).where(Contract.own_fingerprint == "")):
                contract.own_fingerprint = former
                self._directory.follow(session, contract.node_id)
            rotation = KeyRotation(
                former=former,
                following=following.fingerprint,
                auth_type=following.auth_type.value,
                status=OPEN,
                started_at=self._clock.now(),
            )
            session.add(rotation)
            self._note(session, cause, rotation, "node.rotate_key")

        try:
            await self._database.write(work)
        except InterconnError:
            self._keys.forget(following.fingerprint)
            raise
        self._keys.lead(following.fingerprint)
        await self.step()

    async def resume(self, cause: Cause) -> int:
        """Tell those partners again that refused to be told; return how many."""

        def work(session: Session) -> int:
            again = [contract for contract in self.behind(session) if _refused(session, contract)]
            for contract in again:
                self._send(session, contract, cause.trace_id)
            return len(again)

        return await self._database.write(work)

    async def certify(self, certificates: str, cause: Cause) -> None:
        """Put renewed certificates in the place of the old ones, for the same key, and tell partners.

        Raises:
            InvalidRequest, ConfigurationError, CertificateRefused: they are not this node's, or not this key's.
        """
        self._contracts.require_own_belief(Credential.parse(AuthType.CERT, certificates))
        credential = self._keys.certify(certificates).credential

        def work(session: Session) -> None:
            details = {"until": until(credential)}
            self._record(session, cause, "node.certified", f"key:{credential.fingerprint}", details)

        await self._database.write(work)
        await self.step()

    async def card_changed(self, cause: Cause, members: Mapping[str, str]) -> None:
        """Tell partners of a name card that was changed."""

        def work(session: Session) -> None:
            self._record(session, cause, "node.changed", f"node:{self._node.node_id}", dict(members))

        await self._database.write(work)
        await self.step()

    def under_way(self, session: Session) -> KeyRotation | None:
        """Return the rotation under way, or None."""
        rotation = _latest(session)
        return rotation if rotation is not None and rotation.status == OPEN else None

    def knowing(self, session: Session, fingerprint: str) -> list[str]:
        """Return the nodes that know this one by a key."""
        live = select(Contract).where(Contract.own_fingerprint == fingerprint, Contract.status.in_(_LIVE))
        return sorted({contract.node_id for contract in session.scalars(live) if not self._over(contract)})

    def behind(self, session: Session) -> list[Contract]:
        """Return the contracts in force whose other side does not know the newest key and card."""
        own = self._keys.newest.credential
        told = digest_of_told(self._node.information(), own.pem)
        approved = select(Contract).where(Contract.status == AuditStatus.APPROVED.value)
        behind = approved.where((Contract.own_fingerprint != own.fingerprint) | (Contract.told != told))
        return [contract for contract in session.scalars(behind) if self._contracts.allows_calls(contract)]

    def waits_for(self, session: Session, contract: Contract) -> str:
        """Return whom telling a partner waits for, and how the last attempt went."""
        message = _last_update(session, contract)
        if message is None or message.state == "DELIVERED":
            return ""
        node, purpose = contract.node_id, "learn of the change"
        if message.state == REFUSED:
            return f"nobody: {node} would not {purpose}: {message.last_error}"
        return str(Waiting(Whom.NODE_THERE, node, purpose, message.created_at, message))

    # --- the outbox -----------------------------------------------------------------------------------------

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        """The calls of the outbox that tell of changes."""
        return (NODE_UPDATE,)

    def destination(self, session: Session, message: OutboxMessage) -> Destination:
        """Where an update goes, and with which key it is signed: the one the partner knows, as far as is known."""
        contract = self._of(session, message)
        peer = self._directory.usable(contract.node_id)
        if peer.contract_id != contract.contract_id:
            raise ContractNotUsable(f"contract {contract.contract_id} is not the one in force", clause="MGT-3.4")
        told = _told_key(message)
        repeats = message.reference.startswith(_REPETITION)
        signer = self._keys.find(told.fingerprint if repeats else contract.own_fingerprint)
        proof = {}
        if told.fingerprint != signer.credential.fingerprint:
            content = KeyProof(
                told, signer.credential.fingerprint, self._node.node_id, contract.node_id, contract.contract_id
            ).content()
            proof[names.KEY_PROOF] = self._keys.find(told.fingerprint).sign(content)
        return Destination.of(peer, own_key=signer.credential.fingerprint, headers=proof)

    def delivered(self, session: Session, message: OutboxMessage, _reply: WireModel) -> None:
        """Take note that a partner knows the new key and card."""
        contract = self._of(session, message)
        contract.own_fingerprint = _told_key(message).fingerprint
        contract.told = digest_of_told(NodeUpdate.model_validate(message.body), message.body["auth_credential"])
        cause = Cause.answer(message.node_id, message.trace_id)
        self._contracts.note(session, contract, cause, "node.told", "MGT-3.4", own_fingerprint=contract.own_fingerprint)

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        """Take note that a partner would not be told; it is signed to with the key it knows.

        One that does not know that key any more has taken the change long ago, and its answer was lost for longer
        than it accepts the old key: it is told the same again, signed with the new one.
        """
        contract = self._of(session, message)
        unknown = isinstance(error, PeerRefused) and error.peer_code == BadSignature.code
        if unknown and message.reference.startswith(_UPDATE):
            self._enqueue(session, contract, message.trace_id, message.body, _REPETITION)
        cause = Cause.answer(message.node_id, message.trace_id)
        self._contracts.note(session, contract, cause, "node.not_told", "MGT-3.4", reason=str(error)[:500])

    # --- inside -------------------------------------------------------------------------------------------------

    def _something_to_do(self, session: Session) -> bool:
        rotation = self.under_way(session)
        if rotation is not None:  # who decided on it may have been cut off before the ring was told
            self._keys.lead(rotation.following)
        return bool(self._to_tell(session)) or self._finished(session) is not None

    def _step(self, session: Session) -> KeyRotation | None:
        for contract in self._to_tell(session):
            self._send(session, contract, contract.trace_id)
        rotation = self._finished(session)
        if rotation is not None:
            rotation.status, rotation.finished_at = DONE, self._clock.now()
            self._note(session, Cause.system(), rotation, "node.key_changed")
        return rotation

    def _finished(self, session: Session) -> KeyRotation | None:
        rotation = self.under_way(session)
        return None if rotation is None or self.knowing(session, rotation.former) else rotation

    def _to_tell(self, session: Session) -> list[Contract]:
        return [one for one in self.behind(session) if not _under_way(session, one, self._body(one))]

    def _body(self, contract: Contract) -> dict[str, Any]:
        card = self._node.information().to_wire()
        credential = self._keys.newest.credential
        del card["node_id"]
        return NodeUpdate(
            contract_id=contract.contract_id,
            auth_credential=credential.pem,
            auth_type=credential.auth_type,
            **card,
        ).to_wire()

    def _of(self, session: Session, message: OutboxMessage) -> Contract:
        return self._contracts.named(session, message.reference.partition(":")[2])

    def _send(self, session: Session, contract: Contract, trace_id: str) -> None:
        for prefix in (_UPDATE, _REPETITION):
            outbox.withdraw(session, endpoint=NODE_UPDATE.name, reference=prefix + contract.contract_id)
        self._enqueue(session, contract, trace_id, self._body(contract), _UPDATE)

    def _enqueue(self, session: Session, contract: Contract, trace_id: str, body: dict[str, Any], prefix: str) -> None:
        outbox.enqueue(
            session,
            node_id=contract.node_id,
            endpoint=NODE_UPDATE.name,
            body=body,
            reference=prefix + contract.contract_id,
            trace_id=trace_id,
            now=self._clock.now(),
            insists=True,
        )

    def _clean(self, rotation: KeyRotation) -> None:
        """Have the store follow what the database says; repeated at each start, so it may be cut short anywhere."""
        self._keys.promote(rotation.following)
        if self._keys.holds(rotation.former):
            reach("rotation.promoted")
            self._keys.forget(rotation.former)

    def _forget_strays(self) -> None:
        # With no rotation open, a key beside the newest was made by one that never came to be committed, or is the old
        # one of a rotation that has just ended, whose files have not followed yet.
        self._keys.promote(self._keys.newest.credential.fingerprint)
        for fingerprint in self._keys.others():
            self._keys.forget(fingerprint)

    def _check_none_open(self, session: Session) -> None:
        rotation = self.under_way(session)
        if rotation is not None:
            waiting = ", ".join(self.knowing(session, rotation.former)) or "the node itself"
            raise Refused(
                f"a change of key is under way since {rotation.started_at}: {waiting} knows the old key alone",
                where="rotation",
                clause="MGT-3.4",
                hint="See 'interconn node keys'; end contracts with partners that will not come back, or wait",
            )

    def _over(self, contract: Contract) -> bool:
        return contract.status == AuditStatus.APPROVED and not self._contracts.in_force(contract)

    def _note(self, session: Session, cause: Cause, rotation: KeyRotation, action: str) -> None:
        details = {"former": rotation.former, "auth_type": rotation.auth_type, "status": rotation.status}
        self._record(session, cause, action, f"key:{rotation.following}", details)

    def _record(self, session: Session, cause: Cause, action: str, subject: str, details: dict[str, Any]) -> None:
        at = self._clock.now()
        cause.record(session, at=at, action=action, subject=subject, partner="", clause="MGT-3.4", details=details)


_LIVE: Final = (AuditStatus.APPLIED.value, AuditStatus.APPROVED.value)


def _latest(session: Session) -> KeyRotation | None:
    return session.scalar(select(KeyRotation).order_by(KeyRotation.number.desc()).limit(1))


def _told_key(message: OutboxMessage) -> Credential:
    return Credential.parse(AuthType(message.body["auth_type"]), message.body["auth_credential"])


def _last_update(session: Session, contract: Contract) -> OutboxMessage | None:
    references = [prefix + contract.contract_id for prefix in (_UPDATE, _REPETITION)]
    sent = select(OutboxMessage).where(OutboxMessage.reference.in_(references))
    return session.scalar(sent.order_by(OutboxMessage.message_id.desc()).limit(1))


def _refused(session: Session, contract: Contract) -> bool:
    message = _last_update(session, contract)
    return message is not None and message.state == REFUSED


def _under_way(session: Session, contract: Contract, body: dict[str, Any]) -> bool:
    """Return whether the partner is being told that, or would not be told, or does not know of the contract yet."""
    confirm = select(OutboxMessage.message_id).where(
        OutboxMessage.reference == contract.contract_id,
        OutboxMessage.endpoint == CONTRACT_CONFIRM.name,
        OutboxMessage.state == "WAITING",
    )
    if session.scalar(confirm.limit(1)) is not None:
        return True
    message = _last_update(session, contract)
    return message is not None and message.state != "DELIVERED" and message.body == body
