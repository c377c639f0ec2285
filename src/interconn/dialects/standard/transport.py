"""Transport calls by the standard: headers, and where what stands in the calls (TRN-2, TRN-3, TRN-5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs

from interconn.dialects.dialect import WireReply, WireRequest
from interconn.dialects.standard.bodies import JSON, checked_timeout, serialisation_of
from interconn.dialects.transport import (
    Ask,
    ComponentHeaders,
    IncomingMessage,
    Outcome,
    OutgoingMessage,
    Push,
    TransportDialect,
)
from interconn.standard import headers as names
from interconn.standard.errors import MalformedBody, TransportError
from interconn.standard.transport import INVOKE, PUSH, TRANSPARENT, PtpCode
from interconn.standard.wire import parse_json

LONGEST_HEADER: Final = 256  # characters; a topic may have as many as in a body
LONGEST_WORDS: Final = 300  # characters of a refusal that are handed on
_BY_STATUS: Final = {
    400: PtpCode.BAD_REQUEST,
    401: PtpCode.BAD_SIGNATURE,
    403: PtpCode.FORBIDDEN,
    404: PtpCode.VERSION_MISMATCH,
    405: PtpCode.VERSION_MISMATCH,
    413: PtpCode.TOO_LARGE,
    500: PtpCode.SYSTEM_ERROR,
}
_COMPONENT: Final = "TRN-3.1-headers"
_NODE: Final = "TRN-2.1-headers"


class StandardTransport:
    """InterOp v1.2.0 as written, with the readings of resolutions 11 to 14."""

    name = "standard"

    def read_headers(self, headers: Mapping[str, str]) -> ComponentHeaders:
        """Read the headers of a component's call; a missing token is refused as a wrong one is, later."""
        return ComponentHeaders(
            session_id=_required(headers, names.PTP_SESSION_ID, _COMPONENT),
            token=headers.get(names.PTP_TOKEN, ""),
            target_node_id=_required(headers, names.PTP_TARGET_NODE_ID, _COMPONENT),
            trace_id=_required(headers, names.PTP_TRACE_ID, _COMPONENT),
            provider_code=_required(headers, names.PTP_TECH_PROVIDER_CODE, _COMPONENT),
            topic=headers.get(names.PTP_TOPIC),
            message_id=_optional(headers, names.MESSAGE_ID),
            taken=headers.get(names.MESSAGE_TAKEN),
        )

    def read_push(self, called: ComponentHeaders, headers: Mapping[str, str], body: bytes) -> Push:
        """Read the body of push (TRN-3.2.1)."""
        push = serialisation_of(headers.get("content-type", "")).read_push(body)
        topic = _agreed(push.topic, called.topic)
        return push if topic == push.topic else Push(topic, push.payload)

    def read_ask(self, path: str, called: ComponentHeaders, headers: Mapping[str, str], query: str, body: bytes) -> Ask:
        """Read the body of pop, peek or release; the timeout may stand in the query (resolution 11)."""
        ask = serialisation_of(headers.get("content-type", "")).read_ask(path, body)
        timeout = ask.timeout
        if not timeout and query:
            given = parse_qs(query).get("timeout", ["0"])[0]
            timeout = checked_timeout(int(given) if given.isascii() and given.isdigit() and len(given) < 9 else given)
        return Ask(_agreed(ask.topic, called.topic), timeout)

    def write_outcome(self, headers: Mapping[str, str], outcome: Outcome) -> WireReply:
        """Return the reply to a component; HTTP 200 whatever the code is."""
        try:
            serialisation = serialisation_of(headers.get("content-type", ""))
        except TransportError:
            serialisation = JSON
        return WireReply(200, serialisation.write_outcome(outcome), serialisation.content_type)

    def write_invoke(self, message: OutgoingMessage) -> WireRequest:
        """Return an invoke in transparent mode: the component's body as it came (TRN-5.2.1)."""
        called = message.headers
        headers = {
            "content-type": message.content_type or JSON.content_type,
            names.PTP_VERSION: TRANSPARENT,
            names.PTP_TECH_PROVIDER_CODE: called.provider_code,
            names.PTP_TRACE_ID: called.trace_id,
            names.PTP_TOKEN: called.token,  # passed unchanged (TRN-G5.1.1.2-token); it opens nothing over there
            names.PTP_URI: PUSH,
            names.PTP_SOURCE_NODE_ID: message.source_node_id,
            names.PTP_TARGET_NODE_ID: called.target_node_id,
            names.PTP_SOURCE_INST_ID: message.source_inst_id,
            names.PTP_TARGET_INST_ID: message.target_inst_id,
            names.PTP_SESSION_ID: called.session_id,
            names.MESSAGE_ID: message.message_id,
        }
        if called.topic:
            headers[names.PTP_TOPIC] = called.topic
        if message.task_id:
            headers[names.TASK_ID] = message.task_id
        return WireRequest("POST", INVOKE, message.body, headers)

    def read_invoke(self, headers: Mapping[str, str], body: bytes) -> IncomingMessage:
        """Read an invoke in either mode (TRN-5.2, resolution 14)."""
        for name in (names.PTP_TECH_PROVIDER_CODE, names.PTP_TRACE_ID, names.PTP_TOKEN):
            _required(headers, name, _NODE)
        uri = _required(headers, names.PTP_URI, _NODE)
        if uri != PUSH:
            raise TransportError(
                "no service is registered under this address; messages go to " + PUSH,
                ptp_code=PtpCode.NOT_FOUND,
                where=names.PTP_URI,
                clause="TRN-2.1-uri",
            )
        serialisation = serialisation_of(headers.get("content-type", ""))
        push = serialisation.read_push(body if _is_transparent(headers) else serialisation.read_inbound(body))
        return IncomingMessage(
            session_id=_required(headers, names.PTP_SESSION_ID, _NODE),
            task_id=_optional(headers, names.TASK_ID),
            source_node_id=_required(headers, names.PTP_SOURCE_NODE_ID, _NODE),
            target_node_id=_required(headers, names.PTP_TARGET_NODE_ID, _NODE),
            message_id=_optional(headers, names.MESSAGE_ID),
            topic=_agreed(push.topic, headers.get(names.PTP_TOPIC)),
            payload=push.payload,
        )

    def write_invoke_outcome(self, headers: Mapping[str, str], outcome: Outcome) -> WireReply:
        """Return the reply to a partner's node: push's own answer, or an Outbound, which has the same members."""
        return self.write_outcome(headers, outcome)

    def read_invoke_outcome(self, reply: WireReply) -> Outcome:
        """Read the reply of a partner's node.

        A platform without transport, or whose gate turns the message away, answers as in management: by HTTP status
        and the envelope of MGT-2.3-envelope. Its words are handed on, under the code that says the same here.
        """
        if reply.status in _BY_STATUS:
            try:
                return serialisation_of(reply.content_type).read_outcome(reply.body)
            except TransportError:
                said = _words(reply.body)
                return Outcome(_BY_STATUS[reply.status], f"the partner answered HTTP {reply.status}{said}")
        return serialisation_of(reply.content_type).read_outcome(reply.body)


def _words(body: bytes) -> str:
    try:
        envelope = parse_json(body, limit=len(body))
    except MalformedBody:
        return ""
    words = envelope.get("msg") if isinstance(envelope, dict) else None
    if not isinstance(words, str) or not words:
        return ""
    return ": " + "".join(letter if letter.isprintable() else "?" for letter in words[:LONGEST_WORDS])


def _is_transparent(headers: Mapping[str, str]) -> bool:
    return headers.get(names.PTP_VERSION) == TRANSPARENT


def _required(headers: Mapping[str, str], name: str, clause: str) -> str:
    value = headers.get(name, "")
    if not value or len(value) > LONGEST_HEADER or not (value.isascii() and value.isprintable()):
        raise TransportError(
            "the header is missing" if not value else f"the header must be at most {LONGEST_HEADER} ASCII characters",
            ptp_code=PtpCode.BAD_REQUEST,
            where=name,
            clause=clause,
        )
    return value


def _optional(headers: Mapping[str, str], name: str) -> str:
    return _required(headers, name, "extension") if headers.get(name) else ""


def _agreed(in_body: str, in_header: str | None) -> str:
    # Resolution 13: accepted in either. Two that differ are two different requests to two readers.
    if not in_header or in_header == in_body:
        return in_body
    if in_body or len(in_header) > LONGEST_HEADER or not (in_header.isascii() and in_header.isprintable()):
        raise TransportError(
            "the topic in the header is not the one in the body" if in_body else "the topic must be ASCII in a header",
            ptp_code=PtpCode.BAD_REQUEST,
            where=names.PTP_TOPIC,
            clause="TRN-3.2-topic",
        )
    return in_header


STANDARD_TRANSPORT: Final[TransportDialect] = StandardTransport()
