"""Frames carried in memory between the ranks of one test."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


class Wire:
    """Carries frames between ranks and keeps them all.

    Attributes:
        sent: sender, receiver and frame of everything sent.
        change: makes of each frame what arrives.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, bytes]] = []
        self.change: Callable[[bytes], list[bytes]] = lambda frame: [frame]
        self._queues: dict[tuple[int, int], queue.Queue[bytes]] = {}

    def queue(self, source: int, target: int) -> queue.Queue[bytes]:
        """What is under way from a rank to another."""
        return self._queues.setdefault((source, target), queue.Queue())

    def carrier(self, rank: int) -> WireEnd:
        """The carrier of one rank."""
        return WireEnd(self, rank)


class WireEnd:
    """One rank's end."""

    def __init__(self, wire: Wire, rank: int) -> None:
        self.wire, self.rank = wire, rank

    def send(self, rank: int, frame: bytes) -> None:
        """See `Carrier.send`."""
        self.wire.sent.append((self.rank, rank, frame))
        for one in self.wire.change(frame):
            self.wire.queue(self.rank, rank).put(one)

    def receive(self, rank: int, timeout: float) -> bytes | None:
        """See `Carrier.receive`."""
        try:
            return self.wire.queue(rank, self.rank).get(timeout=min(timeout, 0.05))
        except queue.Empty:
            return None

    def close(self, rank: int) -> None:
        """See `Carrier.close`."""


def together(*functions: Callable[[], object]) -> list[object]:
    """Run functions at once, each in a thread, and return their results."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(function) for function in functions]]
