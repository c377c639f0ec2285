"""A node in this process that has one partner, and the partner's requests to it, with signatures or without."""

from __future__ import annotations

import json
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

from sqlalchemy.orm import Session
from starlette.applications import Starlette

from interconn.components.registry import Registry
from interconn.dialects.dialect import WireReply
from interconn.identity.key_files import FileKeyStore
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import Signer
from interconn.identity.node import NodeIdentity
from interconn.identity.nonces import NonceStore
from interconn.identity.signature import Evidence, SignedRequest
from interconn.identity.trust import CertificateTrust
from interconn.management import ContractDirectory, Management
from interconn.management.contracts.tables import Contract
from interconn.peers.directory import Peer
from interconn.peers.inbound import Arrival, Gate
from interconn.peers.outbound import PeerClient
from interconn.standard.identifiers import new_nonce
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database, database_url


class OpenGate(Gate):
    """The gate with signatures off; here alone."""

    def prove(self, arrival: Arrival) -> tuple[Peer, Evidence]:
        """Check headers, contract and nonce, and no signature."""
        source = self._check_headers(arrival)
        peer = self._directory.usable(source)
        self._accept_nonce(source, arrival)
        return peer, Evidence("request", "", "", peer.credential, arrival.body)

    def sign(self, arrival: Arrival, reply: WireReply) -> dict[str, str]:
        """Sign nothing."""
        return {"content-type": reply.content_type}


class OneNode:
    """The management layer of node-b on a database of its own, under contract with node-a.

    Args:
        home: its directory, which holds its keys already.
        partner: signs for node-a.
        trust: in certificates, where keys have any.
    """

    def __init__(self, home: Path, partner: Signer, trust: CertificateTrust | None = None) -> None:
        url = database_url(home / "node.db")
        schema.upgrade(url)
        self.clock, self.database = SystemClock(), Database(url)
        self._partner = partner
        self._keys = KeyRing(FileKeyStore(home / "keys"))
        self._nonces = NonceStore(home / "nonces.db", now=self.clock.now())
        self._directory = ContractDirectory(self.database, clock=self.clock, trust=trust)
        tls = SSLContext(PROTOCOL_TLS_CLIENT)
        self._management = Management(
            node=NodeIdentity("node-b", "inst-b", "B", "node b", "https://b.example", "interconn", "1"),
            database=self.database,
            directory=self._directory,
            client=PeerClient(
                node_id="node-b", signer=self._keys, directory=self._directory, clock=self.clock, tls=lambda: tls
            ),
            clock=self.clock,
            keys=self._keys,
            registry=Registry.shipped(),
            storage=home / "storage",
        )

    async def sign_contract(self) -> None:
        """Bring the contract with the partner into force."""
        await self.database.write(self._contract)
        await self._directory.load()

    def listener(self, kind: type[Gate]) -> Starlette:
        """Return what serves the partner, behind a gate of some kind."""
        gate = kind(
            node_id="node-b", signer=self._keys, directory=self._directory, nonces=self._nonces, clock=self.clock
        )
        return Starlette(routes=gate.routes(self._management.services()))

    def request(self, target: str) -> dict[str, str]:
        """Return the headers of a request of the partner, signed now."""
        headers = {
            "x-source-node-id": "node-a",
            "x-target-node-id": "node-b",
            "x-nonce": new_nonce(),
            "x-trace-id": "bench",
            "x-timestamp": str(self.clock.now()),
        }
        headers["x-auth-sign"] = SignedRequest("GET", target, headers, b"").sign(self._partner)
        return headers

    def close(self) -> None:
        """Close the databases."""
        self.database.close()
        self._nonces.close()

    def _contract(self, session: Session) -> None:
        credential = self._partner.credential
        session.add(
            Contract(
                contract_id="contract-1",
                node_id="node-a",
                inst_id="inst-a",
                address="https://a.example",
                direction="PARTNER",
                status="APPROVED",
                auth_type=credential.auth_type.value,
                auth_credential=credential.pem,
                fingerprint=credential.fingerprint,
                key_proven=True,
                key_compared=True,
                own_fingerprint=self._keys.newest.credential.fingerprint,
                trace_id="bench",
                applied_at=self.clock.now(),
            )
        )


async def get(listener: Starlette, target: str, headers: dict[str, str]) -> dict[str, Any]:
    """Ask a listener in this process; return the envelope of its answer."""
    path, _, query = target.partition("?")
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await listener(scope, receive, send)
    found: dict[str, Any] = json.loads(answer[1]["body"])
    return found
