"""A whole node in this process, with its loop on a thread of its own; its listeners are asked through ASGI."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import structlog

from interconn.lab import ports
from interconn.node.node import Node
from interconn.node.settings import (
    AdminSection,
    ComponentSection,
    InitialSettings,
    NodeSection,
    PartnerSection,
    load,
)
from interconn.node.setup import Home, initialise
from interconn.standard.endpoint import Endpoint
from tests.peers.asgi import Answer, ask

Result = TypeVar("Result")


class ComposedNode:
    """Composed as `interconn node run` does it, and started."""

    def __init__(self, home: Path, node_id: str) -> None:
        # Its threads go on beside other tests of this process, whose output is not to be mixed with its log.
        structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
        with ports.reserved(3) as (partner, component, admin):
            initialise(
                InitialSettings(
                    home=home,
                    node=NodeSection(node_id=node_id, inst_id=f"{node_id}.example", institution=node_id, name=node_id),
                    partner=PartnerSection(host=ports.HOST, port=partner, tls=False),
                    component=ComponentSection(host=ports.HOST, port=component),
                    admin=AdminSection(host=ports.HOST, port=admin),
                    hosts=[ports.HOST],
                )
            )
            self.home = Home(home)
            self.node_id = node_id
            self.token = self.home.admin_token.read_text().strip()
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name=f"node-{node_id}")
            self._thread.start()
            self.node: Node = self.wait(self._begin())

    async def _begin(self) -> Node:
        node = Node(self.home, load(self.home.root))
        await node.start()
        return node

    def wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run something on the node's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def app(self, listener: str) -> Any:
        """The application of a listener."""
        return self.node.listeners[listener]._server.config.app

    def ask(
        self,
        listener: str,
        method: str,
        target: str,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        *,
        address: str = "127.0.0.1",
    ) -> Answer:
        """Send a request to a listener."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        if not any(name.lower() == "host" for name, _ in pairs):
            pairs.append(("host", "127.0.0.1"))
        return self.wait(ask(self.app(listener), method, target, pairs, body, address=address))

    def own(
        self, endpoint: Endpoint[Any, Any], token: str = "", *, address: str = "127.0.0.1", **members: Any
    ) -> Answer:
        """Make a call of the node's own API; members are sent as they are."""
        headers = {"authorization": f"Bearer {token or self.token}"}
        if endpoint.method == "GET":
            query = "&".join(f"{name}={value}" for name, value in members.items())
            target = f"{endpoint.path}?{query}" if query else endpoint.path
            return self.ask("admin", "GET", target, headers, address=address)
        headers["content-type"] = "application/json"
        body = json.dumps(members).encode()
        return self.ask("admin", endpoint.method, endpoint.path, headers, body, address=address)

    def data(self, endpoint: Endpoint[Any, Any], token: str = "", **members: Any) -> dict[str, Any]:
        """Make a call that succeeds, and return what it brought."""
        answer = self.own(endpoint, token, **members)
        assert answer.code == 0, answer.envelope["msg"]
        found: dict[str, Any] = answer.envelope["data"]
        return found

    def close(self) -> None:
        """Stop the node."""
        self.wait(self.node.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
