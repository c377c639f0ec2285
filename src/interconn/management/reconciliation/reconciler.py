"""Asks partners what they believe, by itself: so that a lost message cannot leave two nodes apart for good.

The load is bounded: a few partners at a time, a few questions at a time to each, and a partner that does not answer
one is not asked the next.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import structlog
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from interconn.management.approvals.tables import AUDIT_TOPIC, Audit
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import CONTRACT_TOPIC
from interconn.management.contracts.standing import CONTRACT
from interconn.management.contracts.tables import Contract
from interconn.management.reconciliation import matters
from interconn.management.reconciliation.comparing import Comparing, Finding, Zeal
from interconn.management.reconciliation.inquiry import Inquiry
from interconn.management.reconciliation.judgement import Answer
from interconn.management.reconciliation.matters import Matter
from interconn.management.reconciliation.tables import Comparison
from interconn.peers.exchanges import Exchanges
from interconn.standard.identifiers import new_id
from interconn.state.clock import Clock
from interconn.state.database import Database

log = structlog.get_logger()

PARTNERS_AT_A_TIME: Final = 8
QUESTIONS_AT_A_TIME: Final = 4
QUESTIONS_IN_A_ROW: Final = 40
"""Asked of one partner before the others have their turn again."""
SPREAD_AFTER_START_SECONDS: Final = 300.0
SPREAD_AFTER_RETURN_SECONDS: Final = 30.0
CHANGES_AT_A_TIME: Final = 500
LOOK_SECONDS: Final = 30.0
"""A missed wake-up costs no more than this."""
CALM_SECONDS: Final = 1.0
"""Changes of one moment are looked at together."""
RECONCILER: Final = "reconciler"
"""Signal: a partner that was away has called."""


class Reconciler:
    """Keeps both sides in step.

    Args:
        database: where contracts, audits and comparisons are.
        clock: time.
        inquiry: asks partners.
        comparing: takes down what they say.
        exchanges: tells when a partner that was away calls.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        inquiry: Inquiry,
        comparing: Comparing,
        exchanges: Exchanges | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._inquiry = inquiry
        self._comparing = comparing
        self._returned: set[str] = set()
        self._partners = asyncio.Semaphore(PARTNERS_AT_A_TIME)
        if exchanges:
            exchanges.when_back(self._is_back)

    async def run(self) -> None:
        """Ask until cancelled; after a start all is asked anew, as it may be that of a restored backup."""
        await self.ask_all_soon()
        with self._database.signals.subscribe(AUDIT_TOPIC, CONTRACT_TOPIC, RECONCILER) as wake:
            while True:
                asked = await self.look()
                if not asked:
                    await wake.wait(await self._database.read(self._pause))
                await asyncio.sleep(CALM_SECONDS)

    async def ask_all_soon(self) -> None:
        """Have every partner asked about all that is not over between the two, spread over some minutes."""
        await self._database.write(lambda session: self._hasten(session, None, SPREAD_AFTER_START_SECONDS))

    async def look(self) -> int:
        """Plan what is new, ask what is due, and return how many questions that were."""
        await self._database.write(self._plan)
        due = await self._database.read(self._due)
        if due:
            await asyncio.gather(*(self._ask_partner(node_id, asked) for node_id, asked in due.items()))
        return sum(len(asked) for asked in due.values())

    def _is_back(self, node_id: str) -> None:
        self._returned.add(node_id)
        self._database.signals.notify(RECONCILER)

    # --- what is due ----------------------------------------------------------------------------------------

    def _plan(self, session: Session) -> None:
        while self._returned:
            self._hasten(session, self._returned.pop(), SPREAD_AFTER_RETURN_SECONDS)
        for matter in _changed(session):
            self._comparing.plan(session, matter)
            if matter.kind == CONTRACT:  # what was not asked for want of a contract may be asked now
                self._hasten(session, matter.node_id, SPREAD_AFTER_RETURN_SECONDS)

    def _hasten(self, session: Session, node_id: str | None, spread: float) -> None:
        now, width = self._clock.now(), int(spread * 1000)
        # A row's number stands in for chance: one statement, however many rows there are.
        later = update(Comparison).where(Comparison.due_at > now + width)
        later = later.where(Comparison.node_id == node_id) if node_id else later
        session.execute(later.values(due_at=now + Comparison.number * 7919 % width))

    def _due(self, session: Session) -> dict[str, list[Matter]]:
        place = func.row_number().over(partition_by=Comparison.node_id, order_by=Comparison.due_at)
        due = select(Comparison.kind, Comparison.number, place.label("place")).where(
            Comparison.due_at <= self._clock.now()
        )
        chosen = due.subquery()
        rows = session.execute(select(chosen.c.kind, chosen.c.number).where(chosen.c.place <= QUESTIONS_IN_A_ROW))
        found: dict[str, list[Matter]] = {}
        for matter in matters.find_all(session, [(kind, number) for kind, number in rows]):
            found.setdefault(matter.node_id, []).append(matter)
        return found

    def _pause(self, session: Session) -> float:
        due = session.scalar(select(func.min(Comparison.due_at)))
        return LOOK_SECONDS if due is None else min(max((due - self._clock.now()) / 1000, 0.0), LOOK_SECONDS)

    # --- asking ---------------------------------------------------------------------------------------------

    async def _ask_partner(self, node_id: str, asked: list[Matter]) -> None:
        async with self._partners:
            if pending := [matter for matter in asked if matter.pending]:
                await self._database.write(partial(self._put_off, pending=pending))
                asked = [matter for matter in asked if not matter.pending]
            for start in range(0, len(asked), QUESTIONS_AT_A_TIME):
                some = asked[start : start + QUESTIONS_AT_A_TIME]
                findings = await asyncio.gather(*(self._ask(matter) for matter in some))
                if any(finding.told.answer is Answer.SILENT for finding in findings):
                    await self._database.write(partial(self._leave_alone, node_id=node_id))
                    return

    def _put_off(self, session: Session, pending: list[Matter]) -> None:
        for matter in pending:
            self._comparing.put_off(session, matter)

    async def _ask(self, matter: Matter) -> Finding:
        trace_id = new_id("trace")
        told = await self._inquiry.ask(matter, trace_id=trace_id)
        cause = Cause("system", trace_id)

        def work(session: Session) -> Finding:
            return self._comparing.take_down(session, matter, told, zeal=Zeal.WHAT_IS_DUE, cause=cause)

        finding = await self._database.write(work)
        if finding.since is not None:
            log.warning(
                "the partner believes something else",
                partner=matter.node_id,
                about=matter.reference,
                here=matter.here.value,
                there=told.there.value if told.there else told.answer.value,
                mended=finding.mended.value,
            )
        return finding

    def _leave_alone(self, session: Session, node_id: str) -> None:
        """Put off what else is due at a partner that has not answered."""
        now = self._clock.now()
        latest = select(func.max(Comparison.due_at)).where(
            Comparison.node_id == node_id, Comparison.answer == Answer.SILENT.value
        )
        later = session.scalar(latest) or now
        session.execute(
            update(Comparison)
            .where(Comparison.node_id == node_id, Comparison.due_at <= now)
            .values(due_at=max(later, now + 1000))
        )


def _changed(session: Session) -> list[Matter]:
    """Return contracts and audits that have no comparison yet, or one of a state that is past."""
    contracts = select(Contract).outerjoin(
        Comparison, (Comparison.kind == CONTRACT) & (Comparison.number == Contract.number)
    )
    past = Comparison.number.is_(None) | (Comparison.here != Contract.status)
    found = session.scalars(contracts.where(Contract.provisional.is_(False), past)).all()
    audits = select(Audit).outerjoin(Comparison, (Comparison.kind == Audit.kind) & (Comparison.number == Audit.number))
    past = Comparison.number.is_(None) | (Comparison.here != Audit.status)
    new = session.scalars(audits.where(past).order_by(Audit.number).limit(CHANGES_AT_A_TIME)).all()
    return matters.of_contracts(session, found) + matters.of_audits(session, new)
