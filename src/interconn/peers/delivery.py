"""Delivery of the outbox: each message is sent until its partner has answered, with growing pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

import structlog
from sqlalchemy.orm import Session

from interconn.peers.outbound import Destination, PeerClient
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import ContractNotUsable, InterconnError, PeerRefused, UnknownNode
from interconn.standard.wire import WireModel, validate
from interconn.state import outbox
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database
from interconn.state.outbox import OutboxMessage

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_INSISTENCE = 12
"""Refusals after which a message that insists is given up (some five minutes); silence does not count."""
FIRST_FAILURE_CODE = 50000
"""Our envelope codes from here on say that the partner failed, not that it decided: the same call may succeed."""


class Correspondent(Protocol):
    """Who puts messages of some endpoints into the outbox, and hears how they fared."""

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        """The calls it sends."""
        ...

    def destination(self, session: Session, message: OutboxMessage) -> Destination | None:
        """Where a message goes on first contact; None for partners under contract."""
        ...

    def delivered(self, session: Session, message: OutboxMessage, reply: WireModel) -> None:
        """Take note of the partner's answer, in the transaction that marks the message delivered."""
        ...

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        """Take note of the partner's refusal, in the transaction that marks the message refused."""
        ...


class Delivery:
    """Sends what the outbox holds.

    Messages to one partner go in the order they were written; partners do not wait for each other.
    """

    def __init__(
        self, *, database: Database, client: PeerClient, clock: Clock, correspondents: Iterable[Correspondent]
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._senders: Mapping[str, tuple[Endpoint[Any, Any], Correspondent]] = {
            endpoint.name: (endpoint, correspondent)
            for correspondent in correspondents
            for endpoint in correspondent.endpoints()
        }
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until cancelled."""
        with self._database.signals.subscribe(outbox.OUTBOX_TOPIC) as wake:
            try:
                while True:
                    await self._start_due()
                    await wake.wait(await self._pause())
            finally:
                for task in self._busy.values():
                    task.cancel()

    async def _start_due(self) -> None:
        now = self._clock.now()
        by_node: dict[str, list[OutboxMessage]] = {}
        for message in await self._database.read(lambda session: outbox.due(session, now)):
            by_node.setdefault(message.node_id, []).append(message)
        for node_id, messages in by_node.items():
            if node_id not in self._busy:
                task = asyncio.create_task(self._send_all(messages))
                self._busy[node_id] = task
                task.add_done_callback(partial(self._finished, node_id))

    def _finished(self, node_id: str, _task: asyncio.Task[None]) -> None:
        self._busy.pop(node_id, None)
        self._database.signals.notify(outbox.OUTBOX_TOPIC)

    async def _pause(self) -> float:
        due = await self._database.read(outbox.next_due)
        if due is None or self._busy:
            return 5.0
        return min(max((due - self._clock.now()) / 1000, 0.01), 5.0)

    async def _send_all(self, messages: list[OutboxMessage]) -> None:
        for message in messages:
            try:
                await self._send(message)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("outbox message failed", endpoint=message.endpoint, partner=message.node_id)
                await self._postpone(message, "this node failed to send it")

    async def _send(self, message: OutboxMessage) -> None:
        endpoint, correspondent = self._senders[message.endpoint]
        reach("outbox.before_send")
        try:
            reply = await self._call(endpoint, correspondent, message)
        except (PeerRefused, UnknownNode, ContractNotUsable) as error:
            failed = isinstance(error, PeerRefused) and error.peer_code >= FIRST_FAILURE_CODE
            if (message.insists or failed) and message.refusals < LONGEST_INSISTENCE:
                await self._postpone(message, str(error), refused=True)
            else:
                await self._settle_refused(correspondent, message, error)
        except InterconnError as error:
            await self._postpone(message, str(error))
        else:
            reach("outbox.after_send")
            await self._settle_delivered(correspondent, message, reply)

    async def _call(
        self, endpoint: Endpoint[Any, Any], correspondent: Correspondent, message: OutboxMessage
    ) -> WireModel:
        request = validate(endpoint.request, message.body)
        destination = await self._database.read(lambda session: correspondent.destination(session, message))
        reply: WireModel
        if destination is None:
            reply = await self._client.call(
                message.node_id, endpoint, request, trace_id=message.trace_id, permits=message.permits
            )
        else:
            reply = await self._client.call_address(destination, endpoint, request, trace_id=message.trace_id)
        return reply

    async def _settle_delivered(self, correspondent: Correspondent, message: OutboxMessage, reply: WireModel) -> None:
        def work(session: Session) -> None:
            stored = session.get_one(OutboxMessage, message.message_id)
            stored.state, stored.permits, stored.last_error = "DELIVERED", "", ""
            correspondent.delivered(session, stored, reply)

        await self._database.write(work)

    async def _settle_refused(
        self, correspondent: Correspondent, message: OutboxMessage, error: InterconnError
    ) -> None:
        def work(session: Session) -> None:
            stored = session.get_one(OutboxMessage, message.message_id)
            stored.state, stored.permits, stored.last_error = "REFUSED", "", str(error)
            correspondent.refused(session, stored, error)

        log.warning("partner refused", endpoint=message.endpoint, partner=message.node_id, reason=str(error))
        await self._database.write(work)

    async def _postpone(self, message: OutboxMessage, reason: str, *, refused: bool = False) -> None:
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(message.attempts, 16), LONGEST_PAUSE_SECONDS)
        due_at = self._clock.now() + int(pause * 1000)

        def work(session: Session) -> None:
            stored = session.get_one(OutboxMessage, message.message_id)
            stored.attempts += 1
            stored.refusals += refused
            stored.due_at = due_at
            stored.last_error = reason

        log.info("will try again", endpoint=message.endpoint, partner=message.node_id, reason=reason, seconds=pause)
        with suppress(asyncio.CancelledError):
            await self._database.write(work)
