"""What passed through this node, for Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter

_MESSAGES: Final = Counter("interconn_transport_messages", "Messages of components.", ["direction"])
_BYTES: Final = Counter("interconn_transport_bytes", "Payload bytes of components' messages.", ["direction"])

SENT_MESSAGES: Final = _MESSAGES.labels("sent")
SENT_BYTES: Final = _BYTES.labels("sent")
RECEIVED_MESSAGES: Final = _MESSAGES.labels("received")
RECEIVED_BYTES: Final = _BYTES.labels("received")
