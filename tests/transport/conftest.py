"""Nodes and components of the transport layer as fixtures."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest_asyncio

from interconn.transport import Limits
from tests.transport.nodes import SESSION, Component, MakeComponent, MakeNode, Node


@pytest_asyncio.fixture
async def make_node(tmp_path: Path) -> AsyncIterator[MakeNode]:
    """Make and start a node; all know each other."""
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
    await asyncio.gather(*(node.stop() for node in nodes))


@pytest_asyncio.fixture
async def component() -> AsyncIterator[MakeComponent]:
    """A component of a node, with the token it was given."""
    async with aiohttp.ClientSession(skip_auto_headers=("Content-Type",)) as http:

        def make(node: Node, token: str, session: str = SESSION) -> Component:
            return Component(http, node.component.address, token, session)

        yield make
