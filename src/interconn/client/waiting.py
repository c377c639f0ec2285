"""The client for asynchronous programs: the same calls, each to be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import aiohttp
from yarl import URL

from interconn.api.state import Why
from interconn.client.blocking import AGAIN_SECONDS, AWAY_SECONDS, DEFAULT_TIMEOUT_SECONDS, SILENCE_SECONDS
from interconn.client.events import CONTENT_TYPE, LAST_EVENT_ID, EventReader
from interconn.client.exchange import Question, unreachable
from interconn.client.home import NodeAccess, find_node
from interconn.client.nouns import Nouns
from interconn.client.nouns.state import why
from interconn.standard.endpoint import Endpoint
from interconn.standard.wire import WireModel

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)


class AsyncNodeClient(Nouns["AsyncNodeClient"]):
    """Client of a node's own API whose calls are awaited; otherwise as `NodeClient`."""

    def __init__(self, access: NodeAccess, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        super().__init__(self)
        self.access = access
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(timeout, 5.0))
        self._session: aiohttp.ClientSession | None = None

    @classmethod
    def from_home(
        cls, home: Path, *, token_file: Path | None = None, timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> AsyncNodeClient:
        """Return a client of the node running in a home directory; raises as `find_node` does."""
        return cls(find_node(home, token_file), timeout=timeout)

    async def call(self, endpoint: Endpoint[Request, Reply], request: Request) -> Reply:
        """Make any call of the endpoint tables."""
        return await self.ask(Question(endpoint, request))

    async def ask(self, question: Question[Reply]) -> Reply:
        """Send a question and return its answer."""
        url = self.access.url.rstrip("/")
        try:
            async with self._open().request(
                question.method,
                URL(url + question.target, encoded=True),
                data=question.body or None,
                headers=question.headers(self.access.token),
                allow_redirects=False,
            ) as response:
                return question.read(url, response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(url, _reason(error)) from None

    async def follow(self, question: Question[Reply]) -> AsyncIterator[Reply]:
        """Yield the events of a stream to its last, as `NodeClient.follow` does."""
        url, last_id, deadline = self.access.url.rstrip("/"), "", None
        loop, connected = asyncio.get_running_loop(), False
        while True:
            try:
                async with self._open().request(
                    question.method,
                    URL(url + question.target, encoded=True),
                    headers={**question.headers(self.access.token), "accept": CONTENT_TYPE, LAST_EVENT_ID: last_id},
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=5.0, sock_read=SILENCE_SECONDS),
                    allow_redirects=False,
                ) as response:
                    if response.status == 204:
                        return
                    if response.content_type != CONTENT_TYPE:
                        question.read(url, response.status, await response.read())
                        raise unreachable(url, "it streams no events")
                    connected, reader = True, EventReader()
                    async for chunk in response.content.iter_any():
                        deadline = None
                        for event in reader.feed(chunk):
                            last_id = event.event_id
                            yield (fact := question.read_event(url, event.data))
                            if getattr(fact, "last", False):
                                return
                reason = "it ended the stream"
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                reason = _reason(error)
            deadline = deadline or loop.time() + AWAY_SECONDS
            if not connected or loop.time() >= deadline:
                raise unreachable(url, reason)
            await asyncio.sleep(AGAIN_SECONDS)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self._session

    async def why(self, id: str) -> Why:  # noqa: A002 - of whatever sort
        """Ask whom something waits for, since when, and what a person may do."""
        return await self.ask(why(id))

    async def close(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    async def __aenter__(self) -> AsyncNodeClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it took too long"
    return "nothing listens there" if isinstance(error, aiohttp.ClientConnectorError) else type(error).__name__
