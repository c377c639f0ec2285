"""What carries the link's frames from party to party."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from interconn.sdk.environment import Party
from interconn.sdk.transport import TransportClient
from interconn.standard.errors import TransportError


class Carrier(Protocol):
    """Carries serialised PushRequests between ranks; each arrives at least once, in any order."""

    def send(self, rank: int, frame: bytes) -> None:
        """Send a frame to a rank.

        Raises:
            InterconnError: it cannot be delivered.
        """

    def receive(self, rank: int, timeout: float) -> bytes | None:
        """Return the next frame of a rank, or None when none came within `timeout` seconds.

        Raises:
            InterconnError: nothing more can be received.
        """

    def close(self, rank: int) -> None:
        """Give up what connects to a rank."""


class PushPopCarrier:
    """Frames as payloads of push and pop, under the topic `<sender role>-<receiver role>`, e.g. guest.0-host.0.

    Open engines use these topics when they run over a transport of this standard; the standard itself does not
    say how the link rides on it (ALG-1).

    Args:
        transport: client of the own node.
        parties: all parties, in the order of their ranks.
        rank: the own one.
    """

    def __init__(self, transport: TransportClient, parties: Sequence[Party], rank: int) -> None:
        self._transport = transport
        self._parties = tuple(parties)
        self._self = self._parties[rank]

    def send(self, rank: int, frame: bytes) -> None:
        """See `Carrier.send`."""
        peer = self._parties[rank]
        self._transport.push(peer, f"{self._self.name}-{peer.name}", frame)

    def receive(self, rank: int, timeout: float) -> bytes | None:
        """See `Carrier.receive`."""
        peer = self._parties[rank]
        return self._transport.pop(peer, f"{peer.name}-{self._self.name}", timeout=timeout)

    def close(self, rank: int) -> None:
        """See `Carrier.close`: acknowledges the last frame. Release is optional, so a refusal costs nothing."""
        peer = self._parties[rank]
        with suppress(TransportError):
            self._transport.release(peer, f"{peer.name}-{self._self.name}")
