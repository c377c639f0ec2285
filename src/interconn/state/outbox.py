"""The outbox: messages to other nodes, committed with the decision that causes them.

A message is written in the same transaction as the state change it tells of, and sent afterwards until
the partner acknowledges it. So a crash between the two loses nothing; the partner drops repeats, as every
call between nodes is idempotent.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, String, Text, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from interconn.state.database import Table, announce, erase

OUTBOX_TOPIC = "outbox"


class OutboxMessage(Table):
    """One message on its way.

    Attributes:
        node_id: the partner it goes to.
        endpoint: name of the call (`interconn.standard.endpoint.Endpoint.name`).
        body: the request as wire members.
        permits: value of x-mprac-token-set, secret; emptied once delivered.
        reference: what it is about, e.g. an audit id; given to whoever settles the answer.
        attempts: how often it was sent without settling it.
        attempted_at: when it was sent last, None before; how that went is `state` with `last_error`.
        refusals: attempts that the partner answered with a refusal; the others found nobody.
        insists: whether a refusal is retried too, as for confirms, which a partner may not expect yet.
    """

    __tablename__ = "outbox"

    message_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    endpoint: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]]
    permits: Mapped[str] = mapped_column(Text, default="")
    trace_id: Mapped[str] = mapped_column(String(128))
    reference: Mapped[str] = mapped_column(String(128), index=True)
    insists: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="WAITING", index=True)  # WAITING, DELIVERED, REFUSED
    attempts: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)  # epoch milliseconds
    created_at: Mapped[int]
    attempted_at: Mapped[int | None] = mapped_column(BigInteger)
    last_error: Mapped[str] = mapped_column(Text, default="")


def enqueue(
    session: Session,
    *,
    node_id: str,
    endpoint: str,
    body: dict[str, Any],
    reference: str,
    trace_id: str,
    now: int,
    permits: str = "",
    insists: bool = False,
) -> None:
    """Commit a message to another node together with the state change that causes it."""
    session.add(
        OutboxMessage(
            node_id=node_id,
            endpoint=endpoint,
            body=body,
            permits=permits,
            trace_id=trace_id,
            reference=reference,
            insists=insists,
            created_at=now,
        )
    )
    announce(session, OUTBOX_TOPIC)


def due(session: Session, now: int, *, busy: Collection[str] = (), limit: int = 50) -> list[OutboxMessage]:
    """Return the messages whose time has come, oldest first, at most `limit` for each partner.

    A message waits behind the older ones to its partner that found nobody. One that was refused steps aside, so that
    it holds up only what is about the same matter.

    Args:
        session: the database.
        now: epoch milliseconds.
        busy: partners that are being written to.
        limit: messages for one partner.
    """
    older = aliased(OutboxMessage)
    blocked = exists().where(
        older.state == "WAITING",
        older.node_id == OutboxMessage.node_id,
        older.message_id < OutboxMessage.message_id,
        older.due_at > now,
        or_(older.refusals == 0, older.reference == OutboxMessage.reference),
    )
    place = func.row_number().over(partition_by=OutboxMessage.node_id, order_by=OutboxMessage.message_id)
    free = (
        select(OutboxMessage.message_id, place.label("place"))
        .where(OutboxMessage.state == "WAITING", OutboxMessage.due_at <= now, OutboxMessage.node_id.not_in(busy))
        .where(~blocked)
        .subquery()
    )
    chosen = select(free.c.message_id).where(free.c.place <= limit)
    messages = select(OutboxMessage).where(OutboxMessage.message_id.in_(chosen)).order_by(OutboxMessage.message_id)
    return list(session.scalars(messages))


def next_due(session: Session, after: int) -> int | None:
    """Return when the first message due later than `after` is due, epoch milliseconds, or None where none is."""
    return session.scalar(
        select(func.min(OutboxMessage.due_at)).where(OutboxMessage.state == "WAITING", OutboxMessage.due_at > after)
    )


def count_waiting(session: Session) -> int:
    """Return how many messages wait for their partner's answer."""
    return session.scalar(select(func.count()).where(OutboxMessage.state == "WAITING")) or 0


def oldest_waiting(session: Session) -> dict[str, int]:
    """Return for each partner that has not answered when the oldest message to it was written, epoch milliseconds."""
    oldest = select(OutboxMessage.node_id, func.min(OutboxMessage.created_at)).where(OutboxMessage.state == "WAITING")
    return dict(session.execute(oldest.group_by(OutboxMessage.node_id)).all())


def hasten(session: Session, node_id: str, now: int) -> None:
    """Send at once what waits because the partner did not answer; what it refused keeps its time."""
    silent = (OutboxMessage.node_id == node_id, OutboxMessage.state == "WAITING", OutboxMessage.refusals == 0)
    session.execute(update(OutboxMessage).where(*silent, OutboxMessage.due_at > now).values(due_at=now))
    announce(session, OUTBOX_TOPIC)


def taken(session: Session, *, endpoint: str, reference: str) -> None:
    """Take what waits about a matter as delivered, as something else has shown that it was; nothing secret stays."""
    waiting = select(OutboxMessage).where(
        OutboxMessage.state == "WAITING", OutboxMessage.endpoint == endpoint, OutboxMessage.reference == reference
    )
    for message in session.scalars(waiting):
        message.state, message.permits, message.last_error = "DELIVERED", "", ""
        if "resource_permit" in message.body:
            erase(session)
            message.body = {name: value for name, value in message.body.items() if name != "resource_permit"}


def withdraw(session: Session, *, endpoint: str, reference: str) -> None:
    """Send no more of what waits about a matter; what is under way just now may still arrive."""
    waiting = select(OutboxMessage).where(
        OutboxMessage.state == "WAITING", OutboxMessage.endpoint == endpoint, OutboxMessage.reference == reference
    )
    for message in session.scalars(waiting):
        message.state, message.permits, message.last_error = "REFUSED", "", "withdrawn"
