"""Nodes with a transport layer on real sockets, in one process."""

import asyncio
import base64
import contextlib
import io
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from interconn.identity.credentials import Credential
from interconn.identity.key_files import FileKeyStore
from interconn.identity.node import NodeIdentity
from interconn.identity.nonces import NonceStore
from interconn.peers.directory import Peer
from interconn.peers.inbound import Gate
from interconn.standard.errors import ContractNotUsable, UnknownNode
from interconn.standard.management import AuthType
from interconn.standard.transport import POP, PUSH
from interconn.state.clock import SystemClock
from interconn.state.database import Database, database_url
from interconn.transport import Limits, Transport
from tests.databases import hurry, place_tables

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


class _Prompt(uvicorn.Server):
    """Ends as soon as it can, where the one that it replaces looks every tenth of a second: hundreds of tests wait."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):  # noqa: ASYNC110 - as the one that it replaces
            await asyncio.sleep(0.01)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110 - as the one replaced
                    await asyncio.sleep(0.002)
        for task in self.server_state.tasks:
            task.cancel()


class Server:
    """An ASGI application on a loopback port; on one of its own where none is given."""

    def __init__(self, app: Any, port: int = 0) -> None:
        self._socket = socket.create_server(("127.0.0.1", port))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        self._server = _Prompt(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._server.capture_signals = _leave_signals  # type: ignore[method-assign]
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        while not self._server.started:  # noqa: ASYNC110 - the server offers nothing to wait for
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        self._server.should_exit = True
        if self._task:
            await self._task
            self._task = None
        self._socket.close()


@contextlib.contextmanager
def _leave_signals() -> Iterator[None]:
    yield


@dataclass
class Node:
    """A node's transport layer, with what it stands on."""

    node_id: str
    home: Path
    limits: Limits
    directory: Directory = field(default_factory=Directory)
    ports: tuple[int, int] = (0, 0)
    running: bool = True

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        store = FileKeyStore(self.home / "keys")
        self.signer = store.load() if (self.home / "keys").exists() else store.create(AuthType.SHA256_ECDSA)
        place_tables(self.home / "state.db")
        self.database = hurry(Database(database_url(self.home / "state.db")))
        self.clock = SystemClock()
        self.nonces = NonceStore(self.home / "nonces.db", now=self.clock.now())
        self.gate = Gate(
            node_id=self.node_id,
            signer=self.signer,
            directory=self.directory,
            nonces=self.nonces,
            clock=self.clock,
        )
        # Not the default one: it loads the authorities of the system, at every node, for calls that use none of them.
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.transport = Transport(
            node=NodeIdentity(self.node_id, f"inst-{self.node_id}", "I", self.node_id, "", "interconn", "0"),
            database=self.database,
            directory=self.directory,
            signer=self.signer,
            gate=self.gate,
            clock=self.clock,
            tls=lambda: trust,
            journal_directory=self.home / "journal",
            limits=self.limits,
        )
        self.partner = Server(self.transport.node_app, self.ports[0])
        self.component = Server(self.transport.component_app, self.ports[1])

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
        if self.running:
            self.running = False
            await asyncio.gather(self.partner.stop(), self.component.stop())
            await self.transport.stop()
            self.database.close()
            self.nonces.close()

    async def restart(self) -> "Node":
        """Return the node as it is after its process was killed: stopping writes nothing, so it makes no difference."""
        await self.stop()
        node = Node(self.node_id, self.home, self.limits, self.directory)
        await node.start()
        return node

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
        async with self.http.post(f"{self.address}{path}", data=io.BytesIO(body), headers=headers) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
            reply = json.loads(await response.read())
            assert isinstance(reply, dict)
            return reply

    async def call(self, path: str, other: str, members: dict[str, Any] | None = None, **extra: str) -> dict[str, Any]:
        return await self.raw(path, json.dumps(members or {}).encode(), self.headers(other, **extra))

    async def push(self, other: str, payload: bytes, topic: str = "", **extra: str) -> str:
        """Return the code of the answer."""
        members = {"payload": base64.b64encode(payload).decode(), "topic": topic}
        return str((await self.call(PUSH, other, members, **extra))["code"])

    async def pop(self, other: str, topic: str = "", timeout: int = 5, **extra: str) -> bytes | None:
        """Return the message, None where none came."""
        reply = await self.call(POP, other, {"topic": topic, "timeout": timeout}, **extra)
        return content_of(reply)


def content_of(reply: dict[str, Any]) -> bytes | None:
    """Return the message of a successful reply, None where it has none."""
    assert reply["code"] == "E0000000000", reply
    assert reply.get("content") == reply.get("payload")  # resolution 12
    return base64.b64decode(reply["content"]) if "content" in reply else None


MakeNode = Callable[..., Awaitable[Node]]
MakeComponent = Callable[..., Component]
