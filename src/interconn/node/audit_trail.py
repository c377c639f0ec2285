"""The audit trail of a running node put together: its heads, their exchange with partners, and what people may ask."""

from __future__ import annotations

from typing import Any

from interconn.api.own import OwnService
from interconn.identity.keys import OwnKeys
from interconn.identity.node import NodeIdentity
from interconn.peers.directory import PeerDirectory
from interconn.peers.head_exchange import HeadExchange
from interconn.peers.inbound import Service
from interconn.peers.outbound import PeerClient
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.trail.keeping import Heads
from interconn.trail.service import Trail


class AuditTrail:
    """What a node does about its audit trail beside writing it.

    Args:
        node: this node's name card.
        database: where the trail is.
        client: to other nodes.
        directory: the partners.
        keys: this node's keys.
        clock: time.
        pause_seconds: how long entries gather before a head of them is sent.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        client: PeerClient,
        directory: PeerDirectory,
        keys: OwnKeys,
        clock: Clock,
        pause_seconds: float,
    ) -> None:
        heads = Heads(node_id=node.node_id, signer=keys.toward, clock=clock)
        self.exchange = HeadExchange(
            database=database,
            client=client,
            directory=directory,
            heads=heads,
            clock=clock,
            pause_seconds=pause_seconds,
        )
        self.trail = Trail(
            node=node, database=database, heads=heads, clock=clock, obstacles=lambda: self.exchange.obstacles
        )

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return self.exchange.services()

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return self.trail.own_services()
