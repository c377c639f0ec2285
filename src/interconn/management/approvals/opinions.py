"""Opinions: who has approved something that needs two different persons, before it is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import OpinionView
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.causes import Cause
from interconn.standard.errors import Refused

NEEDED: Final = 2
_RULE: Final = "rule:"


@dataclass(frozen=True)
class Decider:
    """Who decides: a person, or a rule of the policy.

    Attributes:
        cause: who, and in which chain of calls; the actor is `person:…` or `rule:…`.
        policy: digest of the policy in force; empty where there is none.
        counts: whether it may be one of two opinions; a rule's only if it says so, a person's only under a name.
    """

    cause: Cause
    policy: str = ""
    counts: bool = True

    @property
    def actor(self) -> str:
        """As the audit trail names it."""
        return self.cause.actor[:160]

    @property
    def is_rule(self) -> bool:
        """Whether no person decides."""
        return self.actor.startswith(_RULE)


def require_name(decider: Decider) -> None:
    """Check that it is somebody in particular who gives an opinion.

    Raises:
        Refused: the token presented names nobody, so two with it may be one person.
    """
    if not decider.counts:
        raise Refused(
            "two different persons have to decide on it, and this token names nobody",
            where="authorization",
            hint="Each needs a name: interconn user add NAME, then interconn token create",
        )


def of_audit(audit: Audit) -> str:
    """Return the name by which opinions on an audit are kept."""
    return f"audit:{audit.number}"


def given(session: Session, matter: str) -> list[Opinion]:
    """Return the opinions on a matter, oldest first."""
    session.flush()
    found = select(Opinion).where(Opinion.matter == matter).order_by(Opinion.given_at, Opinion.actor)
    return list(session.scalars(found))


def complete(opinions: list[Opinion], decider: Decider) -> bool:
    """Tell whether with this one enough different persons approve; all rules together count as one at most."""
    return len({_counted(actor) for actor in (*(one.actor for one in opinions), decider.actor)}) >= NEEDED


def give(
    session: Session,
    matter: str,
    decider: Decider,
    now: int,
    *,
    time_limit: int | None = None,
    times_limit: int | None = None,
    grant_datasets: bool = False,
    reason: str = "",
) -> None:
    """Keep an opinion; a later one of the same person takes its place."""
    session.merge(
        Opinion(
            matter=matter,
            actor=decider.actor,
            policy=decider.policy,
            time_limit=time_limit,
            times_limit=times_limit,
            grant_datasets=grant_datasets,
            reason=reason,
            given_at=now,
        )
    )


def withdraw(session: Session, matter: str, actor: str) -> bool:
    """Take an opinion back; return whether there was one."""
    opinion = session.get(Opinion, (matter, actor[:160]))
    if opinion is None:
        return False
    session.delete(opinion)
    return True


def withdraw_those_of_rules(session: Session, matter: str) -> None:
    """Take back what rules said under an earlier policy."""
    for opinion in given(session, matter):
        if opinion.actor.startswith(_RULE):
            session.delete(opinion)


def on_each(session: Session, matters: Iterable[str]) -> dict[str, list[Opinion]]:
    """Return the opinions on each of some matters, oldest first, by one query."""
    found = select(Opinion).where(Opinion.matter.in_(list(matters))).order_by(Opinion.given_at, Opinion.actor)
    opinions: dict[str, list[Opinion]] = {}
    for opinion in session.scalars(found):
        opinions.setdefault(opinion.matter, []).append(opinion)
    return opinions


def views(opinions: Iterable[Opinion]) -> list[OpinionView]:
    """Return opinions as people see them."""
    return [
        OpinionView(
            by=one.actor,
            at=one.given_at,
            reason=one.reason,
            time_limit=one.time_limit,
            times_limit=one.times_limit,
        )
        for one in opinions
    ]


def awaited(opinions: Iterable[Opinion]) -> str:
    """Return whose opinion a matter waits for; empty while nobody has approved."""
    who = ", ".join(one.actor for one in opinions)
    return f"a second person here to approve or reject ({who} approves)" if who else ""


def tightest(limits: Iterable[int | None]) -> int | None:
    """Return the smallest of the limits that several set; None where nobody sets one."""
    return min((limit for limit in limits if limit is not None), default=None)


def _counted(actor: str) -> str:
    return _RULE if actor.startswith(_RULE) else actor
