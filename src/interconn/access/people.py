"""People: taken in, given roles, kept out. Every function runs inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.access.policy import Policy
from interconn.access.tables import Token, User
from interconn.access.token_text import BOOTSTRAP
from interconn.api import people as api
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.standard.errors import ContentConflict, NotFound, Refused
from interconn.state.clock import Clock
from interconn.trail import entries

DECIDING_ON_DATA = frozenset({Role.DATA_OWNER, Role.APPROVER})


class People:
    """Keeps people.

    Args:
        clock: time.
        policy: whether duties are kept apart.

    Attributes:
        when_trusted_less: told the actor of whoever is kept out or has fewer roles or data sets, in that transaction.
    """

    def __init__(self, *, clock: Clock, policy: Policy) -> None:
        self._clock = clock
        self._policy = policy
        self.when_trusted_less: Callable[[Session, str], None] = _nothing

    def add(self, session: Session, person: Person, request: api.UserAdd) -> User:
        """Take a person in.

        Raises:
            ContentConflict: the name is somebody's already, also if kept out: the audit trail names people by it.
            Refused: the roles do not go together.
        """
        if session.get(User, request.name) or request.name == BOOTSTRAP:
            raise ContentConflict(
                f"there is a person {request.name} already",
                where="name",
                hint="A name is never given twice, as the audit trail names people by it; 'interconn user list'",
            )
        self._check(request.roles, request.datasets)
        user = User(
            name=request.name,
            description=request.description or "",
            roles=_sorted(request.roles),
            datasets=None if request.datasets is None else sorted(set(request.datasets)),
            created_at=self._clock.now(),
            created_by=person.actor,
            disabled_at=None,
        )
        session.add(user)
        self._record(session, person, "user.add", user)
        return user

    def give_roles(self, session: Session, person: Person, request: api.UserRoles) -> User:
        """Give a person these roles and no others; tokens of narrower scope stay narrower.

        Raises:
            Refused: one's own roles, roles that do not go together, or nobody would be left to manage people.
        """
        user = self.named(session, request.name)
        if user.name == person.name:
            raise Refused("nobody changes roles of one's own", where="name", hint="Another admin does")
        self._refuse_bootstrap(user)
        self._check(request.roles, request.datasets)
        before = set(user.roles), user.datasets
        user.roles = _sorted(request.roles)
        user.datasets = None if request.datasets is None else sorted(set(request.datasets))
        self._record(session, person, "user.roles", user)
        if before[0] - set(user.roles) or before[1] != user.datasets:
            self.when_trusted_less(session, f"person:{user.name}")
        self.require_somebody(session)
        return user

    def disable(self, session: Session, person: Person, name: str) -> User:
        """Keep a person out, with all tokens; doing so twice changes nothing.

        Raises:
            Refused: nobody would be left to manage people.
        """
        user = self.named(session, name)
        self._refuse_bootstrap(user)
        if user.disabled_at is None:
            user.disabled_at = self._clock.now()
            self._record(session, person, "user.disable", user)
            self.when_trusted_less(session, f"person:{user.name}")
            self.require_somebody(session)
        return user

    def enable(self, session: Session, person: Person, name: str) -> User:
        """Let a person in again, with the tokens that were neither revoked nor have expired."""
        user = self.named(session, name)
        self._refuse_bootstrap(user)
        if user.disabled_at is not None:
            user.disabled_at = None
            self._record(session, person, "user.enable", user)
        return user

    def named(self, session: Session, name: str) -> User:
        """Return a person by name.

        Raises:
            NotFound: there is none.
        """
        user = session.get(User, name)
        if user is None:
            raise NotFound(f"there is no person {name}", where="name", hint="interconn user list")
        return user

    def require_somebody(self, session: Session) -> None:
        """Check that somebody is left who may manage people.

        Raises:
            Refused: nobody would be; nothing is changed then.
        """
        session.flush()
        live = select(Token).join(User).where(Token.revoked_at.is_(None), User.disabled_at.is_(None))
        now = self._clock.now()
        for token in session.scalars(live):
            lasting = token.expires_at is None or token.expires_at > now
            if lasting and not token.read_only and Role.ADMIN in roles_of(token):
                return
        raise Refused(
            "nobody would be left with a token to manage people and tokens",
            hint="Make a token for an admin first: interconn token create --user NAME",
        )

    def view(self, user: User) -> api.UserView:
        """Return a person as others see it."""
        now = self._clock.now()
        return api.UserView(
            name=user.name,
            roles=[Role(role) for role in user.roles],
            datasets=user.datasets,
            description=user.description,
            disabled=user.disabled_at is not None,
            live_tokens=sum(status_of(token, now) == "LIVE" for token in user.tokens),
            created_at=user.created_at,
            created_by=user.created_by,
        )

    def _check(self, roles: Iterable[Role], datasets: list[str] | None) -> None:
        held = frozenset(roles)
        if datasets is not None and Role.DATA_OWNER not in held:
            raise Refused("only a data owner answers for named data sets", where="datasets")
        if not self._policy.separate_duties:
            return
        hint = "Give them to two persons; a house too small for that sets [access] separate_duties = false"
        if Role.ADMIN in held and held & DECIDING_ON_DATA:
            raise Refused(
                "whoever manages people does not decide on the use of data: admin goes with neither data_owner"
                " nor approver",
                where="roles",
                hint=hint,
            )
        if Role.AUDITOR in held and len(held) > 1:
            raise Refused("an auditor is nothing else, or would judge deeds of one's own", where="roles", hint=hint)

    def _refuse_bootstrap(self, user: User) -> None:
        if user.name == BOOTSTRAP:
            raise Refused(
                "the bootstrap token is nobody's; it has every role or is revoked",
                where="name",
                hint="interconn token revoke bootstrap",
            )

    def _record(self, session: Session, person: Person, action: str, user: User) -> None:
        details: dict[str, Any] = {"roles": user.roles}
        if user.datasets is not None:
            details["datasets"] = user.datasets
        entries.record(
            session,
            at=self._clock.now(),
            actor=person.actor[:160],
            action=action,
            subject=f"user:{user.name}",
            trace_id=person.trace_id[:128],
            details=details,
        )


def roles_of(token: Token) -> frozenset[Role]:
    """Return what a token may do: its scope within its person's present roles."""
    held = frozenset(Role(role) for role in token.user.roles)
    return held if token.roles is None else held & frozenset(Role(role) for role in token.roles)


def status_of(token: Token, now: int) -> str:
    """Return how a token stands: LIVE, EXPIRED, REVOKED or DISABLED."""
    if token.revoked_at is not None:
        return "REVOKED"
    if token.expires_at is not None and token.expires_at <= now:
        return "EXPIRED"
    return "LIVE" if token.user.disabled_at is None else "DISABLED"


def _nothing(_session: Session, _actor: str) -> None:
    pass


def _sorted(roles: Iterable[Role]) -> list[str]:
    return sorted({role.value for role in roles})
