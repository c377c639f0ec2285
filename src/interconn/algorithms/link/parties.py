"""Sets up a link from a component's environment."""

from __future__ import annotations

from interconn.algorithms.link.carrier import PushPopCarrier
from interconn.algorithms.link.link import Link, LinkLimits
from interconn.sdk.environment import Environment
from interconn.sdk.transport import TransportClient


def open_link(environment: Environment, transport: TransportClient, limits: LinkLimits | None = None) -> Link:
    """Return a link over the own node's push and pop, not yet connected.

    Ranks follow the parties in order: guest.0 is 0, host.0 is 1 and so on (ALG-LINK-rank leaves it open).

    Args:
        environment: tells the parties.
        transport: client of the own node.
        limits: bounds.
    """
    parties = environment.parties
    rank = parties.index(environment.self_party)
    return Link(PushPopCarrier(transport, parties, rank), rank, len(parties), limits)
