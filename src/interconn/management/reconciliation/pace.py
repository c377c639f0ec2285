"""How long until a partner is asked about a matter (again): soon what is open, now and then what is in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interconn.management.reconciliation.judgement import Answer, Judgement, Standing
from interconn.standard.management import AuditStatus

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE


@dataclass(frozen=True)
class Pace:
    """A pause that doubles with each question until something changes; seconds."""

    first: float
    longest: float

    def pause(self, rounds: int) -> float:
        """Return the pause after so many questions."""
        return min(self.first * 2.0 ** min(rounds, 32), self.longest)


OPEN: Final = Pace(MINUTE, HOUR)
"""We applied and have heard no verdict: the confirm may be lost."""
UNTOLD: Final = Pace(5 * MINUTE, 6 * HOUR)
"""The partner would not take what we decided, or a permit has not come."""
DIFFERENT: Final = Pace(5 * MINUTE, 6 * HOUR)
IN_FORCE: Final = Pace(10 * MINUTE, 24 * HOUR)
"""Both sides agree that it is approved: a termination may be lost, a backup restored."""
UNDECIDED: Final = Pace(24 * HOUR, 24 * HOUR)
"""The partner applied and a person here decides: only an applicant that has forgotten is of interest."""
SILENT: Final = Pace(MINUTE, HOUR)


def pause_after(standing: Standing, rounds: int, answer: Answer | None, judgement: Judgement | None) -> float | None:
    """Return the seconds until the next question, or None where nothing is left to ask.

    Args:
        standing: our side, after whatever the last answer brought.
        rounds: questions since something changed.
        answer: the last one; None before the first question.
        judgement: what followed from it.
    """
    if answer is Answer.SILENT:
        return SILENT.pause(rounds)
    if judgement and judgement.drift:
        return DIFFERENT.pause(rounds)
    over = standing.here in (AuditStatus.REJECTED, AuditStatus.TERMINATED)
    if over:
        known = answer is Answer.STATE or answer is Answer.UNKNOWN
        return None if standing.told or known else UNTOLD.pause(rounds)
    if standing.here is AuditStatus.APPLIED:
        return (OPEN if standing.applicant else UNDECIDED).pause(rounds)
    return (IN_FORCE if standing.told and standing.whole else UNTOLD).pause(rounds)
