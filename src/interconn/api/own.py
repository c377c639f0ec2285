"""How rows of the node's own API are made, and what serves them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from interconn.api.roles import Role
from interconn.standard.endpoint import Endpoint, Face, Proof
from interconn.standard.errors import RoleMissing
from interconn.standard.wire import WireModel

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)
Event = TypeVar("Event", covariant=True)

PREFIX = "/api/v1"
BOOTSTRAP = "bootstrap"
"""Name of whoever presents the token that a node begins with: it names nobody."""


def own(
    name: str, method: str, path: str, request: type[Request], reply: type[Reply], summary: str
) -> Endpoint[Request, Reply]:
    """Return a row of the node's own API; its caller presents an admin token."""
    return Endpoint(
        f"own.{name}", "extension", method, f"{PREFIX}{path}", request, reply, summary, Proof.NONE, Face.NORTH_SOUTH
    )


def stream(name: str, path: str, request: type[Request], event: type[Reply], summary: str) -> Endpoint[Request, Reply]:
    """Return a row of the node's own API that answers with server-sent events, each of the model `event`."""
    return replace(own(name, "GET", path, request, event, summary), streams=True)


@dataclass(frozen=True)
class Person:
    """Who asks through the admin listener.

    Attributes:
        name: for the audit trail; all tokens of one person bear it.
        trace_id: identifier of the chain of calls that this request begins.
        roles: what the person may do with the token presented; nothing by default.
        token_id: public id of that token.
        datasets: the data sets that a data owner answers for; None for all.
        may_change: whether the token is for more than reading.
    """

    name: str
    trace_id: str
    roles: frozenset[Role] = frozenset()
    token_id: str = ""
    datasets: frozenset[str] | None = None
    may_change: bool = True

    @property
    def actor(self) -> str:
        """The person as the audit trail names it."""
        return f"person:{self.name}"

    @property
    def is_somebody(self) -> bool:
        """Whether the token presented is one person's own."""
        return self.name != BOOTSTRAP

    @property
    def authority(self) -> dict[str, Any]:
        """How the person was known, as the audit trail keeps it: roles and public id of the token, no secret."""
        return {"kind": "person", "roles": sorted(self.roles), "token_id": self.token_id}

    def require(self, *roles: Role, to: str) -> None:
        """Check that the person has one of some roles.

        Args:
            roles: any one is enough; none means that nobody may.
            to: what the person is about to do, e.g. "decide on contracts".

        Raises:
            RoleMissing: the person has none of them.
        """
        if self.roles.isdisjoint(roles):
            wanted = " or ".join(sorted(roles)) or "no role there is"
            held = ", ".join(sorted(self.roles)) or "none"
            raise RoleMissing(
                f"{self.name} may not {to}: it takes the role {wanted}, and this token has {held}",
                where="authorization",
                hint="An admin gives roles: interconn user roles NAME; docs/access.md says which call takes which",
            )

    def require_change(self, to: str) -> None:
        """Check that the token is for more than reading.

        Raises:
            RoleMissing: it is not.
        """
        if not self.may_change:
            raise RoleMissing(
                f"{self.name} may not {to}: this token is for reading only",
                where="authorization",
                hint="Use another: interconn token create",
            )

    def require_dataset(self, dataset_id: str) -> None:
        """Check that the person answers for a data set.

        Raises:
            RoleMissing: the person's data sets are named, and it is not among them.
        """
        if self.datasets is not None and dataset_id not in self.datasets:
            raise RoleMissing(
                f"{self.name} answers for other data sets than {dataset_id or 'one without a name'}",
                where="dataset_id",
                hint="An admin names the data sets of a data owner: interconn user roles NAME --dataset ID",
            )


class Watching(Protocol[Event]):
    """What one watcher is still to be told."""

    def over(self) -> bool:
        """Return whether the watcher knows all there will ever be."""
        ...

    async def news(self, seconds: float) -> Sequence[Event]:
        """Return what is news to the watcher, waiting for it so long at most; nothing where there is none."""
        ...

    def close(self) -> None:
        """Forget the watcher."""
        ...


@dataclass(frozen=True)
class OwnStream(Generic[Request]):
    """A row of the admin listener that answers with events, and what opens a stream of them.

    `open` takes who asks, for what, and the id of the last event that they have; empty where they have none.
    """

    endpoint: Endpoint[Request, Any]
    open: Callable[[Person, Request, str], Coroutine[Any, Any, Watching[Any]]]


@dataclass(frozen=True)
class OwnService(Generic[Request, Reply]):
    """A row of the admin listener and what serves it."""

    endpoint: Endpoint[Request, Reply]
    handle: Callable[[Person, Request], Awaitable[Reply]]
