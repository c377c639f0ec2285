"""A stand-in for a node's admin listener: answers what a test tells it to, and records what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from interconn.client import NodeAccess
from interconn.standard.endpoint import Endpoint
from interconn.standard.envelope import Envelope
from interconn.standard.errors import BadToken, InterconnError, NotFound
from interconn.standard.wire import WireModel, validate

TOKEN = "a-token-of-the-fake-node"


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; its members are validated as a node would."""

    endpoint: str
    members: dict[str, Any]


class FakeNode:
    """Serves rows of the endpoint tables."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.raw: tuple[int, bytes] | None = None
        self._answers: dict[tuple[str, str], tuple[Endpoint[Any, Any], list[WireModel | InterconnError]]] = {}
        self._makers: dict[str, Callable[[Any], WireModel | InterconnError]] = {}
        self.access = NodeAccess("", TOKEN)

    def answer(self, endpoint: Endpoint[Any, Any], *replies: WireModel | InterconnError) -> None:
        """Answer an endpoint by these replies in turn; the last one for ever."""
        self._answers[endpoint.method, endpoint.path] = (endpoint, list(replies))

    def answer_by(self, endpoint: Endpoint[Any, Any], make: Callable[[Any], WireModel | InterconnError]) -> None:
        """Answer an endpoint by what is made of each request."""
        self._makers[endpoint.name] = make
        self.answer(endpoint)

    def make_home(self, home: Path) -> Path:
        """Make `home` look like that of this node."""
        (home / "run").mkdir(parents=True)
        (home / "node.toml").write_text("")
        (home / "admin.token").write_text(f"{TOKEN}\n")
        (home / "run/listeners.json").write_text(json.dumps({"admin": self.access.url, "pid": 1}))
        return home

    def reply(self, method: str, target: str, token: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer to a request."""
        if self.raw:
            return self.raw
        parts = urlsplit(target)
        endpoint, replies = self._answers.get((method, parts.path), (None, []))
        try:
            if token != f"Bearer {TOKEN}":
                raise BadToken("an admin token is needed")
            if endpoint is None:
                raise NotFound("there is no such path on this listener", where=parts.path)
            members = json.loads(body) if body else dict(parse_qsl(parts.query, keep_blank_values=True))
            request = validate(endpoint.request, members)
            self.asked.append(Asked(endpoint.name, request.to_wire()))
            if make := self._makers.get(endpoint.name):
                replies = [make(request)]
            if endpoint.streams and isinstance(replies[0], WireModel):
                return 200, "".join(_event(one) for one in replies if isinstance(one, WireModel)).encode()
            answer = replies.pop(0) if len(replies) > 1 else replies[0]
            if isinstance(answer, InterconnError):
                raise answer
            return 200, json.dumps(Envelope.of(answer.to_wire()).to_wire()).encode()
        except InterconnError as error:
            return error.http_status, json.dumps(Envelope.of_error(error).to_wire()).encode()


def _event(event: WireModel) -> str:
    return f"id: 1\ndata: {json.dumps(event.to_wire())}\n\n"


@contextmanager
def fake_node() -> Iterator[FakeNode]:
    """Serve a fake node on a free port."""
    node = FakeNode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, content = node.reply(self.command, self.path, self.headers.get("authorization", ""), body)
            self.send_response(status)
            if content.startswith(b"id: "):
                self.send_header("content-type", "text/event-stream")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_one  # noqa: N815 - the names that http.server looks for

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    node.access = NodeAccess(f"http://127.0.0.1:{server.server_address[1]}", TOKEN)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
