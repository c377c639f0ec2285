"""Permits, grants and pre-authorisations as this node's people see them and act on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import permits as api
from interconn.api.audits import AuditKind
from interconn.api.own import OwnService, Person
from interconn.api.permits import GrantView, PermitView, Standing
from interconn.api.rules import require_decision
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import Catalogue
from interconn.management.permits.ledger import GrantLedger, uses
from interconn.management.permits.permits import Permits
from interconn.management.permits.preauthorisations import Preauthorisations
from interconn.management.permits.tables import CoveredDataset, Grant, Permit, Preauthorisation
from interconn.standard.errors import InterconnError, NotFound
from interconn.standard.management import AuditStatus, AuthScope
from interconn.standard.self_description import SelfDescription
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page


class KnownComponents(Protocol):
    """The components that this node can run."""

    @property
    def all(self) -> Sequence[SelfDescription]:
        """All of them."""
        ...


class PermitListings:
    """Serves them.

    Args:
        database: where they are.
        clock: time.
        contracts: a permit is void when its contract is.
        permits: both sides.
        preauthorisations: for partners without a management plane.
        catalogue: this node's data sets.
        components: that this node can run.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        contracts: Contracts,
        permits: Permits,
        preauthorisations: Preauthorisations,
        catalogue: Catalogue,
        components: KnownComponents,
    ) -> None:
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._permits = permits
        self._preauthorisations = preauthorisations
        self._catalogue = catalogue
        self._components = components

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.PERMIT_LIST, self._list_permits),
            OwnService(api.GRANT_LIST, self._list_grants),
            OwnService(api.PREAUTHORISATION_ADD, self._add),
            OwnService(api.PREAUTHORISATION_LIST, self._list),
            OwnService(api.PREAUTHORISATION_REVOKE, self._revoke),
        ]

    async def _list_permits(self, _person: Person, request: api.PermitSearch) -> api.PermitViews:
        matching = []
        if request.node_id:
            matching.append(Permit.holder_node_id == request.node_id)
        if request.kind:
            of_kind = select(Audit.number).where(Audit.kind == request.kind.value)
            matching.append(Permit.audit_number.in_(of_kind))

        def work(session: Session) -> api.PermitViews:
            found, total = read_page(
                session,
                Permit,
                lambda some: [self._view(session, permit) for permit in some],
                paging=request,
                order=(Permit.audit_number.desc(),),
                matching=matching,
            )
            return api.PermitViews(permits=found, total=total)

        return await self._database.read(work)

    def _view(self, session: Session, permit: Permit) -> PermitView:
        audit = session.get_one(Audit, permit.audit_number)
        standing, reason = self._standing(session, permit, audit)
        return PermitView(
            audit_id=audit.audit_id,
            kind=AuditKind(audit.kind),
            resource_id=permit.resource_id,
            resource_level=permit.resource_level,
            node_id=permit.holder_node_id,
            time_limit=permit.time_limit,
            times_limit=permit.times_limit,
            standing=standing,
            reason=reason,
        )

    def _standing(self, session: Session, permit: Permit, audit: Audit) -> tuple[Standing, str]:
        if audit.status != AuditStatus.APPROVED:
            return Standing.REVOKED, audit.reason or "was revoked"
        if audit.void:
            return Standing.VOID, audit.void
        try:
            self._contracts.require_usable(session, permit.holder_node_id, audit.content.get("contract_id") or "")
        except InterconnError as error:
            return Standing.VOID, error.message
        if permit.time_limit is not None and self._clock.now() >= permit.time_limit:
            return Standing.EXPIRED, "has expired"
        return Standing.IN_FORCE, ""

    async def _list_grants(self, _person: Person, request: api.PermitSearch) -> api.GrantViews:
        matching = []
        if request.node_id:
            matching.append(Grant.user_node_id == request.node_id)
        if request.kind:
            matching.append(Grant.resource_type == request.kind.value)

        def work(session: Session) -> api.GrantViews:
            found, total = read_page(
                session,
                Grant,
                lambda some: [grant_view(session, self._permits.ledger, grant) for grant in some],
                paging=request,
                order=(Grant.grant_id.desc(),),
                matching=matching,
            )
            return api.GrantViews(grants=found, total=total)

        return await self._database.read(work)

    async def _add(self, person: Person, request: api.PreauthorisationAdd) -> api.PreauthorisationView:
        require_decision(person, AuditKind.DATASET, request.dataset_id)
        known = {f"{one.provider}/{one.component_name}" for one in self._components.all}
        if request.component not in known:
            raise NotFound(
                f"this node runs no component {request.component}", where="component", hint="interconn component list"
            )

        def work(session: Session) -> api.PreauthorisationView:
            self._catalogue.own(session, request.dataset_id)
            return self._preauthorisations.view(session, self._preauthorisations.add(session, person, request))

        return await self._database.write(work)

    async def _list(self, _person: Person, request: api.PreauthorisationSearch) -> api.PreauthorisationViews:
        matching = [Preauthorisation.node_id == request.node_id] if request.node_id else []

        def work(session: Session) -> api.PreauthorisationViews:
            found, total = read_page(
                session,
                Preauthorisation,
                lambda some: [self._preauthorisations.view(session, one) for one in some],
                paging=request,
                order=(Preauthorisation.number.desc(),),
                matching=matching,
            )
            return api.PreauthorisationViews(preauthorisations=found, total=total)

        return await self._database.read(work)

    async def _revoke(self, person: Person, request: api.PreauthorisationReference) -> api.PreauthorisationView:
        def work(session: Session) -> api.PreauthorisationView:
            named = self._preauthorisations.named(session, request.preauthorisation_id)
            require_decision(person, AuditKind.DATASET, named.dataset_id)
            revoked = self._preauthorisations.revoke(session, person, request.preauthorisation_id)
            return self._preauthorisations.view(session, revoked)

        return await self._database.write(work)


def grant_view(session: Session, ledger: GrantLedger, grant: Grant) -> GrantView:
    """Return a grant as a person sees it; there is nothing secret in it."""
    covered = select(CoveredDataset.dataset_id).where(CoveredDataset.grant_id == grant.grant_id)
    used = uses(session, grant)
    standing, reason = ledger.standing(session, grant, used)
    return GrantView(
        audit_id=session.get_one(Audit, grant.audit_number).audit_id,
        kind=AuditKind(grant.resource_type),
        resource_id=grant.resource_id,
        resource_level=grant.resource_level,
        node_id=grant.user_node_id,
        scope=AuthScope.model_validate(grant.auth_scope) if grant.auth_scope else None,
        covers=sorted(session.scalars(covered)),
        time_limit=grant.time_limit,
        times_limit=grant.times_limit,
        uses=used,
        uses_left=None if grant.times_limit is None else max(0, grant.times_limit - used),
        standing=standing,
        reason=reason,
    )
