"""The client to other nodes against a server that lies, dawdles or is somebody else."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from interconn.dialects import STANDARD
from interconn.identity.signature import SignedReply, SignedRequest
from interconn.peers.outbound import Destination, PeerClient
from interconn.standard.control import JOB_START, JobReference
from interconn.standard.errors import (
    ConfigurationError,
    ContractNotUsable,
    InterconnError,
    InvalidRequest,
    PeerRefused,
    PeerReplyInvalid,
    PeerUnreachable,
    UnknownNode,
)
from interconn.standard.management import NODE_HEALTH
from interconn.standard.wire import MAXIMUM_BODY_BYTES, Empty
from tests.peers.partners import NOW, Partners, peer, signer_of
from tests.state.clock import VirtualClock

GOOD = b'{"code":0,"data":{},"msg":"success"}'
Answer = Callable[[SignedRequest], bytes | Awaitable[bytes]]


def reply(
    request: SignedRequest,
    body: bytes = GOOD,
    *,
    status: int = 200,
    by: str | None = "node-b",
    signed_for: SignedRequest | None = None,
    content_type: str = "application/json",
    extra: str = "",
    sent: bytes | None = None,
) -> bytes:
    """The bytes of an answer; `sent` goes out in place of the body that was signed."""
    signature = ""
    if by:
        signed = SignedReply(signed_for or request, "node-b", status, content_type, body)
        signature = f"x-auth-sign: {signed.sign(signer_of(by))}\r\n"
    out = body if sent is None else sent
    length = (
        "" if "content-length" in extra.lower() or "chunked" in extra.lower() else f"Content-Length: {len(out)}\r\n"
    )
    head = f"HTTP/1.1 {status} x\r\nContent-Type: {content_type}\r\n{length}{signature}{extra}Connection: close\r\n\r\n"
    return head.encode() + out


class Server:
    """A server that answers as a test says."""

    def __init__(self) -> None:
        self.answer: Answer = reply
        self.requests: list[SignedRequest] = []
        self.hold = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, target, _ = head[0].split(" ")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(SignedRequest(method, target, headers, body))
            answer = self.answer(self.requests[-1])
            writer.write(answer if isinstance(answer, bytes) else await answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[tuple[Server, str]]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    server.hold.set()
    listening.close()
    await listening.wait_closed()


@pytest.fixture
async def partners(server: tuple[Server, str]) -> Partners:
    return Partners({"node-b": peer("node-b", server[1])})


@pytest.fixture
async def client(partners: Partners) -> AsyncIterator[PeerClient]:
    trust = ssl.create_default_context()
    made = PeerClient(
        node_id="node-a",
        signer=signer_of("node-a"),
        directory=partners,
        clock=VirtualClock(NOW),
        tls=lambda: trust,
    )
    yield made
    await made.close()


async def call(client: PeerClient, *, timeout: float = 30, trace_id: str = "trace-1", **parts: str) -> Empty:
    answer = await client.answer(
        "node-b", JOB_START, JobReference(job_id="job-1"), trace_id=trace_id, timeout=timeout, **parts
    )
    return answer.reply


async def test_mgt_2_2_headers_of_a_sound_call(client: PeerClient, server: tuple[Server, str]) -> None:
    await call(client, permits="set/1/token")
    await call(client)
    first, second = server[0].requests
    assert (first.method, first.target, first.body) == ("POST", JOB_START.path, b'{"job_id":"job-1"}')
    first.verify(signer_of("node-a").credential)
    assert first.headers["x-target-node-id"] == "node-b"
    assert first.headers["x-timestamp"] == str(NOW)
    assert first.headers["x-csrf-protection"]
    assert first.headers["x-mprac-token-set"] == "set/1/token"
    assert "x-mprac-token-set" not in second.headers
    assert first.headers["x-nonce"] != second.headers["x-nonce"]
    assert "user-agent" not in first.headers


UNPROVEN: dict[str, Answer] = {
    "not signed": lambda request: reply(request, by=None),
    "signed by somebody else": lambda request: reply(request, by="stranger"),
    "signed by the caller itself": lambda request: reply(request, by="node-a"),
    "body changed": lambda request: reply(request, sent=GOOD.replace(b"success", b"succesx")),
    "body cut to nothing": lambda request: reply(request, sent=b""),
    "compressed on the way": lambda request: reply(
        request, sent=gzip.compress(GOOD), extra="Content-Encoding: gzip\r\n"
    ),
    "status changed": lambda request: reply(request, status=401).replace(b"401", b"200", 1),
    "content type changed": lambda request: reply(request).replace(b"application/json", b"application/jsom", 1),
    "page of somebody in between": lambda request: reply(request, b"<html>", by=None, content_type="text/html"),
    "redirect": lambda request: reply(request, b"", by=None, status=307, extra="Location: http://127.0.0.1:1/\r\n"),
    "signature that is none": lambda request: reply(request, by=None, extra="x-auth-sign: \xe9\x80!\r\n"),
}


@pytest.mark.parametrize("answer", UNPROVEN.values(), ids=UNPROVEN)
async def test_mgt_2_2_auth_sign_an_unproven_answer(
    client: PeerClient, server: tuple[Server, str], answer: Answer
) -> None:
    server[0].answer = answer
    with pytest.raises(PeerReplyInvalid) as caught:
        await call(client)
    assert "node-b" in caught.value.message
    assert len(server[0].requests) == 1


async def test_mgt_2_2_auth_sign_the_answer_to_another_call_replayed(
    client: PeerClient, server: tuple[Server, str]
) -> None:
    await call(client)
    kept = server[0].requests[0]
    server[0].answer = lambda request: reply(request, signed_for=kept)
    with pytest.raises(PeerReplyInvalid):
        await call(client)


async def test_mgt_2_2_auth_sign_an_answer_drawn_from_an_unsigned_call(
    client: PeerClient, server: tuple[Server, str]
) -> None:
    server[0].answer = lambda request: reply(
        request, signed_for=SignedRequest("GET", NODE_HEALTH.path, request.headers, b"")
    )
    with pytest.raises(PeerReplyInvalid):
        await call(client)


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_in_the_partner_s_place(client: PeerClient, server: tuple[Server, str], status: int) -> None:
    server[0].answer = lambda request: reply(request, b"<html>", by=None, status=status, content_type="text/html")
    with pytest.raises(PeerUnreachable, match="gateway"):
        await call(client)


UNREADABLE: dict[str, Answer] = {
    "nothing": lambda request: b"",
    "no HTTP": lambda request: b"SSH-2.0-OpenSSH\r\n\r\n",
    "cut off in the head": lambda request: b"HTTP/1.1 200 OK\r\nContent-",
    "cut off in the body": lambda request: reply(request)[:-5],
    "cut off in a chunk": lambda request: reply(request, sent=b"24\r\n{", extra="Transfer-Encoding: chunked\r\n"),
    "chunk of no length": lambda request: reply(request, sent=b"zz\r\n{", extra="Transfer-Encoding: chunked\r\n"),
    "endless head": lambda request: b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 100_000 + b"\r\n\r\n",
    "two lengths": lambda request: reply(request, extra="Content-Length: 5\r\nContent-Length: 9\r\n"),
    "line feed in a header": lambda request: reply(request, extra="X-A: a\x00b\r\n"),
}


@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
async def test_an_answer_that_is_none(client: PeerClient, server: tuple[Server, str], answer: Answer) -> None:
    server[0].answer = answer
    with pytest.raises((PeerUnreachable, PeerReplyInvalid)) as caught:
        await call(client)
    assert caught.value.retryable


async def test_never_answers(client: PeerClient, server: tuple[Server, str]) -> None:
    async def never(request: SignedRequest) -> bytes:
        await server[0].hold.wait()
        return b""

    server[0].answer = never
    with pytest.raises(PeerUnreachable, match="too long"):
        await call(client, timeout=0.05)


async def test_nobody_listens(client: PeerClient, partners: Partners) -> None:
    partners.known["node-b"] = peer("node-b", "http://127.0.0.1:1")
    with pytest.raises(PeerUnreachable) as caught:
        await call(client)
    assert caught.value.hint


@pytest.mark.parametrize("extra", ["", "Transfer-Encoding: chunked\r\n"])
async def test_a_huge_answer(client: PeerClient, server: tuple[Server, str], extra: str) -> None:
    huge = bytes(MAXIMUM_BODY_BYTES + 1)
    chunked = f"{len(huge):x}\r\n".encode() + huge + b"\r\n0\r\n\r\n"
    server[0].answer = lambda request: reply(request, huge, sent=chunked if extra else huge, extra=extra)
    with pytest.raises(PeerReplyInvalid, match="more than"):
        await call(client)


REFUSALS: dict[str, tuple[bytes, type[InterconnError], str]] = {
    "refusal": (b'{"code":40901,"data":{},"msg":"runs already"}', PeerRefused, "runs already"),
    "refusal with control characters": (b'{"code":7,"msg":"a\\u001b[2J"}', PeerRefused, "a?[2J"),
    "refusal at length": (b'{"code":7,"msg":"' + b"x" * 100_000 + b'"}', PeerRefused, "xxx"),
    "no envelope": (b"[]", PeerReplyInvalid, "envelope"),
    "no JSON": (b"<html>", PeerReplyInvalid, "envelope"),
    "no code": (b'{"msg":"success"}', PeerReplyInvalid, "code"),
    "false for a code": (b'{"code":false}', PeerReplyInvalid, "code"),
    "two codes": (b'{"code":1,"code":0}', PeerReplyInvalid, "repeats"),
    "deep": (b"[" * 100_000, PeerReplyInvalid, "envelope"),
}


@pytest.mark.parametrize(("body", "kind", "said"), REFUSALS.values(), ids=REFUSALS)
async def test_mgt_2_3_envelope_proven_answers_that_are_no_success(
    client: PeerClient, server: tuple[Server, str], body: bytes, kind: type[InterconnError], said: str
) -> None:
    server[0].answer = lambda request: reply(request, body)
    with pytest.raises(kind) as caught:
        await call(client)
    assert said in caught.value.message
    assert len(caught.value.message) < 2100


@pytest.mark.parametrize("body", [b'{"code":0}', b'{"code":200,"data":null}', b'{"code":0,"data":{},"msg":"","x":1}'])
async def test_mgt_2_3_data_resolution_1_successes(client: PeerClient, server: tuple[Server, str], body: bytes) -> None:
    server[0].answer = lambda request: reply(request, body)
    assert await call(client) == Empty()


async def test_no_contract_no_call(client: PeerClient, server: tuple[Server, str], partners: Partners) -> None:
    partners.ended.add("node-b")
    with pytest.raises(ContractNotUsable):
        await call(client)
    partners.ended.clear()
    partners.known.clear()
    with pytest.raises(UnknownNode):
        await call(client)
    assert server[0].requests == []


@pytest.mark.parametrize("trace_id", ["a\r\nx-injected: 1", "a\nb", "ü", "a\x00"])
async def test_nothing_is_smuggled_into_headers(client: PeerClient, server: tuple[Server, str], trace_id: str) -> None:
    with pytest.raises(InvalidRequest):
        await call(client, trace_id=trace_id)
    with pytest.raises(InvalidRequest):
        await call(client, permits=trace_id)
    assert server[0].requests == []


@pytest.mark.parametrize(
    "address",
    ["not a url", "http://", "ftp://127.0.0.1", "file:///x", "http://127.0.0.1:99999", "//x", "", "http://[::1"],
)
async def test_an_address_that_is_none(client: PeerClient, partners: Partners, address: str) -> None:
    partners.known["node-b"] = peer("node-b", address)
    with pytest.raises(ConfigurationError):
        await call(client)


async def test_an_address_whose_name_cannot_be_looked_up_is_one_that_does_not_answer(
    client: PeerClient, partners: Partners
) -> None:
    partners.known["node-b"] = peer("node-b", f"https://{'n' * 64}.example")  # as an older node may have kept it
    with pytest.raises(PeerUnreachable, match="no answer from node-b"):
        await call(client)


async def test_an_unknown_dialect(client: PeerClient, partners: Partners) -> None:
    partners.known["node-b"] = peer("node-b", dialect="klingon")
    with pytest.raises(ConfigurationError, match="klingon"):
        await call(client)


async def test_first_contact_believes_an_unproven_answer_for_want_of_a_key(
    client: PeerClient, server: tuple[Server, str]
) -> None:
    server[0].answer = lambda request: reply(request, by=None)
    stranger = Destination("node-b", server[1], None, STANDARD)
    answer = await client.ask(stranger, JOB_START, JobReference(job_id="j"), trace_id="t")
    assert (answer.reply, answer.evidence) == (Empty(), None)
    server[0].requests[0].verify(signer_of("node-a").credential)


async def test_cookies_of_a_partner_are_not_kept(client: PeerClient, server: tuple[Server, str]) -> None:
    server[0].answer = lambda request: reply(request, extra="Set-Cookie: a=b\r\n")
    await call(client)
    await call(client)
    assert "cookie" not in server[0].requests[1].headers
