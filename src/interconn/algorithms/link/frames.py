"""Keys and frames of the link on the wire (ALG-3.1-PushRequest, ALG-LINK-key, notes on the running engines)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from interconn.standard.errors import ProtocolError
from interconn.standard.protobuf.link_pb2 import CHUNKED, MONO, ChunkInfo, PushRequest

MARK: Final = "\x01\x02"
"""Between a key and its sequence number, so that no name of an algorithm can look like one."""
ACKNOWLEDGED: Final = f"ACK{MARK}"
FINISHED: Final = f"FIN{MARK}"
LONGEST_KEY: Final = 512

_SEQUENCE: Final = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Frame:
    """One frame received.

    Attributes:
        key: the message's key without its sequence number; ACKNOWLEDGED and FINISHED are whole keys.
        sequence: number of the message between two parties, from 1; 0 for what is not counted.
        value: the message or a part of it.
        offset: where the part begins, bytes; None for a whole message.
        length: of the whole message, bytes.
    """

    key: str
    sequence: int
    value: bytes
    offset: int | None
    length: int


def connect_key(rank: int) -> str:
    """Return the key by which a rank shows that it is there (ALG-LINK-connect)."""
    return f"connect_{rank}"


def point_to_point_key(channel: str, counter: int, sender: int, receiver: int) -> str:
    """Return the key of a message between two ranks (ALG-LINK-p2p)."""
    return f"{channel}:P2P-{counter}:{sender}->{receiver}"


def encode(sender: int, key: str, sequence: int, value: bytes, limit: int) -> Iterator[bytes]:
    """Yield the frames of a message: one, or parts of at most `limit` bytes (ALG-3.1-mode).

    Args:
        sender: rank of the sender.
        key: key without sequence number.
        sequence: from 1; 0 for what is not counted.
        value: the message.
        limit: most bytes of value in a frame.
    """
    wire_key = f"{key}{MARK}{sequence}"
    if len(value) <= limit:
        yield _frame(sender, wire_key, value)
        return
    for offset in range(0, len(value), limit):
        yield PushRequest(
            sender_rank=sender,
            key=wire_key,
            value=value[offset : offset + limit],
            trans_type=CHUNKED,
            chunk_info=ChunkInfo(message_length=len(value), chunk_offset=offset),
        ).SerializeToString()


def encode_control(sender: int, key: str, number: int) -> bytes:
    """Return the frame of an acknowledgement (the sequence consumed) or of the end (the number sent)."""
    return _frame(sender, key, str(number).encode())


def decode(body: bytes, sender: int) -> Frame:
    """Read a frame.

    Raises:
        ProtocolError: no PushRequest, another sender, an unusable key, or a part outside of its message.
    """
    try:
        request = PushRequest.FromString(body)
    except DecodeError:
        raise _fault("a frame is no PushRequest", "ALG-3.1-PushRequest") from None
    if request.sender_rank != sender:
        raise _fault("a frame names another sender", "ALG-LINK-rank")
    if len(request.key) > LONGEST_KEY:
        raise _fault("a key is too long", "ALG-LINK-key")
    key, sequence = request.key, 0
    if key not in (ACKNOWLEDGED, FINISHED):
        key, mark, number = request.key.rpartition(MARK)
        if not mark or not key or not _SEQUENCE.fullmatch(number):
            raise _fault("a key carries no sequence number", "ALG-LINK-key")
        sequence = int(number)
    if request.trans_type == MONO:
        # What chunk_info holds here is not stated, so it is not looked at (ALG-3.1-PushRequest).
        return Frame(key, sequence, request.value, None, len(request.value))
    if request.trans_type != CHUNKED:
        raise _fault("a frame is neither whole nor a part", "ALG-3.1-TransType")
    length, offset = request.chunk_info.message_length, request.chunk_info.chunk_offset
    if sequence == 0 or not request.value or offset + len(request.value) > length:
        raise _fault("a part lies outside of its message", "ALG-3.1-ChunkInfo")
    return Frame(key, sequence, request.value, offset, length)


def read_number(frame: Frame) -> int:
    """Return the decimal number that a control frame holds.

    Raises:
        ProtocolError: it holds none.
    """
    text = frame.value[:20].decode("ascii", errors="replace")
    if frame.offset is not None or not _SEQUENCE.fullmatch(text):
        raise _fault("a control frame holds no number", "ALG-LINK-key")
    return int(text)


def _frame(sender: int, key: str, value: bytes) -> bytes:
    info = ChunkInfo(message_length=len(value), chunk_offset=0)
    return PushRequest(sender_rank=sender, key=key, value=value, trans_type=MONO, chunk_info=info).SerializeToString()


def _fault(message: str, clause: str) -> ProtocolError:
    return ProtocolError(message, where="link", clause=clause)
