"""The client that waits for each answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import urllib3

from interconn.api.state import Why
from interconn.client.events import CONTENT_TYPE, LAST_EVENT_ID, EventReader
from interconn.client.exchange import Question, unreachable
from interconn.client.home import NodeAccess, find_node
from interconn.client.nouns import Nouns
from interconn.client.nouns.state import why
from interconn.standard.endpoint import Endpoint
from interconn.standard.wire import WireModel

Request = TypeVar("Request", bound=WireModel)
Reply = TypeVar("Reply", bound=WireModel)

# Some calls ask a partner in turn, which may need as long as `peers` waits for it.
DEFAULT_TIMEOUT_SECONDS = 60.0
SILENCE_SECONDS = 45.0
"""A stream that says nothing for so long, not even that it is still there, is lost."""
AWAY_SECONDS = 30.0
"""How long a node that was followed may be away, say for a restart."""
AGAIN_SECONDS = 0.5


class NodeClient(Nouns["NodeClient"]):
    """Client of a node's own API.

    Args:
        access: address of the admin listener, and whose token is presented.
        timeout: longest wait for an answer, seconds.

    Every method raises the error that the node answered (`standard.errors`), PeerUnreachable where there is no
    answer, and PeerReplyInvalid where something else than a node answers.
    """

    def __init__(self, access: NodeAccess, *, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        super().__init__(self)
        self.access = access
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=min(timeout, 5.0), read=timeout), retries=False
        )

    @classmethod
    def from_home(
        cls, home: Path, *, token_file: Path | None = None, timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> NodeClient:
        """Return a client of the node running in a home directory; raises as `find_node` does."""
        return cls(find_node(home, token_file), timeout=timeout)

    def call(self, endpoint: Endpoint[Request, Reply], request: Request) -> Reply:
        """Make any call of the endpoint tables.

        Args:
            endpoint: a row of `interconn.api`, or of `standard.control.NORTH_SOUTH`.
            request: its members.
        """
        return self.ask(Question(endpoint, request))

    def ask(self, question: Question[Reply]) -> Reply:
        """Send a question and return its answer."""
        url = self.access.url.rstrip("/")
        try:
            response = self._pool.request(
                question.method,
                url + question.target,
                body=question.body or None,
                headers=question.headers(self.access.token),
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise unreachable(url, _reason(error)) from None
        return question.read(url, response.status, response.data)

    def follow(self, question: Question[Reply]) -> Iterator[Reply]:
        """Yield the events of a stream to its last, and connect again where the connection is lost.

        Each event says the whole of a fact; after a restart of the node some are told once more.
        """
        url, last_id, deadline = self.access.url.rstrip("/"), "", None
        connected = False
        while True:
            response = None
            try:
                response = self._pool.request(
                    question.method,
                    url + question.target,
                    headers={**question.headers(self.access.token), "accept": CONTENT_TYPE, LAST_EVENT_ID: last_id},
                    timeout=urllib3.Timeout(connect=5.0, read=SILENCE_SECONDS),
                    preload_content=False,
                    redirect=False,
                )
                if response.status == 204:
                    return
                if not response.headers.get("content-type", "").startswith(CONTENT_TYPE):
                    question.read(url, response.status, response.read())
                    raise unreachable(url, "it streams no events")
                connected, reader = True, EventReader()
                while chunk := response.read1():  # as it comes: `stream` would wait for a block to be full
                    deadline = None
                    for event in reader.feed(chunk):
                        last_id = event.event_id
                        yield (fact := question.read_event(url, event.data))
                        if getattr(fact, "last", False):
                            return
                reason = "it ended the stream"
            except (urllib3.exceptions.HTTPError, OSError) as error:
                reason = _reason(error)
            finally:
                if response is not None:
                    response.close()
            deadline = deadline or time.monotonic() + AWAY_SECONDS
            if not connected or time.monotonic() >= deadline:
                raise unreachable(url, reason)
            time.sleep(AGAIN_SECONDS)

    def why(self, id: str) -> Why:  # noqa: A002 - of whatever sort
        """Ask whom something waits for, since when, and what a person may do."""
        return self.ask(why(id))

    def close(self) -> None:
        """Close all connections."""
        self._pool.clear()

    def __enter__(self) -> NodeClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _reason(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # before its ancestor TimeoutError, which it is not
        return "nothing listens there"
    return "it took too long" if isinstance(error, urllib3.exceptions.TimeoutError) else type(error).__name__


def is_ready(url: str, *, timeout: float = 5.0) -> bool:
    """Ask an admin listener whether its node is ready, which takes no token; False where nothing answers.

    Args:
        url: base URL of the admin listener.
        timeout: longest wait for an answer, seconds.
    """
    with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
        try:
            return pool.request("GET", f"{url.rstrip('/')}/readyz", redirect=False).status == 200
        except (urllib3.exceptions.HTTPError, OSError):
            return False
