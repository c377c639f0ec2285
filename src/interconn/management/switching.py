"""This node's own components, and which of them it has disabled (MGT-6.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from interconn.api import components as api
from interconn.api.components import ComponentView, ComponentViews
from interconn.api.own import OwnService, Person
from interconn.components.disabled import disabled
from interconn.components.registered import registered
from interconn.components.tables import DisabledComponent, RegisteredComponent
from interconn.management.causes import Cause
from interconn.management.offers import ComponentRegistry
from interconn.standard.errors import InvalidRequest, NotFound
from interconn.standard.management import ComponentStatus
from interconn.standard.self_description import SelfDescription, identity
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.database import Database


class Switching:
    """Shows this node's people its components, and lets them disable some.

    A disabled one is in no list that partners get, is DISABLED to who asks for it, and is launched no more: jobs that
    would run it here are refused when they are proposed, approved and admitted, at their next task, and at the launch.
    What runs already goes on; `interconn job stop` ends it.

    Args:
        database: where it is kept.
        clock: time.
        registry: the components that this node can run.
    """

    def __init__(self, *, database: Database, clock: Clock, registry: ComponentRegistry) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.COMPONENT_LIST, self._list),
            OwnService(api.COMPONENT_DISABLE, self._disable),
            OwnService(api.COMPONENT_ENABLE, self._enable),
        ]

    async def _list(self, _person: Person, _request: Empty) -> ComponentViews:
        def work(session: Session) -> ComponentViews:
            off, since = disabled(session), registered(session)
            return ComponentViews(
                components=[_view(one, off.get(identity(one)), since.get(identity(one))) for one in self._registry.all]
            )

        return await self._database.read(work)

    async def _disable(self, person: Person, request: api.ComponentSwitch) -> ComponentView:
        description = self._named(request)
        name, provider, version = identity(description)

        def work(session: Session) -> ComponentView:
            known = session.get(DisabledComponent, (name, provider, version))
            if known is None:
                known = DisabledComponent(
                    name=name,
                    provider=provider,
                    version=version,
                    since=self._clock.now(),
                    by=person.actor[:160],
                    reason=request.reason,
                )
                session.add(known)
                self._note(session, person, description, "component.disable", request.reason)
            return self._look(session, description, known)

        return await self._database.write(work)

    async def _enable(self, person: Person, request: api.ComponentSwitch) -> ComponentView:
        description = self._named(request)

        def work(session: Session) -> ComponentView:
            if known := session.get(DisabledComponent, identity(description)):
                session.delete(known)
                self._note(session, person, description, "component.enable", request.reason)
            return self._look(session, description, None)

        return await self._database.write(work)

    def _look(self, session: Session, description: SelfDescription, off: DisabledComponent | None) -> ComponentView:
        return _view(description, off, session.get(RegisteredComponent, identity(description)))

    def _named(self, request: api.ComponentSwitch) -> SelfDescription:
        """Return the one component that a person means.

        Raises:
            NotFound: there is none.
            InvalidRequest: there are several.
        """
        found = [
            one
            for one in self._registry.all
            if one.component_name == request.name
            and request.provider in (None, one.provider)
            and request.version in (None, one.version)
        ]
        if not found:
            raise NotFound(
                f"this node can run no such component {request.name}", where="name", hint="interconn component list"
            )
        if len(found) > 1:
            known = ", ".join(f"{one.provider} {one.version}" for one in found)
            raise InvalidRequest(f"there are several components {request.name}: {known}", where="version")
        return found[0]

    def _note(self, session: Session, person: Person, description: SelfDescription, action: str, reason: str) -> None:
        name, provider, version = identity(description)
        details = {"provider": provider, "version": version} | ({"reason": reason} if reason else {})
        Cause.person(person).record(
            session,
            at=self._clock.now(),
            action=action,
            subject=f"component:{name}",
            partner="",
            clause="MGT-6.2",
            details=details,
        )


def _view(
    description: SelfDescription, off: DisabledComponent | None, came: RegisteredComponent | None
) -> ComponentView:
    return ComponentView(
        name=description.component_name,
        title=description.title,
        provider=description.provider,
        version=description.version,
        roles=list(description.role_list),
        description=description.description,
        self_description=description.to_json(),
        status=ComponentStatus.DISABLED if off else ComponentStatus.ENABLED,
        since=off.since if off else None,
        by=off.by if off else "",
        reason=off.reason if off else "",
        image=came.image if came else "",
        registered_at=came.since if came else None,
        registered_by=came.by if came else "",
    )
