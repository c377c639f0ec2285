"""Grants of data sets: applied for, approved with a permit (MGT-4.3 to MGT-4.6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from interconn.api import audits as api
from interconn.api.audits import AuditKind, AuditView
from interconn.api.own import OwnService, Person
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import audit_view
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.datasets import Datasets
from interconn.management.permits.terms import GrantTerms
from interconn.management.policy.facts import Facts, named
from interconn.peers.inbound import Caller
from interconn.standard import management as standard
from interconn.standard.identifiers import new_id
from interconn.standard.management import AuthScope, DatasetApply
from interconn.state.database import Database


class Grants(Subject[DatasetApply]):
    """The use of a data set of one node by another.

    Args:
        database: where audits are.
        contracts: under which a grant is applied for.
        datasets: what may be applied for.
        audits: the engine.
    """

    kind = AuditKind.DATASET
    apply = standard.DATASET_APPLY
    confirm = standard.DATASET_CONFIRM
    terminate = standard.DATASET_TERMINATE
    query = standard.DATASET_STATUS

    def __init__(
        self,
        *,
        database: Database,
        contracts: Contracts,
        datasets: Datasets,
        audits: Audits,
    ) -> None:
        self._database = database
        self._contracts = contracts
        self._datasets = datasets
        self._audits = audits

    def subject_id(self, application: DatasetApply) -> str:
        """Return the data set's id."""
        return application.dataset_id

    def receive(self, session: Session, caller: Caller, audit: Audit, application: DatasetApply) -> None:
        """Take an application for a data set that the applicant may know of."""
        self._contracts.require_usable(session, caller.node_id, application.contract_id)
        self._datasets.visible(session, caller.node_id, application.dataset_id)

    def facts(self, session: Session, audit: Audit) -> Facts:
        """Return whose data set is asked for, and the scope in which."""
        application = DatasetApply.model_validate(audit.content)
        scope = application.auth_scope or AuthScope()
        return Facts(
            kind=self.kind,
            partners=frozenset({audit.node_id, *(scope.NODE or [])}),
            datasets=frozenset({application.dataset_id}),
            components=named(scope.COMPONENT),
            projects=named(scope.PROJECT),
        )

    def approve(self, session: Session, audit: Audit) -> GrantTerms:
        """Return the scope and the limits that were asked for."""
        application = DatasetApply.model_validate(audit.content)
        self._datasets.own(session, application.dataset_id)
        return GrantTerms(
            contract_id=application.contract_id,
            scope=application.auth_scope,
            time_limit=application.time_limit,
            times_limit=application.times_limit,
        )

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.DATASET_REQUEST, self._request)]

    async def _request(self, person: Person, request: api.DatasetRequest) -> AuditView:
        def work(session: Session) -> AuditView:
            contract = self._contracts.require_usable(session, request.node_id)
            application = DatasetApply(
                audit_id=new_id("audit"),
                contract_id=contract.contract_id,
                dataset_id=request.dataset_id,
                auth_scope=request.auth_scope,
                time_limit=request.time_limit,
                times_limit=request.times_limit,
            )
            audit = self._audits.open(session, person, self, request.node_id, application)
            return audit_view(session, audit)

        return await self._database.write(work)
