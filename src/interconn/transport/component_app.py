"""The component listener's transport calls: push, pop, peek, release (TRN-3.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog

from interconn.dialects.transport import SUCCESS, Ask, ComponentHeaders, Outcome, TransportDialect
from interconn.standard import headers as names
from interconn.standard.errors import InterconnError, TransportError
from interconn.standard.transport import DEFAULT_POP_TIMEOUT, PEEK, POP, PUSH, RELEASE, PtpCode
from interconn.state.crash_points import reach
from interconn.transport.asgi import Disconnected, Receive, Scope, Send, read_body, read_headers, respond
from interconn.transport.channel import Channel
from interconn.transport.channels import Channels
from interconn.transport.journal import Message
from interconn.transport.limits import Limits
from interconn.transport.metrics import RECEIVED_BYTES, RECEIVED_MESSAGES, SENT_BYTES, SENT_MESSAGES
from interconn.transport.outcomes import SYSTEM_ERROR, outcome_of

log = structlog.get_logger()

MESSAGE_ID = "message-id"
"""Metadata member of a reply that names the message for x-interconn-taken."""

Release = Callable[[str, str], Awaitable[None]]


class Sender(Protocol):
    """The way to other nodes: `interconn.transport.relay.Relay`."""

    async def send(
        self, channel: Channel, called: ComponentHeaders, topic: str, payload: bytes, *, content_type: str, body: bytes
    ) -> Outcome:
        """Hand a message to the node that it is for, and return its answer once it holds or refuses the message."""
        ...


class Call:
    """A component's call: who calls, and what of it is still to be read."""

    __slots__ = ("called", "channel", "headers", "receive", "scope", "source")

    def __init__(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], called: ComponentHeaders, channel: Channel
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.headers = headers
        self.called = called
        self.channel = channel
        self.source = called.target_node_id
        """On pop, peek and release: the node whose messages are meant."""


class ComponentApp:
    """An ASGI application for the components of this node.

    Args:
        node_id: this node.
        channels: its sessions.
        relay: the way to other nodes.
        dialect: what components speak.
        limits: bounds.
        release: closes a task's session durably; given session id and task id.
    """

    def __init__(
        self,
        *,
        node_id: str,
        channels: Channels,
        relay: Sender,
        dialect: TransportDialect,
        limits: Limits,
        release: Release,
    ) -> None:
        self._node_id = node_id
        self._channels = channels
        self._relay = relay
        self._dialect = dialect
        self._limits = limits
        self._release_session = release
        self._handlers: dict[str, Callable[[Call], Awaitable[tuple[Outcome, Message | None]]]] = {
            PUSH: self._push,
            POP: self._pop,
            PEEK: self._peek,
            RELEASE: self._release,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call. Failures are answered with HTTP 200 and a code, as the standard names no status."""
        headers = read_headers(scope)
        message: Message | None = None
        channel: Channel | None = None
        try:
            handle = self._handlers.get(scope["path"])
            if handle is None or scope["method"] != "POST":
                raise _no_such_path(scope)
            called = self._dialect.read_headers(headers)
            channel = self._channels.of_token(called.session_id, called.token)
            outcome, message = await handle(Call(scope, receive, headers, called, channel))
        except InterconnError as error:
            outcome = outcome_of(error)
            log.info("component refused", path=scope["path"], code=outcome.code, **_context(headers, error))
        except Disconnected:
            return
        except Exception:
            log.exception("component call failed", path=scope["path"], **_context(headers))
            outcome = SYSTEM_ERROR
        reply = self._dialect.write_outcome(headers, outcome)
        await respond(send, reply, {"content-type": reply.content_type})
        if message is not None and channel is not None:
            channel.cross_out(message)

    async def _push(self, call: Call) -> tuple[Outcome, Message | None]:
        called, channel = call.called, call.channel
        body = await read_body(call.receive, call.headers, self._limits.body_bytes)
        push = self._dialect.read_push(called, call.headers, body)
        channel.require_party(called.target_node_id)
        outcome = SUCCESS
        if called.target_node_id == self._node_id:
            channel.accept(self._node_id, push.topic, called.message_id, push.payload)
        else:
            outcome = await self._relay.send(
                channel,
                called,
                push.topic,
                push.payload,
                content_type=call.headers.get("content-type", ""),
                body=body,
            )
            reach("transport.relayed")
        if outcome.code == PtpCode.SUCCESS:
            channel.traffic.sent_messages += 1
            channel.traffic.sent_bytes += len(push.payload)
            SENT_MESSAGES.inc()
            SENT_BYTES.inc(len(push.payload))
        return outcome, None

    async def _pop(self, call: Call) -> tuple[Outcome, Message | None]:
        ask = await self._read_ask(call)
        self._acknowledge(call, ask)
        message = self._hand_out(call, ask)
        if message is None:
            message = await self._wait(call, ask)
        return self._given(call, message)

    async def _peek(self, call: Call) -> tuple[Outcome, Message | None]:
        ask = await self._read_ask(call)
        self._acknowledge(call, ask)
        return self._given(call, self._hand_out(call, ask))

    async def _release(self, call: Call) -> tuple[Outcome, Message | None]:
        # A topic limits the release to that queue; without one the task's session ends on this node. There is
        # nothing to wait for: a push is answered when the far node holds it, so the timeout has no use.
        ask = await self._read_ask(call)
        self._acknowledge(call, ask)
        if ask.topic:
            call.channel.release(call.source, ask.topic)
        else:
            await self._release_session(call.channel.session_id, call.channel.task_id)
        return SUCCESS, None

    async def _read_ask(self, call: Call) -> Ask:
        body = await read_body(call.receive, call.headers, self._limits.body_bytes)
        query = call.scope["query_string"].decode("latin-1")
        ask = self._dialect.read_ask(call.scope["path"], call.called, call.headers, query, body)
        call.channel.require_party(call.called.target_node_id)
        call.source = self._source(call)
        return ask

    def _source(self, call: Call) -> str:
        # TRN-3.1-headers leaves open whether the target of a pop is the own node or the far one. We ask for the far
        # one; where there is but one, and one party here, the own one can mean nothing else.
        named = call.called.target_node_id
        others = call.channel.parties - {self._node_id}
        if named == self._node_id and len(others) == 1 and len(call.channel.tokens) == 1:
            return next(iter(others))
        return named

    def _acknowledge(self, call: Call, ask: Ask) -> None:
        if call.called.taken:
            call.channel.acknowledge(call.source, ask.topic, call.called.taken)

    def _hand_out(self, call: Call, ask: Ask) -> Message | None:
        acknowledging = call.called.taken is not None
        return call.channel.hand_out(call.source, ask.topic, acknowledging=acknowledging)

    async def _wait(self, call: Call, ask: Ask) -> Message | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (ask.timeout or DEFAULT_POP_TIMEOUT)
        # The client is watched while it waits: a message must not be handed to one that has gone.
        gone = asyncio.ensure_future(call.receive())
        try:
            while loop.time() < deadline:

                def begin(waiter: asyncio.Future[None]) -> None:
                    timer = loop.call_at(deadline, _finish, waiter)
                    waiter.add_done_callback(lambda _: timer.cancel())
                    gone.add_done_callback(lambda _: _finish(waiter))

                await call.channel.wait(call.source, ask.topic, begin)
                if gone.done():
                    raise Disconnected
                message = self._hand_out(call, ask)
                if message is not None:
                    return message
            return None
        finally:
            gone.cancel()

    def _given(self, call: Call, message: Message | None) -> tuple[Outcome, Message | None]:
        if message is None:
            return SUCCESS, None
        RECEIVED_MESSAGES.inc()
        RECEIVED_BYTES.inc(len(message.payload))
        metadata = {MESSAGE_ID: str(message.number)}
        outcome = Outcome(PtpCode.SUCCESS.value, SUCCESS.message, message.payload, metadata)
        return outcome, None if call.called.taken is not None else message


def _finish(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _no_such_path(scope: Scope) -> TransportError:
    return TransportError(
        "there is no such call on this listener",
        ptp_code=PtpCode.NOT_FOUND,
        where=f"{scope['method']} {scope['path']}",
        clause="TRN-XA-E0000000404",
        hint="Components POST to push, pop, peek and release",
    )


def _context(headers: Mapping[str, str], error: InterconnError | None = None) -> dict[str, str | None]:
    parts: dict[str, str | None] = {
        "trace_id": headers.get(names.PTP_TRACE_ID),
        "session": headers.get(names.PTP_SESSION_ID),
    }
    if error is not None:
        parts |= {"reason": error.message, "where": error.where}
    return parts
