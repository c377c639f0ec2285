"""Decisions by the rules of the policy, on what waits: when it arrives, and again when the policy changes.

What is to be looked at stands in the database, so that a node killed anywhere goes on where it was: an application
is committed first, and then decided, or marked as one about which this policy says nothing, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.policy_file import Rule
from interconn.management.approvals import opinions
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.decisions import Decisions
from interconn.management.approvals.opinions import Decider
from interconn.management.approvals.subjects import Limits, Subject
from interconn.management.approvals.tables import AUDIT_TOPIC, Audit
from interconn.management.causes import Cause
from interconn.management.policy.keeper import POLICY_TOPIC, InForce, PolicyKeeper
from interconn.management.policy.matching import deciding
from interconn.management.transitions import PARTNER
from interconn.standard.errors import InterconnError
from interconn.standard.management import AuditStatus, Verdict
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database

log = structlog.get_logger()

_LOOK_SECONDS = 5.0
_VERDICTS = {"approve": Verdict.APPROVED, "reject": Verdict.REJECTED}


class AutomaticDecisions:
    """Asks the policy about applications that no rule was asked about yet.

    Args:
        database: where audits are.
        clock: time.
        audits: the engine.
        decisions: decides.
        policy: in force.
        subjects: the kinds of audits there are.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        audits: Audits,
        decisions: Decisions,
        policy: PolicyKeeper,
        subjects: Mapping[AuditKind, Subject[Any]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._audits = audits
        self._decisions = decisions
        self._policy = policy
        self._subjects = subjects

    async def run(self) -> None:
        """Decide what the policy decides, until cancelled."""
        with self._database.signals.subscribe(AUDIT_TOPIC, POLICY_TOPIC) as wake:
            while True:
                await self.decide_waiting()
                await wake.wait(_LOOK_SECONDS)

    async def decide_waiting(self) -> int:
        """Ask the policy about all that waits; return how much that was. A broken policy file decides nothing."""
        await self._policy.refresh()
        in_force = self._policy.in_force
        if in_force.fault or not in_force.digest:
            return 0
        waiting = select(Audit.number).where(
            Audit.direction == PARTNER,
            Audit.status == AuditStatus.APPLIED.value,
            Audit.evaluated != in_force.digest,
            Audit.void == "",
        )
        numbers = await self._database.read(lambda session: list(session.scalars(waiting.order_by(Audit.number))))
        for number in numbers:
            reach("policy.before_decision")
            await self._database.write(partial(self._evaluate, number=number, in_force=in_force))
            reach("policy.decided")
        return len(numbers)

    def _evaluate(self, session: Session, *, number: int, in_force: InForce) -> None:
        audit = session.get_one(Audit, number)
        if audit.status != AuditStatus.APPLIED or audit.void:
            return  # a person was quicker
        audit.evaluated = in_force.digest
        opinions.withdraw_those_of_rules(session, opinions.of_audit(audit))
        subject = self._subjects[AuditKind(audit.kind)]
        rule = None
        try:
            with session.begin_nested():
                rule = deciding(in_force.policy, subject.facts(session, audit), self._clock.now())
                if rule:
                    self._follow(session, subject, audit, rule, in_force.digest)
        except InterconnError as error:
            # What a rule would decide and cannot is for a person, who is told why.
            name = rule.name if rule else "none"
            log.warning("a rule cannot decide", audit=audit.audit_id, rule=name, reason=str(error))
            cause = Cause("system", audit.trace_id)
            clause = subject.confirm.clause
            self._audits.note(session, audit, cause, "rule_failed", clause, rule=name, why=str(error))

    def _follow(self, session: Session, subject: Subject[Any], audit: Audit, rule: Rule, digest: str) -> None:
        decider = Decider(Cause(f"rule:{rule.name}", audit.trace_id), digest, rule.counts_as_opinion)
        asked = audit.content
        limits = Limits(
            time_limit=opinions.tightest([rule.expiry(self._clock.now()), asked.get("time_limit")]),
            times_limit=opinions.tightest([rule.times_limit, asked.get("times_limit")]),
        )
        self._decisions.decide(
            session, decider, subject, audit, _VERDICTS[rule.verdict], limits=limits, reason=f"rule {rule.name}"
        )
