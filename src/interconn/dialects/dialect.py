"""What a dialect must say about calls between nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError
from interconn.standard.wire import WireModel


@dataclass(frozen=True)
class WireRequest:
    """A request as it goes over the wire, before headers that prove who sends it.

    Attributes:
        method: HTTP method.
        target: path and query.
        body: raw body, empty for a GET.
        headers: headers that belong to the form of the body, names in lower case.
    """

    method: str
    target: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class WireReply:
    """A reply as it goes over the wire."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Dialect(Protocol):
    """Translates calls of the management and control layers to and from one kind of peer."""

    name: str
    extensions: bool
    """Whether peers of this kind may know the calls of ours that are marked as extensions."""

    def write_request(self, endpoint: Endpoint[Any, Any], request: WireModel) -> WireRequest:
        """Return the request in the peer's form."""
        ...

    def read_request(
        self, endpoint: Endpoint[Any, Any], *, query: Mapping[str, str], content_type: str, body: bytes
    ) -> WireModel:
        """Read a peer's request into the endpoint's model.

        Raises:
            InvalidRequest: names the member at fault.
        """
        ...

    def write_reply(self, endpoint: Endpoint[Any, Any], reply: WireModel) -> WireReply:
        """Return a success in the peer's form."""
        ...

    def write_error(self, error: InterconnError) -> WireReply:
        """Return a failure in the peer's form."""
        ...

    def read_reply(self, endpoint: Endpoint[Any, Any], reply: WireReply) -> WireModel:
        """Read a peer's reply into the endpoint's model.

        Raises:
            PeerRefused: the peer answered with a code that is not success.
            PeerReplyInvalid: the answer is not the standard's.
            PeerUnreachable: a gateway answered in the peer's place.
        """
        ...
