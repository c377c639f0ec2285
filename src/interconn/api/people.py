"""The node's own people and the tokens by which they are known."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from interconn.api.own import own
from interconn.api.roles import Role
from interconn.standard.identifiers import Identifier
from interconn.standard.management import Text
from interconn.standard.wire import Empty, WireModel


class UserAdd(WireModel):
    """Take a person in. Named data sets bound what a data owner may decide on."""

    name: Identifier
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    datasets: list[Identifier] | None = Field(default=None, max_length=10_000)
    description: Text | None = None


class UserRoles(WireModel):
    """Give a person these roles and no others, at once and for all tokens."""

    name: Identifier
    roles: list[Role] = Field(min_length=1, max_length=len(Role))
    datasets: list[Identifier] | None = Field(default=None, max_length=10_000)


class UserReference(WireModel):
    """A person by name."""

    name: Identifier


class UserView(WireModel):
    """A person as the node knows it."""

    name: str
    roles: list[Role]
    datasets: list[str] | None = Field(default=None, description="data sets that a data owner answers for; absent: all")
    description: str = ""
    disabled: bool = False
    live_tokens: int = 0
    created_at: int
    created_by: str


class UserViews(WireModel):
    """All persons."""

    users: list[UserView]


class TokenCreate(WireModel):
    """Make a token, for oneself or, as admin, for somebody else. It can do no more than who makes it for oneself."""

    user: Identifier | None = Field(default=None, description="whose it is; absent: one's own")
    roles: list[Role] | None = Field(default=None, min_length=1, description="some of the person's; absent: all")
    read_only: bool = False
    expires_at: int | None = Field(default=None, ge=1, description="when it ends, epoch ms; absent: as configured")
    description: Text | None = None


class TokenRotate(WireModel):
    """Replace a token by a new one of the same scope."""

    token_id: Identifier | None = Field(default=None, description="absent: the one presented")
    overlap_minutes: int = Field(default=0, ge=0, le=7 * 24 * 60, description="how long the old one goes on")


class TokenReference(WireModel):
    """A token by its public id."""

    token_id: Identifier


class TokenSearch(WireModel):
    """Whose tokens to list."""

    user: Identifier | None = None


class TokenView(WireModel):
    """What is known of a token; its secret is not."""

    token_id: str
    user: str
    roles: list[Role] = Field(description="what it may do now: the person's roles, as far as its scope goes")
    read_only: bool = False
    status: str = Field(description="LIVE, EXPIRED, REVOKED or DISABLED (its person is)")
    description: str = ""
    created_at: int
    created_by: str
    expires_at: int | None = None
    last_used_at: int | None = Field(default=None, description="to the minute")
    revoked_at: int | None = None


class TokenViews(WireModel):
    """Some tokens."""

    tokens: list[TokenView]


class TokenIssued(TokenView):
    """A new token; its secret is shown this once."""

    token: str = Field(repr=False)


class WhoAmI(WireModel):
    """Who the node takes the caller to be."""

    name: str
    token_id: str
    roles: list[Role]
    read_only: bool
    datasets: list[str] | None = None


USER_ADD: Final = own("user.add", "POST", "/users/add", UserAdd, UserView, "Take a person in.")
USER_LIST: Final = own("user.list", "GET", "/users", Empty, UserViews, "List persons.")
USER_ROLES: Final = own("user.roles", "POST", "/users/roles", UserRoles, UserView, "Give a person these roles.")
USER_DISABLE: Final = own("user.disable", "POST", "/users/disable", UserReference, UserView, "Keep a person out.")
USER_ENABLE: Final = own("user.enable", "POST", "/users/enable", UserReference, UserView, "Let a person in again.")
USER_ME: Final = own("user.me", "GET", "/users/me", Empty, WhoAmI, "Who the caller is, and what it may do.")
TOKEN_CREATE: Final = own("token.create", "POST", "/tokens/create", TokenCreate, TokenIssued, "Make a token.")
TOKEN_LIST: Final = own("token.list", "GET", "/tokens", TokenSearch, TokenViews, "List tokens, never their secrets.")
TOKEN_REVOKE: Final = own("token.revoke", "POST", "/tokens/revoke", TokenReference, TokenView, "End a token at once.")
TOKEN_ROTATE: Final = own("token.rotate", "POST", "/tokens/rotate", TokenRotate, TokenIssued, "Replace a token.")

ENDPOINTS: Final = (
    USER_ADD, USER_LIST, USER_ROLES, USER_DISABLE, USER_ENABLE, USER_ME,
    TOKEN_CREATE, TOKEN_LIST, TOKEN_REVOKE, TOKEN_ROTATE,
)  # fmt: skip
