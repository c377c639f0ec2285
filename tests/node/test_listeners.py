"""The listeners: bounded heads, no redirects, and errors in the standard's envelope."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from interconn.node import listeners
from interconn.node.listeners import Listener, application
from interconn.standard.errors import ConfigurationError


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener("partner", application([Route("/hello", _hello)], {"openapi": "3.1.0"}), host="127.0.0.1", port=0)
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def _ask(listener: Listener, request: bytes) -> bytes:
    port = int(listener.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(65536), 10)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_path_is_served(listener: Listener) -> None:
    assert b"hello" in await _ask(listener, b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_an_unknown_path_is_answered_in_the_envelope(listener: Listener) -> None:
    answer = await _ask(listener, b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 404 " in head.splitlines()[0]
    assert json.loads(body)["code"] == 40400


async def test_the_wrong_method_is_answered_in_the_envelope(listener: Listener) -> None:
    answer = await _ask(listener, b"PUT /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b" 405 " in head.splitlines()[0]
    assert json.loads(body)["code"] == 40000


async def test_a_trailing_slash_is_another_path_and_never_redirected(listener: Listener) -> None:
    assert b" 404 " in await _ask(listener, b"GET /hello/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")


async def test_a_head_that_never_ends_is_cut_off(listener: Listener) -> None:
    flood = b"GET /hello HTTP/1.1\r\nHost: x\r\n" + b"x-filler: " + b"a" * (2 * listeners.HEAD_BYTES)
    assert await _ask(listener, flood + b"\r\n\r\n") == b""


async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    monkeypatch.setattr(listeners, "HEAD_SECONDS", 0.05)
    assert await _ask(listener, b"GET /hello HTTP/1.1\r\nHost:") == b""


async def test_a_kept_connection_may_idle_between_requests(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    monkeypatch.setattr(listeners, "HEAD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
    for _ in range(2):
        writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"hello")
        await asyncio.sleep(0.6)
    writer.close()


def test_a_port_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="in use") as caught:
            Listener("admin", application([], {}), host="127.0.0.1", port=port)
    assert caught.value.where == "admin.port"
    assert caught.value.hint and "INTERCONN_ADMIN__PORT" in caught.value.hint
