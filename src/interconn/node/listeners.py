"""The three listeners of a node. No path of one is served on another, save each one's own description."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from interconn.dialects import STANDARD
from interconn.standard.errors import ConfigurationError, InvalidRequest, NotFound

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

HEAD_SECONDS = 20
"""How long a connection may take to bring the head of a request."""
HEAD_BYTES = 64 * 1024
"""How large it may be; permits make the largest header."""
BODY_PERIOD_SECONDS = 20
BODY_BYTES_A_PERIOD = 64 * 1024
"""What of a body has to come in each such period: 3 kB/s, below which it is no transfer but a siege."""
STALL_SECONDS = 60
"""How long a caller may take nothing of its answer, once as much waits for it as the system holds."""
MOST_CONNECTIONS = 2048
"""Of one listener; who comes beyond that is sent away."""
MOST_OF_ONE_ADDRESS = 1024
BACKLOG = 2048
GRACE_SECONDS = 3
"""How long requests under way may take to end when the node stops; held polls are cut off after it."""


@dataclass(frozen=True)
class Tls:
    """Certificate and key files of a server."""

    certificate: Path
    private_key: Path


def application(routes: Sequence[Route], document: dict[str, Any]) -> Starlette:
    """Return the application of one listener: its routes, its OpenAPI document and `/healthz`."""

    @cache
    def rendered() -> bytes:
        return bytes(JSONResponse(document).body)

    async def describe(_request: Request) -> Response:
        return Response(rendered(), media_type=JSONResponse.media_type)

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    served = Starlette(
        routes=[*routes, Route("/openapi.json", describe), Route("/healthz", healthz)],
        exception_handlers={HTTPException: _no_such_path},
    )
    served.router.redirect_slashes = False  # a path is served or it is not; a signed call is never sent elsewhere
    return served


def with_prefix(prefix: str, inner: Application, outer: Application) -> Application:
    """Return an application that hands paths below `prefix` to `inner`, without a router's cost per message."""

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(prefix):
            await inner(scope, receive, send)
        else:
            await outer(scope, receive, send)

    return dispatch


async def _no_such_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    fault: InvalidRequest | NotFound
    place = quote(request.scope["path"])[:200]  # what a stranger wrote ends up in terminals
    if error.status_code == 405:
        fault = InvalidRequest(f"{request.method} is not served here", where=place, clause="MGT-2.1-http")
    else:
        fault = NotFound("there is no such path on this listener", where=place)
    return Response(STANDARD.write_error(fault).body, error.status_code, media_type="application/json")


class Listener:
    """One listening socket and the server behind it.

    Args:
        name: partner, component or admin.
        app: the ASGI application.
        host: address to listen on.
        port: port to listen on; 0 lets the system choose.
        tls: certificate and key; None serves plain HTTP.
    """

    def __init__(self, name: str, app: Application, *, host: str, port: int, tls: Tls | None = None) -> None:
        self.name = name
        self._socket = _bind(name, host, port)
        bound_host, bound_port = self._socket.getsockname()[:2]
        shown = f"[{bound_host}]" if ":" in bound_host else bound_host
        self.url = f"{'https' if tls else 'http'}://{shown}:{bound_port}"
        self._server = _Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                http=PatientProtocol,
                proxy_headers=False,  # nobody may say that somebody else is calling
                server_header=False,
                date_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=GRACE_SECONDS,
                ssl_certfile=tls.certificate if tls else None,
                ssl_keyfile=tls.private_key if tls else None,
                ssl_version=ssl.PROTOCOL_TLS_SERVER,
                backlog=BACKLOG,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to serve."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._socket]), name=f"listener-{self.name}")
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise ConfigurationError("the listener did not start", where=self.name)
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Take no new requests, let those under way end, and close."""
        self._server.should_exit = True
        if self._serving:
            await asyncio.gather(self._serving, return_exceptions=True)
        self._socket.close()


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 for strangers, patient within bounds: a request's head comes whole, in time, and not too large, its
    body without long halts, and nobody holds all connections.

    Without that, a few thousand connections that send a byte a minute keep everybody else out.
    """

    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self._too_many():
            transport.abort()
        else:
            self._await_head()

    def on_message_begin(self) -> None:
        self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._within_bounds(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._within_bounds(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._await_body()
        if not self.transport.is_closing():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._await_nothing()
        super().on_message_complete()

    def pause_writing(self) -> None:
        self._stall = self.loop.call_later(STALL_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        self._go_on_writing()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await_nothing()
        self._go_on_writing()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._await_nothing()
        self._head_bytes = 0
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _await_body(self) -> None:
        self._await_nothing()
        self._body_bytes = 0
        self._deadline = self.loop.call_later(BODY_PERIOD_SECONDS, self._go_on_awaiting)

    def _go_on_awaiting(self) -> None:
        if self._body_bytes < BODY_BYTES_A_PERIOD:
            self.transport.close()
        else:
            self._await_body()

    def _await_nothing(self) -> None:
        if self._deadline:
            self._deadline.cancel()

    def _go_on_writing(self) -> None:
        if self._stall:
            self._stall.cancel()
            self._stall = None

    def _too_many(self) -> bool:
        others = self.connections
        if len(others) > MOST_CONNECTIONS:
            return True
        if len(others) <= MOST_OF_ONE_ADDRESS or self.client is None:
            return False
        callers = [getattr(other, "client", None) for other in others]
        same = [caller for caller in callers if caller is not None and caller[0] == self.client[0]]
        return len(same) > MOST_OF_ONE_ADDRESS

    def _within_bounds(self, size: int) -> bool:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            self.transport.close()
        return self._head_bytes <= HEAD_BYTES


class _Server(uvicorn.Server):
    """A server that leaves signals to the node, which has three of them to stop in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(name: str, host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(BACKLOG)  # from now on the port is ours, whoever else tries
        except OSError:
            bound.close()
            raise
    except OSError as error:
        why = "the port is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {why}",
            where=f"{name}.port",
            hint=f"Choose another in node.toml or by INTERCONN_{name.upper()}__PORT",
        ) from None
    return bound
