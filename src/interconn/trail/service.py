"""The audit trail as calls of the node's own people: exported, and its heads looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

import interconn
from interconn.api import trail as api
from interconn.api.own import OwnService, Person
from interconn.identity.node import NodeIdentity
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.trail import export
from interconn.trail.entries import record
from interconn.trail.keeping import EXTENSION, Heads, KeptHead, KeptReceipt

_TOLD: Final = 20
"""How many of the heads that contradict are entered when a person closes the alarm."""


def contradiction(node_id: str) -> str:
    """Return what a person is told of a partner whose heads contradict each other."""
    return f"the audit trail of {node_id} contradicts a head that it gave before: interconn audit heads"


class Trail:
    """Serves the audit trail.

    Args:
        node: this node's name card.
        database: where the trail is.
        heads: makes and compares heads.
        clock: time.
        obstacles: tells why a partner does not hold the newest head, by node.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        heads: Heads,
        clock: Clock,
        obstacles: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._node = node
        self._database = database
        self._heads = heads
        self._clock = clock
        self._obstacles = obstacles

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.TRAIL_BEGIN, self._begin),
            OwnService(api.TRAIL_ENTRIES, self._entries),
            OwnService(api.TRAIL_KEPT, self._kept),
            OwnService(api.TRAIL_STANDING, self._standing),
            OwnService(api.TRAIL_SETTLE, self._settle),
        ]

    async def contradicting(self) -> list[str]:
        """Return the partners whose heads contradict each other."""

        def work(session: Session) -> list[str]:
            return sorted({head.node_id for head in self._heads.contradictions(session)})

        return await self._database.read(work)

    async def _begin(self, person: Person, request: api.TrailBegin) -> api.TrailBegun:
        def work(session: Session) -> api.TrailBegun:
            now = self._clock.now()
            record(
                session,
                at=now,
                actor=person.actor,
                action="trail.export",
                subject=f"trail:{self._node.node_id}",
                partner=request.partner or "",
                clause=EXTENSION,
                trace_id=person.trace_id,
                details=request.to_wire(),
                evidence=person.authority,
            )
            head = self._heads.newest(session)
            first, last, previous = export.bounds(session, since=request.since, until=request.until, newest=head.number)
            return api.TrailBegun(
                node_id=self._node.node_id,
                inst_id=self._node.inst_id,
                version=interconn.__version__,
                exported_at=now,
                exported_by=person.actor,
                head=head,
                first=first,
                last=last,
                previous=previous,
            )

        return await self._database.write(work)

    async def _entries(self, _person: Person, request: api.TrailPageRequest) -> api.TrailPage:
        def work(session: Session) -> api.TrailPage:
            records, following = export.entries(
                session, request.first, request.last, size=request.size, partner=request.partner
            )
            return api.TrailPage.model_construct(records=records, next=following)

        return await self._database.read(work)

    async def _kept(self, _person: Person, request: api.TrailKeptRequest) -> api.TrailKept:
        def work(session: Session) -> api.TrailKept:
            records, following = export.kept(session, request.after, size=request.size, node_id=self._node.node_id)
            return api.TrailKept(records=records, next=following)

        return await self._database.read(work)

    async def _standing(self, _person: Person, _request: Empty) -> api.TrailStanding:
        return await self._database.write(self._view)

    async def _settle(self, person: Person, request: api.TrailSettle) -> api.TrailStanding:
        def work(session: Session) -> api.TrailStanding:
            closed = self._heads.settle(session, request.node_id)
            record(
                session,
                at=self._clock.now(),
                actor=person.actor,
                action="trail.settle",
                subject=f"trail:{request.node_id}",
                partner=request.node_id,
                clause=EXTENSION,
                trace_id=person.trace_id,
                details={
                    "reason": request.reason,
                    "heads": [head.content for head in closed[:_TOLD]],
                    **({"further": len(closed) - _TOLD} if len(closed) > _TOLD else {}),
                },
                evidence=person.authority,
            )
            return self._view(session)

        return await self._database.write(work)

    def _view(self, session: Session) -> api.TrailStanding:
        obstacles = dict(self._obstacles())
        nodes = {*obstacles, *session.scalars(select(KeptHead.node_id).distinct())}
        nodes |= set(session.scalars(select(KeptReceipt.holder).distinct()))
        partners = [self._partner(session, one, obstacles.get(one, "")) for one in sorted(nodes - {self._node.node_id})]
        return api.TrailStanding(head=self._heads.newest(session), partners=partners)

    def _partner(self, session: Session, node_id: str, obstacle: str) -> api.PartnerHeads:
        held = session.scalar(select(KeptHead).where(KeptHead.node_id == node_id).order_by(KeptHead.id.desc()).limit(1))
        receipt = session.scalar(
            select(KeptReceipt).where(KeptReceipt.holder == node_id).order_by(KeptReceipt.id.desc()).limit(1)
        )
        open_ = [head for head in self._heads.contradictions(session) if head.node_id == node_id]
        return api.PartnerHeads(
            node_id=node_id,
            held=held.number if held else None,
            held_at=held.time if held else None,
            acknowledged=receipt.number if receipt else None,
            acknowledged_at=receipt.content["received_at"] if receipt else None,
            obstacle=obstacle,
            contradiction=f"its head of entry {open_[0].number} contradicts an earlier one" if open_ else "",
            accused=bool(receipt and receipt.content["contradicts"]),
        )
