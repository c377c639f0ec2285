"""Messages from a component through two nodes to another component."""

import asyncio
import hashlib
import json

import aiohttp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.node import SessionOpen
from interconn.api.own import Person
from interconn.standard.protobuf import ptp_pb2
from interconn.standard.transport import PEEK, POP, PUSH
from interconn.standard.wire import Empty
from interconn.trail.entries import AuditEntry
from interconn.transport import Limits
from tests.transport.nodes import SESSION, TASK, Component, MakeComponent, MakeNode, content_of

PROTOBUF = {"Content-Type": "application/x-protobuf"}
EVERY_BYTE = bytes(range(256))


@pytest.fixture
async def pair(make_node: MakeNode, component: MakeComponent) -> tuple[Component, Component]:
    a, b = await make_node("a"), await make_node("b")
    return component(a, await a.open("b")), component(b, await b.open("a"))


async def protobuf(caller: Component, path: str, other: str, message: object) -> ptp_pb2.TransportOutbound:
    headers = caller.headers(other) | PROTOBUF
    body = message.SerializeToString()  # type: ignore[attr-defined]
    async with caller.http.post(f"{caller.address}{path}", data=body, headers=headers) as response:
        assert response.content_type == "application/x-protobuf"
        return ptp_pb2.TransportOutbound.FromString(await response.read())


async def test_trn_3_2_1_a_push_is_popped_at_the_other_node(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    assert await alice.push("b", EVERY_BYTE, "t") == "E0000000000"
    assert await bob.pop("a", "t") == EVERY_BYTE
    assert await bob.push("a", b"back", "t") == "E0000000000"
    assert await alice.pop("b", "t") == b"back"


async def test_trn_5_1_http_serialisations_mix(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    pushed = await protobuf(alice, PUSH, "b", ptp_pb2.PushInbound(topic="t", payload=EVERY_BYTE))
    assert (pushed.code, pushed.message) == ("E0000000000", "success")
    assert await bob.pop("a", "t") == EVERY_BYTE
    await alice.push("b", EVERY_BYTE, "t")
    popped = await protobuf(bob, POP, "a", ptp_pb2.PopInbound(topic="t", timeout=5))
    assert (popped.code, popped.payload) == ("E0000000000", EVERY_BYTE)


async def test_trn_5_1_http_without_content_type_is_json(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    headers = alice.headers("b")
    del headers["Content-Type"]
    assert (await alice.raw(PUSH, b'{"payload": "eA=="}', headers))["code"] == "E0000000000"
    assert await bob.pop("a") == b"x"


async def test_trn_5_1_http_parameters_of_the_content_type_are_ignored(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    headers = alice.headers("b") | {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await alice.raw(PUSH, b'{"payload": "eA=="}', headers))["code"] == "E0000000000"
    assert await bob.pop("a") == b"x"


async def test_trn_3_2_2_a_pop_waits_for_the_push(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    waiting = asyncio.create_task(bob.pop("a", "t", timeout=30))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await alice.push("b", b"late", "t")
    assert await waiting == b"late"


@pytest.mark.parametrize("query", ["", "?timeout=1"], ids=["body", "query"])
async def test_trn_3_2_2_a_pop_without_message_ends_empty_at_its_timeout(
    pair: tuple[Component, Component], query: str
) -> None:
    _, bob = pair
    loop = asyncio.get_running_loop()
    begun = loop.time()
    reply = await bob.call(f"{POP}{query}", "a", {} if query else {"timeout": 1})
    assert reply == {"code": "E0000000000", "message": "success"}
    assert loop.time() - begun >= 1


async def test_trn_3_2_3_a_peek_takes_the_message_and_does_not_wait(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    assert content_of(await bob.call(PEEK, "a", {"topic": "t"})) is None
    await alice.push("b", b"m", "t")
    assert content_of(await bob.call(PEEK, "a", {"topic": "t"})) == b"m"
    assert content_of(await bob.call(PEEK, "a", {"topic": "t"})) is None


async def test_trn_3_2_topic_queues_are_apart_and_in_order(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    for topic in ("", "b", "数据"):
        for number in range(3):
            await alice.push("b", f"{topic}{number}".encode(), topic)
    for topic in ("数据", "", "b"):
        assert [await bob.pop("a", topic) for _ in range(3)] == [f"{topic}{n}".encode() for n in range(3)]
        assert content_of(await bob.call(PEEK, "a", {"topic": topic})) is None


async def test_resolution_13_the_topic_may_stand_in_a_header(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    await alice.call(PUSH, "b", {"payload": "eA=="}, x_ptp_topic="t")
    assert await bob.pop("a", "t") == b"x"
    await alice.push("b", b"y", "t")
    assert content_of(await bob.call(POP, "a", {"timeout": 5}, x_ptp_topic="t")) == b"y"


async def test_an_empty_message_is_a_message(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    await alice.push("b", b"")
    assert await bob.pop("a") == b""


async def test_a_megabyte_arrives_whole(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    large = EVERY_BYTE * 8192
    assert await alice.push("b", large) == "E0000000000"
    assert await bob.pop("a") == large


async def test_many_pushes_at_once_all_arrive_once(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    sent = [f"m{number}".encode() for number in range(50)]
    assert set(await asyncio.gather(*(alice.push("b", message) for message in sent))) == {"E0000000000"}
    received = await asyncio.gather(*(bob.pop("a") for _ in sent))
    assert sorted(received) == sorted(sent)  # type: ignore[type-var]


async def test_trn_3_1_headers_a_pop_may_name_the_own_node_where_one_other_is_there(
    make_node: MakeNode, component: MakeComponent, pair: tuple[Component, Component]
) -> None:
    alice, bob = pair
    await alice.push("b", b"m", "t")
    assert await bob.pop("b", "t") == b"m"
    waiting = asyncio.create_task(bob.pop("b", "t", timeout=30))
    await asyncio.sleep(0.1)
    await alice.push("b", b"n", "t")
    assert await waiting == b"n"
    three = await make_node("c")
    carol = component(three, await three.open("a", "b"))
    assert content_of(await carol.call(PEEK, "c")) is None


async def test_two_roles_on_one_node_reach_each_other(make_node: MakeNode, component: MakeComponent) -> None:
    node = await make_node("a")
    guest = component(node, await node.open(party="guest.0"))
    host = component(node, await node.open(party="host.0"))
    assert await guest.push("a", b"inside") == "E0000000000"
    assert await host.pop("a") == b"inside"


async def test_a_message_waits_for_the_session_of_a_task_that_starts_late(
    make_node: MakeNode, component: MakeComponent
) -> None:
    a, b = await make_node("a"), await make_node("b")
    alice = component(a, await a.open("b"))
    pushing = asyncio.create_task(alice.push("b", b"early"))
    await asyncio.sleep(0.2)
    assert not pushing.done()
    bob = component(b, await b.open("a"))
    assert await pushing == "E0000000000"
    assert await bob.pop("a") == b"early"


async def test_a_message_waits_for_a_node_that_is_away(make_node: MakeNode, component: MakeComponent) -> None:
    a, b = await make_node("a"), await make_node("b")
    alice, bob = component(a, await a.open("b")), component(b, await b.open("a"))
    address = b.partner.address
    a.knows("b", "http://127.0.0.1:9", b.credential)
    pushing = asyncio.create_task(alice.push("b", b"patience"))
    await asyncio.sleep(0.2)
    assert not pushing.done()
    a.knows("b", address, b.credential)
    assert await pushing == "E0000000000"
    assert await bob.pop("a") == b"patience"


async def test_a_message_is_not_handed_to_a_client_that_has_gone(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    with pytest.raises(TimeoutError):
        async with bob.http.post(
            f"{bob.address}{POP}",
            data=json.dumps({"timeout": 30}),
            headers=bob.headers("a"),
            timeout=aiohttp.ClientTimeout(total=0.3),
        ):
            pass
    await alice.push("b", b"kept")
    assert await bob.pop("a") == b"kept"


async def test_a_client_that_acknowledges_is_given_a_message_again_until_it_does(
    pair: tuple[Component, Component],
) -> None:
    alice, bob = pair
    await alice.push("b", b"one")
    await alice.push("b", b"two")
    first = await bob.call(POP, "a", {"timeout": 5}, x_interconn_taken="")
    assert await bob.call(POP, "a", {"timeout": 5}, x_interconn_taken="") == first
    taken = first["metadata"]["message-id"]
    second = await bob.call(POP, "a", {"timeout": 5}, x_interconn_taken=taken)
    assert (content_of(first), content_of(second)) == (b"one", b"two")
    assert await bob.call(POP, "a", {"timeout": 5}, x_interconn_taken=taken) == second
    done = await bob.call(PEEK, "a", x_interconn_taken=second["metadata"]["message-id"])
    assert content_of(done) is None


async def test_a_push_repeated_under_its_id_arrives_once(pair: tuple[Component, Component]) -> None:
    alice, bob = pair
    for _ in range(3):
        assert await alice.push("b", b"m", x_interconn_message_id="id-1") == "E0000000000"
    assert await alice.push("b", b"n", x_interconn_message_id="id-2") == "E0000000000"
    assert [await bob.pop("a"), await bob.pop("a")] == [b"m", b"n"]
    assert content_of(await bob.call(PEEK, "a")) is None
    # Taken, and still known.
    assert await alice.push("b", b"m", x_interconn_message_id="id-1") == "E0000000000"
    assert content_of(await bob.call(PEEK, "a")) is None


async def test_ctl_2_2_session_tasks_of_one_job_do_not_mix(make_node: MakeNode, component: MakeComponent) -> None:
    a, b = await make_node("a"), await make_node("b")
    one = component(a, await a.open("b", task="task_1")), component(b, await b.open("a", task="task_1"))
    two = component(a, await a.open("b", task="task_2")), component(b, await b.open("a", task="task_2"))
    await two[0].push("b", b"second task", "guest.0-host.0")
    await one[0].push("b", b"first task", "guest.0-host.0")
    assert await one[1].pop("a", "guest.0-host.0") == b"first task"
    assert await two[1].pop("a", "guest.0-host.0") == b"second task"


async def test_statistics_count_what_passed(make_node: MakeNode, component: MakeComponent) -> None:
    a, b = await make_node("a"), await make_node("b")
    alice, bob = component(a, await a.open("b")), component(b, await b.open("a"))
    await alice.push("b", b"12345", "t")
    await alice.push("b", b"678", "u")
    view = b.transport.sessions()[0]
    assert (view.session_id, view.task_id, view.parties) == (alice.session, "task_1", ["a", "b"])
    assert (view.topics, view.queued_messages, view.queued_bytes) == (2, 2, 8)
    await bob.pop("a", "t")
    view = b.transport.sessions()[0]
    assert (view.topics, view.queued_messages, view.queued_bytes) == (1, 1, 3)
    sent = {"sent_messages": 2, "sent_bytes": 8, "received_messages": 0, "received_bytes": 0}
    received = {"sent_messages": 0, "sent_bytes": 0, "received_messages": 2, "received_bytes": 8}
    assert a.transport.traffic("task_1") == sent
    await b.close_session()
    assert b.transport.traffic("task_1") == received
    assert b.transport.sessions() == []
    assert b.transport.traffic("task_2") == {}
    again = await b.restart()
    assert again.transport.traffic("task_1") == received
    await again.stop()


async def test_a_session_released_long_ago_is_forgotten(make_node: MakeNode, component: MakeComponent) -> None:
    node = await make_node("a", Limits(released_seconds=-1))
    alice = component(node, await node.open())
    await node.close_session()
    assert await alice.push("a", b"") == "E0000000403"
    assert node.transport.traffic("task_1") == {}


async def test_own_services_open_and_list_sessions_by_hand(make_node: MakeNode, component: MakeComponent) -> None:
    node = await make_node("a")
    opens, lists = (service.handle for service in node.transport.own_services())
    person = Person("somebody", "trace")
    request = SessionOpen(session_id="by-hand", parties=["a", "b"])
    first = await opens(person, request)
    second = await opens(person, request)
    assert first.session_id == second.session_id == "by-hand"
    assert second.token not in repr(second)
    caller = component(node, second.token, "by-hand")
    assert await caller.push("a", b"m") == "E0000000000"
    assert await component(node, first.token, "by-hand").push("a", b"m") == "E0000000403"
    (view,) = (await lists(person, Empty())).sessions
    assert (view.session_id, view.task_id, view.parties, view.queued_messages) == ("by-hand", "", ["a", "b"], 1)
    entries = await node.database.read(lambda db: list(db.scalars(select(AuditEntry))))
    assert [(entry.actor, entry.action, entry.subject) for entry in entries] == [
        ("person:somebody", "session.open", "by-hand")
    ] * 2
    stored = (node.home / "state.db").read_bytes() + (node.home / "state.db-wal").read_bytes()
    assert second.token.encode() not in stored
    assert hashlib.sha256(second.token.encode()).hexdigest().encode() in stored


async def test_a_transaction_that_fails_opens_nothing(make_node: MakeNode, component: MakeComponent) -> None:
    node = await make_node("a")
    tokens = []

    def work(session: Session) -> None:
        tokens.append(node.transport.open_session(session, session_id=SESSION, task_id=TASK, parties=["a"]))
        raise RuntimeError("something else in the transaction failed")

    with pytest.raises(RuntimeError):
        await node.database.write(work)
    assert await component(node, tokens[0]).push("a", b"") == "E0000000403"
    assert node.transport.sessions() == []
