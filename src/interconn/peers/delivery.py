"""Delivery of the outbox: each message is sent until its partner has answered, with growing pauses."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, auto
from functools import partial
from typing import Any, Protocol

import structlog
from sqlalchemy.orm import Session

from interconn.peers.exchanges import Exchanges
from interconn.peers.outbound import Answer, Destination, PeerClient
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import (
    AwaitsPerson,
    CertificateRefused,
    InterconnError,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
    ReplayedNonce,
    StaleClock,
)
from interconn.standard.management import CONTRACT_APPLY, CONTRACT_TERMINATE, NODE_UPDATE
from interconn.standard.wire import WireModel, validate
from interconn.state import outbox
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database
from interconn.state.outbox import OutboxMessage
from interconn.trail import entries

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
LONG_ABSENCE_ATTEMPTS = 120
"""Attempts (some hour) after which a partner counts as away; it is called less often, and at once when it calls."""
LONG_ABSENCE_PAUSE_SECONDS = 300.0
JITTER = 0.25
"""Share of a pause by which it may be shorter, so that what failed together is not tried again together."""
_CHANCE = secrets.SystemRandom()
LONGEST_INSISTENCE = 12
"""Refusals after which a message that insists leaves the outbox (some five minutes); silence does not count.

Sending it on without end would tell nobody why. Its layer is told, and asks the partner what it believes.
"""


LONGEST_SLEEP_SECONDS = 5.0
"""A missed wake-up costs no more than this."""


class Fate(Enum):
    """How an attempt to send went."""

    SETTLED = auto()  # delivered or finally refused
    SILENCE = auto()  # no answer that is proven
    ASIDE = auto()  # refused, or not sendable, for now
    ASTRAY = auto()  # silence at an address that only an application names (MGT-3.1): it may be the wrong one


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

    Messages to one partner go in the order they were written; partners do not wait for each other. A message that
    the partner refuses for now steps aside until its next attempt, with all that is about the same matter. So does
    an application that finds nobody: its address, typed by a person, may be wrong, and the next one's right.

    Args:
        database: where the outbox is.
        client: to other nodes.
        clock: time.
        correspondents: whose messages these are.
        exchanges: tells when a partner that was away calls.
        jitter: returns a number from 0 to 1, by which a pause is shortened.
    """

    def __init__(
        self,
        *,
        database: Database,
        client: PeerClient,
        clock: Clock,
        correspondents: Iterable[Correspondent],
        exchanges: Exchanges | None = None,
        jitter: Callable[[], float] = _CHANCE.random,
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._jitter = jitter
        self._returned: set[str] = set()
        if exchanges:
            exchanges.when_back(self._is_back)
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
                    now = self._clock.now()
                    await self._start_due(now)
                    await wake.wait(await self._pause(now))
            finally:
                stopped = list(self._busy.values())
                for task in stopped:
                    task.cancel()
                await asyncio.gather(*stopped, return_exceptions=True)

    def _is_back(self, node_id: str) -> None:
        self._returned.add(node_id)
        self._database.signals.notify(outbox.OUTBOX_TOPIC)

    async def _start_due(self, now: int) -> None:
        await self.hasten(now)
        busy = frozenset(self._busy)
        by_node: dict[str, list[OutboxMessage]] = {}
        for message in await self._database.read(lambda session: outbox.due(session, now, busy=busy)):
            by_node.setdefault(message.node_id, []).append(message)
        for node_id, messages in by_node.items():
            task = asyncio.create_task(self._send_all(messages))
            self._busy[node_id] = task
            task.add_done_callback(partial(self._finished, node_id))

    async def hasten(self, now: int) -> None:
        """Make due what waits for partners that were away and have just called."""
        while self._returned:
            node_id = self._returned.pop()
            await self._database.write(partial(outbox.hasten, node_id=node_id, now=now))

    def _finished(self, node_id: str, task: asyncio.Task[None]) -> None:
        self._busy.pop(node_id, None)
        if not task.cancelled() and (error := task.exception()):
            # What could not be noted is tried again by the next look, not at once and without end.
            log.error("delivery stopped", partner=node_id, exc_info=error)
        else:
            self._database.signals.notify(outbox.OUTBOX_TOPIC)

    async def _pause(self, now: int) -> float:
        due = await self._database.read(lambda session: outbox.next_due(session, now))
        if due is None:
            return LONGEST_SLEEP_SECONDS
        return min(max((due - self._clock.now()) / 1000, 0.01), LONGEST_SLEEP_SECONDS)

    async def _send_all(self, messages: list[OutboxMessage]) -> None:
        aside: set[str] = set()
        for message in messages:
            if message.reference in aside:
                continue
            match await self._send(message):
                case Fate.SILENCE:
                    return  # whoever does not answer this one will not answer the next, and order is kept
                case Fate.ASIDE | Fate.ASTRAY:
                    aside.add(message.reference)

    async def _send(self, message: OutboxMessage) -> Fate:
        try:
            return await self._attempt(message)
        except Exception:
            log.exception("outbox message failed", endpoint=message.endpoint, partner=message.node_id)
            return await self._postpone(message, "this node failed to send it", Fate.ASIDE)

    async def _attempt(self, message: OutboxMessage) -> Fate:
        endpoint, correspondent = self._senders[message.endpoint]
        reach("outbox.before_send")
        try:
            answer = await self._call(endpoint, correspondent, message)
        except (PeerUnreachable, PeerReplyInvalid, CertificateRefused) as error:
            return await self._postpone(message, str(error), _silence(endpoint, message, error))
        except InterconnError as error:
            patient = isinstance(error, PeerRefused) and error.peer_code == AwaitsPerson.code
            if patient or ((message.insists or _may_pass(error)) and message.refusals < LONGEST_INSISTENCE):
                return await self._postpone(message, str(error), Fate.ASIDE)
            await self._settle_refused(correspondent, message, error)
        else:
            reach("outbox.after_send")
            await self._settle_delivered(correspondent, message, answer)
        return Fate.SETTLED

    async def _call(
        self, endpoint: Endpoint[Any, Any], correspondent: Correspondent, message: OutboxMessage
    ) -> Answer[Any]:
        request = validate(endpoint.request, message.body)
        destination = await self._database.read(lambda session: correspondent.destination(session, message))
        if destination is None:
            return await self._client.answer(
                message.node_id, endpoint, request, trace_id=message.trace_id, permits=message.permits
            )
        return await self._client.ask(destination, endpoint, request, trace_id=message.trace_id)

    async def _settle_delivered(
        self, correspondent: Correspondent, message: OutboxMessage, answer: Answer[Any]
    ) -> None:
        def work(session: Session) -> None:
            entries.attach(session, answer.evidence)
            stored = session.get_one(OutboxMessage, message.message_id)
            stored.state, stored.permits, stored.last_error = "DELIVERED", "", ""
            stored.attempted_at = self._clock.now()
            correspondent.delivered(session, stored, answer.reply)

        await self._database.write(work)

    async def _settle_refused(
        self, correspondent: Correspondent, message: OutboxMessage, error: InterconnError
    ) -> None:
        def work(session: Session) -> None:
            entries.attach(session, error.evidence if isinstance(error, PeerRefused) else None)
            stored = session.get_one(OutboxMessage, message.message_id)
            stored.state, stored.permits, stored.last_error = "REFUSED", "", str(error)
            stored.attempted_at = self._clock.now()
            correspondent.refused(session, stored, error)

        log.warning("partner refused", endpoint=message.endpoint, partner=message.node_id, reason=str(error))
        await self._database.write(work)

    async def _postpone(self, message: OutboxMessage, reason: str, fate: Fate) -> Fate:
        away = message.attempts >= LONG_ABSENCE_ATTEMPTS and fate is not Fate.ASIDE
        longest = LONG_ABSENCE_PAUSE_SECONDS if away else LONGEST_PAUSE_SECONDS
        pause = min(FIRST_PAUSE_SECONDS * 2 ** min(message.attempts, 16), longest) * (1 - JITTER * self._jitter())
        now = self._clock.now()
        due_at = now + int(pause * 1000)

        def work(session: Session) -> None:
            stored = session.get_one(OutboxMessage, message.message_id)
            stored.attempts += 1
            stored.attempted_at = now
            stored.refusals += fate is Fate.ASIDE
            if fate is Fate.ASTRAY:
                stored.refusals = max(stored.refusals, 1)  # what follows, to the right address perhaps, does not wait
            stored.due_at = due_at
            stored.last_error = reason

        log.info("will try again", endpoint=message.endpoint, partner=message.node_id, reason=reason, seconds=pause)
        await self._database.write(work)
        return fate


def _silence(endpoint: Endpoint[Any, Any], message: OutboxMessage, error: InterconnError) -> Fate:
    # A partner that does not serve node/update at all (MGT-3.4 is optional) is told everything else nevertheless.
    if endpoint in (CONTRACT_APPLY, NODE_UPDATE):
        return Fate.ASTRAY
    # Where one side was restored from before a change of keys, or moved unheard, nothing under the old contract is ever
    # proven again, its end neither: the application that begins anew must not wait behind that.
    for_ever = isinstance(error, PeerReplyInvalid) or message.attempts >= LONG_ABSENCE_ATTEMPTS
    return Fate.ASTRAY if endpoint is CONTRACT_TERMINATE and for_ever else Fate.SILENCE


def _may_pass(error: InterconnError) -> bool:
    # What is signed anew with a fresh nonce at a later time may be served; whatever else fails here is a decision.
    return isinstance(error, PeerRefused) and (error.failed or error.peer_code in (StaleClock.code, ReplayedNonce.code))
