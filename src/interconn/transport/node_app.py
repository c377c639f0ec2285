"""The partner listener's transport calls: invoke and transport (TRN-2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import structlog

from interconn import dialects
from interconn.dialects import STANDARD_TRANSPORT, TransportDialect
from interconn.dialects.transport import SUCCESS, Outcome
from interconn.peers.directory import Peer, PeerDirectory
from interconn.peers.inbound import Arrival, Gate
from interconn.standard import headers as names
from interconn.standard.errors import ConfigurationError, InterconnError, TransportError
from interconn.standard.transport import INVOKE, TRANSPORT, PtpCode
from interconn.transport.asgi import Disconnected, Receive, Scope, Send, read_body, respond
from interconn.transport.channels import Channels
from interconn.transport.limits import Limits
from interconn.transport.outcomes import SYSTEM_ERROR, outcome_of

log = structlog.get_logger()

STRANGER_BYTES: Final = 1024 * 1024
"""Bodies of nodes without a usable contract are read up to here, to tell them so with a proof."""


class NodeApp:
    """An ASGI application for other nodes. What a message says of its source counts for nothing: the signature does.

    Args:
        node_id: this node.
        channels: its sessions.
        gate: proves callers and signs answers.
        directory: the partners.
        limits: bounds.
    """

    def __init__(
        self, *, node_id: str, channels: Channels, gate: Gate, directory: PeerDirectory, limits: Limits
    ) -> None:
        self._node_id = node_id
        self._channels = channels
        self._gate = gate
        self._directory = directory
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call; every answer to a request that was read whole is signed."""
        dialect: TransportDialect = STANDARD_TRANSPORT
        headers: Mapping[str, str] = {}
        arrival: Arrival | None = None
        try:
            head = Arrival.of(scope, b"")
            headers = head.headers
            known = self._known(head.header(names.SOURCE_NODE_ID))
            # TRN-2.2.2: one chunked body is one message, so that transport over HTTP is invoke with a stream.
            body = await read_body(receive, headers, self._limits.body_bytes if known else STRANGER_BYTES)
            arrival = Arrival(head.method, head.target, headers, body)
            if scope["path"] not in (INVOKE, TRANSPORT) or scope["method"] != "POST":
                raise _refusal(PtpCode.NOT_FOUND, "there is no such call on this listener", scope["path"])
            peer = self._gate.admit(arrival)
            dialect = _dialect_of(peer)
            outcome = self._accept(peer, dialect, arrival)
        except InterconnError as error:
            outcome = outcome_of(error)
            log.info(
                "message refused",
                caller=headers.get(names.SOURCE_NODE_ID),
                trace_id=headers.get(names.TRACE_ID),
                session=headers.get(names.PTP_SESSION_ID),
                code=outcome.code,
                reason=error.message,
                where=error.where,
            )
        except Disconnected:
            return
        except Exception:
            log.exception("message failed", caller=headers.get(names.SOURCE_NODE_ID))
            outcome = SYSTEM_ERROR
        reply = dialect.write_invoke_outcome(headers, outcome)
        if arrival is not None:
            await respond(send, reply, self._gate.sign(arrival, reply))
        else:
            # No proof can be given for a body that was not read; the status says as much as it does of a gateway.
            status = 413 if outcome.code == PtpCode.TOO_LARGE else 400
            await respond(send, replace(reply, status=status), {"content-type": reply.content_type})

    def _accept(self, peer: Peer, dialect: TransportDialect, arrival: Arrival) -> Outcome:
        message = dialect.read_invoke(arrival.headers, arrival.body)
        if message.source_node_id != peer.node_id:
            raise _refusal(
                PtpCode.FORBIDDEN,
                "the message names another source than the node that signed",
                names.PTP_SOURCE_NODE_ID,
            )
        if message.target_node_id != self._node_id:
            raise _refusal(PtpCode.NOT_JOINED, "the message is for another node", names.PTP_TARGET_NODE_ID)
        channel = self._channels.of_message(message.session_id, message.task_id, peer.node_id, message.topic)
        channel.accept(peer.node_id, message.topic, message.message_id, message.payload)
        return SUCCESS

    def _known(self, node_id: str) -> bool:
        try:
            self._directory.usable(node_id)
        except InterconnError:
            return False
        return True


def _dialect_of(peer: Peer) -> TransportDialect:
    try:
        return dialects.transport_by_name(peer.dialect)
    except ConfigurationError as error:
        raise _refusal(PtpCode.INCOMPATIBLE, error.message, peer.node_id) from None


def _refusal(code: PtpCode, message: str, where: str) -> TransportError:
    return TransportError(message, ptp_code=code, where=where, clause=f"TRN-XA-{code}")
