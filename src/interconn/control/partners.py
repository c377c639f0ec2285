"""Calls to the nodes of a job, this node itself among them, which is asked without a detour over the network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, cast

import structlog

from interconn import dialects
from interconn.control.conversations import Conversations
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import DEFAULT_TIMEOUT_SECONDS, Answer, PeerClient
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError, PeerError, PeerRefused
from interconn.standard.wire import WireModel
from interconn.state.clock import Clock

log = structlog.get_logger()

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 2.0
CALLS_AT_ONCE: Final = 64
"""Calls that are insisted on, by this node to all others: a job of many parties must not keep all connections busy."""
_TIMEOUT_MARGIN_SECONDS: Final = 2.0


class Partners:
    """Calls nodes by their ids.

    Args:
        node_id: of this node.
        client: for all others.
        clock: time.
        patience_seconds: how long a node that does not answer is called again.
        conversations: takes note of what is asked and answered.
    """

    def __init__(
        self, *, node_id: str, client: PeerClient, clock: Clock, patience_seconds: float, conversations: Conversations
    ) -> None:
        self.node_id = node_id
        self.conversations = conversations
        self.patience_seconds = patience_seconds
        self._client = client
        self._clock = clock
        self._own: dict[str, Service[Any, Any]] = {}
        self._turns = asyncio.Semaphore(CALLS_AT_ONCE)

    def serve_here(self, services: Iterable[Service[Any, Any]]) -> None:
        """Say what serves calls of this node to itself."""
        self._own.update({service.endpoint.name: service for service in services})

    def institution(self, node_id: str) -> str:
        """Return the institution of a partner; its node id where it is not known here, as others do too."""
        try:
            return self._client.partner(node_id).inst_id or node_id
        except InterconnError:
            return node_id  # two partners of ours that have no contract with us in common

    def knows_extensions(self, node_id: str) -> bool:
        """Return whether a partner is of a kind that may know calls beyond the standard's."""
        try:
            return dialects.by_name(self._client.partner(node_id).dialect).extensions
        except InterconnError:
            return False

    async def answer(
        self,
        node_id: str,
        endpoint: Endpoint[Request, Reply],
        request: Request,
        *,
        trace_id: str,
        headers: Mapping[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Answer[Reply]:
        """Call once, and return the answer with what proves it.

        Raises as `PeerClient.answer` does, or what this node itself raises.
        """
        if node_id == self.node_id:
            caller = Caller(
                node_id=node_id,
                trace_id=trace_id,
                peer=None,
                proven_key=None,
                permits="",
                request_digest="",
                extensions=dict(headers or {}),
            )
            return Answer(cast(Reply, await self._own[endpoint.name].handle(caller, request)), None)
        self.conversations.asked(node_id, endpoint.name, request)
        try:
            answer = await self._client.answer(
                node_id,
                endpoint,
                request,
                trace_id=trace_id,
                extension_headers=dict(headers or {}),
                timeout=timeout,
            )
        except InterconnError as error:
            self.conversations.answered(node_id, endpoint.name, request, error)
            raise
        self.conversations.answered(node_id, endpoint.name, request)
        return answer

    def stood_still(self, began: int, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> int:
        """Return for how long of a call without an answer this node itself was not there, milliseconds.

        A call ends with its timeout. Where it took longer, this node's process was halted, its machine asleep, or the
        call had no turn: that is no silence of the partner's.

        Args:
            began: when the call was begun, epoch milliseconds.
            timeout: that it had, seconds.
        """
        return max(0, self._clock.now() - began - round((timeout + _TIMEOUT_MARGIN_SECONDS) * 1000))

    async def insist(
        self, node_id: str, endpoint: Endpoint[Request, Reply], request: Request, *, trace_id: str
    ) -> Answer[Reply]:
        """Call until answered, or until the patience is used up.

        Raises:
            PeerError: the last attempt's, if the node stayed away.
            InterconnError: the node's refusal.
        """
        deadline = self._clock.now() + self.patience_seconds * 1000
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = self._clock.now()
            try:
                async with self._turns:
                    return await self.answer(node_id, endpoint, request, trace_id=trace_id)
            except InterconnError as error:
                deadline += self.stood_still(began)
                if not is_passing(error) or self._clock.now() >= deadline:
                    raise
                log.info("will ask again", endpoint=endpoint.name, partner=node_id, reason=error.message)
            self.conversations.again(node_id, request, pause)
            await self._clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def words(error: InterconnError) -> str:
    """Return an error as all parties of a job may read it, after the name of the node that it is of.

    Of a node that refused, its own words; of one that does not answer, not at which address.
    """
    if isinstance(error, PeerRefused):
        return error.peer_message or str(error)
    return error.message if isinstance(error, PeerError) else str(error)


def is_passing(error: InterconnError) -> bool:
    """Return whether the same call may succeed later: nobody answered, or the partner failed without deciding."""
    if isinstance(error, PeerRefused):
        return error.failed
    return isinstance(error, PeerError) and error.retryable
