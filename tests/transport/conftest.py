"""Nodes with a transport layer on real sockets, in one process."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import uvicorn

from interconn.identity.credentials import Credential
from interconn.identity.keys import FileKeyStore
from interconn.identity.node import NodeIdentity
from interconn.identity.nonces import NonceStore
from interconn.peers.directory import Peer
from interconn.peers.inbound import Gate
from interconn.standard.errors import ContractNotUsable, UnknownNode
from interconn.standard.management import AuthType
from interconn.standard.transport import POP, PUSH
from interconn.state.clock import SystemClock
from interconn.state.database import Database, Table, database_url
from interconn.transport import Limits, Transport

SESSION = "session_job-1"
TASK = "task_1"


class Directory:
    """Partners as a table; `terminated` ones have a contract that allows nothing."""

    def __init__(self) -> None:
        self.peers: dict[str, Peer] = {}
        self.terminated: set[str] = set()

    def usable(self, node_id: str) -> Peer:
        if node_id in self.terminated:
            raise ContractNotUsable("the contract was terminated", where=node_id)
        try:
            return self.peers[node_id]
        except KeyError:
            raise UnknownNode("there is no contract with that node", where=node_id) from None


class Server:
    """An ASGI application on a loopback port of its own."""

    def __init__(self, app: Any) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self._server = uvicorn.Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._server.capture_signals = _leave_signals  # type: ignore[method-assign]
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task:
            await self._task
            self._task = None


class _Nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def _leave_signals() -> Any:
    return _Nothing()


@dataclass
class Node:
    """A node's transport layer, with what it stands on."""

    node_id: str
    home: Path
    limits: Limits
    directory: Directory = field(default_factory=Directory)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        store = FileKeyStore(self.home / "keys")
        self.signer = store.load() if (self.home / "keys").exists() else store.create(AuthType.SHA256_ECDSA)
        self.database = Database(database_url(self.home / "state.db"))
        Table.metadata.create_all(self.database.engine)
        self.clock = SystemClock()
        self.nonces = NonceStore(self.home / "nonces.db", now=self.clock.now())
        self.gate = Gate(
            node_id=self.node_id,
            signer=self.signer,
            directory=self.directory,
            nonces=self.nonces,
            clock=self.clock,
        )
        self.transport = Transport(
            node=NodeIdentity(self.node_id, f"inst-{self.node_id}", "I", self.node_id, "", "interconn", "0"),
            database=self.database,
            directory=self.directory,
            signer=self.signer,
            gate=self.gate,
            clock=self.clock,
            tls=ssl.create_default_context(),
            journal_directory=self.home / "journal",
            limits=self.limits,
        )
        self.partner = Server(self.transport.node_app)
        self.component = Server(self.transport.component_app)

    @property
    def credential(self) -> Credential:
        return self.signer.credential

    def knows(self, node_id: str, address: str, credential: Credential, dialect: str = "standard") -> None:
        peer = Peer(node_id, f"inst-{node_id}", address, f"contract-{node_id}", credential, dialect)
        self.directory.peers[node_id] = peer

    async def start(self) -> None:
        await self.transport.start()
        await self.partner.start()
        await self.component.start()

    async def stop(self) -> None:
        await self.partner.stop()
        await self.component.stop()
        await self.transport.stop()
        self.database.close()
        self.nonces.close()

    async def open(self, *parties: str, session: str = SESSION, task: str = TASK, party: str = "") -> str:
        return await self.database.write(
            lambda db: self.transport.open_session(
                db, session_id=session, task_id=task, parties=[self.node_id, *parties], party=party
            )
        )

    async def close_session(self, session: str = SESSION, task: str = TASK) -> None:
        await self.database.write(lambda db: self.transport.close_session(db, session, task))


@dataclass
class Component:
    """A component that knows the standard and nothing of our client."""

    http: aiohttp.ClientSession
    address: str
    token: str
    session: str = SESSION

    def headers(self, other: str, **extra: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "x-ptp-tech-provider-code": "test",
            "x-ptp-trace-id": "trace",
            "x-ptp-token": self.token,
            "x-ptp-session-id": self.session,
            "x-ptp-target-node-id": other,
        }
        return headers | {name.replace("_", "-"): value for name, value in extra.items()}

    async def raw(self, path: str, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
        async with self.http.post(f"{self.address}{path}", data=body, headers=headers) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
            reply = json.loads(await response.read())
            assert isinstance(reply, dict)
            return reply

    async def call(self, path: str, other: str, members: dict[str, Any] | None = None, **extra: str) -> dict[str, Any]:
        return await self.raw(path, json.dumps(members or {}).encode(), self.headers(other, **extra))

    async def push(self, other: str, payload: str, topic: str = "", **extra: str) -> dict[str, Any]:
        return await self.call(PUSH, other, {"payload": payload, "topic": topic}, **extra)

    async def pop(self, other: str, topic: str = "", timeout: int = 5, **extra: str) -> dict[str, Any]:
        return await self.call(POP, other, {"topic": topic, "timeout": timeout}, **extra)


MakeNode = Callable[..., Awaitable[Node]]
MakeComponent = Callable[..., Component]


@pytest_asyncio.fixture
async def make_node(tmp_path: Path) -> AsyncIterator[MakeNode]:
    """Make and start a node; nodes know each other. Made again under its name, it takes up where it was killed."""
    nodes: list[Node] = []

    async def make(node_id: str, limits: Limits | None = None) -> Node:
        node = Node(node_id, tmp_path / node_id, limits or Limits(partner_seconds=5))
        await node.start()
        for other in nodes:
            node.knows(other.node_id, other.partner.address, other.credential)
            other.knows(node.node_id, node.partner.address, node.credential)
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        await node.stop()


@pytest_asyncio.fixture
async def component() -> AsyncIterator[MakeComponent]:
    """A component of a node, with the token it was given."""
    async with aiohttp.ClientSession(skip_auto_headers=("Content-Type",)) as http:

        def make(node: Node, token: str, session: str = SESSION) -> Component:
            return Component(http, node.component.address, token, session)

        yield make
