"""The last contacts with a partner, as people see them."""

from __future__ import annotations

from interconn.api.state import ExchangeView
from interconn.peers.exchanges import Contact, Exchanges


def heard(exchanges: Exchanges | None, node_id: str) -> ExchangeView | None:
    """Return the partner's last call of us that was proven."""
    contact = exchanges.with_partner(node_id).heard if exchanges else None
    return _view(node_id, contact, outgoing=False)


def spoken(exchanges: Exchanges | None, node_id: str) -> ExchangeView | None:
    """Return our last call of the partner."""
    contact = exchanges.with_partner(node_id).spoken if exchanges else None
    return _view(node_id, contact, outgoing=True)


def last_contact(exchanges: Exchanges | None, node_id: str) -> ExchangeView | None:
    """Return the last call between this node and a partner, whoever made it."""
    known = [contact for contact in (heard(exchanges, node_id), spoken(exchanges, node_id)) if contact]
    return max(known, key=lambda contact: contact.at or 0) if known else None


def _view(node_id: str, contact: Contact | None, *, outgoing: bool) -> ExchangeView | None:
    if contact is None:
        return None
    return ExchangeView(node_id=node_id, outgoing=outgoing, call=contact.call, at=contact.at, outcome=contact.outcome)
