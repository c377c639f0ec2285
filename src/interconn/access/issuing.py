"""Tokens: made, replaced, revoked. Every function runs inside a transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.access.people import People, roles_of, status_of
from interconn.access.policy import Policy
from interconn.access.tables import Token, User
from interconn.access.token_text import BOOTSTRAP, new_secret, new_token_id, parse
from interconn.api import people as api
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.standard.errors import InvalidRequest, NotFound, Refused, RoleMissing
from interconn.state.clock import Clock
from interconn.trail import entries

DAY = 24 * 3600 * 1000


class Issuing:
    """Keeps tokens.

    Args:
        clock: time.
        policy: how long they last.
        people: whose they are.
    """

    def __init__(self, *, clock: Clock, policy: Policy, people: People) -> None:
        self._clock = clock
        self._policy = policy
        self._people = people

    def create(self, session: Session, person: Person, request: api.TokenCreate) -> tuple[Token, str]:
        """Make a token; return it and its text, which is kept nowhere.

        Raises:
            RoleMissing: it is for somebody else, and the caller is no admin; or it would do more than the caller may.
            InvalidRequest: it would last longer than is allowed.
            Refused: its person is kept out.
        """
        own = request.user in (None, person.name)
        if not own:
            person.require(Role.ADMIN, to="make a token for somebody else")
        user = self._people.named(session, request.user or person.name)
        if user.name == BOOTSTRAP:
            raise Refused(
                "the bootstrap token has no second", where="user", hint="Take a person in: interconn user add NAME"
            )
        if user.disabled_at is not None:
            raise Refused(f"{user.name} is kept out", where="user", hint=f"interconn user enable {user.name}")
        token = self._new(
            user,
            person,
            roles=self._scope(user, person, request, own),
            read_only=request.read_only,
            expires_at=self._end(request.expires_at),
            description=request.description or "",
        )
        return self._issue(session, person, token, "token.create")

    def rotate(self, session: Session, person: Person, request: api.TokenRotate) -> tuple[Token, str]:
        """Put a new token of the same scope in the place of an old one, which ends now or after the overlap.

        Raises:
            Refused: the old one is not live, or it is the bootstrap token.
            RoleMissing: it is somebody else's, or may do more than the token presented.
        """
        old = self._of(session, person, request.token_id or person.token_id)
        if old.token_id == BOOTSTRAP:
            raise Refused(
                "the bootstrap token lies in a file of the node's home and is replaced there",
                where="token_id",
                hint="Write another into admin.token and restart the node, or revoke it",
            )
        now = self._clock.now()
        if status_of(old, now) != "LIVE":
            raise Refused(f"the token is {status_of(old, now)}", where="token_id", hint="interconn token create")
        if old.user_name != person.name:
            raise RoleMissing(
                "whoever replaces a token holds its successor, so each does so for oneself",
                where="token_id",
                hint="Revoke it, and make another: interconn token revoke, interconn token create --user NAME",
            )
        self._require_no_wider(roles_of(old), person)
        token = self._new(
            old.user,
            person,
            roles=old.roles,
            read_only=old.read_only,
            expires_at=now + self._policy.token_days * DAY,
            description=old.description,
        )
        if request.overlap_minutes:
            until = now + request.overlap_minutes * 60_000
            old.expires_at = until if old.expires_at is None else min(old.expires_at, until)
        else:
            old.revoked_at = now
        return self._issue(session, person, token, "token.rotate", replaces=old.token_id)

    def revoke(self, session: Session, person: Person, token_id: str) -> Token:
        """End a token at once; doing so twice changes nothing.

        Raises:
            NotFound: there is none, or it is none of the caller's to know of.
            Refused: nobody would be left to manage people.
        """
        token = self._of(session, person, token_id)
        if token.revoked_at is None:
            token.revoked_at = self._clock.now()
            self.record(session, person, "token.revoke", token)
            self._people.require_somebody(session)
        return token

    def listed(self, session: Session, person: Person, user: str | None) -> list[Token]:
        """Return tokens: all or some person's to an admin or auditor, one's own to anybody else."""
        wanted = select(Token).order_by(Token.created_at, Token.token_id)
        if person.roles.isdisjoint({Role.ADMIN, Role.AUDITOR}):
            wanted = wanted.where(Token.user_name == person.name)
        if user is not None:
            wanted = wanted.where(Token.user_name == user)
        return list(session.scalars(wanted))

    def adopt_bootstrap(self, session: Session, text: str | None) -> Token | None:
        """Take note of the token in the node's home; one that was not seen before counts, whatever became of others.

        Whoever can write there can act as the institution, so this is also the way back in when nobody has a token.

        Args:
            session: of the transaction.
            text: what the file holds; None where there is none, and then no such token counts any longer.
        """
        now = self._clock.now()
        known = session.get(Token, BOOTSTRAP)
        if text is None:
            if known and known.revoked_at is None:
                known.revoked_at = now
                self._record_alone(session, "token.bootstrap_gone")
            return known
        presented = parse(text)
        if presented.token_id != BOOTSTRAP:
            raise InvalidRequest("the file holds a token of another kind", where="admin.token")
        if known and known.digest == presented.digest:
            return known
        if known is None:
            every = sorted(role.value for role in Role)
            user = User(name=BOOTSTRAP, roles=every, created_at=now, created_by="system", disabled_at=None)
            user.description, user.datasets = "made by 'interconn node init'; nobody in particular", None
            known = Token(token_id=BOOTSTRAP, user=user, read_only=False, created_by="system", description="")
            session.add(user)
        known.digest, known.created_at, known.revoked_at = presented.digest, now, None
        known.expires_at = known.last_used_at = known.roles = None
        self._record_alone(session, "token.bootstrap")
        return known

    def view(self, token: Token) -> api.TokenView:
        """Return what is known of a token."""
        return api.TokenView(
            token_id=token.token_id,
            user=token.user_name,
            roles=sorted(roles_of(token)),
            read_only=token.read_only,
            status=status_of(token, self._clock.now()),
            description=token.description,
            created_at=token.created_at,
            created_by=token.created_by,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            revoked_at=token.revoked_at,
        )

    def record(self, session: Session, person: Person, action: str, token: Token, **details: Any) -> None:
        """Append to the audit trail in the transaction of the change."""
        entries.record(
            session,
            at=self._clock.now(),
            actor=person.actor[:160],
            action=action,
            subject=f"token:{token.token_id}",
            trace_id=person.trace_id[:128],
            details={"user": token.user_name, **details},
        )

    def _of(self, session: Session, person: Person, token_id: str) -> Token:
        token = session.get(Token, token_id)
        if token is None or (token.user_name != person.name and Role.ADMIN not in person.roles):
            raise NotFound("there is no such token of yours", where="token_id", hint="interconn token list")
        return token

    def _scope(self, user: User, person: Person, request: api.TokenCreate, own: bool) -> list[str] | None:
        held = frozenset(Role(role) for role in user.roles)
        wanted = held if request.roles is None else frozenset(request.roles)
        if wanted - held:
            raise InvalidRequest(
                f"{user.name} has no role {', '.join(sorted(wanted - held))}",
                where="roles",
                hint=f"It has {', '.join(sorted(held))}",
            )
        if own:  # a token that was narrowed does not widen itself
            wanted = wanted & person.roles if request.roles is None else wanted
            self._require_no_wider(wanted, person)
            return None if wanted == held and request.roles is None else sorted(wanted)
        return None if request.roles is None else sorted(wanted)

    def _require_no_wider(self, wanted: frozenset[Role], person: Person) -> None:
        if wanted - person.roles:
            raise RoleMissing(
                f"the token presented has no role {', '.join(sorted(wanted - person.roles))}", where="roles"
            )

    def _end(self, asked: int | None) -> int:
        now, longest = self._clock.now(), self._policy.token_days_maximum
        if asked is None:
            return now + min(self._policy.token_days, longest) * DAY
        if asked <= now:
            raise InvalidRequest("the token would have expired already", where="expires_at")
        if asked > now + longest * DAY:
            raise InvalidRequest(
                f"a token lasts {longest} days at most", where="expires_at", hint="[access] token_days_maximum says so"
            )
        return asked

    def _new(self, user: User, person: Person, **parts: Any) -> Token:
        now = self._clock.now()
        return Token(token_id=new_token_id(), user=user, created_at=now, created_by=person.actor, **parts)

    def _issue(self, session: Session, person: Person, token: Token, action: str, **details: Any) -> tuple[Token, str]:
        text = new_secret(token.token_id)
        token.digest = parse(text).digest
        session.add(token)
        session.flush()
        scope = {"roles": token.roles or token.user.roles, "read_only": token.read_only, "expires": token.expires_at}
        self.record(session, person, action, token, **scope, **details)
        return token, text

    def _record_alone(self, session: Session, action: str) -> None:
        entries.record(session, at=self._clock.now(), actor="system", action=action, subject=f"token:{BOOTSTRAP}")
