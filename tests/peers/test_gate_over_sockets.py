"""The gate behind the real server: what HTTP itself lets people smuggle."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import uvicorn

from tests.peers.node_b import BODY, START, NodeB
from tests.peers.partners import signed_headers


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeB]:
    made = NodeB(tmp_path)
    yield made
    made.nonces.close()


@pytest.fixture
async def port(node: NodeB) -> AsyncIterator[int]:
    config = uvicorn.Config(node.app, port=0, log_config=None, lifespan="off", http="httptools")
    config.load()
    listening = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(  # type: ignore[call-arg]
            config=config, server_state=uvicorn.server.ServerState(), app_state={}
        ),
        "127.0.0.1",
        0,
    )
    yield listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()


async def send(port: int, raw: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


def request(
    target: str = START, *, framing: str | None = None, body: bytes = BODY, extra: str = "", line: str | None = None
) -> bytes:
    headers = {**signed_headers("POST", START, BODY), "host": "node-b", "connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    framing = f"Content-Length: {len(body)}\r\n" if framing is None else framing
    return f"{line or f'POST {target} HTTP/1.1'}\r\n{lines}{framing}{extra}\r\n".encode("latin-1") + body


async def test_a_sound_request(node: NodeB, port: int) -> None:
    assert b'"code":0' in await send(port, request())
    assert len(node.calls) == 1


async def test_a_sound_request_in_chunks(node: NodeB, port: int) -> None:
    chunked = b"4\r\n" + BODY[:4] + f"\r\n{len(BODY) - 4:x}\r\n".encode() + BODY[4:] + b"\r\n0\r\n\r\n"
    assert b'"code":0' in await send(port, request(framing="Transfer-Encoding: chunked\r\n", body=chunked))


SMUGGLED = {
    "length and chunks": request(framing=f"Content-Length: {len(BODY)}\r\nTransfer-Encoding: chunked\r\n"),
    "two lengths": request(framing=f"Content-Length: {len(BODY)}\r\nContent-Length: 0\r\n"),
    "length with a sign": request(framing=f"Content-Length: +{len(BODY)}\r\n"),
    "length too small": request(framing=f"Content-Length: {len(BODY) - 1}\r\n"),
    "length too large": request(framing=f"Content-Length: {len(BODY) + 1}\r\n"),
    "unknown coding": request(framing="Transfer-Encoding: xchunked\r\n"),
    "header folded over lines": request(extra="x-trace-id: trace-1\r\n x\r\n"),
    "blank before the colon": request(extra="x-source-node-id : stranger\r\n"),
    "bare line feed": request(extra="x-a: b\nx-source-node-id: stranger\r\n"),
    "bare carriage return": request(extra="x-a: b\rx-source-node-id: stranger\r\n"),
    "NUL in a header": request(extra="x-trace-id: a\x00b\r\n"),
    "repeated header in capitals": request(extra="X-SOURCE-NODE-ID: stranger\r\n"),
    "bytes beyond ASCII": request(extra="x-ptp-topic: \xe9\r\n"),
    "blank in the target": request(f"{START} /x"),
    "bytes beyond ASCII in the target": request(f"{START}\xe9"),
    "target with a fragment": request(f"{START}?a=1#b"),
    "path that climbs": request(START.replace("/job/", "/x/../job/")),
    "trailing slash": request(f"{START}/"),
    "another version": request(line=f"POST {START} HTTP/3.0"),
}


@pytest.mark.parametrize("raw", SMUGGLED.values(), ids=SMUGGLED)
async def test_smuggled(node: NodeB, port: int, raw: bytes) -> None:
    answer = await send(port, raw)
    assert node.calls == []
    assert b'"code":0' not in answer


async def test_a_second_request_behind_the_first_is_one_of_its_own(node: NodeB, port: int) -> None:
    both = request().replace(b"connection: close", b"connection: keep-alive") + request()
    answer = await send(port, both)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert answer.count(b'"code":0') == 1
    assert b'"code":40103' in answer
    assert len(node.calls) == 1


@pytest.mark.parametrize("trailer", ["x-interconn-poll-wait: 1", "x-ptp-uri: /x", "x-source-node-id: stranger"])
async def test_a_trailer_that_the_server_takes_for_a_header_is_covered_like_one(
    node: NodeB, port: int, trailer: str
) -> None:
    chunked = f"{len(BODY):x}\r\n".encode() + BODY + f"\r\n0\r\n{trailer}\r\n\r\n".encode()
    answer = await send(port, request(framing="Transfer-Encoding: chunked\r\n", body=chunked))
    assert b'"code":0' not in answer
    assert node.calls == []
