"""What passed between the nodes, as each node counts it for Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import urllib3

_SENT = re.compile(r'^interconn_transport_(messages|bytes)_total\{direction="sent"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True)
class Traffic:
    """Messages of components and their payload, one way each.

    Attributes:
        messages: number of messages sent from one node to another.
        bytes: their payload, bytes.
    """

    messages: int
    bytes: int

    def __sub__(self, earlier: Traffic) -> Traffic:
        return Traffic(self.messages - earlier.messages, self.bytes - earlier.bytes)


def measure(admin_urls: Iterable[str]) -> Traffic:
    """Return what the nodes sent each other since they started.

    Args:
        admin_urls: addresses of their admin listeners.
    """
    pool = urllib3.PoolManager(timeout=5.0)
    total = {"messages": 0, "bytes": 0}
    for url in admin_urls:
        text = pool.request("GET", f"{url}/metrics").data.decode()
        for unit, value in _SENT.findall(text):
            total[unit] += int(float(value))
    return Traffic(**total)
