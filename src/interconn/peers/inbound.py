"""The gate through which calls of other nodes come in: proven, fresh, meant for us, and answered signed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from interconn import dialects
from interconn.dialects import STANDARD, Dialect
from interconn.dialects.dialect import WireReply
from interconn.identity.credentials import Credential
from interconn.identity.keys import OwnKeys
from interconn.identity.nonces import NonceStore
from interconn.identity.signature import Evidence, SignedReply, SignedRequest, covers
from interconn.peers.directory import Peer, PeerDirectory
from interconn.peers.exchanges import Exchanges
from interconn.standard import headers as names
from interconn.standard.endpoint import Endpoint, Proof
from interconn.standard.errors import (
    InterconnError,
    InvalidRequest,
    MalformedBody,
    MissingHeader,
    WrongTarget,
)
from interconn.standard.identifiers import MAXIMUM_LENGTH, PATTERN
from interconn.standard.management import ContractApply, ContractConfirm
from interconn.standard.wire import MAXIMUM_BODY_BYTES, WireModel
from interconn.state.clock import Clock
from interconn.state.crash_points import reach

log = structlog.get_logger()

BODY_SECONDS = 60
"""How long a caller may take to send a body."""
BODIES_BYTES = 256 * 1024 * 1024
"""How much of bodies that are still coming is held at once: until one is there whole, nobody knows who sent it."""

_coming = 0

RequestModel = TypeVar("RequestModel", bound=WireModel)
ReplyModel = TypeVar("ReplyModel", bound=WireModel)

MAXIMUM_HEADER_LENGTH = MAXIMUM_LENGTH
"""Of the headers that every call carries; an id has as many (resolution 7)."""


@dataclass(frozen=True)
class Caller:
    """Who calls, as far as proven.

    Attributes:
        node_id: the calling node; proven if `peer` is set, or if `proven_key` is and it is first contact.
        trace_id: identifier of the chain of calls.
        peer: the partner whose signature was checked, for endpoints that ask for a contract.
        proven_key: the key that signed: of a partner its key or its former one, on first contact the one in the body
            or None where it did not sign.
        permits: value of x-mprac-token-set; secret.
        request_digest: hex SHA-256 of the body, for the audit trail.
        extensions: our own marked headers, names in lower case.
        evidence: what proves the call, for the audit trail; None where it went unsigned.
    """

    node_id: str
    trace_id: str
    peer: Peer | None
    proven_key: Credential | None
    permits: str = field(repr=False)
    request_digest: str
    extensions: Mapping[str, str]
    evidence: Evidence | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Service(Generic[RequestModel, ReplyModel]):
    """An endpoint and what serves it."""

    endpoint: Endpoint[RequestModel, ReplyModel]
    handle: Callable[[Caller, RequestModel], Awaitable[ReplyModel]]


class Arrival(SignedRequest):
    """A request of another node as it arrived."""

    @classmethod
    def of(cls, scope: Mapping[str, Any], body: bytes) -> Arrival:
        """Return the request of an ASGI scope.

        Raises:
            MissingHeader: a header that the signature covers occurs twice; two readers may pick different ones.
        """
        headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name = raw_name.decode("latin-1").lower()
            if name in headers and covers(name):
                raise MissingHeader("the header occurs more than once", where=name, clause="MGT-2.2-headers")
            headers[name] = raw_value.decode("latin-1").strip(" \t")
        return cls(scope["method"], raw_target(scope), headers, body)


class Gate:
    """Proves callers and signs answers.

    Args:
        node_id: this node's id.
        signer: this node's keys.
        directory: the partners.
        nonces: nonces used so far.
        clock: time.
        exchanges: takes note of what partners call.
    """

    def __init__(
        self,
        *,
        node_id: str,
        signer: OwnKeys,
        directory: PeerDirectory,
        nonces: NonceStore,
        clock: Clock,
        exchanges: Exchanges | None = None,
    ) -> None:
        self._exchanges = exchanges
        self.node_id = node_id
        self._keys = signer
        self._directory = directory
        self._nonces = nonces
        self._clock = clock

    def routes(self, services: Sequence[Service[Any, Any]]) -> list[Route]:
        """Return Starlette routes that serve `services` to other nodes."""
        return [self._route(service) for service in services]

    def admit(self, arrival: Arrival) -> Peer:
        """Prove that a partner under contract sent this, now, to us, and only once; raises as `prove` does."""
        return self.prove(arrival)[0]

    def prove(self, arrival: Arrival) -> tuple[Peer, Evidence]:
        """Prove a caller as `admit` does, and return the proof beside it.

        Raises:
            MissingHeader, WrongTarget: the header block is not complete or names another node.
            UnknownNode, ContractNotUsable: no contract allows the call.
            CertificateRefused: the partner's certificate is not to be believed now.
            BadSignature: the signature is missing or wrong.
            StaleClock, ReplayedNonce: the request is old or was served before.
        """
        source = self._check_headers(arrival)
        peer = self._directory.usable(source)
        evidence = peer.prove(arrival.verify)
        # Only after the signature: a stranger must not be able to use up a partner's nonces.
        self._accept_nonce(source, arrival)
        return peer, evidence

    def sign(self, arrival: Arrival, reply: WireReply) -> dict[str, str]:
        """Return the headers that prove a reply to be this node's answer to that very request."""
        headers = {"content-type": reply.content_type}
        signed = SignedReply(arrival, self.node_id, reply.status, reply.content_type, reply.body)
        with suppress(InvalidRequest):  # what cannot be covered is refused, and that refusal goes unproven
            headers[names.AUTH_SIGN] = signed.sign(self._keys.toward(arrival.header(names.SOURCE_NODE_ID)))
        return headers

    def _route(self, service: Service[Any, Any]) -> Route:
        route = Route(service.endpoint.path, self._serve(service))
        route.methods = set(service.endpoint.methods)  # Starlette would add HEAD; no other method occurs (MGT-2.1-http)
        return route

    def _serve(self, service: Service[Any, Any]) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            arrival: Arrival | None = None
            dialect: Dialect = STANDARD
            try:
                arrival = Arrival.of(request.scope, await read_bounded(request))
                dialect = self._dialect_of(arrival.header(names.SOURCE_NODE_ID))
                with structlog.contextvars.bound_contextvars(trace_id=arrival.header(names.TRACE_ID)):
                    reply = await self._answer(service, arrival, _members(request), dialect)
            except InterconnError as error:
                caller = arrival.header(names.SOURCE_NODE_ID) if arrival else None
                log.info("refused", endpoint=service.endpoint.name, caller=caller, **_parts(error))
                reply = dialect.write_error(error)
            except ClientDisconnect:
                return Response(status_code=400)
            except Exception:
                log.exception("failed", endpoint=service.endpoint.name)
                reply = dialect.write_error(
                    InterconnError(
                        "this node failed to serve the call", hint="Its operator finds the trace id in the log"
                    )
                )
            # The server would add a content type of its own; what is signed must be what is sent.
            headers = self.sign(arrival, reply) if arrival else {"content-type": reply.content_type}
            return Response(reply.body, reply.status, headers=headers)

        return serve

    async def _answer(
        self, service: Service[Any, Any], arrival: Arrival, query: dict[str, str], dialect: Dialect
    ) -> WireReply:
        endpoint = service.endpoint
        peer: Peer | None = None
        evidence: Evidence | None = None
        if endpoint.proof is Proof.CONTRACT:
            peer, evidence = self.prove(arrival)
        else:
            self._check_headers(arrival)
        message = dialect.read_request(
            endpoint, query=query, content_type=arrival.headers.get("content-type", ""), body=arrival.body
        )
        if endpoint.proof is Proof.POSSESSION:
            evidence = self._prove_possession(arrival, message)
        caller = Caller(
            node_id=arrival.headers[names.SOURCE_NODE_ID],
            trace_id=arrival.headers[names.TRACE_ID],
            peer=peer,
            proven_key=evidence.credential if evidence else None,
            permits=arrival.headers.get(names.PERMIT_SET, ""),
            request_digest=arrival.body_digest,
            extensions={
                name: value for name, value in arrival.headers.items() if name.startswith(names.EXTENSION_PREFIX)
            },
            evidence=evidence,
        )
        reach("inbound.before_handle")
        try:
            reply = await service.handle(caller, message)
        except InterconnError as error:
            self._note(caller, endpoint, error)
            raise
        self._note(caller, endpoint)
        reach("inbound.after_handle")
        return dialect.write_reply(endpoint, reply)

    def _note(self, caller: Caller, endpoint: Endpoint[Any, Any], error: InterconnError | None = None) -> None:
        if self._exchanges and caller.peer:  # whoever is not proven to be a partner is not heard as one
            self._exchanges.heard(caller.node_id, endpoint.name, error)

    def _check_headers(self, arrival: Arrival) -> str:
        headers = arrival.headers
        for name in names.REQUIRED_SIGNED:
            value = headers.get(name)
            if not value:
                raise MissingHeader("the header is missing", where=name, clause="MGT-2.2-headers")
            if len(value) > MAXIMUM_HEADER_LENGTH or not (value.isascii() and value.isprintable()):
                raise MissingHeader(
                    f"the header must be printable ASCII of at most {MAXIMUM_HEADER_LENGTH} characters",
                    where=name, clause="MGT-2.2-headers",
                )  # fmt: skip
        if not re.fullmatch(PATTERN, headers[names.SOURCE_NODE_ID]):
            raise MissingHeader("the header is no node id", where=names.SOURCE_NODE_ID, clause="MGT-2.2-node-ids")
        if arrival.method == "POST" and not headers.get(names.CSRF_PROTECTION):
            raise MissingHeader(
                "the header is missing on a POST", where=names.CSRF_PROTECTION, clause="MGT-2.2-csrf",
                hint="Any value that is not empty will do",
            )  # fmt: skip
        if headers[names.TARGET_NODE_ID] != self.node_id:
            raise WrongTarget("the request is for another node", where=names.TARGET_NODE_ID, clause="MGT-2.2-node-ids")
        return headers[names.SOURCE_NODE_ID]

    def _prove_possession(self, arrival: Arrival, message: WireModel) -> Evidence | None:
        # MGT-3.1 and MGT-3.2 go unsigned by the standard. A signature by the key in the body, where there is one,
        # proves that the sender holds it; a person is told when there is none (docs/decisions/0004-first-contact.md).
        if not isinstance(message, ContractApply | ContractConfirm):
            return None
        if not message.auth_credential or not message.auth_type:  # a rejection need not carry them
            return None
        credential = Credential.parse(message.auth_type, message.auth_credential)
        if not arrival.headers.get(names.AUTH_SIGN):
            return None
        evidence = arrival.verify(credential)
        self._accept_nonce(f"{arrival.headers[names.SOURCE_NODE_ID]} {credential.fingerprint}", arrival)
        return evidence

    def _accept_nonce(self, source: str, arrival: Arrival) -> None:
        stamp = arrival.headers[names.TIMESTAMP]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 16):
            raise MissingHeader(
                "the timestamp must be epoch milliseconds", where=names.TIMESTAMP, clause="MGT-2.2-replay"
            )
        self._nonces.accept(source, arrival.headers[names.NONCE], int(stamp), self._clock.now())

    def _dialect_of(self, node_id: str) -> Dialect:
        try:
            return dialects.by_name(self._directory.usable(node_id).dialect)
        except InterconnError:
            return STANDARD


async def read_bounded(request: Request, limit: int = MAXIMUM_BODY_BYTES) -> bytes:
    """Read a body up to a limit, bytes, in bounded time.

    Raises:
        MalformedBody: there is more, or it does not come.
        InterconnError: too much is coming from all callers together; it may be sent again.
    """
    global _coming
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                _coming += len(part)
                if _coming > BODIES_BYTES:
                    raise InterconnError("this node is being sent too much at once", hint="Try again in a moment")
                if size > limit:
                    raise MalformedBody(f"the body has more than the {limit} bytes accepted", where="body")
                parts.append(part)
    except TimeoutError:
        raise MalformedBody(f"the body did not come whole within {BODY_SECONDS} s", where="body") from None
    finally:
        _coming -= size
    return b"".join(parts)


def raw_target(scope: Mapping[str, Any]) -> str:
    """Return path and query of an ASGI scope exactly as they were sent, which is what a signature covers."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _members(request: Request) -> dict[str, str]:
    members = dict(request.query_params)
    if len(members) != len(request.query_params.multi_items()):
        raise InvalidRequest("the query repeats a member", where="query", clause="MGT-2.1-http")
    return members


def _parts(error: InterconnError) -> dict[str, Any]:
    return {"reason": error.message, "where": error.where, "clause": error.clause, "code": error.code}
