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
from interconn.node.listeners import Listener, PatientProtocol, application
from interconn.standard.errors import ConfigurationError


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _length(request: Request) -> Response:
    return PlainTextResponse(f"read {len(await request.body())}")


WHOLE = 64 * 1024 * 1024


async def _large(_request: Request) -> Response:
    return Response(bytes(WHOLE))


async def _late(_request: Request) -> Response:
    await asyncio.sleep(0.3)
    return PlainTextResponse("at last")


ROUTES = [
    Route("/hello", _hello),
    Route("/large", _large),
    Route("/late", _late),
    Route("/length", _length, methods=["POST"]),
]


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = Listener("partner", application(ROUTES, {"openapi": "3.1.0"}), host="127.0.0.1", port=0)
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


SLOW = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 300\r\n\r\n"


async def test_a_body_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    monkeypatch.setattr(listeners, "BODY_PERIOD_SECONDS", 0.05)
    assert await _ask(listener, SLOW + b"a") == b""


async def test_a_body_that_keeps_coming_is_waited_for(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    """Each period brings what is asked; all of them together take longer than one."""
    monkeypatch.setattr(listeners, "BODY_BYTES_A_PERIOD", 100)
    monkeypatch.setattr(listeners, "BODY_PERIOD_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
    writer.write(SLOW)
    for _ in range(3):
        writer.write(b"a" * 100)
        await asyncio.sleep(0.2)
    assert b"200 OK" in await reader.readuntil(b"read 300")
    writer.close()


async def test_an_answer_that_is_long_in_coming_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    monkeypatch.setattr(listeners, "BODY_PERIOD_SECONDS", 0.05)
    assert b"at last" in await _ask(listener, b"GET /late HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")


async def test_an_answer_that_is_not_taken_is_not_kept(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    monkeypatch.setattr(listeners, "STALL_SECONDS", 0.05)
    lost, losing = asyncio.Event(), PatientProtocol.connection_lost
    monkeypatch.setattr(PatientProtocol, "connection_lost", lambda *parts: (losing(*parts), lost.set()))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]), limit=1024)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await lost.wait()  # nothing is read meanwhile
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(WHOLE)
    writer.close()


async def test_an_answer_that_is_taken_slowly_comes_whole(monkeypatch: pytest.MonkeyPatch, listener: Listener) -> None:
    monkeypatch.setattr(listeners, "STALL_SECONDS", 5)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(listener.url.rpartition(":")[2]))
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    size = 0
    while part := await reader.read(1 << 20):
        size += len(part)
    assert size > WHOLE
    writer.close()


@pytest.mark.parametrize("bound", ["MOST_CONNECTIONS", "MOST_OF_ONE_ADDRESS"])
async def test_nobody_holds_all_connections(monkeypatch: pytest.MonkeyPatch, listener: Listener, bound: str) -> None:
    monkeypatch.setattr(listeners, bound, 3)
    port = int(listener.url.rpartition(":")[2])
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    for reader, writer in held:  # each is one that is served
        writer.write(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"hello")
    assert await _ask(listener, b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n") == b""
    held[0][1].close()
    await held[0][1].wait_closed()
    while b"hello" not in await _ask(listener, b"GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"):
        pass  # the server has not heard yet that one has gone
    for _, writer in held:
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
