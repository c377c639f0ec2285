"""Grants of data sets: applied for, approved with a permit (MGT-4.3 to MGT-4.6)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from interconn.api import audits as api
from interconn.api.audits import AuditKind, AuditView
from interconn.api.own import OwnService, Person
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Limits, Subject
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.datasets import Datasets
from interconn.management.permits.permits import Permits
from interconn.management.policy.facts import Facts, named
from interconn.peers.inbound import Caller
from interconn.standard import management as standard
from interconn.standard.errors import InvalidRequest
from interconn.standard.identifiers import new_id
from interconn.standard.management import AuthScope, DatasetApply, ResourcePermit
from interconn.state.clock import Clock
from interconn.state.database import Database


class Grants(Subject[DatasetApply]):
    """The use of a data set of one node by another.

    Args:
        database: where audits are.
        clock: time.
        contracts: under which a grant is applied for.
        datasets: what may be applied for.
        permits: mints them.
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
        clock: Clock,
        contracts: Contracts,
        datasets: Datasets,
        permits: Permits,
        audits: Audits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._datasets = datasets
        self._permits = permits
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

    def approve(self, session: Session, audit: Audit, limits: Limits) -> ResourcePermit | None:
        """Mint the permit, within the limits that were asked for and those that the person sets."""
        application = DatasetApply.model_validate(audit.content)
        time_limit = _tighter("time_limit", application.time_limit, limits.time_limit)
        if time_limit is not None and time_limit <= self._clock.now():
            raise InvalidRequest(
                "the permit would have expired already",
                where="time_limit",
                clause="MGT-2.2-permit-lifetime",
                hint="It is an instant in epoch milliseconds",
            )
        return self._permits.mint(
            session,
            audit,
            application,
            time_limit=time_limit,
            times_limit=_tighter("times_limit", application.times_limit, limits.times_limit),
        )

    def approve_again(self, session: Session, audit: Audit) -> ResourcePermit | None:
        """Give the permit a new token: the old one was sent and is kept nowhere here."""
        return self._permits.mint_again(session, audit)

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
            return self._audits.view(session, audit)

        return await self._database.write(work)


def _tighter(name: str, asked: int | None, given: int | None) -> int | None:
    if asked is not None and given is not None and given > asked:
        raise InvalidRequest(
            f"the limit given is wider than the {asked} asked for", where=name, clause="MGT-2.2-permit-lifetime"
        )
    return asked if given is None else given
