"""Hands messages to partners' nodes by invoke: signed, proven, tried again while the partner is away."""

from __future__ import annotations

import io
import ssl
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import aiohttp
from yarl import URL

from interconn import dialects
from interconn.dialects.dialect import WireReply, WireRequest
from interconn.dialects.transport import ComponentHeaders, Outcome, OutgoingMessage, TransportDialect
from interconn.identity.keys import OwnKeys
from interconn.identity.node import NodeIdentity
from interconn.identity.signature import SignedReply, SignedRequest
from interconn.peers.connections import Connections
from interconn.peers.directory import Peer, PeerDirectory, prove_or_again
from interconn.peers.metrics import count_round_trip
from interconn.standard import headers as names
from interconn.standard.errors import (
    BadSignature,
    CertificateRefused,
    ConfigurationError,
    ContractNotUsable,
    TransportError,
    UnknownNode,
)
from interconn.standard.identifiers import new_nonce
from interconn.standard.transport import PtpCode
from interconn.state.clock import Clock
from interconn.transport.channel import Channel
from interconn.transport.limits import Limits

LARGEST_REPLY: Final = 1024 * 1024
"""An answer to push holds a code and a few words."""
FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 5.0
REPLY_SECONDS: Final = 20.0
SLOWEST_BYTES_PER_SECOND: Final = 1024 * 1024
LARGE_BODY: Final = 512 * 1024


class _Away(Exception):
    """The partner did not answer this time; `code` is what the component is told if it never does."""

    def __init__(self, message: str, code: PtpCode = PtpCode.NOT_CONNECTED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class Relay:
    """Sends messages to other nodes.

    Args:
        node: this node.
        signer: its keys.
        directory: the partners.
        clock: time.
        tls: returns how partners' servers are trusted by now.
        limits: how long a partner is tried.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        signer: OwnKeys,
        directory: PeerDirectory,
        clock: Clock,
        tls: Callable[[], ssl.SSLContext],
        limits: Limits,
    ) -> None:
        self._node = node
        self._keys = signer
        self._directory = directory
        self._clock = clock
        self._limits = limits
        self._connections = Connections(tls, unasked=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"))

    async def send(
        self, channel: Channel, called: ComponentHeaders, topic: str, payload: bytes, *, content_type: str, body: bytes
    ) -> Outcome:
        """Hand a message to the partner's node and return its answer once it holds the message, or refuses it.

        Raises:
            TransportError: E0000000618 no such partner, E0000000606 its contract allows no calls, E0000000607 it
                stayed away, E0000000601 it did not answer in time, E0000000603 its certificate is not trusted,
                E0000000615 its answer is not proven, E0000000619 its address is none, E0000000600 it speaks a
                dialect without messages, E0000000617 it does not offer invoke.
        """
        message = OutgoingMessage(
            headers=called,
            source_node_id=self._node.node_id,
            source_inst_id=self._node.inst_id,
            target_inst_id="",
            task_id=channel.task_id,
            # One id for all attempts, so that the receiving node drops repeats; the component's own where it has one.
            message_id=called.message_id or uuid.uuid4().hex,
            topic=topic,
            content_type=content_type,
            body=body,
            payload=payload,
        )
        deadline = self._clock.now() + int(self._limits.partner_seconds * 1000)
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                outcome = await self._attempt(message, deadline)
            except _Away as away:
                outcome = Outcome(away.code.value, away.message)
                may_pass = True
            else:
                may_pass = outcome.code == PtpCode.NO_INSTANCE
            if not may_pass or channel.closed or self._clock.now() + pause * 1000 >= deadline:
                return outcome
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def close(self) -> None:
        """Close all connections."""
        await self._connections.close()

    async def renew_connections(self) -> None:
        """End the connections that were made when partners' servers were trusted otherwise."""
        await self._connections.renew()

    async def _attempt(self, message: OutgoingMessage, deadline: int) -> Outcome:
        peer, dialect = self._partner(message.headers.target_node_id)
        wire = dialect.write_invoke(replace(message, target_inst_id=peer.inst_id))
        nonce = new_nonce()
        headers = {
            **wire.headers,
            names.SOURCE_NODE_ID: self._node.node_id,
            names.TARGET_NODE_ID: peer.node_id,
            names.NONCE: nonce,
            names.TRACE_ID: message.headers.trace_id,
            names.TIMESTAMP: str(self._clock.now()),
            names.CSRF_PROTECTION: nonce,  # presence is all that is asked (MGT-2.2-csrf)
        }
        request = SignedRequest(wire.method, wire.target, headers, wire.body)
        headers[names.AUTH_SIGN] = request.sign(self._keys.toward(peer.node_id))
        # Less than no time left is still time for one attempt.
        seconds = max((deadline - self._clock.now()) / 1000, 1.0)
        timeout = min(seconds, REPLY_SECONDS + len(wire.body) / SLOWEST_BYTES_PER_SECOND)
        reply, signature = await self._exchange(peer, wire, headers, timeout)
        self._prove(peer, request, reply, signature)
        return dialect.read_invoke_outcome(reply)

    def _partner(self, node_id: str) -> tuple[Peer, TransportDialect]:
        try:
            peer = self._directory.usable(node_id)
            return peer, dialects.transport_by_name(peer.dialect)
        except UnknownNode as error:
            raise _refusal(PtpCode.NOT_JOINED, error.message, node_id, hint=error.hint) from None
        except (ContractNotUsable, CertificateRefused) as error:
            raise _refusal(PtpCode.NETWORKING_DISABLED, error.message, node_id, hint=error.hint) from None
        except ConfigurationError as error:
            raise _refusal(PtpCode.INCOMPATIBLE, error.message, node_id) from None

    async def _exchange(
        self, peer: Peer, wire: WireRequest, headers: dict[str, str], timeout: float
    ) -> tuple[WireReply, str]:
        try:
            session = await self._connections.session()
            async with session.request(
                wire.method,
                URL(peer.address.rstrip("/") + wire.target, encoded=True),
                # aiohttp wants large bodies as files, and then sends them in parts.
                data=wire.body if len(wire.body) < LARGE_BODY else io.BytesIO(wire.body),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, CONNECT_SECONDS)),
                allow_redirects=False,  # a redirect would carry a signed request to whom it was not signed for
            ) as response:
                body = await response.content.read(LARGEST_REPLY)
                while len(body) < LARGEST_REPLY and (more := await response.content.read(LARGEST_REPLY)):
                    body += more
                count_round_trip(len(wire.body), len(body))
                content_type = response.headers.get("content-type", "")
                return WireReply(response.status, body, content_type), response.headers.get(names.AUTH_SIGN, "")
        except aiohttp.ClientSSLError as error:
            raise _refusal(
                PtpCode.BAD_CERTIFICATE,
                f"the partner's certificate is not trusted: {error}",
                peer.node_id,
                hint="Add its authority to tls/trusted, or ask the partner for a certificate that names this address",
            ) from None
        except (aiohttp.InvalidURL, ValueError):
            raise _refusal(PtpCode.BAD_ADDRESS, "the partner's address is no URL", peer.node_id) from None
        except TimeoutError:
            raise _Away(f"{peer.node_id} did not answer in time", PtpCode.TIMEOUT) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Away(f"no answer from {peer.node_id}: {error or type(error).__name__}") from None

    def _prove(self, peer: Peer, request: SignedRequest, reply: WireReply, signature: str) -> None:
        signed = SignedReply(request, peer.node_id, reply.status, reply.content_type, reply.body)
        try:
            prove_or_again(
                peer.credential,
                peer.former,
                lambda key: signed.verify(key, signature),
                lambda: self._directory.usable(peer.node_id),
            )
        except BadSignature as error:
            if reply.status in (502, 503, 504):
                raise _Away(f"a gateway answered {reply.status} in the place of {peer.node_id}") from None
            if reply.status == 413:
                raise _refusal(PtpCode.TOO_LARGE, "the message is too long on the way", peer.node_id) from None
            if reply.status in (404, 405) and not signature:
                raise _refusal(
                    PtpCode.VERSION_MISMATCH, "the partner's node does not offer this call", peer.node_id
                ) from None
            raise _refusal(
                PtpCode.BAD_SIGNATURE,
                f"the answer (HTTP {reply.status}) is not proven to be the partner's: {error.message}",
                peer.node_id,
                hint="Something between the nodes changed or invented it, or the partner changed its key",
            ) from None


def _refusal(code: PtpCode, message: str, where: str, *, hint: str | None = None) -> TransportError:
    return TransportError(message, ptp_code=code, where=where, clause=f"TRN-XA-{code}", hint=hint)
