"""Messages from a component through two nodes to another component."""

import asyncio
import base64
import os

from interconn.standard.protobuf import ptp_pb2
from interconn.standard.transport import PEEK, POP, PUSH, RELEASE

from .conftest import SESSION, TASK, MakeComponent, MakeNode


def text(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def pair(make_node: MakeNode, component: MakeComponent):  # type: ignore[no-untyped-def]
    a, b = await make_node("a"), await make_node("b")
    return a, b, component(a, await a.open("b")), component(b, await b.open("a"))


async def test_TRN_3_2_1_a_push_is_popped_at_the_other_node(make_node: MakeNode, component: MakeComponent) -> None:
    _, _, alice, bob = await pair(make_node, component)
    payload = bytes(range(256))
    assert await alice.push("b", text(payload), "t") == {"code": "E0000000000", "message": "success"}
    reply = await bob.pop("a", "t")
    assert (reply["code"], reply["content"], reply["payload"]) == ("E0000000000", text(payload), text(payload))
