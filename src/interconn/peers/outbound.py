"""The client to other nodes: signs requests, checks signed replies, speaks the partner's dialect."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar, cast

import aiohttp
from yarl import URL

from interconn import dialects
from interconn.dialects import Dialect
from interconn.dialects.dialect import WireReply, WireRequest
from interconn.identity.credentials import Credential
from interconn.identity.keys import OwnKeys
from interconn.identity.signature import Evidence, SignedReply, SignedRequest
from interconn.peers.connections import Connections
from interconn.peers.directory import Peer, PeerDirectory, prove_or_again
from interconn.peers.exchanges import Exchanges
from interconn.peers.metrics import count_round_trip
from interconn.standard import headers as names
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import (
    BadSignature,
    ConfigurationError,
    InvalidRequest,
    PeerError,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
)
from interconn.standard.identifiers import new_nonce
from interconn.standard.wire import MAXIMUM_BODY_BYTES, WireModel
from interconn.state.clock import Clock

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)

DEFAULT_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Destination:
    """Where a call goes and by whose key its reply must be signed (None on first contact: unknown yet).

    Attributes:
        former: the partner's former key, as long as it is accepted still.
        own_key: fingerprint of the key of ours that signs the call; where empty, the one the partner knows us by.
        headers: marked extensions of ours, `x-interconn-*`.
    """

    node_id: str
    address: str
    credential: Credential | None
    dialect: Dialect
    former: Credential | None = None
    own_key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, peer: Peer, *, own_key: str = "", headers: Mapping[str, str] | None = None) -> Destination:
        """Return where calls to a partner under contract go."""
        dialect = dialects.by_name(peer.dialect)
        return cls(peer.node_id, peer.address, peer.credential, dialect, peer.former, own_key, headers or {})


@dataclass(frozen=True)
class Answer(Generic[Reply]):
    """A partner's answer, and what proves it to be the partner's (None on first contact)."""

    reply: Reply
    evidence: Evidence | None


class PeerClient:
    """Calls other nodes.

    Args:
        node_id: this node's id.
        signer: this node's keys.
        directory: the partners.
        clock: time.
        tls: returns how partners' servers are trusted by now.
        exchanges: takes note of how each call ends.
    """

    def __init__(
        self,
        *,
        node_id: str,
        signer: OwnKeys,
        directory: PeerDirectory,
        clock: Clock,
        tls: Callable[[], ssl.SSLContext],
        exchanges: Exchanges | None = None,
    ) -> None:
        self._exchanges = exchanges
        self._node_id = node_id
        self._keys = signer
        self._directory = directory
        self._clock = clock
        self._connections = Connections(tls, unasked=("User-Agent", "Accept-Encoding"))

    def partner(self, node_id: str) -> Peer:
        """Return what is known of a partner under contract.

        Raises:
            UnknownNode, ContractNotUsable, CertificateRefused: no contract allows calls.
        """
        return self._directory.usable(node_id)

    async def call(self, node_id: str, endpoint: Endpoint[Request, Reply], request: Request, *, trace_id: str) -> Reply:
        """Call a partner under the contract with it and return its proven answer; raises as `answer` does."""
        return (await self.answer(node_id, endpoint, request, trace_id=trace_id)).reply

    async def answer(
        self,
        node_id: str,
        endpoint: Endpoint[Request, Reply],
        request: Request,
        *,
        trace_id: str,
        permits: str = "",
        extension_headers: dict[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Answer[Reply]:
        """Call a partner under the contract with it and return its answer with what proves it.

        Args:
            node_id: the partner.
            endpoint: which call.
            request: its members.
            trace_id: identifier of the chain of calls (MGT-2.2-trace).
            permits: value of x-mprac-token-set.
            extension_headers: marked extensions of ours, `x-interconn-*`.
            timeout: seconds.

        Raises:
            UnknownNode, ContractNotUsable, CertificateRefused: no contract allows the call.
            PeerUnreachable: no answer; the call may or may not have been served.
            PeerReplyInvalid: an answer that is not the standard's or not signed by the partner.
            PeerRefused: the partner's refusal in its own words, with its proof as `evidence`.
        """
        headers = dict(extension_headers or {})
        if permits:
            headers[names.PERMIT_SET] = permits
        destination = self.destination(node_id)
        return await self.ask(destination, endpoint, request, trace_id=trace_id, headers=headers, timeout=timeout)

    def destination(self, node_id: str) -> Destination:
        """Return where a partner under contract is called.

        Raises:
            UnknownNode, ContractNotUsable: no contract allows calls.
        """
        return Destination.of(self._directory.usable(node_id))

    async def ask(
        self,
        destination: Destination,
        endpoint: Endpoint[Request, Reply],
        request: Request,
        *,
        trace_id: str,
        headers: dict[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Answer[Reply]:
        """Call a node at an address, and return its answer with what proves it where its key is known.

        Raises as `answer` does, but for contracts: at first contact there is none.
        """
        wire = destination.dialect.write_request(endpoint, request)
        if len(wire.body) > MAXIMUM_BODY_BYTES:
            raise InvalidRequest(f"the body has more than {MAXIMUM_BODY_BYTES} bytes", where="body")
        sent = self._headers(destination, wire, trace_id, headers or {})
        evidence = None
        try:
            reply, received = await self._exchange(destination, wire, sent, timeout)
            if destination.credential:
                request_sent = SignedRequest(wire.method, wire.target, sent, wire.body)
                evidence = self._prove(destination, request_sent, reply, received)
            read = cast(Reply, destination.dialect.read_reply(endpoint, reply))
        except PeerError as error:
            if isinstance(error, PeerRefused):
                error.evidence = evidence
            self._note(destination.node_id, endpoint.name, error)
            raise
        self._note(destination.node_id, endpoint.name)
        return Answer(read, evidence)

    def _note(self, node_id: str, call: str, error: PeerError | None = None) -> None:
        if self._exchanges:
            self._exchanges.spoken(node_id, call, error)

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def renew_connections(self) -> None:
        """End the connections that were made when partners' servers were trusted otherwise."""
        await self._connections.renew()

    def _headers(
        self, destination: Destination, wire: WireRequest, trace_id: str, extra: dict[str, str]
    ) -> dict[str, str]:
        target, own_key = destination.node_id, destination.own_key
        headers = {
            **wire.headers,
            **destination.headers,
            **extra,
            names.SOURCE_NODE_ID: self._node_id,
            names.TARGET_NODE_ID: target,
            names.NONCE: new_nonce(),
            names.TRACE_ID: trace_id,
            names.TIMESTAMP: str(self._clock.now()),
        }
        if wire.method == "POST":
            headers[names.CSRF_PROTECTION] = new_nonce()  # presence is all that is asked (MGT-2.2-csrf)
        signed = SignedRequest(wire.method, wire.target, headers, wire.body)
        headers[names.AUTH_SIGN] = signed.sign(self._keys.find(own_key) if own_key else self._keys.toward(target))
        return headers

    async def _exchange(
        self, destination: Destination, wire: WireRequest, headers: dict[str, str], timeout: float
    ) -> tuple[WireReply, dict[str, str]]:
        url = _url(destination.address, wire.target)
        try:
            session = await self._connections.session()
            async with session.request(
                wire.method,
                url,
                data=wire.body or None,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 5.0)),
                allow_redirects=False,  # a redirect would carry a signed request to whom it was not signed for
            ) as response:
                body = await _bounded(response)
                count_round_trip(len(wire.body), len(body))
                received = {name.lower(): value for name, value in response.headers.items()}
                content_type = received.get("content-type", "")
                return WireReply(response.status, body, content_type), received
        except aiohttp.ClientSSLError as error:
            raise PeerUnreachable(
                f"the partner's certificate is not trusted: {_reason(error)}",
                where=destination.address,
                hint="Add its authority to tls/trusted, or ask the partner for a certificate that names this address",
            ) from None
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:  # the last: a name that is none
            raise PeerUnreachable(
                f"no answer from {destination.node_id}: {_reason(error)}",
                where=destination.address,
                hint="Is the partner's node running, and this address reachable from here?",
            ) from None

    def _prove(
        self, destination: Destination, request: SignedRequest, reply: WireReply, received: dict[str, str]
    ) -> Evidence:
        assert destination.credential
        signed = SignedReply(request, destination.node_id, reply.status, reply.content_type, reply.body)
        signature = received.get(names.AUTH_SIGN, "")
        try:
            return prove_or_again(
                destination.credential,
                destination.former,
                lambda key: signed.verify(key, signature),
                lambda: self._directory.usable(destination.node_id),
            )
        except BadSignature as error:
            if reply.status in (502, 503, 504):
                raise PeerUnreachable(
                    f"a gateway answered {reply.status} in the partner's place", where=destination.address
                ) from None
            kind = "" if "json" in reply.content_type else f", {_printable(reply.content_type) or 'of no type'}"
            raise PeerReplyInvalid(
                f"the answer (HTTP {reply.status}{kind}) is not proven to be {destination.node_id}'s: {error.message}",
                where=destination.address,
                clause="MGT-2.2-auth-sign",
                hint="Something between the nodes changed or invented it, or the partner changed its key",
            ) from None


def _url(address: str, target: str) -> URL:
    try:
        url = URL(address.rstrip("/") + target, encoded=True)
        usable = url.scheme in ("http", "https") and url.host and url.port  # a port out of range raises here only
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError("the partner's address is no URL of http or https", where=address)
    return url


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = await response.content.read(MAXIMUM_BODY_BYTES + 1)
    while len(body) <= MAXIMUM_BODY_BYTES and (more := await response.content.read(MAXIMUM_BODY_BYTES)):
        body += more
    if len(body) > MAXIMUM_BODY_BYTES:
        raise PeerReplyInvalid(f"the answer has more than {MAXIMUM_BODY_BYTES} bytes", where=str(response.url.path))
    return body


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:40] if letter.isprintable())


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError | asyncio.TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientConnectorError):  # its own text holds the address, which is `where`'s to tell
        cause = error.os_error
        return os.strerror(cause.errno) if cause.errno and cause.errno > 0 else cause.strerror or "no connection"
    return str(error) or type(error).__name__
