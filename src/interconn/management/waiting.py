"""What has been decided here and not yet been told to the other side, in words for a person."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.state.outbox import OutboxMessage

REFUSED = "REFUSED"


def undelivered(session: Session, node_id: str, reference: str) -> OutboxMessage | None:
    """Return the oldest message about `reference` that the partner has not taken, or None."""
    found = select(OutboxMessage).where(
        OutboxMessage.node_id == node_id, OutboxMessage.reference == reference, OutboxMessage.state != "DELIVERED"
    )
    return session.scalar(found.order_by(OutboxMessage.message_id).limit(1))


def waits_for_delivery(session: Session, node_id: str, reference: str, purpose: str) -> str:
    """Return whom a message waits for, for what, and how the last attempt went; empty when none waits."""
    message = undelivered(session, node_id, reference)
    if message is None:
        return ""
    if message.state == REFUSED:
        return f"nobody: {node_id} would not {purpose}: {message.last_error}"
    text = f"node {node_id} to {purpose}"
    return f"{text} (last attempt: {message.last_error})" if message.last_error else text
