"""Two nodes in this process under contract, whose network is a call: with signatures, or without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from starlette.applications import Starlette

from benchmarks.one_partner import OpenGate
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.components.registry import Registry
from interconn.dialects.dialect import WireReply, WireRequest
from interconn.identity.key_files import FileKeyStore
from interconn.identity.key_ring import KeyRing
from interconn.identity.node import NodeIdentity
from interconn.identity.nonces import NonceStore
from interconn.identity.signature import Evidence, SignedRequest
from interconn.management import ContractDirectory, Management
from interconn.management.contracts.tables import Contract
from interconn.peers.delivery import Delivery
from interconn.peers.inbound import Gate
from interconn.peers.outbound import Destination, PeerClient
from interconn.standard import headers as names
from interconn.standard.endpoint import Endpoint
from interconn.standard.identifiers import new_nonce
from interconn.standard.management import AuthType
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database, database_url
from interconn.state.outbox import OutboxMessage


class CallClient(PeerClient):
    """The node's own client, whose network is a call of the other node's listener."""

    def __init__(self, listeners: dict[str, Starlette], *, signed: bool, **parts: Any) -> None:
        tls = SSLContext(PROTOCOL_TLS_CLIENT)
        super().__init__(**parts, tls=lambda: tls)
        self._listeners = listeners
        self._signed = signed

    def _headers(
        self, destination: Destination, wire: WireRequest, trace_id: str, extra: dict[str, str]
    ) -> dict[str, str]:
        if self._signed:
            return super()._headers(destination, wire, trace_id, extra)
        protection = {names.CSRF_PROTECTION: new_nonce()} if wire.method == "POST" else {}
        return {
            **wire.headers,
            **extra,
            **protection,
            names.SOURCE_NODE_ID: self._node_id,
            names.TARGET_NODE_ID: destination.node_id,
            names.NONCE: new_nonce(),
            names.TRACE_ID: trace_id,
            names.TIMESTAMP: str(self._clock.now()),
        }

    def _prove(
        self, destination: Destination, request: SignedRequest, reply: WireReply, received: dict[str, str]
    ) -> Evidence:
        if self._signed:
            return super()._prove(destination, request, reply, received)
        assert destination.credential
        return Evidence("reply", "", "", destination.credential, reply.body)

    async def _exchange(
        self, destination: Destination, wire: WireRequest, headers: dict[str, str], timeout: float
    ) -> tuple[WireReply, dict[str, str]]:
        parts = urlsplit(wire.target)
        answer: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": wire.body, "more_body": False}

        async def send(message: Any) -> None:
            answer.append(message)

        scope = {
            "type": "http",
            "method": wire.method,
            "path": parts.path,
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        await self._listeners[destination.node_id](scope, receive, send)
        received = {name.decode(): value.decode() for name, value in answer[0]["headers"]}
        body = b"".join(part.get("body", b"") for part in answer[1:])
        return WireReply(answer[0]["status"], body, received.get("content-type", "")), received


class BenchNode:
    """The management layer of one of two nodes, with its gate and its outbox.

    Args:
        home: its directory; an empty one.
        node_id: its id.
        auth_type: how it signs.
        signed: whether anything is signed and verified.
        listeners: of both nodes, by their ids; this one's is added.
    """

    def __init__(
        self, home: Path, node_id: str, auth_type: AuthType, *, signed: bool, listeners: dict[str, Starlette]
    ) -> None:
        home.mkdir()
        url = database_url(home / "node.db")
        schema.upgrade(url)
        store = FileKeyStore(home / "keys")
        store.create(auth_type)
        clock = SystemClock()
        self.node_id, self.database, self.clock = node_id, Database(url), clock
        self.keys = KeyRing(store)
        self.policy = home / "policy.toml"
        self._nonces = NonceStore(home / "nonces.db", now=clock.now())
        self._directory = ContractDirectory(self.database, clock=clock)
        parts: Any = {"node_id": node_id, "signer": self.keys, "directory": self._directory, "clock": clock}
        client = CallClient(listeners, signed=signed, **parts)
        self.management = Management(
            node=NodeIdentity(node_id, f"inst-{node_id}", node_id, node_id, f"https://{node_id}.example", "i", "1"),
            database=self.database,
            directory=self._directory,
            client=client,
            clock=clock,
            keys=self.keys,
            registry=Registry.shipped(),
            storage=home / "storage",
            policy=self.policy,
        )
        gate = (Gate if signed else OpenGate)(nonces=self._nonces, **parts)
        listeners[node_id] = Starlette(routes=gate.routes(self.management.services()))
        self._delivery = Delivery(
            database=self.database, client=client, clock=clock, correspondents=self.management.correspondents()
        )
        self._handlers = {service.endpoint.name: service.handle for service in self.management.own_services()}

    async def begin(self, other: BenchNode) -> None:
        """Bring the contract with the other node into force."""
        credential = other.keys.newest.credential
        contract = Contract(
            contract_id="contract-1",
            node_id=other.node_id,
            inst_id=f"inst-{other.node_id}",
            address=f"https://{other.node_id}.example",
            direction="PARTNER" if self.node_id < other.node_id else "APPLICANT",
            status="APPROVED",
            auth_type=credential.auth_type.value,
            auth_credential=credential.pem,
            fingerprint=credential.fingerprint,
            key_proven=True,
            key_compared=True,
            own_fingerprint=self.keys.newest.credential.fingerprint,
            trace_id="bench",
            applied_at=self.clock.now(),
        )
        await self.database.write(lambda session: session.add(contract))
        await self.management.start()

    async def ask(self, endpoint: Endpoint[Any, Any], **members: Any) -> Any:
        """Ask as one of the node's people."""
        person = Person("bench", "trace-bench", frozenset(Role))
        return await self._handlers[endpoint.name](person, endpoint.request.model_validate(members))

    async def work(self) -> int:
        """Decide what a rule decides, and send what is due; return how much that was."""
        decided = await self.management.automatic.decide_waiting()
        due: Sequence[OutboxMessage] = await self.database.read(
            lambda session: list(session.scalars(select(OutboxMessage).filter_by(state="WAITING")))
        )
        await self._delivery._send_all(due)
        return decided + len(due)

    def close(self) -> None:
        """Close the databases."""
        self.database.close()
        self._nonces.close()
