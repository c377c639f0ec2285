"""From the code in a reply envelope back to the error that the node raised."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interconn.standard.envelope import Envelope
from interconn.standard.errors import InterconnError, PeerRefused, TooManyRequests, TransportError


def refusal(envelope: Envelope) -> InterconnError:
    """Return the error that an envelope tells of: its own class where the code is known, else InterconnError."""
    told = (envelope.data or {}).get("extension")
    told = told if isinstance(told, dict) else {}
    parts = {name: _text(told.get(name)) for name in ("where", "clause", "hint")}
    message = _text(told.get("message")) or envelope.msg or f"the node refused with code {envelope.code}"
    known = _CLASS_OF_CODE.get(envelope.code, InterconnError)
    if known is PeerRefused:
        return PeerRefused(
            message,
            peer_code=_number(told.get("peer_code")),
            peer_message=_text(told.get("peer_message")) or message,
            **parts,
        )
    if known is TooManyRequests:
        return TooManyRequests(message, retry_after_seconds=_number(told.get("retry_after_seconds")) or 1, **parts)
    if known is TransportError:
        return TransportError(message, ptp_code=_text(told.get("ptp_code")) or "", **parts)
    return known(message, **parts)


def _family(root: type[InterconnError]) -> Iterator[type[InterconnError]]:
    yield root
    for child in root.__subclasses__():
        yield from _family(child)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


_CLASS_OF_CODE = {known.code: known for known in _family(InterconnError)}
