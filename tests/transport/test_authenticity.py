"""What other nodes may not do: be somebody else, change what passes, or reach what is not theirs."""

import base64
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import pytest

from interconn.identity.signature import SignedRequest
from interconn.standard.protobuf import ptp_pb2
from interconn.standard.transport import INVOKE, PEEK, POP, PUSH, RELEASE, TRANSPORT
from tests.transport.nodes import SESSION, TASK, Component, MakeComponent, MakeNode, Node, Server

NONCE_LENGTH = 32


@dataclass(frozen=True)
class Sent:
    """A request as it went over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes

    def signed_by(self, node: Node) -> "Sent":
        """The request with a signature of that node."""
        headers = {name: value for name, value in self.headers.items() if name != "x-auth-sign"}
        headers["x-auth-sign"] = SignedRequest("POST", self.path, headers, self.body).sign(node.signer)
        return replace(self, headers=headers)

    def with_headers(self, **headers: str) -> "Sent":
        """The request with other values of some headers."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers=self.headers | changed)


class Recorder:
    """Stands in a partner's place, keeps what comes and answers like a gateway that has nobody behind it."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (event := await receive()).get("more_body"):
            body += event["body"]
        body += event.get("body", b"")
        left_out = {"host", "content-length", "connection", "accept", "accept-encoding"}
        headers = {name.decode(): value.decode() for name, value in scope["headers"] if name.decode() not in left_out}
        self.sent.append(Sent(scope["path"], headers, body))
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b""})


Record = Callable[[], Awaitable[Sent]]


@pytest.fixture
async def a(make_node: MakeNode) -> Node:
    return await make_node("a")


@pytest.fixture
async def b(make_node: MakeNode, a: Node) -> Node:
    return await make_node("b")


@pytest.fixture
async def bob(b: Node, component: MakeComponent) -> Component:
    return component(b, await b.open("a"))


@pytest.fixture
async def record(a: Node, b: Node, component: MakeComponent) -> Record:
    """A push from a to b, caught on the way before b has seen it."""

    async def catch() -> Sent:
        recorder = Recorder()
        gateway = Server(recorder)
        await gateway.start()
        a.knows("b", gateway.address, b.credential)
        alice = component(a, await a.open("b"))
        limits = replace(a.limits, partner_seconds=0.01)
        a.transport._relay._limits = limits
        await alice.push("b", b"payload", "topic", x_ptp_topic="topic")
        await gateway.stop()
        return recorder.sent[0]

    return catch


async def deliver(node: Node, sent: Sent, http: aiohttp.ClientSession) -> dict[str, Any]:
    async with http.post(
        f"{node.partner.address}{sent.path}", data=io.BytesIO(sent.body), headers=sent.headers
    ) as response:
        content = await response.read()
        if response.content_type == "application/x-protobuf":
            found = ptp_pb2.Outbound.FromString(content)
            return {"code": found.code, "message": found.message}
        reply = json.loads(content)
        assert isinstance(reply, dict)
        return reply


def waiting(node: Node) -> int:
    return sum(view.queued_messages for view in node.transport.sessions())


SIGNED = """
    content-type x-ptp-version x-ptp-tech-provider-code x-ptp-trace-id x-ptp-token x-ptp-uri x-ptp-source-node-id
    x-ptp-target-node-id x-ptp-source-inst-id x-ptp-target-inst-id x-ptp-session-id x-ptp-topic x-interconn-message-id
    x-interconn-task-id x-source-node-id x-target-node-id x-nonce x-trace-id x-timestamp x-auth-sign
""".split()  # noqa: SIM905 - a list of twenty would hide what it holds


async def test_trn_2_1_headers_all_headers_are_sent(record: Record) -> None:
    sent = await record()
    assert sent.path == INVOKE
    assert set(SIGNED) <= set(sent.headers)
    assert all(sent.headers[name] for name in SIGNED)
    assert set(sent.headers) - set(SIGNED) == {"x-csrf-protection"}
    assert json.loads(sent.body) == {"payload": base64.b64encode(b"payload").decode(), "topic": "topic"}


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("how", ["changed", "removed"])
async def test_a_header_changed_on_the_way(b: Node, bob: Component, record: Record, name: str, how: str) -> None:
    sent = await record()
    headers = dict(sent.headers)
    if how == "removed":
        del headers[name]
    else:
        last = headers[name][-1]
        headers[name] = headers[name][:-1] + ("1" if last != "1" else "2")
        if name == "content-type":
            headers[name] = "application/x-protobuf"
    reply = await deliver(b, replace(sent, headers=headers), bob.http)
    assert reply["code"] not in ("E0000000000", "E0000000500"), reply
    assert waiting(b) == 0
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000000"
    assert waiting(b) == 1


@pytest.mark.parametrize("name", ["x-interconn-extra", "x-ptp-extra", "x-mprac-token-set"])
async def test_a_header_added_on_the_way(b: Node, bob: Component, record: Record, name: str) -> None:
    sent = await record()
    reply = await deliver(b, replace(sent, headers=sent.headers | {name: "x"}), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000615", 0)


@pytest.mark.parametrize("position", [0, 10, -1])
async def test_a_byte_of_the_body_changed_on_the_way(b: Node, bob: Component, record: Record, position: int) -> None:
    sent = await record()
    body = bytearray(sent.body)
    body[position] ^= 1
    reply = await deliver(b, replace(sent, body=bytes(body)), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000615", 0)


async def test_another_path_on_the_way(b: Node, bob: Component, record: Record) -> None:
    reply = await deliver(b, replace(await record(), path=TRANSPORT), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000615", 0)


async def test_mgt_2_2_replay_a_request_sent_twice(b: Node, bob: Component, record: Record) -> None:
    sent = await record()
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000000"
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000403"
    assert waiting(b) == 1


async def test_a_signature_of_another_node(make_node: MakeNode, b: Node, bob: Component, record: Record) -> None:
    sent = await record()
    mallory = await make_node("mallory")
    reply = await deliver(b, sent.signed_by(mallory), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000615", 0)


async def test_three_parties_cannot_be_one_another(
    make_node: MakeNode, a: Node, b: Node, component: MakeComponent, record: Record
) -> None:
    sent = await record()
    mallory = await make_node("mallory")
    bob = component(b, await b.open("a", "mallory"))
    own = sent.with_headers(x_source_node_id="mallory", x_nonce="m" * NONCE_LENGTH)
    # A party of the same session that says it speaks for a.
    reply = await deliver(b, own.signed_by(mallory), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000403", 0)
    # Under its own name its message is its own, and no pop of a's messages returns it.
    honest = own.with_headers(x_ptp_source_node_id="mallory", x_nonce="n" * NONCE_LENGTH)
    assert (await deliver(b, honest.signed_by(mallory), bob.http))["code"] == "E0000000000"
    assert "content" not in await bob.call(PEEK, "a", {"topic": "topic"})
    assert await bob.pop("mallory", "topic") == b"payload"
    # The same message id of two nodes is two messages.
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000000"
    assert await bob.pop("a", "topic") == b"payload"


async def test_403_a_partner_that_is_no_party_of_the_session(
    make_node: MakeNode, b: Node, bob: Component, record: Record
) -> None:
    sent = await record()
    mallory = await make_node("mallory")
    changed = sent.with_headers(x_source_node_id="mallory", x_ptp_source_node_id="mallory")
    reply = await deliver(b, changed.signed_by(mallory), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000403", 0)
    assert "party" in reply["message"]


@pytest.mark.parametrize(
    "uri",
    [POP, PEEK, RELEASE, INVOKE, "/v1/interconn/node/contract/apply", "http://127.0.0.1:7306/api/v1/node/status", "/",
     f"{PUSH}/", f"{PUSH}?x=1", "/v1/interconn/chan/../chan/push"],
)  # fmt: skip
async def test_404_an_uri_other_than_push_reaches_nothing(
    a: Node, b: Node, bob: Component, record: Record, uri: str
) -> None:
    reply = await deliver(b, (await record()).with_headers(x_ptp_uri=uri).signed_by(a), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000404", 0)


@pytest.mark.parametrize("name", ["x_ptp_target_node_id", "x_target_node_id"])
async def test_618_a_message_for_another_node(a: Node, b: Node, bob: Component, record: Record, name: str) -> None:
    reply = await deliver(b, (await record()).with_headers(**{name: "c"}).signed_by(a), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000618", 0)


@pytest.mark.parametrize(
    "name", ["x-ptp-tech-provider-code", "x-ptp-trace-id", "x-ptp-token", "x-ptp-uri", "x-ptp-source-node-id",
             "x-ptp-target-node-id", "x-ptp-session-id", "x-nonce", "x-timestamp", "x-csrf-protection"],
)  # fmt: skip
async def test_400_a_header_between_nodes_is_missing(
    a: Node, b: Node, bob: Component, record: Record, name: str
) -> None:
    sent = await record()
    headers = {key: value for key, value in sent.headers.items() if key != name}
    reply = await deliver(b, replace(sent, headers=headers).signed_by(a), bob.http)
    assert (reply["code"], waiting(b)) == ("E0000000400", 0)
    assert name in reply["message"]


@pytest.mark.parametrize("path", [PUSH, POP, PEEK, RELEASE, "/v1/interconn/chan/"])
async def test_a_task_token_opens_nothing_on_the_partner_listener(b: Node, bob: Component, path: str) -> None:
    headers = bob.headers("a")
    async with bob.http.post(f"{b.partner.address}{path}", data=b"{}", headers=headers) as response:
        assert json.loads(await response.read())["code"] == "E0000000404"
    sent = Sent(INVOKE, headers | {"x-ptp-uri": PUSH, "x-ptp-version": "1", "x-ptp-source-node-id": "a"}, b"{}")
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000400"
    assert waiting(b) == 0


async def test_413_a_stranger_is_not_listened_to_for_long(b: Node, bob: Component) -> None:
    sent = Sent(INVOKE, {"x-source-node-id": "stranger"}, b"x" * 1024 * 1025)
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000413"


async def test_trn_5_2_2_an_envelope_holds_the_push_body(a: Node, b: Node, bob: Component, record: Record) -> None:
    sent = await record()
    wrapped = json.dumps({"payload": base64.b64encode(sent.body).decode(), "metadata": {"x": "y"}}).encode()
    for version, nonce in (("2", "2" * NONCE_LENGTH), ("", "0" * NONCE_LENGTH)):
        changed = replace(sent, body=wrapped).with_headers(
            x_ptp_version=version, x_nonce=nonce, x_interconn_message_id=nonce
        )
        if not version:
            del changed.headers["x-ptp-version"]
        assert (await deliver(b, changed.signed_by(a), bob.http))["code"] == "E0000000000"
        assert await bob.pop("a", "topic") == b"payload"


async def test_trn_5_2_2_http_an_envelope_in_protobuf(a: Node, b: Node, bob: Component, record: Record) -> None:
    sent = await record()
    inner = ptp_pb2.PushInbound(topic="topic", payload=b"inside").SerializeToString()
    outer = ptp_pb2.Inbound(payload=inner, metadata={"x": "y"}).SerializeToString()
    changed = replace(sent, body=outer).with_headers(x_ptp_version="2", content_type="application/x-protobuf")
    assert (await deliver(b, changed.signed_by(a), bob.http))["code"] == "E0000000000"
    assert await bob.pop("a", "topic") == b"inside"


async def test_trn_2_2_2_a_chunked_transport_is_one_message(a: Node, b: Node, bob: Component, record: Record) -> None:
    sent = replace(await record(), path=TRANSPORT).signed_by(a)

    async def chunks() -> Any:
        for at in range(0, len(sent.body), 5):
            yield sent.body[at : at + 5]

    async with bob.http.post(f"{b.partner.address}{TRANSPORT}", data=chunks(), headers=sent.headers) as response:
        assert (await response.json())["code"] == "E0000000000"
    assert await bob.pop("a", "topic") == b"payload"


async def test_without_task_the_only_open_one_is_meant(a: Node, b: Node, bob: Component, record: Record) -> None:
    sent = await record()
    del sent.headers["x-interconn-task-id"]
    sent = sent.with_headers(x_interconn_message_id="").signed_by(a)
    assert (await deliver(b, sent, bob.http))["code"] == "E0000000000"
    assert await bob.pop("a", "topic") == b"payload"
    await b.open("a", task="task_2")
    reply = await deliver(b, sent.with_headers(x_nonce="2" * NONCE_LENGTH).signed_by(a), bob.http)
    assert reply["code"] == "E0000000400"
    assert "2 tasks" in reply["message"]
    await b.close_session(SESSION, TASK)
    reply = await deliver(b, sent.with_headers(x_nonce="3" * NONCE_LENGTH).signed_by(a), bob.http)
    assert reply["code"] == "E0000000000"
    await b.close_session(SESSION, "task_2")
    reply = await deliver(b, sent.with_headers(x_nonce="4" * NONCE_LENGTH).signed_by(a), bob.http)
    assert reply["code"] == "E0000000608"


class Tamperer:
    """Stands before a partner's node and changes its answers."""

    def __init__(self, node: Node, http: aiohttp.ClientSession, change: Callable[[bytes], bytes]) -> None:
        self._node = node
        self._http = http
        self._change = change

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        address = f"{self._node.partner.address}{scope['path']}"
        async with self._http.post(address, data=body, headers=headers) as response:
            content = self._change(await response.read())
            proof = [(b"x-auth-sign", response.headers["x-auth-sign"].encode())]
            fields = [*proof, (b"content-type", response.headers["content-type"].encode())]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": content})


@pytest.mark.parametrize("changed", [False, True])
async def test_615_a_byte_of_the_answer_changed_on_the_way(
    a: Node, b: Node, bob: Component, component: MakeComponent, changed: bool
) -> None:
    alice = component(a, await a.open("b"))
    gateway = Server(Tamperer(b, bob.http, lambda body: body.replace(b"success", b"Success") if changed else body))
    await gateway.start()
    a.knows("b", gateway.address, b.credential)
    assert await alice.push("b", b"m") == ("E0000000615" if changed else "E0000000000")
    await gateway.stop()
