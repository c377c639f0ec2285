"""Takes down what a partner said: what follows from it, what is mended at once, and when it is asked again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sqlalchemy.orm import Session

from interconn.management.causes import Cause
from interconn.management.reconciliation import matters
from interconn.management.reconciliation.inquiry import Told
from interconn.management.reconciliation.judgement import Answer, Judgement, Mend, judge
from interconn.management.reconciliation.matters import Matter
from interconn.management.reconciliation.mending import Mending
from interconn.management.reconciliation.metrics import count_question
from interconn.management.reconciliation.pace import pause_after
from interconn.management.reconciliation.tables import Comparison
from interconn.state.clock import Clock

PENDING_SECONDS: Final = 300.0
JITTER: Final = 0.25
"""Share of a pause by which it may be shorter, so that questions of one moment are not asked again together."""
_CHANCE: Final = secrets.SystemRandom()


class Zeal(Enum):
    """How much is mended."""

    NOTHING = auto()
    WHAT_IS_DUE = auto()  # what this node does by itself
    ALL_THAT_IS_SAFE = auto()  # what a person asked for: rights are only taken away, or asked for again


@dataclass(frozen=True)
class Finding:
    """What a question has shown.

    Attributes:
        matter: as it stands now.
        told: what the partner said.
        judgement: what followed from it, for our state before anything was mended.
        mended: the step that was taken.
        since: since when the two sides are known to differ.
    """

    matter: Matter
    told: Told
    judgement: Judgement
    mended: Mend
    since: int | None


class Comparing:
    """Keeps comparisons, inside transactions.

    Args:
        clock: time.
        mending: takes the legal steps.
        jitter: returns a number from 0 to 1, by which a pause is shortened.
    """

    def __init__(self, *, clock: Clock, mending: Mending, jitter: Callable[[], float] = _CHANCE.random) -> None:
        self._clock = clock
        self._mending = mending
        self._jitter = jitter

    def take_down(self, session: Session, asked: Matter, told: Told, *, zeal: Zeal, cause: Cause) -> Finding:
        """Take down an answer.

        Args:
            session: of a transaction.
            asked: the matter as it was when the partner was asked.
            told: what it said.
            zeal: how much is mended.
            cause: who wanted to know: a person, or this node by itself.
        """
        now, present = self._clock.now(), matters.find(session, asked.key)
        matter = present or asked
        # A state that has changed, or a message sent, while the partner was asked makes its answer one about the past.
        stale = matter.standing != asked.standing or matter.pending
        judgement = judge(matter.standing, told.answer, told.there)
        wanted = judgement.mend if self._is_wanted(judgement, zeal) and not stale else Mend.NONE
        comparison = self._row(session, matter)
        news = (comparison.here, comparison.there, comparison.answer) != _said(asked, told)
        comparison.rounds = 0 if news and judgement.drift else comparison.rounds + 1
        comparison.here, comparison.there, comparison.answer = _said(asked, told)
        comparison.asked_at, comparison.words = now, told.words
        partner = Cause.answer(matter.node_id, cause.trace_id, told.evidence)
        mended = self._mend(session, matter, wanted, told, partner if wanted is Mend.ADOPT else cause)
        session.flush()
        after = matters.find(session, asked.key) or matter
        judgement_after = judgement
        if after.standing != matter.standing:
            judgement_after = judge(after.standing, told.answer, told.there)
            comparison.here, comparison.rounds = after.here.value, 0
        self._note_difference(session, comparison, after, told, judgement_after, partner)
        self._schedule(comparison, after, told.answer, judgement_after, now)
        count_question(told.answer, mended)
        return Finding(after, told, judgement, mended, comparison.differs_since)

    def plan(self, session: Session, matter: Matter) -> None:
        """Say when the partner is asked about a matter that is new, or has changed."""
        comparison = self._row(session, matter)
        comparison.here, comparison.there, comparison.answer, comparison.words = matter.here.value, "", "", ""
        comparison.rounds, comparison.differs_since = 0, None
        self._schedule(comparison, matter, None, None, self._clock.now())

    def put_off(self, session: Session, matter: Matter) -> None:
        """Ask later, as what is on its way to the partner may settle it."""
        comparison = self._row(session, matter)
        comparison.due_at = self._clock.now() + int(PENDING_SECONDS * 1000)

    def _is_wanted(self, judgement: Judgement, zeal: Zeal) -> bool:
        return zeal is Zeal.ALL_THAT_IS_SAFE or (zeal is Zeal.WHAT_IS_DUE and judgement.unasked)

    def _mend(self, session: Session, matter: Matter, mend: Mend, told: Told, cause: Cause) -> Mend:
        if mend is Mend.NONE:
            return mend
        self._mending.mend(session, matter, mend, told.there, cause)
        return mend

    def _note_difference(
        self,
        session: Session,
        comparison: Comparison,
        matter: Matter,
        told: Told,
        judgement: Judgement,
        cause: Cause,
    ) -> None:
        if told.answer not in (Answer.STATE, Answer.UNKNOWN):
            return  # what was known stays known
        if judgement.drift is (comparison.differs_since is not None):
            return
        now = self._clock.now()
        comparison.differs_since = now if judgement.drift else None
        cause.record(
            session,
            at=now,
            action="state.differs" if judgement.drift else "state.agrees",
            subject=f"{matter.kind.lower()}:{matter.subject_id or matter.reference}",
            partner=matter.node_id,
            clause="MGT-4-lost-callback",
            details={
                "reference": matter.reference,
                "here": matter.here.value,
                "there": told.there.value if told.there else told.answer.value,
                "impossible": judgement.impossible,
            },
        )

    def _schedule(
        self, comparison: Comparison, matter: Matter, answer: Answer | None, judgement: Judgement | None, now: int
    ) -> None:
        if matter.void:
            comparison.due_at = None
            return
        pause = pause_after(matter.standing, comparison.rounds, answer, judgement)
        comparison.due_at = None if pause is None else now + int(pause * (1 - JITTER * self._jitter()) * 1000)

    def _row(self, session: Session, matter: Matter) -> Comparison:
        found = session.get(Comparison, matter.key)
        if found is None:
            found = Comparison(
                kind=matter.kind,
                number=matter.number,
                node_id=matter.node_id,
                here="",
                there="",
                answer="",
                words="",
                rounds=0,
            )
            session.add(found)
        return found


def _said(matter: Matter, told: Told) -> tuple[str, str, str]:
    return matter.here.value, told.there.value if told.there else "", told.answer.value
