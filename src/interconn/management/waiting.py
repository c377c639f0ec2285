"""What has been decided here and not yet been told to the other side, in words for a person."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from interconn.state.outbox import OutboxMessage

REFUSED = "REFUSED"


def undelivered(session: Session, node_id: str, reference: str) -> OutboxMessage | None:
    """Return the oldest message about `reference` that the partner has not taken, or None."""
    found = select(OutboxMessage).where(
        OutboxMessage.node_id == node_id, OutboxMessage.reference == reference, OutboxMessage.state != "DELIVERED"
    )
    return session.scalar(found.order_by(OutboxMessage.message_id).limit(1))


def undelivered_of(session: Session, references: Iterable[str]) -> dict[tuple[str, str], OutboxMessage]:
    """Return the oldest message about each of some matters that its partner has not taken, by node and reference."""
    found = select(OutboxMessage).where(
        OutboxMessage.reference.in_(list(references)), OutboxMessage.state != "DELIVERED"
    )
    # Of no interest here, and a body may hold a whole flow.
    found = found.options(defer(OutboxMessage.body))
    newest_first = session.scalars(found.order_by(OutboxMessage.message_id.desc()))
    return {(message.node_id, message.reference): message for message in newest_first}


def waits_for(message: OutboxMessage | None, purpose: str) -> str:
    """Return whom a message waits for, for what, and how the last attempt went; empty where there is none."""
    if message is None:
        return ""
    if message.state == REFUSED:
        return f"nobody: {message.node_id} would not {purpose}: {message.last_error}"
    text = f"node {message.node_id} to {purpose}"
    return f"{text} (last attempt: {message.last_error})" if message.last_error else text
