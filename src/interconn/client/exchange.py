"""One call of a node's own API: what is sent, and how the answer is read. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from interconn.client.refusals import refusal
from interconn.standard.endpoint import Endpoint
from interconn.standard.envelope import SUCCESS_CODES, Envelope
from interconn.standard.errors import InterconnError, InvalidRequest, PeerReplyInvalid, PeerUnreachable
from interconn.standard.wire import WireModel, canonical_json, parse_json, validate

Reply = TypeVar("Reply", bound=WireModel)

MAXIMUM_REPLY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Question(Generic[Reply]):
    """A request to the node's own API, complete but not yet sent."""

    endpoint: Endpoint[Any, Reply]
    request: WireModel

    @property
    def method(self) -> str:
        """HTTP method."""
        return self.endpoint.method

    @property
    def target(self) -> str:
        """Path, with the members as query where the method is GET (MGT-2.1-http)."""
        if self.method != "GET":
            return self.endpoint.path
        query = urlencode({name: _text(value) for name, value in self.request.to_wire().items()})
        return f"{self.endpoint.path}?{query}" if query else self.endpoint.path

    @property
    def body(self) -> bytes:
        """Members as JSON, empty where the method is GET."""
        return b"" if self.method == "GET" else canonical_json(self.request.to_wire())

    def headers(self, token: str) -> dict[str, str]:
        """Return the headers of the request.

        Args:
            token: the admin token.
        """
        found = {"accept": "application/json", "authorization": f"Bearer {token}"}
        if self.method != "GET":
            found["content-type"] = "application/json"
        return found

    def read(self, url: str, status: int, body: bytes) -> Reply:
        """Read the answer.

        Args:
            url: base URL asked, for errors.
            status: HTTP status.
            body: body received.

        Raises:
            InterconnError: the node refused; of the class that its code stands for.
            PeerReplyInvalid: whatever answered is no node's admin listener.
        """
        try:
            envelope = validate(Envelope, parse_json(body, limit=MAXIMUM_REPLY_BYTES))
        except InvalidRequest as error:
            raise PeerReplyInvalid(
                f"HTTP {status} without a node's reply envelope: {error.message}",
                where=f"{url}{self.endpoint.path}",
                hint="Is this the admin listener of a node? 'interconn node status' shows its address",
            ) from None
        if envelope.code not in SUCCESS_CODES:
            raise refusal(envelope)
        try:
            return validate(self.endpoint.reply, envelope.data or {})
        except InvalidRequest as error:
            raise PeerReplyInvalid(
                f"the node's answer does not fit: {error.message}",
                where=f"{url}{self.endpoint.path}",
                hint="The node may be of another version than this client",
            ) from None

    def read_event(self, url: str, data: bytes) -> Reply:
        """Read the data of an event.

        Args:
            url: base URL asked, for errors.
            data: as it came.

        Raises:
            PeerReplyInvalid: it is none of this call's.
        """
        try:
            return validate(self.endpoint.reply, parse_json(data, limit=MAXIMUM_REPLY_BYTES))
        except InvalidRequest as error:
            raise PeerReplyInvalid(
                f"the node's event does not fit: {error.message}",
                where=f"{url}{self.endpoint.path}",
                hint="The node may be of another version than this client",
            ) from None


def unreachable(url: str, reason: str) -> InterconnError:
    """Return the error for a node that does not answer."""
    return PeerUnreachable(
        f"the node does not answer: {reason}",
        where=url,
        hint="Start it with 'interconn node run', or name the right one with --home or --url",
    )


def _text(value: Any) -> str:
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if plain else canonical_json(value).decode()
