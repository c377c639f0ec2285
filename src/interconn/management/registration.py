"""Components that an institution's upper layer registers with its node (CTL-5.8, CTL-G3.1.1.3-register)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import components as api
from interconn.api.components import ComponentFindings
from interconn.api.own import OwnService, Person
from interconn.components.registered import registered
from interconn.components.registry import Registry
from interconn.components.tables import RegisteredComponent
from interconn.control import jobs
from interconn.control.tables import Job
from interconn.management.causes import Cause
from interconn.standard.control import PLATFORM_COMPONENT_REGISTER, ComponentRegister
from interconn.standard.errors import ContentConflict, InvalidFlow, InvalidRequest, NotFound, Refused
from interconn.standard.self_description import Identity, SelfDescription, identity
from interconn.standard.wire import Empty, digest, validate
from interconn.state.clock import Clock
from interconn.state.database import Database

_LONGEST = {"component_name": 128, "provider": 128, "version": 64}
"""What a DAG has room for (CTL-6.7): a component with a longer name could be part of none."""


class Registration:
    """Registers components, and withdraws them.

    A registered one can be named in flows, is offered to partners and shows in lists as any other. It comes as an
    image, for which this node has no launcher: what would run it here is refused. See
    docs/decisions/0021-registered-components.md.

    Args:
        database: where they are kept.
        clock: time.
        registry: is told of them.
    """

    def __init__(self, *, database: Database, clock: Clock, registry: Registry) -> None:
        self._database = database
        self._clock = clock
        self._registry = registry

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people and systems."""
        return [
            OwnService(PLATFORM_COMPONENT_REGISTER, self._register),
            OwnService(api.COMPONENT_LINT, self._lint),
            OwnService(api.COMPONENT_WITHDRAW, self._withdraw),
        ]

    async def take_up(self) -> None:
        """Have the registry know what is registered, as the database has it."""
        await self._database.read(self._tell_registry)

    def _tell_registry(self, session: Session) -> None:
        self._registry.take_up(SelfDescription.model_validate(one.description) for one in registered(session).values())

    async def _register(self, person: Person, request: ComponentRegister) -> Empty:
        """Register a component; a repeat with the same content changes nothing.

        Raises:
            InvalidRequest: no DAG could name it, or the address of its image holds a secret.
            ContentConflict: its name, provider and version are known with other content.
        """
        description = request.component_info
        key = identity(description)
        _require_nameable(description)
        _require_no_secret(request.image_url)
        content = description.to_json()
        validate(SelfDescription, content, clause="CTL-5.8")  # what is kept has to be read again at each start

        def work(session: Session) -> None:
            if self._registry.comes_with_the_node(key):
                raise _conflict(key, "comes with this node")
            if known := session.get(RegisteredComponent, key):
                if (known.image, digest(known.description)) != (request.image_url, digest(content)):
                    raise _conflict(key, "is registered with other content")
                return
            name, provider, version = key
            session.add(
                RegisteredComponent(
                    name=name,
                    provider=provider,
                    version=version,
                    image=request.image_url,
                    description=content,
                    since=self._clock.now(),
                    by=person.actor[:160],
                )
            )
            details = {"image": request.image_url, "digest": digest(content)}
            self._note(session, person, key, "component.register", details)

        await self._database.write(work)
        await self.take_up()
        return Empty()

    async def _lint(self, _person: Person, request: api.ComponentLint) -> ComponentFindings:
        description = request.component_info
        _require_nameable(description)
        name, provider, version = identity(description)
        own = digest(description.to_json())
        try:
            known = self._registry.find(name, provider, version)
        except InvalidFlow:
            known = None
        return ComponentFindings(
            name=name,
            provider=provider,
            version=version,
            roles=list(description.role_list),
            digest=own,
            remarks=list(description.findings()),
            known=known is not None,
            same=known is not None and digest(known.to_json()) == own,
        )

    async def _withdraw(self, person: Person, request: api.ComponentWithdraw) -> Empty:
        """Forget a registered component.

        Raises:
            NotFound: it is not registered.
            Refused: it comes with the node, or a job that goes on is made of it.
        """
        key = (request.name, request.provider, request.version)

        def work(session: Session) -> None:
            known = session.get(RegisteredComponent, key)
            if known is None and self._registry.comes_with_the_node(key):
                message = f"component {' '.join(key)} comes with this node"
                raise Refused(message, where="name", hint="interconn component disable")
            if known is None:
                raise NotFound(
                    f"no component {' '.join(key)} is registered", where="name", hint="interconn component list"
                )
            if job_id := _job_made_of(session, key):
                raise Refused(
                    f"job {job_id} goes on and is made of it",
                    where="name",
                    hint="Wait for its end, or: interconn job stop",
                )
            session.delete(known)
            reason = {"reason": request.reason} if request.reason else {}
            self._note(session, person, key, "component.withdraw", {"image": known.image, **reason})
            session.flush()
            self._tell_registry(session)  # so that no job is taken in before the registry knows

        try:
            await self._database.write(work)
        finally:
            await self.take_up()
        return Empty()

    def _note(self, session: Session, person: Person, key: Identity, action: str, details: dict[str, Any]) -> None:
        name, provider, version = key
        Cause.person(person).record(
            session,
            at=self._clock.now(),
            action=action,
            subject=f"component:{name}",
            partner="",
            clause=PLATFORM_COMPONENT_REGISTER.clause,
            details={"provider": provider, "version": version, **details},
        )


def _require_nameable(description: SelfDescription) -> None:
    for member, longest in _LONGEST.items():
        text = getattr(description, member)
        if len(text) > longest or not text.isprintable():
            raise InvalidRequest(
                f"may have {longest} characters that can be printed, as in a DAG",
                where=f"component_info.{member}",
                clause="CTL-6.7",
            )


def _require_no_secret(image_url: str) -> None:
    # registry.example/psi@sha256:… has an @ as well: what comes before it is a secret only behind a scheme.
    _, scheme, rest = image_url.partition("://")
    if scheme and "@" in rest.partition("/")[0]:
        raise InvalidRequest(
            "holds a name or password", where="imageUrl", clause="CTL-5.8", hint="Whoever loads the image has those"
        )


def _conflict(key: Identity, why: str) -> ContentConflict:
    return ContentConflict(
        f"component {' '.join(key)} {why}",
        where="component_info",
        clause="CTL-5.8",
        hint="What differs is another version; or withdraw this one first: interconn component withdraw",
    )


def _job_made_of(session: Session, key: Identity) -> str | None:
    for job in session.scalars(select(Job).where(Job.closed.is_(False)).order_by(Job.created_at)):
        if key in {(one.component_name, one.provider, one.version) for one in jobs.content(job).dag.components}:
            return job.job_id
    return None
