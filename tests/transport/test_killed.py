"""Nodes killed with SIGKILL at each crash point of the transport layer: nothing is lost, nothing arrives twice."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from interconn.identity.key_files import FileKeyStore
from interconn.standard.management import AuthType
from interconn.standard.transport import PEEK, POP
from tests.transport.nodes import Component, content_of

pytestmark = [pytest.mark.fault, pytest.mark.slow]


class NodeProcess:
    """A node as a process; started again, it has the same home and ports."""

    def __init__(self, node_id: str, home: Path) -> None:
        credential = FileKeyStore(home / "keys").create(AuthType.SHA256_ECDSA).credential
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
            ports = one.getsockname()[1], two.getsockname()[1]
        self.facts: dict[str, Any] = {
            "node_id": node_id,
            "home": str(home),
            "partner_port": ports[0],
            "component_port": ports[1],
            "pem": credential.pem,
        }
        self.process: Process | None = None

    async def start(self, other: "NodeProcess", *, opens: bool, crash_at: str = "") -> str:
        """Start it and return the token of its session if it opened one."""
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.transport.node_process"),
            json.dumps({**self.facts, "other": other.facts, "opens": opens}),
            env={**os.environ, "INTERCONN_CRASH_AT": crash_at},
            cwd=Path(__file__).parents[2],
            stdout=PIPE,
        )
        assert self.process.stdout
        return str(json.loads(await self.process.stdout.readline())["token"])

    async def died(self) -> None:
        """Wait until it has been killed."""
        assert self.process
        assert await self.process.wait() == -signal.SIGKILL

    async def kill(self) -> None:
        """Kill it if it lives."""
        if self.process and self.process.returncode is None:
            self.process.kill()
        if self.process:
            await self.process.wait()


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[tuple[NodeProcess, NodeProcess]]:
    a, b = NodeProcess("a", tmp_path / "a"), NodeProcess("b", tmp_path / "b")
    yield a, b
    await asyncio.gather(a.kill(), b.kill())


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def component(http: aiohttp.ClientSession, node: NodeProcess, token: str) -> Component:
    return Component(http, f"http://127.0.0.1:{node.facts['component_port']}", token)


async def test_the_receiver_dies_between_journal_and_acknowledgement(
    nodes: tuple[NodeProcess, NodeProcess], http: aiohttp.ClientSession
) -> None:
    a, b = nodes
    alice = component(http, a, await a.start(b, opens=True))
    bob = component(http, b, await b.start(a, opens=True, crash_at="transport.accepted:2"))
    assert await alice.push("b", b"one") == "E0000000000"
    pushing = asyncio.create_task(alice.push("b", b"two"))
    await b.died()
    assert not pushing.done()
    await b.start(a, opens=False)
    assert await pushing == "E0000000000"
    assert [await bob.pop("a"), await bob.pop("a")] == [b"one", b"two"]
    assert content_of(await bob.call(PEEK, "a")) is None


async def test_the_sender_dies_between_the_far_acknowledgement_and_its_own(
    nodes: tuple[NodeProcess, NodeProcess], http: aiohttp.ClientSession
) -> None:
    a, b = nodes
    alice = component(http, a, await a.start(b, opens=True, crash_at="transport.relayed"))
    bob = component(http, b, await b.start(a, opens=True))
    with pytest.raises(aiohttp.ClientError):
        await alice.push("b", b"once", x_interconn_message_id="id")
    await a.died()
    await a.start(b, opens=False)
    assert await alice.push("b", b"once", x_interconn_message_id="id") == "E0000000000"
    assert await bob.pop("a") == b"once"
    assert content_of(await bob.call(PEEK, "a")) is None


async def test_the_receiver_dies_when_a_message_is_taken_by_a_client_that_acknowledges(
    nodes: tuple[NodeProcess, NodeProcess], http: aiohttp.ClientSession
) -> None:
    a, b = nodes
    alice = component(http, a, await a.start(b, opens=True))
    bob = component(http, b, await b.start(a, opens=True, crash_at="transport.taken"))
    await alice.push("b", b"one")
    await alice.push("b", b"two")
    first = await bob.call(POP, "a", x_interconn_taken="")
    taken = first["metadata"]["message-id"]
    with pytest.raises(aiohttp.ClientError):
        await bob.call(POP, "a", x_interconn_taken=taken)
    await b.died()
    await b.start(a, opens=False)
    second = await bob.call(POP, "a", x_interconn_taken=taken)
    assert (content_of(first), content_of(second)) == (b"one", b"two")
    last = await bob.call(PEEK, "a", x_interconn_taken=second["metadata"]["message-id"])
    assert content_of(last) is None


async def test_the_receiver_dies_when_a_message_is_taken_by_a_client_that_does_not_acknowledge(
    nodes: tuple[NodeProcess, NodeProcess], http: aiohttp.ClientSession
) -> None:
    a, b = nodes
    alice = component(http, a, await a.start(b, opens=True))
    bob = component(http, b, await b.start(a, opens=True, crash_at="transport.taken"))
    await alice.push("b", b"one")
    await alice.push("b", b"two")
    with contextlib.suppress(aiohttp.ClientError):  # the answer is on its way when the node dies
        assert await bob.pop("a") == b"one"
    await b.died()
    await b.start(a, opens=False)
    # Never lost, possibly repeated.
    assert [await bob.pop("a"), await bob.pop("a")] == [b"one", b"two"]
