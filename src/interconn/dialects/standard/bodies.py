"""Bodies of transport calls in the two serialisations that the standard demands (TRN-5.1-http, TRN-5.1-http-json)."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, Final, Protocol

from google.protobuf.message import DecodeError, Message

from interconn.dialects.transport import Ask, Outcome, Push
from interconn.standard.errors import MalformedBody, TransportError
from interconn.standard.protobuf import ptp_pb2
from interconn.standard.transport import PEEK, POP, RELEASE, PtpCode
from interconn.standard.wire import parse_json

LONGEST_TIMEOUT: Final = 86_400  # seconds
LONGEST_TOPIC: Final = 1024  # characters


class Serialisation(Protocol):
    """One way to write bodies."""

    content_type: str

    def read_push(self, body: bytes) -> Push:
        """Read the body of push (TRN-5.1-PushInbound)."""
        ...

    def read_ask(self, path: str, body: bytes) -> Ask:
        """Read the body of pop, peek or release (TRN-5.1-PopInbound, -PeekInbound, -ReleaseInbound)."""
        ...

    def write_outcome(self, outcome: Outcome) -> bytes:
        """Write a reply (TRN-5.1-TransportOutbound, TRN-5.2.2-Outbound)."""
        ...

    def read_outcome(self, body: bytes) -> Outcome:
        """Read a reply."""
        ...

    def read_inbound(self, body: bytes) -> bytes:
        """Return the payload of an envelope between nodes (TRN-5.2.2-Inbound)."""
        ...


class JsonBodies:
    """JSON, bytes as Base64; replies carry the message under both its names (resolution 12)."""

    content_type = "application/json"

    def read_push(self, body: bytes) -> Push:
        """Read the body of push."""
        members = _members(body)
        return Push(_topic(members.get("topic")), _bytes(members, "payload"))

    def read_ask(self, path: str, body: bytes) -> Ask:
        """Read the body of pop, peek or release; without a body all is as by default."""
        members = _members(body) if body.strip() else {}
        timeout = members.get("timeout") or 0
        if isinstance(timeout, str) and timeout.isascii() and timeout.isdigit() and len(timeout) < 9:
            timeout = int(timeout)
        return Ask(_topic(members.get("topic")), checked_timeout(timeout))

    def write_outcome(self, outcome: Outcome) -> bytes:
        """Write a reply."""
        members: dict[str, Any] = {"code": outcome.code, "message": outcome.message}
        if outcome.metadata:
            members["metadata"] = dict(outcome.metadata)
        if outcome.payload is not None:
            members["content"] = members["payload"] = base64.b64encode(outcome.payload).decode()
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()

    def read_outcome(self, body: bytes) -> Outcome:
        """Read a reply."""
        members = _members(body)
        code, message = members.get("code"), members.get("message", "")
        if not isinstance(code, str) or not isinstance(message, str):
            raise _undecodable("code and message of the reply must be strings", "TRN-5.2.2-Outbound")
        return Outcome(code, message)

    def read_inbound(self, body: bytes) -> bytes:
        """Return the payload of an envelope between nodes."""
        return _bytes(_members(body), "payload")


class ProtobufBodies:
    """Protobuf by the messages of the gRPC definition."""

    content_type = "application/x-protobuf"

    def read_push(self, body: bytes) -> Push:
        """Read the body of push."""
        message = _decode(ptp_pb2.PushInbound, body)
        return Push(_topic(message.topic), message.payload)

    def read_ask(self, path: str, body: bytes) -> Ask:
        """Read the body of pop, peek or release."""
        message = _decode(_ASKS[path], body)
        return Ask(_topic(message.topic), checked_timeout(getattr(message, "timeout", 0)))

    def write_outcome(self, outcome: Outcome) -> bytes:
        """Write a reply."""
        written: bytes = ptp_pb2.TransportOutbound(
            code=outcome.code, message=outcome.message, payload=outcome.payload or b"", metadata=outcome.metadata
        ).SerializeToString()
        return written

    def read_outcome(self, body: bytes) -> Outcome:
        """Read a reply."""
        message = _decode(ptp_pb2.TransportOutbound, body)
        return Outcome(message.code, message.message)

    def read_inbound(self, body: bytes) -> bytes:
        """Return the payload of an envelope between nodes."""
        payload: bytes = _decode(ptp_pb2.Inbound, body).payload
        return payload


JSON: Final[Serialisation] = JsonBodies()
PROTOBUF: Final[Serialisation] = ProtobufBodies()
_ASKS: Final[dict[str, type[Message]]] = {
    POP: ptp_pb2.PopInbound,
    PEEK: ptp_pb2.PeekInbound,
    RELEASE: ptp_pb2.ReleaseInbound,
}
_BY_TYPE: Final = {"": JSON, JSON.content_type: JSON, PROTOBUF.content_type: PROTOBUF}


def serialisation_of(content_type: str) -> Serialisation:
    """Return the serialisation that a Content-Type selects; JSON where there is none, parameters are ignored.

    Raises:
        TransportError: E0000000616, it is one that is not offered.
    """
    found = _BY_TYPE.get(content_type) or _BY_TYPE.get(content_type.partition(";")[0].strip().lower())
    if found is None:
        raise _undecodable(
            "bodies are application/json or application/x-protobuf here", "TRN-5.1-http", where="content-type"
        )
    return found


def checked_timeout(value: Any) -> int:
    """Return a timeout in seconds; 0 stands for the default (resolution 11).

    Raises:
        TransportError: E0000000400, it is no number of seconds.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LONGEST_TIMEOUT:
        raise _illegal(f"a timeout is whole seconds from 0 to {LONGEST_TIMEOUT}", "TRN-3.2.2", "timeout")
    return value


def _topic(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_TOPIC or not (value.isprintable() or not value):
        raise _illegal(f"a topic is printable text of at most {LONGEST_TOPIC} characters", "TRN-3.2-topic", "topic")
    return value


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = parse_json(body, limit=len(body))
    except MalformedBody as error:
        raise _undecodable(error.message, "TRN-5.1-http") from None
    if not isinstance(members, dict):
        raise _illegal("the body must be a JSON object", "TRN-5.1-http", "body")
    return members


def _bytes(members: dict[str, Any], name: str) -> bytes:
    text = members.get(name)
    if text is None:
        return b""
    if not isinstance(text, str):
        raise _illegal("it must be Base64 text", "TRN-3.2.1", name)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _undecodable("it is not Base64", "TRN-3.2.1", where=name) from None


def _decode(kind: type[Message], body: bytes) -> Any:
    try:
        return kind.FromString(body)
    except DecodeError:
        name = kind.DESCRIPTOR.name
        raise _undecodable(f"the body is no protobuf {name}", f"TRN-5.1-{name}") from None


def _undecodable(message: str, clause: str, *, where: str = "body") -> TransportError:
    return TransportError(message, ptp_code=PtpCode.UNDECODABLE, where=where, clause=clause)


def _illegal(message: str, clause: str, where: str) -> TransportError:
    return TransportError(message, ptp_code=PtpCode.BAD_REQUEST, where=where, clause=clause)
