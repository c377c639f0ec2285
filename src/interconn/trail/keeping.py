"""Heads as a node keeps them: its own, those that partners gave it, and the receipts that partners gave for its own.

A partner's head that contradicts an earlier one means that its trail was cut or rewritten, or that it was restored
from a backup. Which of them it is, people find out: this node raises an alarm, and goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import String, and_, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from interconn.identity.keys import Signer
from interconn.identity.signature import Evidence
from interconn.standard.errors import BadSignature, NotFound
from interconn.standard.trail import Head, Receipt
from interconn.state.clock import Clock
from interconn.state.database import Table
from interconn.trail import entries, thinning
from interconn.trail.chain import GENESIS
from interconn.trail.entries import AuditEntry
from interconn.trail.heads import check_head, check_receipt, sign_head, sign_receipt
from interconn.trail.thinning import Kept, superfluous

EXTENSION = "extension"
_AT_ONCE = 500


class KeptHead(Table):
    """A signed head: this node's own, or a partner's as it came.

    Attributes:
        content: the head as on the wire.
        kept_at: epoch milliseconds.
        contradicts: whether it contradicted an earlier one when it came.
        settled_at: when a person closed the alarm about it; it then counts no more.
    """

    __tablename__ = "trail_heads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    number: Mapped[int]
    chain: Mapped[str] = mapped_column(String(64))
    time: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    kept_at: Mapped[int]
    contradicts: Mapped[bool] = mapped_column(default=False)
    settled_at: Mapped[int | None] = mapped_column(default=None)


class KeptReceipt(Table):
    """A partner's receipt for a head of ours."""

    __tablename__ = "trail_receipts"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    holder: Mapped[str] = mapped_column(String(128), index=True)
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    kept_at: Mapped[int]


class Heads:
    """Makes, takes and compares heads, inside transactions.

    Args:
        node_id: this node.
        signer: the key by which a partner knows this node; for the empty id the one for everybody.
        clock: time.
    """

    def __init__(self, *, node_id: str, signer: Callable[[str], Signer], clock: Clock) -> None:
        self._node_id = node_id
        self._signer = signer
        self._clock = clock

    def newest(self, session: Session, *, toward: str = "") -> Head:
        """Return the head of this node's trail as it is now, signed for a partner; the same one while nothing is new.

        Called in a writing transaction: heads are made one after the other, and their times never run backwards.
        """
        session.flush()
        found = select(AuditEntry.number, AuditEntry.chain).order_by(AuditEntry.number.desc()).limit(1)
        number, chain = session.execute(found).one_or_none() or (0, GENESIS)
        signer = self._signer(toward)
        own = select(KeptHead).where(KeptHead.node_id == self._node_id).order_by(KeptHead.id.desc())
        same = own.where(
            KeptHead.number == number,
            KeptHead.chain == chain,
            KeptHead.fingerprint == signer.credential.fingerprint,
        )
        if known := session.scalar(same.limit(1)):
            return Head.model_validate(known.content)
        last = session.scalar(own.limit(1))
        time = max(self._clock.now(), last.time if last else 0)
        head = sign_head(signer, node_id=self._node_id, number=number, chain=chain, time=time)
        session.add(self._row(head))
        _thin_heads(session, self._node_id)
        return head

    def take(self, session: Session, head: Head, *, partner: str, evidence: Evidence | None) -> Receipt:
        """Keep a partner's head and return the receipt for it; raise the alarm where it contradicts an earlier one.

        Args:
            session: of a writing transaction.
            head: as it came.
            partner: who gave it, proven.
            evidence: what proves the message that brought it.

        Raises:
            BadSignature: it is not the partner's, or not signed with the key that the message is signed with.
        """
        self._check(head, head.node_id, partner, evidence, check_head(head).fingerprint)
        now = self._clock.now()
        known = select(KeptHead).where(KeptHead.node_id == partner)
        same = known.where(KeptHead.number == head.number, KeptHead.chain == head.chain, KeptHead.time == head.time)
        kept = session.scalar(same.limit(1))
        if kept is None:
            kept = self._row(head)
            earlier = session.scalar(self._contradicted(head).order_by(KeptHead.id.desc()).limit(1))
            if earlier is not None:
                kept.contradicts = True
                self._alarm(session, head, earlier, evidence)
            session.add(kept)
            _thin_heads(session, partner)
        return sign_receipt(
            self._signer(partner), holder=self._node_id, head=head, received_at=now, contradicts=kept.contradicts
        )

    def take_receipt(
        self, session: Session, receipt: Receipt, head: Head, *, partner: str, evidence: Evidence | None
    ) -> None:
        """Keep a partner's receipt for a head of ours.

        Raises:
            BadSignature: it is not the partner's, or for another head.
        """
        self._check(receipt, receipt.holder, partner, evidence, check_receipt(receipt).fingerprint)
        given = (receipt.node_id, receipt.number, receipt.chain, receipt.time)
        if given != (head.node_id, head.number, head.chain, head.time):
            raise BadSignature("the receipt is for another head", where="receipt")
        content = receipt.to_wire()
        session.add(KeptReceipt(holder=partner, number=head.number, content=content, kept_at=self._clock.now()))
        _thin_receipts(session, partner)

    def contradictions(self, session: Session) -> list[KeptHead]:
        """Return the heads that contradict earlier ones, and that no person has dealt with."""
        open_ = KeptHead.contradicts, KeptHead.settled_at.is_(None)
        return list(session.scalars(select(KeptHead).where(*open_).order_by(KeptHead.id)))

    def settle(self, session: Session, node_id: str) -> list[KeptHead]:
        """Close the alarm about a partner's trail: its newest head is what later ones are compared with.

        Raises:
            NotFound: there is no alarm about that node.
        """
        open_ = [head for head in self.contradictions(session) if head.node_id == node_id]
        if not open_:
            raise NotFound(f"there is no alarm about the trail of {node_id}", where="node_id")
        counted = select(KeptHead).where(KeptHead.node_id == node_id, KeptHead.settled_at.is_(None))
        newest = max(session.scalars(counted), key=lambda head: head.id)
        for head in session.scalars(counted):
            if head is not newest:
                head.settled_at = self._clock.now()
        newest.contradicts = False
        return open_

    def _check(self, signed: Head | Receipt, named: str, partner: str, evidence: Evidence | None, key: str) -> None:
        if named != partner:
            raise BadSignature(f"it is of {named}, not of {partner}", where="node_id")
        if evidence is None or key != evidence.credential.fingerprint:
            raise BadSignature("it is not signed with the key of the message that brought it", where="fingerprint")

    def _contradicted(self, head: Head) -> Any:
        return select(KeptHead).where(
            KeptHead.node_id == head.node_id,
            KeptHead.settled_at.is_(None),
            or_(
                and_(KeptHead.number == head.number, KeptHead.chain != head.chain),
                and_(KeptHead.number > head.number, KeptHead.time < head.time),
                and_(KeptHead.number < head.number, KeptHead.time > head.time),
            ),
        )

    def _alarm(self, session: Session, head: Head, earlier: KeptHead, evidence: Evidence | None) -> None:
        if any(open_.node_id == head.node_id for open_ in self.contradictions(session)):
            return  # the alarm is on; what comes meanwhile is kept, and need not be entered again and again
        entries.record(
            session,
            at=self._clock.now(),
            actor=f"node:{head.node_id}",
            action="trail.contradiction",
            subject=f"trail:{head.node_id}",
            partner=head.node_id,
            clause=EXTENSION,
            details={"earlier": earlier.content, "later": head.to_wire()},
            evidence=evidence,
        )

    def _row(self, head: Head) -> KeptHead:
        return KeptHead(
            node_id=head.node_id,
            number=head.number,
            chain=head.chain,
            time=head.time,
            fingerprint=head.fingerprint,
            content=head.to_wire(),
            kept_at=self._clock.now(),
            contradicts=False,
        )


def _thin_heads(session: Session, node_id: str) -> None:
    session.flush()
    of = KeptHead.node_id == node_id
    if (session.scalar(select(func.count()).select_from(KeptHead).where(of)) or 0) > thinning.MOST:
        heads = session.scalars(select(KeptHead).where(of).order_by(KeptHead.id))
        kept = [
            Kept(one.id, one.number, one.time, one.fingerprint, one.contradicts, one.settled_at is None)
            for one in heads
        ]
        _delete(session, KeptHead, superfluous(kept))


def _thin_receipts(session: Session, holder: str) -> None:
    session.flush()
    of = KeptReceipt.holder == holder
    if (session.scalar(select(func.count()).select_from(KeptReceipt).where(of)) or 0) > thinning.MOST:
        receipts = session.scalars(select(KeptReceipt).where(of).order_by(KeptReceipt.id))
        kept = [
            Kept(one.id, one.number, one.content["time"], one.content["fingerprint"], bool(one.content["contradicts"]))
            for one in receipts
        ]
        _delete(session, KeptReceipt, superfluous(kept))


def _delete(session: Session, table: type[KeptHead] | type[KeptReceipt], ids: list[int]) -> None:
    for place in range(0, len(ids), _AT_ONCE):
        session.execute(delete(table).where(table.id.in_(ids[place : place + _AT_ONCE])))
