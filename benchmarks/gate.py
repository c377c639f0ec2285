"""A partner's signed request, proven, handled and answered signed: requests a second of one core, by auth_type.

The node's own gate, nonces, directory of contracts and data set list (MGT-4.1) on a database of its own, called in
this process, so that nothing is counted but what the node does with a request; both sides sign in the same way. The
baseline is the same gate with signatures off: headers, contract and nonce are checked, nothing is verified or signed.
Seconds are those of the processor, threads included. Each way of signing is measured several times in turn, and the
median is given, for other work on the machine makes some turns slow.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any

from starlette.applications import Starlette

from interconn.components.registry import Registry
from interconn.dialects.dialect import WireReply
from interconn.identity import sm2
from interconn.identity.certificates import create_authority, create_signing_certificate
from interconn.identity.key_files import FileKeyStore
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import Signer, generate, read_certified, signer_of
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
from interconn.standard.management import DATASET_LIST, AuthType
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database, database_url

TARGET = f"{DATASET_LIST.path}?contract_id=contract-1"
TYPES = (AuthType.SHA256_RSA, AuthType.SHA256_ECDSA, AuthType.CERT, AuthType.SM3_SM2)
OFF = "off"


class OpenGate(Gate):
    """The gate with signatures off; here alone."""

    def prove(self, arrival: Arrival) -> tuple[Peer, Evidence]:
        source = self._check_headers(arrival)
        peer = self._directory.usable(source)
        self._accept_nonce(source, arrival)
        return peer, Evidence("request", "", "", peer.credential, arrival.body)

    def sign(self, arrival: Arrival, reply: WireReply) -> dict[str, str]:
        return {"content-type": reply.content_type}


def measure(quick: bool) -> dict[str, Any]:
    """Return requests a second of one core, and as shares of what the node does with signatures off."""
    types = [auth_type for auth_type in TYPES if auth_type is not AuthType.SM3_SM2 or sm2.available()]
    count, turns = (150, 3) if quick else (600, 7)
    with tempfile.TemporaryDirectory(prefix="interconn-bench-") as folder:
        rates = asyncio.run(_all(Path(folder), types, count, turns))
    figures: dict[str, Any] = {f"{name} requests/s a core": round(rate, 1) for name, rate in rates.items()}
    figures |= {f"{name} of off": round(rates[name] / rates[OFF], 3) for name in rates if name != OFF}
    figures |= {f"{name}: sign/s, verify/s": _bare(AuthType(name), 100 if quick else 400) for name in map(str, types)}
    return figures


async def _all(folder: Path, types: list[AuthType], count: int, turns: int) -> dict[str, float]:
    measured: dict[str, list[float]] = {}
    for _ in range(turns):
        for auth_type in types:
            with _node(folder / new_nonce(), auth_type) as run:
                measured.setdefault(auth_type.value, []).append(await run(count, False))
                if auth_type is AuthType.SHA256_ECDSA:
                    measured.setdefault(OFF, []).append(await run(count, True))
    return {name: statistics.median(rates) for name, rates in measured.items()}


@contextmanager
def _node(home: Path, auth_type: AuthType) -> Iterator[Callable[[int, bool], Any]]:
    """A node that knows one partner; both sign in the same way."""
    home.mkdir()
    clock, url = SystemClock(), database_url(home / "node.db")
    schema.upgrade(url)
    trust, partner = _partner(home, auth_type)
    keys = KeyRing(FileKeyStore(home / "keys"))
    database = Database(url)
    nonces = NonceStore(home / "nonces.db", now=clock.now())
    directory = ContractDirectory(database, clock=clock, trust=trust)
    identity = NodeIdentity("node-b", "inst-b", "B", "node b", "https://b.example", "interconn", "1")
    tls = SSLContext(PROTOCOL_TLS_CLIENT)
    client = PeerClient(node_id="node-b", signer=keys, directory=directory, clock=clock, tls=tls)
    management = Management(
        node=identity,
        database=database,
        directory=directory,
        client=client,
        clock=clock,
        keys=keys,
        registry=Registry.shipped(),
        storage=home / "storage",
    )

    async def run(count: int, off: bool) -> float:
        await database.write(lambda session: session.merge(_contract(partner, keys, clock.now())))
        await directory.load()
        make = OpenGate if off else Gate
        gate = make(node_id="node-b", signer=keys, directory=directory, nonces=nonces, clock=clock)
        app = Starlette(routes=gate.routes(management.services()))
        for request in [_request(partner, clock.now()) for _ in range(20)]:
            await _ask(app, request)
        requests = [_request(partner, clock.now()) for _ in range(count)]
        begun = time.process_time()
        for request in requests:
            await _ask(app, request)
        return count / (time.process_time() - begun)

    try:
        yield run
    finally:
        database.close()
        nonces.close()


def _partner(home: Path, auth_type: AuthType) -> tuple[CertificateTrust, Signer]:
    """The partner's key; the node's own, of the same kind, is put into its home."""
    for name in ("roots", "revoked"):
        (home / name).mkdir()
    trust = CertificateTrust(home / "roots", home / "revoked", require_lists=False)
    if auth_type is not AuthType.CERT:
        FileKeyStore(home / "keys").create(auth_type)
        return trust, signer_of(generate(auth_type), auth_type)
    authority = create_authority("benchmark")
    (home / "roots" / "root.pem").write_bytes(authority.certificate)
    FileKeyStore(home / "keys").create(auth_type, create_signing_certificate("node-b", authority))
    return trust, read_certified(create_signing_certificate("node-a", authority))


def _contract(partner: Signer, keys: KeyRing, now: int) -> Contract:
    credential = partner.credential
    return Contract(
        number=1,
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
        own_fingerprint=keys.newest.credential.fingerprint,
        trace_id="bench",
        applied_at=now,
    )


def _request(partner: Signer, now: int) -> dict[str, str]:
    headers = {
        "x-source-node-id": "node-a",
        "x-target-node-id": "node-b",
        "x-nonce": new_nonce(),
        "x-trace-id": "bench",
        "x-timestamp": str(now),
    }
    headers["x-auth-sign"] = SignedRequest("GET", TARGET, headers, b"").sign(partner)
    return headers


async def _ask(app: Starlette, headers: dict[str, str]) -> None:
    path, _, query = TARGET.partition("?")
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
    await app(scope, receive, send)
    if answer[0]["status"] != 200 or json.loads(answer[1]["body"])["code"] != 0:
        raise SystemExit(f"the node refused a sound request: {answer}")


def _bare(auth_type: AuthType, count: int) -> list[int]:
    """Signatures alone, without a gate: how many are made and checked a second of one core."""
    if auth_type is AuthType.CERT:
        signer = read_certified(create_signing_certificate("node-a", create_authority("benchmark")))
    else:
        signer = signer_of(generate(auth_type), auth_type)
    content = b"x" * 600  # about as long as a canonical string
    begun = time.process_time()
    signatures = [signer.sign(content) for _ in range(count)]
    signed = time.process_time()
    for signature in signatures:
        signer.credential.verify(signature, content)
    return [round(count / (signed - begun)), round(count / (time.process_time() - signed))]
