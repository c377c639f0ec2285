"""The three listeners of a node. No path of one is served on another, save each one's own description."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from interconn.dialects import STANDARD
from interconn.standard.errors import ConfigurationError, InvalidRequest, NotFound

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

GRACE_SECONDS = 3
"""How long requests under way may take to end when the node stops; held polls are cut off after it."""


@dataclass(frozen=True)
class Tls:
    """Certificate and key files of a server."""

    certificate: Path
    private_key: Path


def application(routes: Sequence[Route], document: dict[str, Any]) -> Starlette:
    """Return the application of one listener: its routes, its OpenAPI document and `/healthz`."""

    async def describe(_request: Request) -> Response:
        return JSONResponse(document)

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[*routes, Route("/openapi.json", describe), Route("/healthz", healthz)],
        exception_handlers={HTTPException: _no_such_path},
    )


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
    if error.status_code == 405:
        fault = InvalidRequest(f"{request.method} is not served here", where=request.url.path, clause="MGT-2.1-http")
    else:
        fault = NotFound("there is no such path on this listener", where=request.url.path)
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
                server_header=False,
                date_header=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=GRACE_SECONDS,
                ssl_certfile=tls.certificate if tls else None,
                ssl_keyfile=tls.private_key if tls else None,
                ssl_version=ssl.PROTOCOL_TLS_SERVER,
                backlog=2048,
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


class _Server(uvicorn.Server):
    """A server that leaves signals to the node, which has three of them to stop in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _bind(name: str, host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        why = "the port is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {why}",
            where=f"{name}.port",
            hint=f"Choose another in node.toml or by INTERCONN_{name.upper()}__PORT",
        ) from None
    bound.set_inheritable(False)
    return bound
