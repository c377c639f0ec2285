"""A scheduler's calls over real sockets to a partner that answers HTML, 502, slowly or never (CTL-3.2 to CTL-3.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from interconn.control.conversations import Conversations
from interconn.control.partners import Partners as Nodes
from interconn.identity.signature import SignedRequest
from interconn.peers.outbound import PeerClient
from interconn.standard.control import JOB_START, JobReference
from interconn.standard.errors import InterconnError
from tests.peers import test_peer_client as one_call
from tests.peers.partners import NOW
from tests.peers.test_peer_client import Server, reply
from tests.state.clock import VirtualClock

client, partners, server = one_call.client, one_call.partners, one_call.server

HTML = b"<!doctype html><html><body>Welcome to the gateway</body></html>"


async def slowly(request: SignedRequest) -> bytes:
    await asyncio.sleep(0.05)
    return reply(request)


BAD: dict[str, Callable[[SignedRequest], bytes]] = {
    "html": lambda request: reply(request, HTML, by=None, content_type="text/html"),
    "html in an envelope's place": lambda request: reply(request, HTML, by=None),
    "502": lambda request: reply(request, HTML, by=None, status=502, content_type="text/html"),
    "nothing": lambda request: b"",
}


def nodes(client: PeerClient, patience: float) -> Nodes:
    clock = VirtualClock(NOW)
    told = Conversations(clock)
    return Nodes(node_id="node-a", client=client, clock=clock, patience_seconds=patience, conversations=told)


async def start(client: PeerClient, patience: float = 3600.0) -> None:
    await nodes(client, patience).insist("node-b", JOB_START, JobReference(job_id="job-1"), trace_id="trace-1")


@pytest.mark.parametrize("bad", BAD)
async def test_it_is_asked_again_until_it_answers_well(
    client: PeerClient, server: tuple[Server, str], bad: str
) -> None:
    def answer(request: SignedRequest) -> bytes:
        return reply(request) if len(server[0].requests) > 3 else BAD[bad](request)

    server[0].answer = answer
    with capture_logs() as said:
        await start(client)
    assert len(server[0].requests) == 4
    assert [one["partner"] for one in said if one["event"] == "will ask again"] == ["node-b"] * 3


@pytest.mark.parametrize("bad", BAD)
async def test_it_is_given_up_when_the_patience_is_used_up(
    client: PeerClient, server: tuple[Server, str], bad: str
) -> None:
    server[0].answer = BAD[bad]
    with pytest.raises(InterconnError) as caught:
        await start(client, patience=45.0)
    assert ("node-b" in str(caught.value)) or server[1] in str(caught.value)
    assert 20 < len(server[0].requests) < 40


async def test_a_slow_answer_is_an_answer(client: PeerClient, server: tuple[Server, str]) -> None:
    server[0].answer = slowly
    await start(client)
    assert len(server[0].requests) == 1
