"""How a node is: what it tells its people, probes and metrics."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import interconn
from interconn.access import Access
from interconn.api.node import NodeStatus
from interconn.api.own import Person
from interconn.components import Components
from interconn.control import Control
from interconn.identity.key_ring import KeyRing
from interconn.identity.node import NodeIdentity
from interconn.identity.trust import CertificateTrust
from interconn.management import Management
from interconn.node.audit_trail import AuditTrail
from interconn.standard.wire import Empty
from interconn.state import outbox
from interconn.state.database import Database
from interconn.trail.service import contradiction
from interconn.transport import Transport


class Status:
    """Asks the parts of a node how they are.

    Args:
        node: this node's name card.
        started_at: when it was started, epoch milliseconds.
        keys: this node's keys.
        database: its state.
        certificates: under which partners' certificates are believed.
        transport: sessions.
        components: that it launches.
        management: contracts and approvals.
        control: jobs.
        access: its own people.
        audit_trail: its audit trail.
        listeners: tells where each listens.
        notes: what a person should know of how it is configured.

    Attributes:
        ready: whether it serves.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        started_at: int,
        keys: KeyRing,
        database: Database,
        certificates: CertificateTrust,
        transport: Transport,
        components: Components,
        management: Management,
        control: Control,
        access: Access,
        audit_trail: AuditTrail,
        listeners: Callable[[], dict[str, str]],
        notes: list[str],
    ) -> None:
        self.ready = False
        self._node = node
        self._started_at = started_at
        self._keys = keys
        self._database = database
        self._certificates = certificates
        self._transport = transport
        self._components = components
        self._management = management
        self._control = control
        self._access = access
        self._audit_trail = audit_trail
        self._listeners = listeners
        self._notes = notes

    async def tell(self) -> NodeStatus:
        """Return how the node is."""
        read, newest = self._database.read, self._keys.newest.credential
        contradicting = await self._audit_trail.trail.contradicting()
        return NodeStatus(
            node_id=self._node.node_id,
            inst_id=self._node.inst_id,
            institution=self._node.institution,
            name=self._node.name,
            version=interconn.__version__,
            address=self._node.address,
            auth_type=newest.auth_type.value,
            fingerprint=newest.fingerprint,
            own_keys=await read(self._management.own_node.view),
            listeners=self._listeners(),
            started_at=self._started_at,
            ready=self.ready,
            contracts=await read(self._management.count_contracts),
            jobs=await read(self._control.count_jobs),
            sessions=len(self._transport.sessions()),
            waiting_messages=await read(outbox.count_waiting),
            oldest_waiting=await read(outbox.oldest_waiting),
            drift=await read(self._management.count_drift),
            contradicting_trails=contradicting,
            warnings=[*await self.warnings(), *map(contradiction, contradicting)],
        )

    async def warnings(self) -> list[str]:
        """Return what a person should know of how the node is run."""
        return [
            *self._notes,
            *self._certificates.warnings(),
            *self._management.warnings(),
            *self._components.warnings(),
            *await self._access.warnings(),
        ]

    async def serve(self, _person: Person, _request: Empty) -> NodeStatus:
        """Answer a person."""
        return await self.tell()

    async def readyz(self, _request: Request) -> Response:
        """Answer a probe: 200 as long as something can be decided here, else 503."""
        # A database that is away comes back without anybody starting the node anew; until then nothing can be decided.
        trouble = await self._database.trouble() if self.ready else ""
        if trouble:
            return JSONResponse({"ready": False, "reason": f"database: {trouble}"}, status_code=503)
        return JSONResponse({"ready": self.ready}, status_code=200 if self.ready else 503)
