"""Heads of audit trails, exchanged with every partner under contract that knows our extension.

After new entries, and when the node stops, its signed head goes to each partner, which answers with its receipt and
its own head. A trail that is cut or rewritten later contradicts what partners hold (docs/audit-trail.md).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from interconn import dialects
from interconn.peers.directory import PeerDirectory
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import PeerClient
from interconn.standard.errors import InterconnError, PeerRefused, PeerReplyInvalid
from interconn.standard.identifiers import new_id
from interconn.standard.trail import TRAIL_HEAD, Head, HeadTaken
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.trail.entries import TRAIL_TOPIC
from interconn.trail.keeping import Heads

log = structlog.get_logger()

SILENCE_SECONDS: Final = 60
"""How long a partner that does not answer is left alone; new entries then go with the next head."""
IGNORANCE_SECONDS: Final = 3600
"""How long a partner that does not know the call is not asked again."""
LAST_SECONDS: Final = 2.0
"""How long stopping may be held up by the last heads."""


class HeadExchange:
    """Gives partners this node's heads, and takes theirs.

    Args:
        database: where heads are kept.
        client: to other nodes.
        directory: the partners.
        heads: makes and compares them.
        clock: time.
        pause_seconds: how long entries gather before a head of them is sent.
    """

    def __init__(
        self,
        *,
        database: Database,
        client: PeerClient,
        directory: PeerDirectory,
        heads: Heads,
        clock: Clock,
        pause_seconds: float,
    ) -> None:
        self._database = database
        self._client = client
        self._directory = directory
        self._heads = heads
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._not_before: dict[str, int] = {}
        self._given: dict[str, tuple[int, str]] = {}
        self.obstacles: dict[str, str] = {}
        """Why a partner does not hold the newest head, by node."""

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [Service(TRAIL_HEAD, self._serve)]

    async def run(self) -> None:
        """Give heads after new entries until cancelled."""
        with self._database.signals.subscribe(TRAIL_TOPIC) as grown:
            while True:
                await self.give_all()
                await grown.wait(SILENCE_SECONDS)
                await self._clock.sleep(self._pause_seconds)

    async def give_last(self) -> None:
        """Give what is new to all partners before the node stops, as far as they answer at once."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                await self.give_all(timeout=LAST_SECONDS)
        except TimeoutError:
            log.info("not all partners have the newest head of the audit trail")

    async def give_all(self, *, timeout: float = 15.0) -> None:
        """Give the newest head to each partner that does not have it and is not to be left alone."""
        now = self._clock.now()
        partners = [
            peer
            for peer in self._directory.partners()
            if dialects.by_name(peer.dialect).extensions and self._not_before.get(peer.node_id, 0) <= now
        ]
        await asyncio.gather(*(self._give(peer.node_id, timeout) for peer in partners))

    async def _give(self, node_id: str, timeout: float) -> None:
        try:
            head = await self._database.write(lambda session: self._heads.newest(session, toward=node_id))
            if self._given.get(node_id) == (head.number, head.chain):
                return
            answer = await self._client.answer(node_id, TRAIL_HEAD, head, trace_id=new_id("head"), timeout=timeout)
            taken = answer.reply

            def work(session: Session) -> None:
                self._heads.take_receipt(session, taken.receipt, head, partner=node_id, evidence=answer.evidence)
                self._heads.take(session, taken.head, partner=node_id, evidence=answer.evidence)

            await self._database.write(work)
        except InterconnError as error:
            self._leave_alone(node_id, error)
        except Exception:
            log.exception("a head could not be given", partner=node_id)
            self._not_before[node_id] = self._clock.now() + SILENCE_SECONDS * 1000
        else:
            self._given[node_id] = (head.number, head.chain)
            self.obstacles.pop(node_id, None)
            if taken.receipt.contradicts:
                self.obstacles[node_id] = "it says that this head contradicts an earlier one"
                log.warning("a partner says that our audit trail contradicts itself", partner=node_id)

    def _leave_alone(self, node_id: str, error: InterconnError) -> None:
        # Refused as a caller (401xx, 403xx) or failed (5xxxx): that may be over soon, as when contracts or keys change.
        refused = isinstance(error, PeerRefused) and not error.failed and error.peer_code // 100 not in (401, 403)
        ignorant = refused or isinstance(error, PeerReplyInvalid)
        seconds = IGNORANCE_SECONDS if ignorant else SILENCE_SECONDS
        self._not_before[node_id] = self._clock.now() + seconds * 1000
        self.obstacles[node_id] = error.message
        log.info("a partner did not take a head", partner=node_id, reason=error.message, seconds=seconds)

    async def _serve(self, caller: Caller, head: Head) -> HeadTaken:
        def work(session: Session) -> HeadTaken:
            receipt = self._heads.take(session, head, partner=caller.node_id, evidence=caller.evidence)
            return HeadTaken(receipt=receipt, head=self._heads.newest(session, toward=caller.node_id))

        self._not_before.pop(caller.node_id, None)  # it knows the call
        return await self._database.write(work)
