"""The room put together: people, tokens and the door, and the calls by which an admin manages them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.access.door import Door
from interconn.access.issuing import Issuing
from interconn.access.people import People, status_of
from interconn.access.policy import Policy
from interconn.access.tables import Token, User
from interconn.access.token_text import BOOTSTRAP
from interconn.api import people as api
from interconn.api.own import OwnService, Person
from interconn.standard.errors import ConfigurationError, InterconnError
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.database import Database

Result = TypeVar("Result")


class Access:
    """The node's people and their tokens.

    Args:
        database: where they are kept.
        clock: time.
        policy: the institution's bounds.

    Attributes:
        door: what the admin listener asks.
        people: those it lets in.
    """

    def __init__(self, *, database: Database, clock: Clock, policy: Policy | None = None) -> None:
        bounds = policy or Policy()
        self._database = database
        self._clock = clock
        self.people = People(clock=clock, policy=bounds)
        self._issuing = Issuing(clock=clock, policy=bounds, people=self.people)
        self.door = Door(database=database, clock=clock, policy=bounds)

    async def start(self, bootstrap: str | None) -> None:
        """Take note of the token in the node's home, or of its absence.

        Args:
            bootstrap: what `admin.token` holds; None where there is no such file.

        Raises:
            ConfigurationError: the file holds no token.
        """
        try:
            await self._database.write(lambda session: self._issuing.adopt_bootstrap(session, bootstrap))
        except InterconnError as error:
            raise ConfigurationError(
                f"the bootstrap token cannot be used: {error.message}",
                where="admin.token",
                hint="Remove the file, or put a token in it: interconn_bootstrap_ and 43 letters of base64url",
            ) from None

    async def warnings(self) -> list[str]:
        """Return what an operator should know: the token that names nobody is in force beside people with names."""
        return await self._database.read(self._warnings)

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.USER_ADD, self._add),
            OwnService(api.USER_LIST, self._list_users),
            OwnService(api.USER_ROLES, self._roles),
            OwnService(api.USER_DISABLE, self._disable),
            OwnService(api.USER_ENABLE, self._enable),
            OwnService(api.USER_ME, self._me),
            OwnService(api.TOKEN_CREATE, self._create),
            OwnService(api.TOKEN_LIST, self._list_tokens),
            OwnService(api.TOKEN_REVOKE, self._revoke),
            OwnService(api.TOKEN_ROTATE, self._rotate),
        ]

    async def _add(self, person: Person, request: api.UserAdd) -> api.UserView:
        return await self._change(lambda session: self.people.add(session, person, request))

    async def _roles(self, person: Person, request: api.UserRoles) -> api.UserView:
        return await self._change(lambda session: self.people.give_roles(session, person, request))

    async def _disable(self, person: Person, request: api.UserReference) -> api.UserView:
        def work(session: Session) -> tuple[api.UserView, list[str]]:
            user = self.people.disable(session, person, request.name)
            return self.people.view(user), [token.token_id for token in user.tokens]

        view, cut = await self._database.write(work)
        self.door.send_away(cut)
        return view

    async def _enable(self, person: Person, request: api.UserReference) -> api.UserView:
        return await self._change(lambda session: self.people.enable(session, person, request.name))

    async def _list_users(self, _person: Person, _request: Empty) -> api.UserViews:
        def work(session: Session) -> list[api.UserView]:
            return [self.people.view(user) for user in session.scalars(select(User).order_by(User.name))]

        return api.UserViews(users=await self._database.read(work))

    async def _me(self, person: Person, _request: Empty) -> api.WhoAmI:
        return api.WhoAmI(
            name=person.name,
            token_id=person.token_id,
            roles=sorted(person.roles),
            read_only=not person.may_change,
            datasets=None if person.datasets is None else sorted(person.datasets),
        )

    async def _create(self, person: Person, request: api.TokenCreate) -> api.TokenIssued:
        return await self._database.write(lambda s: self._issued(*self._issuing.create(s, person, request)))

    async def _rotate(self, person: Person, request: api.TokenRotate) -> api.TokenIssued:
        return await self._database.write(lambda s: self._issued(*self._issuing.rotate(s, person, request)))

    async def _revoke(self, person: Person, request: api.TokenReference) -> api.TokenView:
        def work(session: Session) -> api.TokenView:
            return self._issuing.view(self._issuing.revoke(session, person, request.token_id))

        view = await self._database.write(work)
        self.door.send_away([view.token_id])
        return view

    async def _list_tokens(self, person: Person, request: api.TokenSearch) -> api.TokenViews:
        def work(session: Session) -> list[api.TokenView]:
            return [self._issuing.view(token) for token in self._issuing.listed(session, person, request.user)]

        return api.TokenViews(tokens=await self._database.read(work))

    async def _change(self, work: Callable[[Session], User]) -> api.UserView:
        return await self._database.write(lambda session: self.people.view(work(session)))

    def _issued(self, token: Token, text: str) -> api.TokenIssued:
        return api.TokenIssued(**self._issuing.view(token).model_dump(), token=text)

    def _warnings(self, session: Session) -> list[str]:
        bootstrap = session.get(Token, BOOTSTRAP)
        if bootstrap is None or status_of(bootstrap, self._clock.now()) != "LIVE":
            return []
        named = session.scalar(
            select(func.count()).select_from(User).where(User.name != BOOTSTRAP, User.disabled_at.is_(None))
        )
        if not named:
            return []
        return [
            f"the bootstrap token names nobody and has every role, beside {named} with names of their own:"
            " interconn token revoke bootstrap"
        ]
