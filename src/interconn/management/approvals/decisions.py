"""Decisions on what partners applied for: by a person, by two where the policy asks for it, or by a rule.

Between the first and the second opinion an audit is APPLIED, here and on the wire. A rejection needs no second one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.own import Person
from interconn.management.approvals import opinions
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.opinions import Decider
from interconn.management.approvals.subjects import Limits, Subject
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.policy.facts import UNBOUNDED
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.policy.matching import needs_four_eyes
from interconn.management.transitions import PARTNER, STEP_OF, advance
from interconn.standard.errors import IllegalTransition, Refused
from interconn.standard.management import AuditStatus, Verdict
from interconn.state.clock import Clock


class Decisions:
    """Decides, inside transactions.

    Args:
        clock: time.
        contracts: an audit is decided under a contract in force.
        audits: the engine.
        policy: says what needs two persons.
    """

    def __init__(self, *, clock: Clock, contracts: Contracts, audits: Audits, policy: PolicyKeeper) -> None:
        self._clock = clock
        self._contracts = contracts
        self._audits = audits
        self._policy = policy

    def by_person(self, person: Person) -> Decider:
        """Return a person as one who decides under the policy in force."""
        return Decider(Cause.person(person), self._policy.in_force.digest, counts=person.is_somebody)

    def decide(
        self,
        session: Session,
        decider: Decider,
        subject: Subject[Any],
        audit: Audit,
        verdict: Verdict,
        *,
        limits: Limits,
        reason: str = "",
    ) -> None:
        """Approve or reject what a partner applied for; the same again changes nothing.

        Where two have to approve, the first opinion is kept and nothing is sent; said again with other limits, it
        takes the place of what the same person said before.

        Raises:
            IllegalTransition: it was applied for by this node, decided otherwise before, or its contract has ended.
            ContractNotUsable: the contract with the partner is not in force.
            Refused: it takes two persons, and the token presented names nobody.
        """
        clause = subject.confirm.clause
        following = self._following(subject, audit, verdict)
        if not following:
            return
        self._contracts.require_usable(session, audit.node_id)
        given = opinions.given(session, opinions.of_audit(audit))
        permit = None
        if verdict is Verdict.APPROVED:
            others = [one for one in given if one.actor != decider.actor]
            own, limits = limits, _joined(limits, others)
            if not self._is_complete(session, decider, subject, audit, limits):
                self._keep(session, decider, subject, audit, own, reason)
                return
            permit = self._audits.permit(session, subject, audit, limits)
        audit.reason, audit.policy = reason, decider.policy
        said = [one.actor for one in given if one.actor != decider.actor]
        details = {"policy": decider.policy} if decider.policy else {}
        if verdict is Verdict.APPROVED:
            details |= _told(limits)
        if said:
            details["opinions"] = ", ".join(said)
        action = "approve" if verdict is Verdict.APPROVED else "reject"
        self._audits.settle(session, audit, following, decider.cause, action, clause, **details)
        if said and verdict is Verdict.APPROVED:
            audit.decided_by = ", ".join([*said, decider.actor])[:160]
        self._audits.send_verdict(session, subject, audit, verdict, permit)

    def withdraw(self, session: Session, person: Person, subject: Subject[Any], audit: Audit) -> None:
        """Take back one's opinion while nothing is decided.

        Raises:
            IllegalTransition: it is decided.
            Refused: this person has given none.
        """
        clause = subject.confirm.clause
        if audit.status != AuditStatus.APPLIED:
            raise IllegalTransition(f"audit {audit.audit_id} is {audit.status}, so it is decided", clause=clause)
        if not opinions.withdraw(session, opinions.of_audit(audit), person.actor):
            raise Refused(f"{person.name} has given no opinion on it", where="audit_id")
        self._audits.note(session, audit, Cause.person(person), "withdraw_opinion", clause)

    def _following(self, subject: Subject[Any], audit: Audit, verdict: Verdict) -> AuditStatus | None:
        what, clause = f"audit {audit.audit_id}", subject.confirm.clause
        if audit.direction != PARTNER:
            raise IllegalTransition(
                f"{what} was applied for by this node, so {audit.node_id} decides on it", clause=clause
            )
        following = advance(audit.status, STEP_OF[verdict], what=what, clause=clause)
        if following and audit.void:
            raise IllegalTransition(f"{what} is closed: {audit.void}", clause=clause, hint="The partner applies anew")
        return following

    def _is_complete(
        self, session: Session, decider: Decider, subject: Subject[Any], audit: Audit, limits: Limits
    ) -> bool:
        facts = [subject.facts(session, audit)]
        if limits.grant_datasets:  # what needs two persons by itself needs them together with a project too
            facts.append(replace(facts[0], kind=AuditKind.DATASET, components=UNBOUNDED))
        if not any(needs_four_eyes(self._policy.in_force.policy, each) for each in facts):
            return True
        given = opinions.given(session, opinions.of_audit(audit))
        return decider.counts and opinions.complete(given, decider)

    def _keep(
        self, session: Session, decider: Decider, subject: Subject[Any], audit: Audit, limits: Limits, reason: str
    ) -> None:
        matter = opinions.of_audit(audit)
        if not decider.is_rule:
            opinions.require_name(decider)
        if not decider.counts:
            return
        former = session.get(Opinion, (matter, decider.actor))
        if former is not None and (_limits_of(former), former.reason) == (limits, reason):
            return
        # What an approval would run into is told to the first person, who can mend it, and not to the second.
        with session.begin_nested() as trial:
            self._audits.permit(session, subject, audit, limits)
            trial.rollback()
        opinions.give(
            session,
            matter,
            decider,
            self._clock.now(),
            time_limit=limits.time_limit,
            times_limit=limits.times_limit,
            grant_datasets=limits.grant_datasets,
            reason=reason,
        )
        details = ({"policy": decider.policy} if decider.policy else {}) | _told(limits)
        self._audits.note(session, audit, decider.cause, "opinion", subject.confirm.clause, **details)


def _told(limits: Limits) -> dict[str, str]:
    """Return the limits of an approval as the audit trail keeps them."""
    named = {"time_limit": limits.time_limit, "times_limit": limits.times_limit}
    details = {name: str(limit) for name, limit in named.items() if limit is not None}
    return details | ({"grants_datasets": "yes"} if limits.grant_datasets else {})


def _limits_of(opinion: Opinion) -> Limits:
    return Limits(opinion.time_limit, opinion.times_limit, opinion.grant_datasets)


def _joined(limits: Limits, given: list[Opinion]) -> Limits:
    """Return the tightest of the limits that all set who approve."""
    return Limits(
        time_limit=opinions.tightest([limits.time_limit, *(one.time_limit for one in given)]),
        times_limit=opinions.tightest([limits.times_limit, *(one.times_limit for one in given)]),
        grant_datasets=limits.grant_datasets and all(one.grant_datasets for one in given),
    )
