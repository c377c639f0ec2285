"""The journal of one task's session: messages received and not yet taken, so that a killed process loses none.

A record is appended before a message is acknowledged, and another one crosses the message out once it is
taken. Records are written and not flushed: the operating system keeps what a killed process wrote, so a
crash of the process loses nothing, a crash of the machine may.

A record is its length (4 bytes), the CRC-32 of what follows (4), its kind (1), and its content; numbers are
little-endian. The first record that is incomplete or fails its check ends the file: it was being written when
the process died, and so was never acknowledged.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Final

IDENTITY_BYTES: Final = 16
_FRAME: Final = struct.Struct("<IIB")
_MESSAGE: Final = struct.Struct(f"<Q{IDENTITY_BYTES}sHH")
_NUMBER: Final = struct.Struct("<Q")
NO_IDENTITY: Final = bytes(IDENTITY_BYTES)


class Kind(IntEnum):
    """What a record says."""

    OPENED = 1  # session and task the file belongs to; first in every file
    MESSAGE = 2  # a message was received
    TAKEN = 3  # a message was taken
    SEEN = 4  # number of the next message, and identities of messages that were taken long ago
    RELEASED = 5  # a queue was released


@dataclass(frozen=True, slots=True)
class Message:
    """A message that waits for its component.

    Attributes:
        number: its number in the task's session, rising.
        source: the node that sent it, proven.
        topic: its topic.
        identity: digest of source, topic and the sender's message id; zeros where the sender gave none.
        payload: its content.
    """

    number: int
    source: str
    topic: str
    identity: bytes
    payload: bytes = field(repr=False)


@dataclass
class Contents:
    """What a journal holds when it is read again."""

    session_id: str
    task_id: str
    next_number: int = 1
    messages: dict[int, Message] = field(default_factory=dict)
    identities: list[bytes] = field(default_factory=list)
    released: set[tuple[str, str]] = field(default_factory=set)
    size: int = 0
    torn_bytes: int = 0


class Journal:
    """A journal file that is written to.

    Args:
        path: the file.
        session_id: the session it belongs to.
        task_id: the task.
        size: bytes of the file that are good; what lies behind is cut off.
    """

    def __init__(self, path: Path, *, session_id: str, task_id: str, size: int = 0) -> None:
        self._path = path
        self._owner = (session_id, task_id)
        self.size = size
        self._descriptor = -1

    def record_message(self, message: Message) -> None:
        """Note that a message was received.

        Raises:
            OSError: it could not be written, e.g. for want of room; the file is as before.
        """
        self._append(Kind.MESSAGE, *_message_parts(message))

    def record_taken(self, number: int) -> None:
        """Note that a message was taken."""
        self._append(Kind.TAKEN, _NUMBER.pack(number))

    def record_released(self, source: str, topic: str) -> None:
        """Note that a queue was released, and with it the messages in it."""
        self._append(Kind.RELEASED, _texts(source, topic))

    def rewrite(
        self,
        next_number: int,
        identities: Iterable[bytes],
        released: Iterable[tuple[str, str]],
        messages: Iterable[Message],
    ) -> None:
        """Write the file anew with what is still needed; a crash leaves either the old one or the new one."""
        fresh = Journal(self._path.with_suffix(".rewritten"), session_id=self._owner[0], task_id=self._owner[1])
        try:
            fresh._append(Kind.SEEN, _NUMBER.pack(next_number), b"".join(identities))
            for source, topic in released:
                fresh.record_released(source, topic)
            for message in messages:
                fresh.record_message(message)
            fresh._path.replace(self._path)
        except OSError:
            fresh.discard()
            raise
        self.close()
        self._descriptor, self.size = fresh._descriptor, fresh.size

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Close and delete the file."""
        self.close()
        self._path.unlink(missing_ok=True)
        self.size = 0

    def _append(self, kind: Kind, *content: bytes) -> None:
        if self._descriptor < 0:
            self._open()
        parts = _framed(kind, content)
        expected = sum(map(len, parts))
        try:
            written = os.writev(self._descriptor, parts)
            if written != expected:
                # A second attempt tells why: no room, or a limit of the file system.
                written += os.write(self._descriptor, b"".join(parts)[written:])
            if written != expected:
                raise OSError("the journal could not be written whole")
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += expected

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.ftruncate(self._descriptor, self.size)
        if not self.size:
            self._append(Kind.OPENED, _texts(*self._owner))


def read(path: Path) -> Contents | None:
    """Read a journal; None where not even its first record is whole."""
    content = memoryview(path.read_bytes())
    contents: Contents | None = None
    position = 0
    while (record := _record_at(content, position)) is not None:
        kind, body = record
        if contents is None:
            if kind != Kind.OPENED:
                return None
            session_id, task_id = _split_texts(body)
            contents = Contents(session_id, task_id)
        else:
            _replay(contents, kind, body)
        position += _FRAME.size + len(body)
        contents.size = position
    if contents is not None:
        contents.torn_bytes = len(content) - position
    return contents


def _record_at(content: memoryview, position: int) -> tuple[int, memoryview] | None:
    start = position + _FRAME.size
    if start > len(content):
        return None
    length, check, kind = _FRAME.unpack_from(content, position)
    body = content[start : start + length]
    if len(body) != length or zlib.crc32(body, zlib.crc32(bytes((kind,)))) != check:
        return None
    return kind, body


def _replay(contents: Contents, kind: int, body: memoryview) -> None:
    if kind == Kind.MESSAGE:
        number, identity, source_length, topic_length = _MESSAGE.unpack_from(body)
        topic_at = _MESSAGE.size + source_length
        payload_at = topic_at + topic_length
        source = bytes(body[_MESSAGE.size : topic_at]).decode()
        topic = bytes(body[topic_at:payload_at]).decode()
        contents.messages[number] = Message(number, source, topic, identity, bytes(body[payload_at:]))
        contents.next_number = number + 1
        if identity != NO_IDENTITY:
            contents.identities.append(identity)
    elif kind == Kind.TAKEN:
        contents.messages.pop(_NUMBER.unpack(body)[0], None)
    elif kind == Kind.SEEN:
        contents.next_number = _NUMBER.unpack_from(body)[0]
        known = bytes(body[_NUMBER.size :])
        contents.identities += [known[at : at + IDENTITY_BYTES] for at in range(0, len(known), IDENTITY_BYTES)]
    elif kind == Kind.RELEASED:
        source, topic = _split_texts(body)
        contents.released.add((source, topic))
        for message in [m for m in contents.messages.values() if (m.source, m.topic) == (source, topic)]:
            del contents.messages[message.number]


def _framed(kind: Kind, content: tuple[bytes, ...]) -> list[bytes]:
    check = zlib.crc32(bytes((kind,)))
    length = 0
    for part in content:
        check = zlib.crc32(part, check)
        length += len(part)
    return [_FRAME.pack(length, check, kind), *content]


def _message_parts(message: Message) -> tuple[bytes, bytes]:
    source, topic = message.source.encode(), message.topic.encode()
    head = _MESSAGE.pack(message.number, message.identity, len(source), len(topic))
    return head + source + topic, message.payload


def _texts(first: str, second: str) -> bytes:
    encoded = first.encode()
    return struct.pack("<H", len(encoded)) + encoded + second.encode()


def _split_texts(body: memoryview) -> tuple[str, str]:
    content = bytes(body)
    end = 2 + struct.unpack_from("<H", content)[0]
    return content[2:end].decode(), content[end:].decode()
