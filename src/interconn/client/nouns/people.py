"""The node's own people and their tokens, as verbs of both clients."""

from __future__ import annotations

from collections.abc import Sequence

from interconn.api import people as rows
from interconn.api.roles import Role
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.wire import Empty


class Users(Noun[Client]):
    """People, and what each may do."""

    @Verb
    def add(
        self, name: str, roles: Sequence[Role], *, datasets: Sequence[str] | None = None, description: str | None = None
    ) -> Question[rows.UserView]:
        """Take a person in; `datasets` bounds what a data owner decides on, None leaves it unbounded."""
        request = rows.UserAdd(
            name=name,
            roles=list(roles),
            datasets=None if datasets is None else list(datasets),
            description=description,
        )
        return Question(rows.USER_ADD, request)

    @Verb
    def list(self) -> Question[rows.UserViews]:
        """List people."""
        return Question(rows.USER_LIST, Empty())

    @Verb
    def roles(
        self, name: str, roles: Sequence[Role], *, datasets: Sequence[str] | None = None
    ) -> Question[rows.UserView]:
        """Give a person these roles and no others."""
        request = rows.UserRoles(name=name, roles=[*roles], datasets=None if datasets is None else [*datasets])
        return Question(rows.USER_ROLES, request)

    @Verb
    def disable(self, name: str) -> Question[rows.UserView]:
        """Keep a person out, at once and with all tokens."""
        return Question(rows.USER_DISABLE, rows.UserReference(name=name))

    @Verb
    def enable(self, name: str) -> Question[rows.UserView]:
        """Let a person in again."""
        return Question(rows.USER_ENABLE, rows.UserReference(name=name))

    @Verb
    def me(self) -> Question[rows.WhoAmI]:
        """Ask who the node takes this client to be."""
        return Question(rows.USER_ME, Empty())


class Tokens(Noun[Client]):
    """Tokens by which people are known."""

    @Verb
    def create(
        self,
        user: str | None = None,
        *,
        roles: Sequence[Role] | None = None,
        read_only: bool = False,
        expires_at: int | None = None,
        description: str | None = None,
    ) -> Question[rows.TokenIssued]:
        """Make a token, of one's own where no person is named; the answer alone holds it."""
        request = rows.TokenCreate(
            user=user,
            roles=None if roles is None else [*roles],
            read_only=read_only,
            expires_at=expires_at,
            description=description,
        )
        return Question(rows.TOKEN_CREATE, request)

    @Verb
    def list(self, *, user: str | None = None) -> Question[rows.TokenViews]:
        """List tokens: all to an admin or auditor, one's own to others."""
        return Question(rows.TOKEN_LIST, rows.TokenSearch(user=user))

    @Verb
    def revoke(self, token_id: str) -> Question[rows.TokenView]:
        """End a token at once."""
        return Question(rows.TOKEN_REVOKE, rows.TokenReference(token_id=token_id))

    @Verb
    def rotate(self, token_id: str | None = None, *, overlap_minutes: int = 0) -> Question[rows.TokenIssued]:
        """Replace a token by a new one of the same scope; the one presented where none is named."""
        return Question(rows.TOKEN_ROTATE, rows.TokenRotate(token_id=token_id, overlap_minutes=overlap_minutes))
