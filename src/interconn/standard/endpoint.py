"""What an endpoint is: one row, from which server, client, OpenAPI and clause coverage are made."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from interconn.standard.wire import WireModel

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)


class Face(StrEnum):
    """Who may call an endpoint, and thus on which listener it lives."""

    EAST_WEST = "east-west"  # between nodes: partner listener
    COMPONENT = "component"  # an algorithm component and its own node: component listener
    NORTH_SOUTH = "north-south"  # an institution's own people and systems: admin listener


class Proof(StrEnum):
    """What a caller between nodes must prove before an endpoint serves it (MGT-2.2-auth-sign)."""

    CONTRACT = "contract"  # a signature under an approved contract
    POSSESSION = "possession"  # a signature by the key that the body itself carries
    NONE = "none"  # served to anybody


@dataclass(frozen=True)
class Endpoint(Generic[Request, Reply]):
    """One call of the standard, or of a node's own API.

    Attributes:
        name: our name of the call, unique in the project, e.g. `contract.apply`.
        clause: clause id of the standard, or `extension`.
        method: HTTP method; several where the readings of a clause need it (resolution 2).
        path: request path.
        request: model of the body (POST) or of the query (GET).
        reply: model of `data` in the reply envelope.
        summary: one sentence for the OpenAPI document.
        proof: what a caller between nodes must prove.
        face: the listener it lives on.
        streams: whether it answers with server-sent events, of which `reply` is the data of each.
    """

    name: str
    clause: str
    method: str
    path: str
    request: type[Request]
    reply: type[Reply]
    summary: str
    proof: Proof = Proof.CONTRACT
    face: Face = Face.EAST_WEST
    also_methods: tuple[str, ...] = ()
    streams: bool = False

    @property
    def methods(self) -> tuple[str, ...]:
        """All HTTP methods that are served; the first is the one we send."""
        return (self.method, *self.also_methods)
