"""The last exchange about a matter."""

from __future__ import annotations

from interconn.api.state import ExchangeView
from interconn.management.waiting import Mail
from interconn.state.outbox import OutboxMessage


def last_sent(mail: Mail) -> ExchangeView | None:
    """Return how the message that was sent last has fared; of those that were never sent, the oldest."""
    sent = [message for message in mail if message.attempted_at is not None]
    if sent:
        return _of_message(max(sent, key=lambda message: (message.attempted_at or 0, message.message_id)))
    waiting = [message for message in mail if message.state == "WAITING"]
    return _of_message(waiting[0]) if waiting else None


def received(node_id: str, call: str, at: int) -> ExchangeView:
    """Return the exchange in which a partner's call brought a state."""
    return ExchangeView(node_id=node_id, outgoing=False, call=call, at=at, outcome="taken")


def later(one: ExchangeView | None, other: ExchangeView | None) -> ExchangeView | None:
    """Return the later of two exchanges."""
    known = [exchange for exchange in (one, other) if exchange]
    return max(known, key=lambda exchange: exchange.at or 0) if known else None


def _of_message(message: OutboxMessage) -> ExchangeView:
    settled = message.state != "WAITING"
    outcomes = {"DELIVERED": "taken", "REFUSED": f"refused: {message.last_error}"}
    never = "not sent yet" if message.attempted_at is None else message.last_error
    return ExchangeView(
        node_id=message.node_id,
        outgoing=True,
        call=message.endpoint,
        at=message.attempted_at,
        outcome=outcomes.get(message.state, never),
        attempts=message.attempts + (settled and message.attempted_at is not None),
        next_at=None if settled else message.due_at or message.created_at,
    )
