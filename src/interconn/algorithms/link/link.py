"""The link itself: presence, channels, window, acknowledgements and the orderly end (ALG-LINK, ALG-3.1).

A message is acknowledged when the algorithm reads it, and a sender has at most ten unacknowledged messages under
way to a peer. The number of messages sent is told at the end, so that nothing is lost unnoticed.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from interconn.algorithms.link import frames
from interconn.algorithms.link.carrier import Carrier
from interconn.algorithms.link.mailbox import Mailbox, SeenNumbers
from interconn.standard.errors import InterconnError, ProtocolError, TransportError
from interconn.standard.transport import PtpCode

_CHANNEL: Final = re.compile(r"\w+", re.ASCII)  # ALG-LINK-channel


@dataclass(frozen=True)
class LinkLimits:
    """Bounds of a link.

    Attributes:
        window: most unacknowledged messages under way to a peer.
        whole_bytes: longest message sent whole; longer ones go in parts of this size.
        maximum_message: longest message accepted, bytes.
        maximum_buffered: most unread bytes held for a peer.
        patience: seconds without anything new from a peer after which it is given up.
        closing: seconds given to the orderly end.
    """

    window: int = 10
    whole_bytes: int = 1 << 20
    maximum_message: int = 64 << 20
    maximum_buffered: int = 128 << 20
    patience: float = 600.0
    closing: float = 120.0


@dataclass
class _Peer:
    rank: int
    mailbox: Mailbox
    sent: int = 0
    under_way: dict[int, str] = field(default_factory=dict)
    acknowledged: SeenNumbers = field(default_factory=SeenNumbers)
    told: int | None = None
    heard: float = field(default_factory=time.monotonic)
    failure: InterconnError | None = None

    @property
    def all_received(self) -> bool:
        """Whether the peer has finished and everything it sent is here."""
        return self.told is not None and self.mailbox.seen.count >= self.told


class Link:
    """Connects this rank with all others. Safe to use from several threads.

    Args:
        carrier: carries the frames.
        rank: the own rank, from 0 (ALG-LINK-rank).
        size: number of parties.
        limits: bounds.
    """

    def __init__(self, carrier: Carrier, rank: int, size: int, limits: LinkLimits | None = None) -> None:
        if not 0 <= rank < size:
            raise ProtocolError("the rank is none of the group's", where="link", clause="ALG-LINK-rank")
        self.rank = rank
        self.size = size
        self.limits = limits or LinkLimits()
        self._carrier = carrier
        self._changed = threading.Condition()
        self._peers = {
            other: _Peer(other, Mailbox(self.limits.maximum_message, self.limits.maximum_buffered))
            for other in range(size)
            if other != rank
        }
        self._closing = False

    def connect(self) -> None:
        """Show every peer that this rank is there, and wait for all of them (ALG-LINK-connect).

        Raises:
            ProtocolError: a peer has not shown itself within `patience` seconds.
            TransportError: the carrier fails.
        """
        for peer in self._peers.values():
            threading.Thread(target=self._receive_from, args=(peer,), name=f"link-{peer.rank}", daemon=True).start()
        for peer in self._peers.values():
            self._transmit(peer, frames.connect_key(self.rank), 0, b"")
        for peer in self._peers.values():
            self._await(peer, frames.connect_key(peer.rank))

    def channel(self, name: str = "root", *, window: int | None = None) -> Channel:
        """Return a channel (ALG-LINK-channel).

        Args:
            name: letters, digits and underscores, the same at all parties.
            window: most unacknowledged messages of this channel under way to a peer; the link's by default.

        Raises:
            ProtocolError: an unusable name.
        """
        if not _CHANNEL.fullmatch(name):
            raise ProtocolError("the channel's name is unusable", where="link", clause="ALG-LINK-channel")
        return Channel(self, name, window or self.limits.window)

    def close(self) -> None:
        """Tell each peer the number of messages sent, and wait for theirs and for all acknowledgements.

        Raises:
            ProtocolError: a peer does not end in order in time.
            TransportError: the carrier fails.
        """
        with self._changed:
            self._closing = True
        try:
            for peer in self._peers.values():
                self._send_control(peer, frames.FINISHED, peer.sent)
            for peer in self._peers.values():
                self._wait(peer, _has_finished, "has not finished", self.limits.closing)
                with self._changed:
                    unread = peer.mailbox.unread()
                for number in unread:
                    self._acknowledge(peer, number)
            for peer in self._peers.values():
                self._wait(peer, _has_read_everything, "has not read everything", self.limits.closing)
        finally:
            for peer in self._peers.values():
                self._carrier.close(peer.rank)

    def abort(self) -> None:
        """Tell the peers that nothing more will come, so that they need not wait out their patience."""
        with self._changed:
            self._closing = True
        for peer in self._peers.values():
            if isinstance(peer.failure, TransportError):
                continue
            try:
                self._send_control(peer, frames.FINISHED, peer.sent)
            except InterconnError:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        elif issubclass(kind, Exception) and not issubclass(kind, TransportError):
            self.abort()

    def _send(self, rank: int, channel: str, window: int, key: str, value: bytes) -> None:
        peer = self._peer(rank)

        def has_room(peer: _Peer) -> bool:
            on_channel = Counter(peer.under_way.values())[channel]
            return len(peer.under_way) < self.limits.window and on_channel < window

        with self._changed:
            self._wait(peer, has_room, "does not read", self.limits.patience)
            peer.sent += 1
            sequence = peer.sent
            peer.under_way[sequence] = channel
        self._transmit(peer, key, sequence, value)

    def _receive(self, rank: int, key: str, timeout: float | None) -> bytes:
        peer = self._peer(rank)
        sequence, value = self._await(peer, key, timeout)
        if sequence:
            self._acknowledge(peer, sequence)
        return value

    def _await(self, peer: _Peer, key: str, timeout: float | None = None) -> tuple[int, bytes]:
        found: tuple[int, bytes] | None = None

        def arrived(peer: _Peer) -> bool:
            nonlocal found
            found = peer.mailbox.get(key)
            if found is None and peer.all_received:
                raise self._fault(peer, "has finished without sending what is due")
            return found is not None

        with self._changed:
            self._wait(peer, arrived, "sends nothing", timeout or self.limits.patience)
        assert found is not None  # _wait returns only when arrived() holds
        return found

    def _wait(self, peer: _Peer, condition: Callable[[_Peer], bool], fault: str, patience: float) -> None:
        """Wait until something holds, as long as the peer keeps bringing news.

        What repeats is no news, and what is new is bounded, so no peer can keep this waiting for ever.
        """
        with self._changed:
            started = time.monotonic()
            while not condition(peer):
                if peer.failure:
                    raise peer.failure
                remaining = max(started, peer.heard) + patience - time.monotonic()
                if remaining <= 0:
                    raise self._fault(peer, f"{fault} for {patience:g} seconds")
                self._changed.wait(remaining)

    def _transmit(self, peer: _Peer, key: str, sequence: int, value: bytes) -> None:
        for frame in frames.encode(self.rank, key, sequence, value, self.limits.whole_bytes):
            self._carrier.send(peer.rank, frame)

    def _acknowledge(self, peer: _Peer, sequence: int) -> None:
        self._send_control(peer, frames.ACKNOWLEDGED, sequence)

    def _send_control(self, peer: _Peer, key: str, number: int) -> None:
        try:
            self._carrier.send(peer.rank, frames.encode_control(self.rank, key, number))
        except TransportError as error:
            # A peer gives its queue up only when it has every acknowledgement and the end: this frame has
            # arrived, and what was lost is the answer to its first push.
            if error.ptp_code != PtpCode.SESSION_RELEASED:
                raise

    def _receive_from(self, peer: _Peer) -> None:
        """The body of the thread that takes in what a peer sends."""
        try:
            while not (self._closing and peer.all_received and not peer.under_way):
                body = self._carrier.receive(peer.rank, 20.0)
                if body is not None:
                    frame = frames.decode(body, peer.rank)
                    with self._changed:
                        if self._take(peer, frame):
                            peer.heard = time.monotonic()
                            self._changed.notify_all()
        except InterconnError as error:
            failure = error
        except Exception as error:  # noqa: BLE001 - a thread must not die without a word
            failure = ProtocolError(f"receiving failed: {type(error).__name__}", where=f"rank {peer.rank}")
        else:
            return
        with self._changed:
            peer.failure = failure
            self._changed.notify_all()

    def _take(self, peer: _Peer, frame: frames.Frame) -> bool:
        """Take a frame in; returns whether it brought anything new."""
        if frame.key == frames.ACKNOWLEDGED:
            number = frames.read_number(frame)
            if number in peer.acknowledged:
                return False
            if peer.under_way.pop(number, None) is None:
                raise self._fault(peer, "acknowledges what was never sent")
            peer.acknowledged.add(number)
            return True
        if frame.key == frames.FINISHED:
            number = frames.read_number(frame)
            if peer.told is not None and peer.told != number:
                raise self._fault(peer, "tells two different numbers of messages")
            if number < peer.mailbox.seen.count:
                raise self._fault(peer, "tells fewer messages than it has sent")
            new = peer.told is None
            peer.told = number
            return new
        before = peer.mailbox.size
        peer.mailbox.put(frame)
        if peer.told is not None and peer.mailbox.seen.count > peer.told:
            raise self._fault(peer, "sends more messages than it has told")
        return peer.mailbox.size != before

    def _peer(self, rank: int) -> _Peer:
        if rank not in self._peers:
            raise ProtocolError("no such rank", where=f"rank {rank}", clause="ALG-LINK-rank")
        return self._peers[rank]

    @staticmethod
    def _fault(peer: _Peer, message: str) -> ProtocolError:
        return ProtocolError(f"the peer {message}", where=f"rank {peer.rank}", clause="ALG-3.1-Push")


def _has_finished(peer: _Peer) -> bool:
    return peer.all_received


def _has_read_everything(peer: _Peer) -> bool:
    return not peer.under_way


class Channel:
    """A logical context of messages; it only shapes their keys (ALG-LINK-channel). Made by `Link.channel`."""

    def __init__(self, link: Link, name: str, window: int) -> None:
        self._link = link
        self.name = name
        self._window = window
        self._lock = threading.Lock()
        self._sent: Counter[int] = Counter()
        self._received: Counter[int] = Counter()
        self._collectives = 0
        self._spawned = 0

    def spawn(self, *, window: int | None = None) -> Channel:
        """Return the next sub-channel: root-0, root-1, … (ALG-LINK-subchannel)."""
        with self._lock:
            number = self._spawned
            self._spawned += 1
        return Channel(self._link, f"{self.name}-{number}", window or self._window)

    def send(self, rank: int, value: bytes) -> None:
        """Send a message to a rank; waits while the window is full.

        Raises:
            ProtocolError: the peer does not read.
            TransportError: the carrier fails.
        """
        with self._lock:
            self._sent[rank] += 1  # counters start at 1, as the running engines have it (ALG-LINK-p2p)
            key = frames.point_to_point_key(self.name, self._sent[rank], self._link.rank, rank)
        self._link._send(rank, self.name, self._window, key, value)

    def receive(self, rank: int, *, timeout: float | None = None) -> bytes:
        """Return the next message of a rank.

        Args:
            rank: the sender.
            timeout: seconds without news after which the peer is given up; the link's patience by default.

        Raises:
            ProtocolError: nothing came, or the peer broke the protocol.
            TransportError: the carrier fails.
        """
        with self._lock:
            self._received[rank] += 1
            key = frames.point_to_point_key(self.name, self._received[rank], rank, self._link.rank)
        return self._link._receive(rank, key, timeout)

    def all_gather(self, value: bytes) -> list[bytes]:
        """Give every party's value to every party; returns them by rank (ALG-LINK-allgather).

        Raises:
            ProtocolError: a peer sends nothing, or broke the protocol.
            TransportError: the carrier fails.
        """
        with self._lock:
            self._collectives += 1
            key = f"{self.name}:{self._collectives}:ALLGATHER"
        link = self._link
        others = [rank for rank in range(link.size) if rank != link.rank]
        for rank in others:
            link._send(rank, self.name, self._window, key, value)
        gathered = {rank: link._receive(rank, key, None) for rank in others}
        return [value if rank == link.rank else gathered[rank] for rank in range(link.size)]
