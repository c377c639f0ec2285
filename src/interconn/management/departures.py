"""Opinions of persons who are trusted with less than when they gave them: they count no more."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.management.approvals import opinions
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.results.tables import Result, Standing
from interconn.standard.management import AuditStatus
from interconn.state.clock import Clock
from interconn.trail import entries


class Departures:
    """Told who was kept out, or given fewer roles, in the transaction in which that happens.

    Args:
        clock: time.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def take_back(self, session: Session, actor: str) -> None:
        """Take back what somebody approved of matters that are not decided yet; what is decided stays as it was."""
        given = select(Opinion).where(Opinion.actor == actor[:160]).order_by(Opinion.matter)
        for opinion in session.scalars(given).all():
            if not _is_open(session, opinion.matter):
                continue
            opinions.withdraw(session, opinion.matter, actor)
            entries.record(
                session,
                at=self._clock.now(),
                actor="system",
                action="opinion.taken_back",
                subject=opinion.matter,
                details={"of": actor, "reason": "was kept out or has fewer roles"},
            )


def _is_open(session: Session, matter: str) -> bool:
    kind, _, number = matter.partition(":")
    if kind == "audit":
        audit = session.get(Audit, int(number))
        return audit is not None and audit.status == AuditStatus.APPLIED
    result = session.get(Result, int(number))
    return result is not None and result.standing == Standing.HELD
