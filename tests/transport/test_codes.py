"""Every code of the transport layer that this node gives, with what brings it about (TRN-XA-codes)."""

import asyncio
import base64
from typing import Any

import pytest
from starlette.responses import Response

from interconn.standard.transport import PEEK, POP, PUSH, RELEASE
from interconn.transport import Limits
from tests.transport.nodes import Component, MakeComponent, MakeNode, Node, Server

CALLS = (PUSH, POP, PEEK, RELEASE)


@pytest.fixture
async def a(make_node: MakeNode) -> Node:
    return await make_node("a", Limits(partner_seconds=0.3, body_bytes=2000, session_bytes=1000, session_messages=3))


@pytest.fixture
async def b(make_node: MakeNode, a: Node) -> Node:
    return await make_node("b", Limits(body_bytes=1500, session_bytes=1000, session_messages=3))


@pytest.fixture
async def alice(a: Node, b: Node, component: MakeComponent) -> Component:
    return component(a, await a.open("b", "c"))


@pytest.fixture
async def bob(b: Node, component: MakeComponent) -> Component:
    return component(b, await b.open("a"))


def refused(reply: dict[str, Any], code: str, *words: str) -> None:
    """The reply has the code, says why, and carries no message."""
    assert reply["code"] == code, reply
    assert "payload" not in reply
    for word in words:
        assert word in reply["message"]


# --- at the component listener ---------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/interconn/chan/invoke", "/v1/interconn/chan/transport", "/v1/interconn/chan/"])
async def test_404_a_path_of_another_listener(alice: Component, path: str) -> None:
    refused(await alice.call(path, "b"), "E0000000404", path)


async def test_404_another_method(alice: Component) -> None:
    async with alice.http.get(f"{alice.address}{PUSH}", headers=alice.headers("b")) as response:
        refused(await response.json(), "E0000000404")


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    "name", ["x-ptp-tech-provider-code", "x-ptp-trace-id", "x-ptp-session-id", "x-ptp-target-node-id"]
)
async def test_400_a_header_is_missing(alice: Component, path: str, name: str) -> None:
    headers = alice.headers("b")
    del headers[name]
    refused(await alice.raw(path, b"{}", headers), "E0000000400", name, "TRN-3.1-headers")


@pytest.mark.parametrize("value", ["x" * 257, "é"], ids=["long", "not ASCII"])
async def test_400_a_header_is_unusable(alice: Component, value: str) -> None:
    refused(await alice.call(PUSH, "b", x_ptp_trace_id=value), "E0000000400", "x-ptp-trace-id")


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        (PUSH, b"[]", "object"),
        (PUSH, b'{"payload": 7}', "payload"),
        (PUSH, b'{"topic": 7}', "topic"),
        (PUSH, b'{"topic": "a\\nb"}', "topic"),
        (POP, b'{"timeout": -1}', "timeout"),
        (POP, b'{"timeout": 1.5}', "timeout"),
        (POP, b'{"timeout": true}', "timeout"),
        (POP, b'{"timeout": 100000}', "timeout"),
        (RELEASE, b'{"timeout": "soon"}', "timeout"),
    ],
)
async def test_400_a_member_is_unusable(alice: Component, path: str, body: bytes, word: str) -> None:
    refused(await alice.raw(path, body, alice.headers("b")), "E0000000400", word)


async def test_400_the_timeout_of_the_query_is_no_number(alice: Component) -> None:
    refused(await alice.call(f"{POP}?timeout=soon", "b"), "E0000000400", "timeout")


async def test_400_body_and_header_name_different_topics(alice: Component) -> None:
    refused(await alice.call(PUSH, "b", {"topic": "t"}, x_ptp_topic="u"), "E0000000400", "x-ptp-topic")


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("token", ["", "wrong"])
async def test_403_a_token_that_is_missing_or_wrong(alice: Component, path: str, token: str) -> None:
    alice.token = token
    refused(await alice.call(path, "b"), "E0000000403", "x-ptp-token")


@pytest.mark.parametrize("path", CALLS)
async def test_403_a_task_token_on_another_session(a: Node, alice: Component, path: str) -> None:
    await a.open("b", session="session_job-2", task="task_9")
    alice.session = "session_job-2"
    refused(await alice.call(path, "b"), "E0000000403", "x-ptp-token")


async def test_403_a_token_that_was_replaced(a: Node, alice: Component) -> None:
    fresh = await a.open("b", "c")
    refused(await alice.call(PEEK, "b"), "E0000000403")
    alice.token = fresh
    assert (await alice.call(PEEK, "b"))["code"] == "E0000000000"


async def test_403_the_token_of_another_node(alice: Component, bob: Component) -> None:
    alice.token = bob.token
    refused(await alice.call(PEEK, "b"), "E0000000403")


@pytest.mark.parametrize("path", [PUSH, POP, PEEK])
async def test_403_a_node_that_is_no_party(alice: Component, path: str) -> None:
    refused(await alice.call(path, "d"), "E0000000403", "d: ", "party")


async def test_413_a_body_beyond_the_limit(alice: Component, bob: Component) -> None:
    message = base64.b64encode(b"x" * 1900).decode()
    refused(await alice.call(PUSH, "b", {"payload": message}), "E0000000413", "2000 bytes")


async def test_413_a_message_larger_than_the_whole_buffer(bob: Component) -> None:
    refused(await bob.call(PUSH, "b", {"payload": base64.b64encode(b"x" * 1001).decode()}), "E0000000413", "1000")


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/x-msgpack", "garbage"])
async def test_616_a_content_type_that_is_not_offered(alice: Component, kind: str) -> None:
    headers = alice.headers("b") | {"Content-Type": kind}
    refused(await alice.raw(PUSH, b"{}", headers), "E0000000616", "content-type")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"payload": "*"}', b'{"a": 1, "a": 2}', b"NaN"])
async def test_616_a_body_that_is_no_json(alice: Component, body: bytes) -> None:
    refused(await alice.raw(PUSH, body, alice.headers("b")), "E0000000616")


async def test_616_a_body_that_is_no_protobuf(alice: Component) -> None:
    headers = alice.headers("b") | {"Content-Type": "application/x-protobuf"}
    async with alice.http.post(f"{alice.address}{PUSH}", data=b"\xff\xff", headers=headers) as response:
        assert b"E0000000616" in await response.read()


# --- a session's end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CALLS)
async def test_608_a_session_that_was_closed(a: Node, alice: Component, path: str) -> None:
    await a.close_session()
    refused(await alice.call(path, "b"), "E0000000608")


async def test_trn_3_2_4_release_drops_what_is_unread_and_ends_the_session(alice: Component, bob: Component) -> None:
    await alice.push("b", b"unread")
    assert (await bob.call(RELEASE, "a"))["code"] == "E0000000000"
    refused(await bob.call(POP, "a"), "E0000000608")
    refused(await alice.call(PUSH, "b"), "E0000000608")
    refused(await alice.call(PUSH, "b", x_interconn_message_id="again"), "E0000000608")


async def test_trn_3_2_4_release_of_a_topic_leaves_the_others(alice: Component, bob: Component) -> None:
    await alice.push("b", b"one", "t")
    await alice.push("b", b"two", "u")
    assert (await bob.call(RELEASE, "a", {"topic": "t"}))["code"] == "E0000000000"
    refused(await bob.call(PEEK, "a", {"topic": "t"}), "E0000000608")
    refused(await alice.call(PUSH, "b", {"topic": "t"}), "E0000000608")
    assert await bob.pop("a", "u") == b"two"


async def test_a_release_touches_no_other_task(
    a: Node, b: Node, alice: Component, bob: Component, component: MakeComponent
) -> None:
    other = component(a, await a.open("b", task="task_2")), component(b, await b.open("a", task="task_2"))
    await other[0].push("b", b"kept", "t")
    await bob.call(RELEASE, "a")
    await alice.call(RELEASE, "b")
    assert await other[1].pop("a", "t") == b"kept"
    assert await other[0].push("b", b"goes on", "t") == "E0000000000"


async def test_a_session_opened_anew_is_empty(b: Node, alice: Component, bob: Component) -> None:
    await alice.push("b", b"old")
    await b.close_session()
    old = bob.token
    bob.token = await b.open("a")
    assert "content" not in await bob.call(PEEK, "a")
    bob.token = old
    refused(await bob.call(PEEK, "a"), "E0000000403")


# --- the far side ----------------------------------------------------------------------------------------


async def test_700_the_far_buffer_is_full_of_messages(alice: Component, bob: Component) -> None:
    for _ in range(3):
        assert await alice.push("b", b"") == "E0000000000"
    refused(await alice.call(PUSH, "b"), "E0000000700", "3 messages")
    await bob.pop("a")
    assert await alice.push("b", b"") == "E0000000000"


async def test_700_the_far_buffer_is_full_of_bytes(alice: Component, bob: Component) -> None:
    assert await alice.push("b", b"x" * 600) == "E0000000000"
    assert await alice.push("b", b"x" * 600, x_interconn_message_id="m") == "E0000000700"
    await bob.pop("a")
    assert await alice.push("b", b"x" * 600, x_interconn_message_id="m") == "E0000000000"


async def test_700_all_sessions_together_fill_the_node(make_node: MakeNode, component: MakeComponent) -> None:
    node = await make_node("a", Limits(node_bytes=1000))
    tasks = [component(node, await node.open(task=task)) for task in ("task_1", "task_2")]
    assert await tasks[0].push("a", b"x" * 600) == "E0000000000"
    assert await tasks[1].push("a", b"x" * 600) == "E0000000700"
    await node.close_session(task="task_1")
    assert await tasks[1].push("a", b"x" * 600) == "E0000000000"


async def test_a_repeat_is_acknowledged_though_the_buffer_is_full(alice: Component, bob: Component) -> None:
    for number in range(3):
        await alice.push("b", b"", x_interconn_message_id=f"m{number}")
    assert await alice.push("b", b"", x_interconn_message_id="m0") == "E0000000000"


async def test_602_the_far_node_never_opens_the_session(alice: Component) -> None:
    refused(await alice.call(PUSH, "b"), "E0000000602", "session")


async def test_413_the_far_node_accepts_less(alice: Component, bob: Component) -> None:
    # JSON makes 1600 bytes of these 1200, which is more than the far node's limit and less than the own one's.
    refused(await alice.call(PUSH, "b", {"payload": base64.b64encode(b"x" * 1200).decode()}), "E0000000413")


async def test_618_a_node_without_contract(alice: Component) -> None:
    refused(await alice.call(PUSH, "c"), "E0000000618", "c")


async def test_606_a_contract_that_was_terminated(a: Node, alice: Component) -> None:
    a.directory.terminated.add("b")
    refused(await alice.call(PUSH, "b"), "E0000000606", "terminated")


@pytest.mark.parametrize("there", ["terminated", "unknown"])
async def test_606_or_618_the_far_node_has_no_usable_contract(
    b: Node, alice: Component, bob: Component, there: str
) -> None:
    if there == "terminated":
        b.directory.terminated.add("a")
    else:
        del b.directory.peers["a"]
    refused(await alice.call(PUSH, "b"), "E0000000606" if there == "terminated" else "E0000000618")


async def test_607_nobody_listens_at_the_partners_address(a: Node, b: Node, alice: Component) -> None:
    a.knows("b", "http://127.0.0.1:9", b.credential)
    refused(await alice.call(PUSH, "b"), "E0000000607", "b")


async def test_619_the_partners_address_is_none(a: Node, b: Node, alice: Component) -> None:
    a.knows("b", "http://[", b.credential)
    refused(await alice.call(PUSH, "b"), "E0000000619")


async def test_600_the_partner_speaks_a_dialect_without_messages(a: Node, b: Node, alice: Component) -> None:
    a.knows("b", b.partner.address, b.credential, dialect="none")
    refused(await alice.call(PUSH, "b"), "E0000000600", "none")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b'{"code": "E0000000000", "message": "success"}', "E0000000615"),
        (302, b"", "E0000000615"),
        (404, b"Not Found", "E0000000617"),
        (413, b"too large", "E0000000413"),
        (502, b"Bad Gateway", "E0000000607"),
    ],
)
async def test_an_unproven_answer_is_not_believed(
    a: Node, b: Node, alice: Component, status: int, body: bytes, code: str
) -> None:
    impostor = Server(Response(body, status, headers={"location": b.partner.address}, media_type="application/json"))
    await impostor.start()
    a.knows("b", impostor.address, b.credential)
    refused(await alice.call(PUSH, "b"), code)
    await impostor.stop()


async def test_601_the_partner_takes_too_long(
    a: Node, b: Node, alice: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_scope: Any, _receive: Any, _send: Any) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr("interconn.transport.relay.REPLY_SECONDS", 0.1)
    silent = Server(never)
    await silent.start()
    a.knows("b", silent.address, b.credential)
    refused(await alice.call(PUSH, "b"), "E0000000601", "b")
    await silent.stop()


async def test_500_an_internal_fault_says_nothing_of_its_inside(
    alice: Component, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("interconn.transport.channel.Channel.require_party", fail)
    reply = await alice.call(PUSH, "b")
    refused(reply, "E0000000500")
    assert "secret" not in reply["message"]
