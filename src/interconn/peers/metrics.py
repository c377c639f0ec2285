"""What this node asked of other nodes, for Prometheus: each round trip, and the bodies that went both ways."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

ROUND_TRIPS: Final = Counter("interconn_peer_round_trips", "Calls to other nodes that were answered.")
_BYTES: Final = Counter("interconn_peer_bytes", "Bytes of bodies of calls to other nodes.", ["direction"])
_SENT: Final = _BYTES.labels("sent")
_RECEIVED: Final = _BYTES.labels("received")


def count_round_trip(sent: int, received: int) -> None:
    """Count a call that was answered, with the bytes of both bodies."""
    ROUND_TRIPS.inc()
    _SENT.inc(sent)
    _RECEIVED.inc(received)
