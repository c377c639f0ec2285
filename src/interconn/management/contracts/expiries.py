"""Contracts whose time is over: their state stands, and all under them is void (MGT-3-contract-state)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from interconn.management.causes import Cause
from interconn.management.consequences import Consequences
from interconn.management.contracts.contracts import CONTRACT_TOPIC, Contracts
from interconn.management.contracts.tables import Contract
from interconn.standard.management import AuditStatus
from interconn.state.clock import Clock
from interconn.state.database import Database

LONGEST_SLEEP_SECONDS: Final = 60.0


class Expiries:
    """Winds up contracts as they expire.

    Args:
        database: where contracts are.
        clock: time.
        contracts: keeps them.
        consequences: makes void what was under them.
    """

    def __init__(self, *, database: Database, clock: Clock, contracts: Contracts, consequences: Consequences) -> None:
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._consequences = consequences

    async def run(self) -> None:
        """Wind up what expires, until cancelled."""
        with self._database.signals.subscribe(CONTRACT_TOPIC) as wake:
            while True:
                await self.wind_up()
                await wake.wait(await self._pause())

    async def wind_up(self) -> int:
        """Wind up all contracts that have expired; return how many those were."""
        now = self._clock.now()
        expired = _standing().where(Contract.expired_time <= now)
        numbers = await self._database.read(lambda session: [one.number for one in session.scalars(expired)])

        def work(session: Session) -> None:
            for number in numbers:
                contract = session.get_one(Contract, number)
                cause = Cause("system", contract.trace_id)
                self._contracts.note(session, contract, cause, "contract.expired", "MGT-3-contract-state")
                self._consequences.contract_ended(session, contract, cause)

        if numbers:
            await self._database.write(work)
        return len(numbers)

    async def _pause(self) -> float:
        first = _standing().with_only_columns(func.min(Contract.expired_time))
        due = await self._database.read(lambda session: session.scalar(first))
        if due is None:
            return LONGEST_SLEEP_SECONDS
        return min(max((due - self._clock.now()) / 1000, 0.01), LONGEST_SLEEP_SECONDS)


def _standing() -> Select[Contract]:
    return select(Contract).where(Contract.status == AuditStatus.APPROVED.value, Contract.wound_up_at.is_(None))
