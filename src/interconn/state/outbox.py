"""The outbox: messages to other nodes, committed with the decision that causes them.

A message is written in the same transaction as the state change it tells of, and sent afterwards until
the partner acknowledges it. So a crash between the two loses nothing; the partner drops repeats, as every
call between nodes is idempotent.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from interconn.state.database import Table, announce

OUTBOX_TOPIC = "outbox"


class OutboxMessage(Table):
    """One message on its way.

    Attributes:
        node_id: the partner it goes to.
        endpoint: name of the call (`interconn.standard.endpoint.Endpoint.name`).
        body: the request as wire members.
        permits: value of x-mprac-token-set, secret; emptied once delivered.
        reference: what it is about, e.g. an audit id; given to whoever settles the answer.
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
    reference: Mapped[str] = mapped_column(String(128))
    insists: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="WAITING", index=True)  # WAITING, DELIVERED, REFUSED
    attempts: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[int] = mapped_column(default=0)  # epoch milliseconds
    created_at: Mapped[int]
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


def due(session: Session, now: int, limit: int = 100) -> list[OutboxMessage]:
    """Return the messages whose time has come, oldest first."""
    waiting = select(OutboxMessage).where(OutboxMessage.state == "WAITING", OutboxMessage.due_at <= now)
    return list(session.scalars(waiting.order_by(OutboxMessage.message_id).limit(limit)))


def next_due(session: Session) -> int | None:
    """Return when the next waiting message is due, epoch milliseconds, or None when none waits."""
    return session.scalar(
        select(OutboxMessage.due_at).where(OutboxMessage.state == "WAITING").order_by(OutboxMessage.due_at).limit(1)
    )


def count_waiting(session: Session) -> int:
    """Return how many messages wait for their partner's answer."""
    return session.scalar(select(func.count()).where(OutboxMessage.state == "WAITING")) or 0
