"""The admin listener and web pages of others: rebinding, other sites' requests, tokens in addresses, large heads."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from interconn.access import guarded
from interconn.access.browsers import HEAD_BYTES_AT_MOST, HEADERS_AT_MOST
from interconn.api.node import NODE_STATUS
from tests.access.conftest import Staffed
from tests.peers.asgi import Answer, ask

Headers = Sequence[tuple[str, str]]


async def _served(scope: object, receive: object, send: object) -> None:
    answer: Response = PlainTextResponse("served", headers={"cache-control": "no-cache"})
    await answer(scope, receive, send)  # type: ignore[arg-type]


async def send(headers: Headers, target: str = "/api/v1/node/status", method: str = "GET") -> Answer:
    return await ask(guarded(_served, hosts=["Node.Bank.Example"]), method, target, headers)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1:7306", "[::1]:7306", "localhost", "LOCALHOST:7306", "10.1.2.3", "localhost.",
        "node.bank.example", "NODE.bank.example:443",
    ],
)  # fmt: skip
async def test_a_call_by_address_or_a_name_of_the_node_is_served(host: str) -> None:
    assert (await send([("host", host)])).body == b"served"


@pytest.mark.parametrize(
    "host",
    [
        "rebound.evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "evil@127.0.0.1.x", "[::1",
        "127.0.0.1, evil.example", "0x7f000001", "2130706433",
    ],
)  # fmt: skip
async def test_a_name_that_is_not_the_nodes_is_refused_against_rebinding(host: str) -> None:
    answer = await send([("host", host)])
    assert (answer.status, answer.code) == (403, 40300)


async def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    assert (await send([])).status == 403
    assert (await send([("host", "127.0.0.1"), ("host", "evil.example")])).status == 400


@pytest.mark.parametrize(
    ("origin", "served"),
    [
        ("http://127.0.0.1:7306", True),
        ("http://127.0.0.1:7307", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        ("http://127.0.0.1:7306.evil.example", False),
        ("http://127.0.0.1:7306@evil.example", False),
        ("http://[", False),
    ],
)
async def test_pages_of_other_sites_are_refused_by_their_origin(origin: str, served: bool) -> None:
    answer = await send([("host", "127.0.0.1:7306"), ("origin", origin)], method="POST")
    assert answer.status == (200 if served else 403)


@pytest.mark.parametrize(
    ("site", "served"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
async def test_pages_of_other_sites_are_refused_by_what_the_browser_says(site: str, served: bool) -> None:
    answer = await send([("host", "localhost"), ("sec-fetch-site", site)])
    assert answer.status == (200 if served else 403)


@pytest.mark.parametrize(
    "query", ["token=x", "access_token=x", "a=b&Authorization=x", "bearer", "%74oken=x", "a=b&to%6Ben=x", "api%5fkey=x"]
)
async def test_a_token_in_the_address_is_refused(query: str) -> None:
    answer = await send([("host", "localhost")], f"/api/v1/peers?{query}")
    assert (answer.status, answer.code) == (400, 40000)
    assert "x" not in answer.envelope["data"]["extension"].get("where", "")


async def test_the_head_of_a_request_is_bounded() -> None:
    many = [("host", "localhost"), *((f"x-{number}", "y") for number in range(HEADERS_AT_MOST))]
    large = [("host", "localhost"), ("x-large", "y" * HEAD_BYTES_AT_MOST)]
    for headers in (many, large):
        assert (await send(headers)).status == 400
    assert (await send([("host", "localhost"), ("authorization", "a"), ("authorization", "b")])).status == 400


async def test_every_answer_has_headers_that_keep_a_browser_from_misusing_it() -> None:
    for answer in (await send([("host", "localhost")]), await send([("host", "evil.example")])):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
    assert (await send([("host", "localhost")])).headers["cache-control"] == "no-cache"  # what was said stays said


async def test_what_is_no_request_passes() -> None:
    passed = []

    async def inner(scope: Request, receive: object, send: object) -> None:
        passed.append(scope["type"])

    await guarded(inner)({"type": "lifespan"}, None, None)  # type: ignore[arg-type]
    assert passed == ["lifespan"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json", NODE_STATUS.path, "/nowhere"])
def test_the_admin_listener_of_a_node_is_guarded_on_every_path(staffed: Staffed, path: str) -> None:
    answer = staffed.node.ask("admin", "GET", path, {"host": "rebound.evil.example"})
    assert (answer.status, json.loads(answer.body)["code"]) == (403, 40300)
    assert staffed.node.ask("admin", "GET", path).headers["x-frame-options"] == "DENY"


def test_a_refusal_for_asking_too_often_says_when_to_come_back(staffed: Staffed) -> None:
    wrong = "interconn_bootstrap_" + "w" * 43
    answers = [staffed.node.own(NODE_STATUS, wrong, address="10.9.9.9") for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert answers[-1].code == 42910
    assert answers[-1].headers["retry-after"] == "1"
    assert staffed.node.own(NODE_STATUS, address="10.9.9.8").status == 200
