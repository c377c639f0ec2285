"""What a dialect must say about messages: between a component and its node, and between nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from interconn.dialects.dialect import WireReply, WireRequest
from interconn.standard.transport import PtpCode


@dataclass(frozen=True, slots=True)
class ComponentHeaders:
    """What the headers of a component's call say (TRN-3.1-headers).

    Attributes:
        session_id: the session.
        token: the task's token; empty where there is none; secret.
        target_node_id: on push the node that receives, on pop and peek the node whose messages are wanted.
        trace_id: identifier of the call chain.
        provider_code: code of the technology vendor.
        topic: topic given by a header, or None.
        message_id: the component's own id of a pushed message, or empty.
        taken: number of the last message received; empty when it has none yet, None where the component
            does not acknowledge at all.
    """

    session_id: str
    token: str = field(repr=False)
    target_node_id: str
    trace_id: str
    provider_code: str
    topic: str | None
    message_id: str
    taken: str | None


@dataclass(frozen=True, slots=True)
class Push:
    """A message to send."""

    topic: str
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ask:
    """The body of pop, peek or release: which topic, and how long to wait (seconds; 0 when not told)."""

    topic: str
    timeout: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to a call. `payload` is None where there is no message; an empty message is b""."""

    code: str
    message: str
    payload: bytes | None = field(default=None, repr=False)
    metadata: Mapping[str, str] = field(default_factory=dict)


SUCCESS = Outcome(PtpCode.SUCCESS.value, "success")


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A component's message on its way to a partner's node.

    Attributes:
        headers: what the component said.
        source_node_id, source_inst_id: this node.
        target_inst_id: institution of the partner.
        task_id: the task, empty for a session opened by hand.
        message_id: id that all attempts share.
        topic: the topic, wherever the component gave it.
        content_type: serialisation of the body.
        body: the body as the component sent it.
        payload: the message in it.
    """

    headers: ComponentHeaders
    source_node_id: str
    source_inst_id: str
    target_inst_id: str
    task_id: str
    message_id: str
    topic: str
    content_type: str
    body: bytes = field(repr=False)
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message of a partner's node. Its claimed source is compared with the proven one, and never used otherwise."""

    session_id: str
    task_id: str
    source_node_id: str
    target_node_id: str
    message_id: str
    topic: str
    payload: bytes = field(repr=False)


class TransportDialect(Protocol):
    """Translates calls of the transport layer to and from one kind of component or peer.

    All methods that read raise TransportError with the code that the caller is to be answered.
    """

    name: str

    def read_headers(self, headers: Mapping[str, str]) -> ComponentHeaders:
        """Read the headers of a component's call."""
        ...

    def read_push(self, called: ComponentHeaders, headers: Mapping[str, str], body: bytes) -> Push:
        """Read the body of push."""
        ...

    def read_ask(self, path: str, called: ComponentHeaders, headers: Mapping[str, str], query: str, body: bytes) -> Ask:
        """Read the body and query of pop, peek or release."""
        ...

    def write_outcome(self, headers: Mapping[str, str], outcome: Outcome) -> WireReply:
        """Return the reply to a component, in the serialisation of its request."""
        ...

    def write_invoke(self, message: OutgoingMessage) -> WireRequest:
        """Return the request that hands a message to a partner's node."""
        ...

    def read_invoke(self, headers: Mapping[str, str], body: bytes) -> IncomingMessage:
        """Read a message that a partner's node hands over."""
        ...

    def write_invoke_outcome(self, headers: Mapping[str, str], outcome: Outcome) -> WireReply:
        """Return the reply to a partner's node."""
        ...

    def read_invoke_outcome(self, reply: WireReply) -> Outcome:
        """Read the reply of a partner's node."""
        ...
