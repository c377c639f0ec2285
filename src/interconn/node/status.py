"""How a node is: what it tells its people, probes and metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import interconn
from interconn.api.node import NodeStatus
from interconn.api.own import Person
from interconn.standard.wire import Empty
from interconn.state import outbox
from interconn.trail.service import contradiction

if TYPE_CHECKING:
    from interconn.node.node import Node


class Status:
    """Asks the parts of a node how they are.

    Args:
        node: that is asked.
    """

    def __init__(self, node: Node) -> None:
        self._node = node

    async def tell(self) -> NodeStatus:
        """Return how the node is."""
        node = self._node
        read = node.database.read
        newest = node.keys.newest.credential
        contradicting = await node.audit_trail.trail.contradicting()
        return NodeStatus(
            node_id=node.identity.node_id,
            inst_id=node.identity.inst_id,
            institution=node.identity.institution,
            name=node.identity.name,
            version=interconn.__version__,
            address=node.identity.address,
            auth_type=newest.auth_type.value,
            fingerprint=newest.fingerprint,
            own_keys=await read(node.management.own_node.view),
            listeners={name: listener.url for name, listener in node.listeners.items()},
            started_at=node.started_at,
            ready=node.ready,
            contracts=await read(node.management.count_contracts),
            jobs=await read(node.control.count_jobs),
            sessions=len(node.transport.sessions()),
            waiting_messages=await read(outbox.count_waiting),
            oldest_waiting=await read(outbox.oldest_waiting),
            drift=await read(node.management.count_drift),
            contradicting_trails=contradicting,
            warnings=[*await self.warnings(), *map(contradiction, contradicting)],
        )

    async def warnings(self) -> list[str]:
        """Return what a person should know of how the node is run."""
        node = self._node
        return [
            *node.warnings,
            *node.certificates.warnings(),
            *node.management.warnings(),
            *node.components.warnings(),
            *await node.access.warnings(),
        ]

    async def serve(self, _person: Person, _request: Empty) -> NodeStatus:
        """Answer a person."""
        return await self.tell()

    async def readyz(self, _request: Request) -> Response:
        """Answer a probe: 200 as long as something can be decided here, else 503."""
        # A database that is away comes back without anybody starting the node anew; until then nothing can be decided.
        trouble = await self._node.database.trouble() if self._node.ready else ""
        if trouble:
            return JSONResponse({"ready": False, "reason": f"database: {trouble}"}, status_code=503)
        return JSONResponse({"ready": self._node.ready}, status_code=200 if self._node.ready else 503)
