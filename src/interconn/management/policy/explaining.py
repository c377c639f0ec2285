"""The policy as this node's people look at it: what is in force, and what it says of an application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import policies as api
from interconn.api.audits import AuditReference
from interconn.api.own import OwnService, Person
from interconn.api.policy_file import read_policy
from interconn.management.policy.facts import Facts
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.policy.matching import CONDITIONS, deciding, misses, needs_four_eyes
from interconn.management.policy.tables import PolicyVersion
from interconn.standard.errors import NotFound
from interconn.state.clock import Clock
from interconn.state.database import Database


class Explaining:
    """Serves the calls about the policy.

    Args:
        database: where policies are kept.
        clock: time.
        policy: in force.
        facts: of an application, by its audit id.
    """

    def __init__(
        self, *, database: Database, clock: Clock, policy: PolicyKeeper, facts: Callable[[Session, str], Facts]
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._facts = facts

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.POLICY_SHOW, self._show), OwnService(api.POLICY_EXPLAIN, self._explain)]

    async def _show(self, _person: Person, request: api.PolicyReference) -> api.PolicyView:
        await self._policy.refresh()
        in_force = self._policy.in_force
        wanted = request.digest or in_force.digest
        newest = select(PolicyVersion).where(PolicyVersion.digest.startswith(wanted))
        newest = newest.order_by(PolicyVersion.number.desc()).limit(1)
        version = await self._database.read(lambda session: session.scalar(newest)) if wanted else None
        if request.digest and version is None:
            raise NotFound("no such policy was ever in force here", where="digest", hint="interconn policy show")
        text = version.text if version else ""
        return api.PolicyView(
            digest=version.digest if version else "",
            text=text,
            policy=read_policy(text.encode()).model_dump(mode="json", exclude_none=True),
            taken_up_at=version.taken_up_at if version else None,
            in_force=(version.digest if version else "") == in_force.digest,
            fault=in_force.fault,
        )

    async def _explain(self, _person: Person, request: AuditReference) -> api.PolicyFinding:
        await self._policy.refresh()
        in_force, now = self._policy.in_force, self._clock.now()
        policy = in_force.policy
        facts = await self._database.read(lambda session: self._facts(session, request.audit_id))
        rule, four_eyes = deciding(policy, facts, now), needs_four_eyes(policy, facts)
        persons = "two persons" if four_eyes else "a person"
        if rule is None or in_force.fault:
            decided_by = persons
        elif four_eyes and rule.verdict == "approve":
            decided_by = f"rule:{rule.name} and a person" if rule.counts_as_opinion else persons
        else:
            decided_by = f"rule:{rule.name}"
        return api.PolicyFinding(
            audit_id=request.audit_id,
            digest=in_force.digest,
            decided_by=decided_by,
            four_eyes=four_eyes,
            rules=[
                api.RuleFinding(name=each.name, verdict=each.verdict, applies=not why, because=why)
                for each in policy.rule
                for why in [misses(each, facts, now)]
            ],
            facts={"kind": facts.kind.value, **{name: _listed(facts.of(name)) for name in CONDITIONS}},
            fault=in_force.fault,
        )


def _listed(asked: frozenset[str] | None) -> list[str] | None:
    return None if asked is None else sorted(asked)
