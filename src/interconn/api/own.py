"""How rows of the node's own API are made, and what serves them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from interconn.standard.endpoint import Endpoint, Face, Proof
from interconn.standard.wire import WireModel

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)

PREFIX = "/api/v1"


def own(
    name: str, method: str, path: str, request: type[Request], reply: type[Reply], summary: str
) -> Endpoint[Request, Reply]:
    """Return a row of the node's own API; its caller presents an admin token."""
    return Endpoint(
        f"own.{name}", "extension", method, f"{PREFIX}{path}", request, reply, summary, Proof.NONE, Face.NORTH_SOUTH
    )


@dataclass(frozen=True)
class Person:
    """Who asks through the admin listener.

    Attributes:
        name: for the audit trail.
        trace_id: identifier of the chain of calls that this request begins.
    """

    name: str
    trace_id: str

    @property
    def actor(self) -> str:
        """The person as the audit trail names it."""
        return f"person:{self.name}"


@dataclass(frozen=True)
class OwnService(Generic[Request, Reply]):
    """A row of the admin listener and what serves it."""

    endpoint: Endpoint[Request, Reply]
    handle: Callable[[Person, Request], Awaitable[Reply]]
