"""Components that this node offers to partners, and those that partners offer (MGT-6.1, MGT-6.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, Protocol

from sqlalchemy.orm import Session

from interconn.api import components as api
from interconn.api.own import OwnService, Person
from interconn.components.disabled import disabled
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import page_of
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import PeerClient
from interconn.standard import management as standard
from interconn.standard.errors import NotFound
from interconn.standard.management import ComponentDetail, ComponentPage, ComponentStatus, ComponentSummary
from interconn.standard.self_description import Identity, SelfDescription, identity
from interconn.state.database import Database


class ComponentRegistry(Protocol):
    """The components that this node can run."""

    @property
    def all(self) -> tuple[SelfDescription, ...]:
        """Every component."""
        ...

    def find(self, name: str, provider: str, version: str) -> SelfDescription:
        """Return a component, or raise InvalidFlow."""
        ...


class Offers:
    """Serves and sends the calls about components.

    Args:
        database: where contracts are.
        client: to other nodes.
        contracts: who may ask.
        registry: what there is to offer.
    """

    def __init__(
        self, *, database: Database, client: PeerClient, contracts: Contracts, registry: ComponentRegistry
    ) -> None:
        self._database = database
        self._client = client
        self._contracts = contracts
        self._registry = registry

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [
            Service(standard.COMPONENT_LIST, self._serve_list),
            Service(standard.COMPONENT_QUERY, self._serve_query),
        ]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.COMPONENT_DISCOVER, self._discover), OwnService(api.COMPONENT_SHOW, self._show)]

    async def _serve_list(self, caller: Caller, request: standard.ComponentList) -> ComponentPage:
        off = await self._checked(caller, request.contract_id)
        offered = [
            ComponentSummary(
                category=_category(description),
                code=code,
                developer=description.provider,
                version=description.version,
            )
            for code, description in _by_code(self._registry.all)
            if identity(description) not in off
            and (request.category is None or request.category == _category(description))
            and (request.developer is None or request.developer == description.provider)
        ]
        return ComponentPage(records=page_of(offered, request), total=len(offered))

    async def _serve_query(self, caller: Caller, request: standard.ComponentQuery) -> ComponentDetail:
        off = await self._checked(caller, request.contract_id)
        for code, description in _by_code(self._registry.all):
            if (code, description.version) == (request.code, request.version):
                return _detail(code, description, enabled=identity(description) not in off)
        raise NotFound("there is no such component", where="code", clause="MGT-6.2")

    async def _checked(self, caller: Caller, contract_id: str) -> Collection[Identity]:
        """Check the contract under which a partner asks, and return what is disabled here."""

        def work(session: Session) -> Collection[Identity]:
            self._contracts.require_usable(session, caller.node_id, contract_id)
            return frozenset(disabled(session))

        return await self._database.read(work)

    async def _discover(self, person: Person, request: api.ComponentDiscover) -> ComponentPage:
        question = standard.ComponentList(
            contract_id=self._client.partner(request.node_id).contract_id,
            category=request.category,
            developer=request.developer,
            page_num=request.page_num,
            page_size=request.page_size,
        )
        return await self._client.call(request.node_id, standard.COMPONENT_LIST, question, trace_id=person.trace_id)

    async def _show(self, person: Person, request: api.ComponentShow) -> ComponentDetail:
        question = standard.ComponentQuery(
            code=request.code,
            contract_id=self._client.partner(request.node_id).contract_id,
            version=request.version,
        )
        return await self._client.call(request.node_id, standard.COMPONENT_QUERY, question, trace_id=person.trace_id)


def _by_code(descriptions: Sequence[SelfDescription]) -> list[tuple[str, SelfDescription]]:
    """Give each component a code, which with its version is unique in the node (MGT-6-component-identity).

    The component's name, as `componentName` in a DAG; with the provider before it where two providers share one.
    """
    same = Counter((description.component_name, description.version) for description in descriptions)
    return [
        (
            description.component_name
            if same[description.component_name, description.version] == 1
            else f"{description.provider}.{description.component_name}",
            description,
        )
        for description in descriptions
    ]


def _detail(code: str, description: SelfDescription, *, enabled: bool) -> ComponentDetail:
    whole = description.to_json()
    return ComponentDetail(
        category=_category(description),
        code=code,
        description=description.description or None,
        developer=description.provider,
        engine=_member(description, "engine") or description.provider,
        extension={"self_description": whole},
        inputs=whole["inputData"],
        name=description.component_name,
        outputs=whole["outputData"],
        status=ComponentStatus.ENABLED if enabled else ComponentStatus.DISABLED,
        version=description.version,
    )


def _category(description: SelfDescription) -> str | None:
    return _member(description, "category")


def _member(description: SelfDescription, name: str) -> str | None:
    # Neither is a member of the standard's self-description; makers may add them.
    value = (description.model_extra or {}).get(name)
    return value if isinstance(value, str) else None
