"""One request to an ASGI application, as raw as a server would hand it on."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Application = Callable[[Any, Any, Any], Awaitable[None]]


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """The reply envelope."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def code(self) -> int:
        """The envelope's code."""
        return int(self.envelope["code"])


async def ask(
    app: Application,
    method: str,
    target: str,
    headers: Iterable[tuple[str, str]],
    body: bytes | Iterable[bytes] = b"",
    *,
    address: str = "127.0.0.1",
) -> Answer:
    """Send a request; several headers of one name and several chunks of a body are passed on as they are."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "root_path": "",
        "query_string": query.encode("latin-1"),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": (address, 1),
        "server": ("127.0.0.1", 2),
    }
    chunks = [body] if isinstance(body, bytes) else list(body)
    messages = [
        {"type": "http.request", "body": chunk, "more_body": place < len(chunks)}
        for place, chunk in enumerate(chunks, 1)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start = sent[0]
    received = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], received, b"".join(message.get("body", b"") for message in sent[1:]))
