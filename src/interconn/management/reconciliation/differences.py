"""`state diff`, with or without `--mend`: everything between this node and a partner, as both sides see it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from interconn.api import state as api
from interconn.api.own import OwnService, Person
from interconn.api.state import Agreement, Difference, StateCompare, StateComparison
from interconn.identity.node import NodeIdentity
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.reconciliation import matters
from interconn.management.reconciliation.comparing import Comparing, Finding, Zeal
from interconn.management.reconciliation.inquiry import Inquiry, Told
from interconn.management.reconciliation.judgement import Answer, Mend
from interconn.management.reconciliation.matters import Matter
from interconn.management.reconciliation.wording import MENDS, command, legal_step, side
from interconn.management.transitions import APPLICANT, PARTNER
from interconn.state.clock import Clock
from interconn.state.database import Database

AT_A_TIME: Final = 8
LONGEST_SECONDS: Final = 40.0
"""A client of the node's own API waits a minute; what was not asked until then is counted as left out."""


class Differences:
    """Compares all that is between two nodes, when a person wants to know.

    Args:
        node: this node's name card.
        database: where contracts and audits are.
        clock: time.
        contracts: with the partner.
        inquiry: asks it.
        comparing: takes down what it says.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        clock: Clock,
        contracts: Contracts,
        inquiry: Inquiry,
        comparing: Comparing,
    ) -> None:
        self._node = node
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._inquiry = inquiry
        self._comparing = comparing

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.STATE_DIFF, self._diff), OwnService(api.STATE_MEND, self._mend)]

    async def _diff(self, person: Person, request: StateCompare) -> StateComparison:
        return await self._compare(person, request, Zeal.NOTHING)

    async def _mend(self, person: Person, request: StateCompare) -> StateComparison:
        return await self._compare(person, request, Zeal.ALL_THAT_IS_SAFE)

    async def _compare(self, person: Person, request: StateCompare, zeal: Zeal) -> StateComparison:
        def work(session: Session) -> tuple[list[Matter], int]:
            self._contracts.latest(session, request.node_id)  # raises where the node was never met
            return matters.between(session, request.node_id, request.limit)

        asked_at = self._clock.now()
        chosen, total = await self._database.read(work)
        findings = await self._ask_all(person, chosen, zeal)
        told = [self._difference(matter, findings[matter.key]) for matter in chosen if matter.key in findings]
        counts = {kind: sum(one.agreement is kind for one in told) for kind in Agreement}
        return StateComparison(
            node_id=request.node_id,
            asked_at=asked_at,
            differences=[one for one in told if one.agreement is not Agreement.IN_STEP or one.mended],
            in_step=counts[Agreement.IN_STEP],
            drift=counts[Agreement.DRIFT],
            unknown=counts[Agreement.UNKNOWN],
            left_out=total - len(told),
        )

    async def _ask_all(self, person: Person, chosen: Sequence[Matter], zeal: Zeal) -> dict[tuple[str, int], Finding]:
        findings: dict[tuple[str, int], Finding] = {}
        silence: Told | None = None
        ends = asyncio.get_running_loop().time() + LONGEST_SECONDS
        for start in range(0, len(chosen), AT_A_TIME):
            if asyncio.get_running_loop().time() > ends:
                break
            some = chosen[start : start + AT_A_TIME]
            for finding in await asyncio.gather(*(self._ask(person, one, silence, zeal) for one in some)):
                findings[finding.matter.key] = finding
                if finding.told.answer is Answer.SILENT:
                    silence = finding.told  # whoever does not answer this one will not answer the next
        return findings

    async def _ask(self, person: Person, matter: Matter, silence: Told | None, zeal: Zeal) -> Finding:
        told = silence or await self._inquiry.ask(matter, trace_id=person.trace_id)
        cause = Cause.person(person)

        def work(session: Session) -> Finding:
            return self._comparing.take_down(session, matter, told, zeal=zeal, cause=cause)

        return await self._database.write(work)

    def _difference(self, before: Matter, finding: Finding) -> Difference:
        judgement, told = finding.judgement, finding.told
        mended = finding.mended is not Mend.NONE
        agreement = Agreement.DRIFT if judgement.drift else Agreement.UNKNOWN
        if told.answer in (Answer.STATE, Answer.UNKNOWN):
            agreement = Agreement.DRIFT if judgement.drift else Agreement.IN_STEP
            if finding.mended is Mend.ADOPT and finding.since is None:
                agreement = Agreement.IN_STEP
        drift = agreement is Agreement.DRIFT
        return Difference(
            kind=before.kind,
            id=before.reference,
            subject_id=before.subject_id,
            direction=APPLICANT if before.standing.applicant else PARTNER,
            here=finding.matter.here,
            there=told.there,
            answer=told.answer.value,
            words=told.words,
            agreement=agreement,
            since=finding.since or finding.matter.since,
            impossible=drift and judgement.impossible,
            step=legal_step(before, judgement) if drift else "",
            command=command(before, judgement) if drift else "",
            side=side(before, judgement, self._node.node_id) if drift else "",
            mendable=drift and judgement.mend is not Mend.NONE,
            mended=MENDS[finding.mended] if mended else "",
        )
