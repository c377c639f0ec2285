"""What it means that two sides believe different things, and what mends it: a table without any I/O.

The state machine allows few pairs to come about by lost messages alone; those this node mends by itself, by taking
over what the partner decided or by saying again what it has decided. Any other pair means that one side has
forgotten (a restored backup) or does not tell the truth: it is shown with the step that a person may take, and
nothing is given away for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from interconn.standard.management import AuditStatus


class Answer(StrEnum):
    """How the question what the partner believes has ended."""

    STATE = "STATE"  # it named a state
    UNKNOWN = "UNKNOWN"  # it says that there is no such thing between the two nodes
    REFUSED = "REFUSED"  # it would not say
    SENSELESS = "SENSELESS"  # what came back is no answer by the standard, or not proven to be the partner's
    SILENT = "SILENT"  # nobody answered
    NOT_ASKED = "NOT_ASKED"  # no contract allows the question, or no time was left


class Mend(StrEnum):
    """What this node can do about a difference."""

    NONE = "NONE"
    ADOPT = "ADOPT"  # take over the state that the partner named (MGT-4-lost-callback)
    APPLY_AGAIN = "APPLY_AGAIN"  # the same application once more, which has the partner say its verdict again
    CONFIRM_AGAIN = "CONFIRM_AGAIN"
    TERMINATE_AGAIN = "TERMINATE_AGAIN"  # tell that it is over; allowed to either side


class Side(StrEnum):
    """Where the legal step is to be taken."""

    HERE = "HERE"
    THERE = "THERE"
    NOWHERE = "NOWHERE"


class Move(StrEnum):
    """What a person may do on one side; the names are those of the command line."""

    APPROVE = "approve"
    REJECT = "reject"
    TERMINATE = "terminate"
    ASK = "ask"
    APPLY = "apply"


@dataclass(frozen=True)
class Standing:
    """Our side of a contract or an audit.

    Attributes:
        contract: it is a contract; else an audit.
        job: it is the audit of a job, for which the standard has no query.
        applicant: this node applied; else it decides.
        here: our state.
        whole: nothing is missing that the state should have brought: a permit, or the id that a partner gives.
        told: the partner has taken what we last decided or asked for.
    """

    contract: bool
    job: bool
    applicant: bool
    here: AuditStatus
    whole: bool = True
    told: bool = True


@dataclass(frozen=True)
class Judgement:
    """What follows from an answer.

    Attributes:
        drift: the two sides differ, or something that belongs to the state is missing.
        mend: what this node can do about it.
        unasked: it does so by itself; otherwise `interconn state diff --mend` does.
        impossible: lost messages cannot have brought it about.
        side: where a person can take the legal step.
        move: which one.
    """

    drift: bool
    mend: Mend = Mend.NONE
    unasked: bool = False
    impossible: bool = False
    side: Side = Side.NOWHERE
    move: Move | None = None


IN_STEP: Final = Judgement(drift=False)
_OVER: Final = (AuditStatus.REJECTED, AuditStatus.TERMINATED)
_FORGOTTEN: Final = None
"""Stands for a partner that knows of no such thing."""


def _mends(mend: Mend) -> Judgement:
    return Judgement(True, mend, unasked=True)


def _person(side: Side, move: Move, mend: Mend = Mend.NONE) -> Judgement:
    return Judgement(True, mend, impossible=True, side=side, move=move)


_APPLIED, _APPROVED, _REJECTED, _TERMINATED = AuditStatus

_AS_APPLICANT: Final[dict[tuple[AuditStatus, AuditStatus | None], Judgement]] = {
    (_APPLIED, _APPROVED): _mends(Mend.ADOPT),
    (_APPLIED, _REJECTED): _mends(Mend.ADOPT),
    (_APPLIED, _TERMINATED): _mends(Mend.ADOPT),
    (_APPLIED, _FORGOTTEN): _mends(Mend.APPLY_AGAIN),
    (_APPROVED, _TERMINATED): _mends(Mend.ADOPT),
    (_APPROVED, _APPLIED): _person(Side.THERE, Move.APPROVE),
    (_APPROVED, _REJECTED): _person(Side.HERE, Move.TERMINATE),
    (_APPROVED, _FORGOTTEN): _person(Side.HERE, Move.TERMINATE, Mend.APPLY_AGAIN),
    (_REJECTED, _APPLIED): _person(Side.THERE, Move.REJECT),
    (_REJECTED, _APPROVED): _person(Side.THERE, Move.TERMINATE, Mend.TERMINATE_AGAIN),
    (_TERMINATED, _APPLIED): _person(Side.THERE, Move.REJECT),
    (_TERMINATED, _APPROVED): _mends(Mend.TERMINATE_AGAIN),
}
_AS_DECIDER: Final[dict[tuple[AuditStatus, AuditStatus | None], Judgement]] = {
    (_APPLIED, _APPROVED): _person(Side.HERE, Move.APPROVE),
    (_APPLIED, _REJECTED): _person(Side.HERE, Move.REJECT),
    (_APPLIED, _TERMINATED): _person(Side.HERE, Move.REJECT),
    (_APPLIED, _FORGOTTEN): _person(Side.HERE, Move.REJECT),
    (_APPROVED, _APPLIED): _mends(Mend.CONFIRM_AGAIN),
    (_APPROVED, _REJECTED): _person(Side.HERE, Move.TERMINATE),
    (_APPROVED, _TERMINATED): _mends(Mend.ADOPT),
    (_APPROVED, _FORGOTTEN): _person(Side.HERE, Move.TERMINATE),
    (_REJECTED, _APPLIED): _mends(Mend.CONFIRM_AGAIN),
    (_REJECTED, _APPROVED): _person(Side.THERE, Move.TERMINATE, Mend.TERMINATE_AGAIN),
    (_TERMINATED, _APPLIED): Judgement(True, side=Side.THERE, move=Move.ASK),
    (_TERMINATED, _APPROVED): _mends(Mend.TERMINATE_AGAIN),
}
# A contract's answer brings no key, and its id is the partner's to give: less can be taken over or said again.
_CONTRACT_AS_APPLICANT: Final = _AS_APPLICANT | {
    (_APPLIED, _APPROVED): _mends(Mend.APPLY_AGAIN),
    (_APPLIED, _FORGOTTEN): _person(Side.HERE, Move.APPLY),
    (_APPROVED, _FORGOTTEN): _person(Side.HERE, Move.TERMINATE),
}


def judge(standing: Standing, answer: Answer, there: AuditStatus | None = None) -> Judgement:
    """Return what follows from what the partner said.

    Args:
        standing: our side.
        answer: how the question ended.
        there: the state that the partner named.
    """
    if answer is Answer.STATE or answer is Answer.UNKNOWN:
        return _compare(standing, there if answer is Answer.STATE else _FORGOTTEN)
    lacking = not standing.whole  # what is missing here is missing whatever the partner says
    if answer is Answer.SILENT or answer is Answer.NOT_ASKED:
        return Judgement(drift=lacking)  # nothing is known, and nobody would hear what is said again
    # A partner that does not serve the query is told again what it may have missed, as the standard proposes.
    mend = _said_again(standing)
    return Judgement(drift=lacking, mend=mend, unasked=mend is not Mend.NONE)


def _compare(standing: Standing, there: AuditStatus | None) -> Judgement:
    here = standing.here
    if here in _OVER and (there is _FORGOTTEN or there in _OVER):
        return IN_STEP  # both are final, or it was never more there than here (MGT-3-contract-reapply)
    if here is there:
        return IN_STEP if standing.whole else _mends(Mend.APPLY_AGAIN)
    if not standing.applicant:
        found = _AS_DECIDER[here, there]
        if there is _FORGOTTEN and not standing.told and here is not _APPLIED:
            # It cannot know: what would have told it was refused, as when it did not know the contract's id yet.
            return replace(found, mend=Mend.CONFIRM_AGAIN, unasked=True, impossible=False)
        return found
    return (_CONTRACT_AS_APPLICANT if standing.contract else _AS_APPLICANT)[here, there]


def _said_again(standing: Standing) -> Mend:
    here = standing.here
    if standing.applicant and not standing.contract and (here is _APPLIED or not standing.whole):
        return Mend.APPLY_AGAIN if standing.job or not standing.whole else Mend.NONE
    if standing.told:
        return Mend.NONE
    if here is _TERMINATED:
        return Mend.TERMINATE_AGAIN
    return Mend.CONFIRM_AGAIN if not standing.applicant and here is not _APPLIED else Mend.NONE
