"""What one peer has sent and the algorithm has not yet read, within bounds that no peer can stretch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from interconn.algorithms.link.frames import Frame
from interconn.standard.errors import ProtocolError

_REMEMBERED: Final = 4096
"""How far sequence numbers may run ahead of the oldest one still missing."""


class SeenNumbers:
    """Sequence numbers seen so far: all up to a mark, and few beyond it."""

    def __init__(self) -> None:
        self.all_up_to = 0
        self._beyond: set[int] = set()

    @property
    def count(self) -> int:
        """How many different numbers have been seen."""
        return self.all_up_to + len(self._beyond)

    def __contains__(self, number: int) -> bool:
        return number <= self.all_up_to or number in self._beyond

    def add(self, number: int) -> None:
        """Note a number.

        Raises:
            ProtocolError: it runs too far ahead.
        """
        if number > self.all_up_to + _REMEMBERED:
            raise ProtocolError("sequence numbers leave gaps", where="link", clause="ALG-LINK-key")
        self._beyond.add(number)
        while self.all_up_to + 1 in self._beyond:
            self.all_up_to += 1
            self._beyond.discard(self.all_up_to)


@dataclass
class _Assembly:
    key: str
    length: int
    parts: dict[int, bytes] = field(default_factory=dict)
    received: int = 0


class Mailbox:
    """Messages of one peer by key. Not safe for threads by itself: the link holds its lock.

    Args:
        maximum_message: largest message, bytes.
        maximum_buffered: most bytes held at a time, parts of unfinished messages included.
    """

    def __init__(self, maximum_message: int, maximum_buffered: int) -> None:
        self._maximum_message = maximum_message
        self._maximum_buffered = maximum_buffered
        self._messages: dict[str, tuple[int, bytes]] = {}
        self._assemblies: dict[int, _Assembly] = {}
        self._buffered = 0
        self.seen = SeenNumbers()

    @property
    def size(self) -> tuple[int, int, int]:
        """Changes whenever something new has come in: messages seen, messages unread, bytes held."""
        return self.seen.count, len(self._messages), self._buffered

    def put(self, frame: Frame) -> None:
        """Take a frame in; what came before is ignored.

        Raises:
            ProtocolError: too large, too much, or in contradiction to what came before.
        """
        if frame.sequence and frame.sequence in self.seen:
            return
        if frame.length > self._maximum_message:
            raise self._fault(f"a message claims {frame.length} bytes, {self._maximum_message} are accepted")
        if frame.offset is None:
            self._deliver(frame.key, frame.sequence, frame.value)
            return
        assembly = self._assemblies.setdefault(frame.sequence, _Assembly(frame.key, frame.length))
        if (assembly.key, assembly.length) != (frame.key, frame.length):
            raise self._fault("parts of one message disagree on its key or length")
        if frame.offset in assembly.parts:
            return
        self._take(len(frame.value))
        assembly.parts[frame.offset] = frame.value
        assembly.received += len(frame.value)
        if assembly.received >= assembly.length:
            del self._assemblies[frame.sequence]
            self._buffered -= assembly.received
            self._deliver(frame.key, frame.sequence, self._join(assembly))

    def get(self, key: str) -> tuple[int, bytes] | None:
        """Take out the message of a key with its sequence number, or None."""
        found = self._messages.pop(key, None)
        if found:
            self._buffered -= len(found[1])
        return found

    def unread(self) -> list[int]:
        """Drop all messages and return their sequence numbers."""
        numbers = [number for number, _ in self._messages.values() if number]
        self._messages.clear()
        self._buffered = sum(assembly.received for assembly in self._assemblies.values())
        return numbers

    def _deliver(self, key: str, sequence: int, value: bytes) -> None:
        if sequence:
            self.seen.add(sequence)
        if key in self._messages:
            if sequence == 0:
                return  # presence may be told twice
            raise self._fault("two messages have one key")
        self._take(len(value))
        self._messages[key] = (sequence, value)

    def _take(self, size: int) -> None:
        self._buffered += size
        if self._buffered > self._maximum_buffered or len(self._messages) + len(self._assemblies) > _REMEMBERED:
            raise self._fault("the peer sends more than was read, far beyond its window")

    def _join(self, assembly: _Assembly) -> bytes:
        joined = bytearray()
        for offset in sorted(assembly.parts):
            if offset != len(joined):
                raise self._fault("parts of a message overlap or leave gaps", "ALG-3.1-ChunkInfo")
            joined += assembly.parts[offset]
        return bytes(joined)

    @staticmethod
    def _fault(message: str, clause: str = "ALG-3.1-PushRequest") -> ProtocolError:
        return ProtocolError(message, where="link", clause=clause)
