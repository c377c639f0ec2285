"""Server-sent events as they are read: no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interconn.client.exchange import MAXIMUM_REPLY_BYTES
from interconn.standard.errors import PeerReplyInvalid

CONTENT_TYPE: Final = "text/event-stream"
LAST_EVENT_ID: Final = "last-event-id"


@dataclass(frozen=True)
class ReadEvent:
    """One event.

    Attributes:
        event_id: what the server is told by who comes again; empty where it has none.
        data: its data, JSON for our streams.
    """

    event_id: str
    data: bytes


class EventReader:
    """Puts events together from what comes in, however that is cut."""

    def __init__(self) -> None:
        self._rest = b""
        self._id = ""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, received: bytes) -> list[ReadEvent]:
        """Take what came in, and return the events that it completes.

        Raises:
            PeerReplyInvalid: an event is larger than any answer may be.
        """
        *lines, self._rest = (self._rest + received).split(b"\n")
        self._size += len(received)
        if self._size > MAXIMUM_REPLY_BYTES:
            raise PeerReplyInvalid("an event of the node is too large", where="text/event-stream")
        found = []
        for line in lines:
            name, _, value = line.rstrip(b"\r").partition(b":")
            value = value.removeprefix(b" ")
            if not line.strip():
                if self._data:
                    found.append(ReadEvent(self._id, b"\n".join(self._data)))
                self._data, self._size = [], len(self._rest)
            elif name == b"id":
                self._id = value.decode(errors="replace")
            elif name == b"data":
                self._data.append(value)
        return found
