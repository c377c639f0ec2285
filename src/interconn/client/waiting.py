"""The client for asynchronous programs: the same calls, each to be awaited."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TypeVar

import aiohttp
from yarl import URL

from interconn.api.state import Why
from interconn.client.blocking import DEFAULT_TIMEOUT_SECONDS
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
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            async with self._session.request(
                question.method,
                URL(url + question.target, encoded=True),
                data=question.body or None,
                headers=question.headers(self.access.token),
                allow_redirects=False,
            ) as response:
                return question.read(url, response.status, await response.read())
        except TimeoutError:
            raise unreachable(url, "it took too long") from None
        except aiohttp.ClientConnectorError:
            raise unreachable(url, "nothing listens there") from None
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(url, type(error).__name__) from None

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
