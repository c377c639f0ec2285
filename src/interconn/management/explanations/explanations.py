"""`why`: explains whatever has an id."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import state as api
from interconn.api.own import OwnService, Person
from interconn.api.state import Explanation, Why, WhyAsk
from interconn.control.standing import Standing
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.contracts.tables import Contract
from interconn.management.explanations.agreements import Agreements
from interconn.management.explanations.products import Products
from interconn.management.explanations.running import Running
from interconn.management.explanations.work import Work
from interconn.peers.exchanges import Exchanges
from interconn.standard.errors import NotFound
from interconn.state.database import Database

MAXIMUM = 50
"""Things of one name that are explained: the newest."""


class Explanations:
    """Explains contracts, partners, approvals, data sets, models, projects, flows, jobs, tasks, results and sessions.

    Args:
        node: this node's name card.
        database: where all of them are.
        contracts: which of them allow calls.
        exchanges: the last contacts with partners.
    """

    def __init__(
        self, *, node: NodeIdentity, database: Database, contracts: Contracts, exchanges: Exchanges | None
    ) -> None:
        self._database = database
        self._agreements = Agreements(contracts=contracts, exchanges=exchanges)
        self._work = Work(node=node, agreements=self._agreements)
        self._running = Running(node=node, agreements=self._agreements)
        self._products = Products(self._agreements)

    def reach(self, standing: Standing) -> None:
        """Say who tells whom jobs wait for, once the layer that runs them is there."""
        self._running.standing = standing

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.WHY, self._why)]

    async def _why(self, _person: Person, request: WhyAsk) -> Why:
        if job_id := await self._database.read(lambda session: self._running.job_of(session, request.id)):
            # What others do in a job, its scheduler knows; one that does not answer is part of the explanation.
            await self._running.standing.refresh(job_id)
        explanations = await self._database.read(lambda session: self.explain(session, request.id))
        if not explanations:
            raise NotFound(
                "nothing here has this id",
                where="id",
                hint="Contracts, partners, approvals, data sets, models, projects, flows, jobs, tasks, results and "
                "sessions have one",
            )
        return Why(id=request.id, explanations=explanations)

    def explain(self, session: Session, name: str) -> list[Explanation]:
        """Explain everything of an id; a partner's id stands for the contracts with it."""
        contracts = select(Contract).where((Contract.contract_id == name) | (Contract.node_id == name))
        audits = select(Audit).where(Audit.audit_id == name)
        found = session.scalars(contracts.order_by(Contract.number.desc()).limit(MAXIMUM)).all()
        explained = [
            *self._agreements.of_contracts(session, found),
            *self._agreements.of_audits(session, session.scalars(audits).all()),
            *self._work.named(session, name),
            *self._running.named(session, name),
            *self._products.named(session, name),
        ]
        if not explained:
            # A data set or model of a partner's is known here by the approvals for it alone.
            asked = select(Audit).where(Audit.subject_id == name).order_by(Audit.number.desc()).limit(MAXIMUM)
            explained = self._agreements.of_audits(session, session.scalars(asked).all())
        return explained
