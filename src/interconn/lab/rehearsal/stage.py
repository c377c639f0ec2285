"""The simulated node of one party: the component listener of a node, whose partners are others in this process."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.applications import Starlette

from interconn.components.callback import callback_route
from interconn.dialects import STANDARD_TRANSPORT
from interconn.dialects.transport import SUCCESS, ComponentHeaders, Outcome
from interconn.node.listeners import Listener, with_prefix
from interconn.standard import headers as names
from interconn.standard.control import COMPONENT_CALLBACK, ComponentCallback
from interconn.standard.errors import BadToken, TransportError
from interconn.standard.identifiers import new_token
from interconn.standard.transport import CHANNEL_PREFIX, PtpCode
from interconn.state.clock import Clock
from interconn.transport.channel import Channel
from interconn.transport.channels import Channels
from interconn.transport.component_app import ComponentApp
from interconn.transport.limits import Limits


class SimulatedNode:
    """Serves the component of one party.

    Args:
        node_id: of the party.
        party: role and index.
        nodes: all simulated nodes by their ids, this one among them once it is made.
        folder: where messages are journalled; made if absent.
        clock: time.
        told: is told what the component reports (CTL-4.1).

    Attributes:
        token: for the component.
        url: of the component listener.
    """

    def __init__(
        self,
        *,
        node_id: str,
        party: str,
        nodes: Mapping[str, SimulatedNode],
        folder: Path,
        clock: Clock,
        told: Callable[[ComponentCallback], None],
    ) -> None:
        self.token = new_token()
        self._party = party
        self._clock = clock
        self._told = told
        limits = Limits()
        self.channels = Channels(folder, limits)
        self.channels.load([])
        app = ComponentApp(
            node_id=node_id,
            channels=self.channels,
            relay=_Neighbours(node_id, nodes),
            dialect=STANDARD_TRANSPORT,
            limits=limits,
            release=self._release,
        )
        served = Starlette(routes=[callback_route(self._receive)])
        self._listener = Listener(party, with_prefix(CHANNEL_PREFIX, app, served), host="127.0.0.1", port=0)
        self.url = self._listener.url

    def open(self, session_id: str, task_id: str, node_ids: list[str]) -> None:
        """Open the task's session; done at all nodes before any component begins."""
        digest = hashlib.sha256(self.token.encode()).digest()
        self.channels.open(session_id, task_id, self._party, digest, node_ids)

    async def start(self) -> None:
        """Serve."""
        await self._listener.start()

    async def stop(self) -> None:
        """Serve no more."""
        await self._listener.stop()
        self.channels.stop()

    async def _release(self, session_id: str, task_id: str) -> None:
        self.channels.close(session_id, task_id, now=self._clock.now())

    async def _receive(self, report: ComponentCallback, token: str) -> None:
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise BadToken("the token is not config.token", where=names.PTP_TOKEN, clause=COMPONENT_CALLBACK.clause)
        self._told(report)


class _Neighbours:
    """The way to the other simulated nodes: a message is held there when the call returns."""

    def __init__(self, node_id: str, nodes: Mapping[str, SimulatedNode]) -> None:
        self._node_id = node_id
        self._nodes = nodes

    async def send(
        self, channel: Channel, called: ComponentHeaders, topic: str, payload: bytes, *, content_type: str, body: bytes
    ) -> Outcome:
        """Hand a message to the node that it is for.

        Raises:
            TransportError: E0000000618 there is no such party, or what that node answers.
        """
        node = self._nodes.get(called.target_node_id)
        if node is None:
            code = PtpCode.NOT_JOINED
            where = called.target_node_id
            raise TransportError("no party has that node", ptp_code=code, where=where, clause=f"TRN-XA-{code}")
        there = node.channels.of_message(channel.session_id, channel.task_id, self._node_id, topic)
        there.accept(self._node_id, topic, called.message_id, payload)
        return SUCCESS
