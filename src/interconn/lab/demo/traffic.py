"""What passed between the nodes, as each node counts it for Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import urllib3

_COUNTED = re.compile(r"^interconn_peer_(round_trips|bytes)_total(?:\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Traffic:
    """Calls of one node to another, those of schedulers and those that carry components' messages.

    Attributes:
        round_trips: number of calls that were answered.
        bytes: bodies of calls and answers, bytes.
    """

    round_trips: int
    bytes: int

    def __sub__(self, earlier: Traffic) -> Traffic:
        return Traffic(self.round_trips - earlier.round_trips, self.bytes - earlier.bytes)


def measure(admin_urls: Iterable[str]) -> Traffic:
    """Return what the nodes asked each other since they started.

    Args:
        admin_urls: addresses of their admin listeners.
    """
    pool = urllib3.PoolManager(timeout=5.0)
    total = {"round_trips": 0, "bytes": 0}
    for url in admin_urls:
        text = pool.request("GET", f"{url}/metrics").data.decode()
        for unit, value in _COUNTED.findall(text):
            total[unit] += int(float(value))
    return Traffic(**total)
