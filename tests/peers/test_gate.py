"""The gate: who is let in, who is not, and that every answer is proven (MGT-2.2)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interconn.identity.signature import SignedReply, SignedRequest
from interconn.peers import inbound
from interconn.standard.errors import BadSignature, IllegalTransition
from interconn.standard.wire import MAXIMUM_BODY_BYTES
from tests.identity.vectors import VECTORS
from tests.peers.asgi import Answer, ask
from tests.peers.node_b import APPLY, BODY, HEALTH, START, STATUS, NodeB
from tests.peers.partners import NOW, signed_headers, signer_of


@pytest.fixture
def node(tmp_path: Path) -> Iterator[NodeB]:
    made = NodeB(tmp_path)
    yield made
    made.nonces.close()


def prove(answer: Answer, method: str, target: str, headers: dict[str, str], body: bytes = b"") -> None:
    request = SignedRequest(method, target, headers, body)
    reply = SignedReply(request, "node-b", answer.status, answer.headers["content-type"], answer.body)
    reply.verify(signer_of("node-b").credential, answer.headers.get("x-auth-sign", ""))


def refused(node: NodeB, answer: Answer, status: int, code: int) -> None:
    assert (answer.status, answer.code) == (status, code), answer.envelope
    assert node.calls == []
    assert answer.headers["content-type"] == "application/json"
    assert "Traceback" not in answer.body.decode()


async def test_mgt_2_2_auth_sign_a_sound_request_is_served_and_its_answer_proven(node: NodeB) -> None:
    headers = signed_headers("POST", START, BODY, x_mprac_token_set="set/1/tok", x_interconn_poll_wait="5")
    answer = await node.post(headers)
    assert (answer.status, answer.envelope) == (200, {"code": 0, "msg": "success", "data": {}})
    prove(answer, "POST", START, headers, BODY)
    ((caller, request),) = node.calls
    assert (caller.node_id, caller.trace_id, caller.permits) == ("node-a", "trace-1", "set/1/tok")
    assert caller.peer == node.partners.known["node-a"]
    assert caller.extensions == {"x-interconn-poll-wait": "5"}
    assert request.job_id == "job-1"
    assert "tok" not in repr(caller)


@pytest.mark.parametrize("name", ["x_source_node_id", "x_target_node_id", "x_nonce", "x_trace_id", "x_timestamp"])
@pytest.mark.parametrize("value", [None, "", " ", "x" * 129, "\xe9", "a\tb"])
async def test_mgt_2_2_headers_missing_or_unusable(node: NodeB, name: str, value: str | None) -> None:
    headers = signed_headers("POST", START, BODY, **{name: None})
    if value is not None:
        headers[name.replace("_", "-")] = value
    answer = await node.post(headers)
    refused(node, answer, 400, 40002)
    assert answer.envelope["data"]["extension"]["where"] == name.replace("_", "-")


async def test_mgt_2_2_csrf_missing_on_a_post(node: NodeB) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_csrf_protection=None)), 400, 40002)


async def test_mgt_2_2_node_ids_another_target(node: NodeB) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_target_node_id="node-c")), 400, 40003)


@pytest.mark.parametrize("source", ["node-a,node-a", "node a", "../node-a", "..", "node-a;"])
async def test_mgt_2_2_node_ids_a_source_that_is_no_id(node: NodeB, source: str) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_source_node_id=source)), 400, 40002)


async def test_mgt_2_2_node_ids_an_unknown_source(node: NodeB) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_source_node_id="stranger")), 401, 40101)


async def test_mgt_3_contract_state_ended(node: NodeB) -> None:
    node.partners.ended.add("node-a")
    headers = signed_headers("POST", START, BODY)
    answer = await node.post(headers)
    refused(node, answer, 403, 40301)
    prove(answer, "POST", START, headers, BODY)


async def test_mgt_2_2_auth_sign_missing(node: NodeB) -> None:
    headers = signed_headers("POST", START, BODY, signed=False)
    answer = await node.post(headers)
    refused(node, answer, 401, 40102)
    prove(answer, "POST", START, headers, BODY)


@pytest.mark.parametrize("by", ["node-b", "stranger"])
async def test_mgt_2_2_auth_sign_by_another_key(node: NodeB, by: str) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, by=by)), 401, 40102)


@pytest.mark.parametrize("place", range(len(BODY)))
async def test_mgt_2_2_auth_sign_one_byte_of_the_body_changed(node: NodeB, place: int) -> None:
    body = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
    refused(node, await node.post(signed_headers("POST", START, BODY), body), 401, 40102)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-nonce", "nonce-0123456780"),
        ("x-trace-id", "trace-2"),
        ("x-timestamp", str(NOW + 1)),
        ("content-type", "application/json; charset=utf-8"),
        ("x-mprac-token-set", "set/1/token"),
        ("x-ptp-topic", "a"),
        ("x-interconn-poll-wait", "1"),
    ],
)
async def test_mgt_2_2_auth_sign_a_header_changed_or_added(node: NodeB, name: str, value: str) -> None:
    refused(node, await node.post({**signed_headers("POST", START, BODY), name: value}), 401, 40102)


@pytest.mark.parametrize(
    "name",
    ["x-source-node-id", "x-target-node-id", "x-nonce", "x-timestamp", "x-trace-id", "x-auth-sign", "content-type"],
)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
async def test_mgt_2_2_headers_given_twice(node: NodeB, name: str, first: bool) -> None:
    headers = list(signed_headers("POST", START, BODY).items())
    for other in ("stranger", dict(headers)[name]):
        added = [(name, other), *headers] if first else [*headers, (name.upper(), other)]
        refused(node, await ask(node.app, "POST", START, added, BODY), 400, 40002)


@pytest.mark.parametrize("name", ["x-mprac-token-set", "x-ptp-topic", "x-interconn-poll-wait"])
async def test_mgt_2_2_headers_optional_ones_given_twice(node: NodeB, name: str) -> None:
    headers = signed_headers("POST", START, BODY, **{name.replace("-", "_"): "1"})
    answer = await ask(node.app, "POST", START, [*headers.items(), (name, "1")], BODY)
    refused(node, answer, 400, 40002)


async def test_headers_of_proxies_may_be_given_twice(node: NodeB) -> None:
    headers = [*signed_headers("POST", START, BODY).items(), ("via", "a"), ("via", "b")]
    assert (await ask(node.app, "POST", START, headers, BODY)).code == 0


async def test_mgt_2_2_replay_byte_for_byte(node: NodeB) -> None:
    headers = signed_headers("POST", START, BODY)
    assert (await node.post(headers)).code == 0
    node.calls.clear()
    refused(node, await node.post(headers), 401, 40103)


async def test_mgt_2_2_replay_the_signature_written_otherwise(node: NodeB) -> None:
    headers = signed_headers("POST", START, BODY)
    assert (await node.post(headers)).code == 0
    node.calls.clear()
    headers["x-auth-sign"] = f" {headers['x-auth-sign']} "
    refused(node, await node.post(headers), 401, 40103)


@pytest.mark.parametrize("shift", [300_001, -300_001, 3_600_000, -3_600_000])
async def test_mgt_2_2_replay_stale_clock(node: NodeB, shift: int) -> None:
    headers = signed_headers("POST", START, BODY, x_timestamp=str(NOW + shift))
    refused(node, await node.post(headers), 401, 40104)


@pytest.mark.parametrize("stamp", ["now", "-1", "1e12", f"{NOW}.0", f" {NOW}_0", "0x10", f"+{NOW}", "1" * 17])
async def test_mgt_2_2_replay_a_timestamp_that_is_none(node: NodeB, stamp: str) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_timestamp=stamp)), 400, 40002)


async def test_mgt_2_2_replay_seconds_for_milliseconds(node: NodeB) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_timestamp=str(NOW // 1000))), 401, 40104)


@pytest.mark.parametrize("nonce", ["short", "1234567"])
async def test_mgt_2_2_replay_a_nonce_that_is_too_short(node: NodeB, nonce: str) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, x_nonce=nonce)), 400, 40000)


async def test_mgt_2_2_replay_strangers_use_up_no_nonces(node: NodeB) -> None:
    refused(node, await node.post(signed_headers("POST", START, BODY, by="stranger")), 401, 40102)
    assert (await node.post(signed_headers("POST", START, BODY))).code == 0


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        (START, f"{START}?job_id=job-2"),
        (f"{START}?a=1", START),
        (f"{START}?a=%41", f"{START}?a=A"),
        (f"{START}?a=1&b=2", f"{START}?b=2&a=1"),
        (START, START.replace("start", "%73tart")),
        (START, f"{START}?"[:-1] + "?x"),
    ],
)
async def test_mgt_2_2_auth_sign_another_target(node: NodeB, signed: str, sent: str) -> None:
    refused(node, await node.post(signed_headers("POST", signed, BODY), target=sent), 401, 40102)


async def test_percent_encoding_is_signed_as_sent_and_routed_as_meant(node: NodeB) -> None:
    target = START.replace("start", "%73tart")
    assert (await node.post(signed_headers("POST", target, BODY), target=target)).code == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE", "post", "CONNECT"])
async def test_mgt_2_1_http_other_methods(node: NodeB, method: str) -> None:
    headers = {**signed_headers(method, START, BODY), "x-http-method-override": "POST", "x-csrf-protection": "1"}
    answer = await ask(node.app, method, START, headers.items(), BODY)
    assert answer.status == 405
    assert node.calls == []


async def test_mgt_2_1_http_head_is_not_get(node: NodeB) -> None:
    assert (await ask(node.app, "HEAD", HEALTH, signed_headers("HEAD", HEALTH).items())).status == 405
    assert node.calls == []


async def test_a_method_override_is_not_heard(node: NodeB) -> None:
    headers = {**signed_headers("GET", f"{STATUS}?job_id=job-1"), "x-http-method-override": "POST"}
    assert (await ask(node.app, "GET", f"{STATUS}?job_id=job-1", headers.items())).code == 0


@pytest.mark.parametrize(
    "target", ["/", "/v1/interconn/nothing", f"{START}/x", f"/{START}", START.upper(), f"{START}%00"]
)
async def test_unknown_path(node: NodeB, target: str) -> None:
    answer = await node.post(signed_headers("POST", target, BODY), target=target)
    assert answer.status == 404
    assert node.calls == []


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", 40000), (b"{", 40001), (b"[]", 40000), (b'{"job_id":1}', 40000), (b'{"job_id":"a","job_id":"b"}', 40001)],
)
async def test_mgt_2_1_http_malformed_body_under_a_sound_signature(node: NodeB, body: bytes, code: int) -> None:
    headers = signed_headers("POST", START, body)
    answer = await node.post(headers, body)
    refused(node, answer, 400, code)
    prove(answer, "POST", START, headers, body)


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonx"])
async def test_mgt_2_1_http_another_content_type(node: NodeB, content_type: str | None) -> None:
    headers = signed_headers("POST", START, BODY, content_type=content_type)
    refused(node, await node.post(headers), 400, 40000)


async def test_mgt_2_1_http_charset_is_tolerated(node: NodeB) -> None:
    assert (
        await node.post(signed_headers("POST", START, BODY, content_type="Application/JSON; charset=UTF-8"))
    ).code == 0


async def test_a_compressed_body_is_not_unpacked(node: NodeB) -> None:
    body = b"\x1f\x8b\x08\x00" + bytes(20)
    refused(
        node, await node.post({**signed_headers("POST", START, body), "content-encoding": "gzip"}, body), 400, 40001
    )


async def test_oversized_body_is_not_even_kept(node: NodeB) -> None:
    chunk = bytes(1024 * 1024)
    chunks = [chunk] * (MAXIMUM_BODY_BYTES // len(chunk)) + [b"x"]
    answer = await ask(node.app, "POST", START, signed_headers("POST", START, BODY).items(), chunks)
    refused(node, answer, 400, 40001)


async def test_bodies_of_strangers_are_bounded_all_together(node: NodeB, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each may be as large as any: what is bounded is what comes at once, and it may be sent again."""
    monkeypatch.setattr(inbound, "BODIES_BYTES", len(BODY) - 1)
    refused(node, await node.post(signed_headers("POST", START, BODY)), 500, 50000)
    monkeypatch.setattr(inbound, "BODIES_BYTES", len(BODY))
    for number in range(2):  # nothing of what was refused, or served, is counted any more
        assert (
            await node.post(signed_headers("POST", START, BODY, x_nonce=f"nonce-of-its-own-{number}"))
        ).status == 200


@pytest.mark.parametrize("query", ["job_id=job-1&job_id=job-2", "job_id=job-1&job_id=job-1", "job%5Fid=a&job_id=b"])
async def test_mgt_2_1_http_repeated_member_of_the_query(node: NodeB, query: str) -> None:
    target = f"{STATUS}?{query}"
    answer = await ask(node.app, "GET", target, signed_headers("GET", target).items())
    refused(node, answer, 400, 40000)


async def test_resolution_2_status_all_by_get_and_post_from_query_or_body(node: NodeB) -> None:
    target = f"{STATUS}?job_id=job-1"
    one = await ask(node.app, "GET", target, signed_headers("GET", target, x_nonce="nonce-11").items())
    two = await node.post(signed_headers("POST", STATUS, BODY, x_nonce="nonce-22"), target=STATUS)
    three = await node.post(signed_headers("POST", target, b"", x_nonce="nonce-33"), b"", target)
    four = await node.post(signed_headers("POST", target, BODY, x_nonce="nonce-44"), BODY, target)
    assert [answer.code for answer in (one, two, three, four)] == [0] * 4
    assert {request.job_id for _, request in node.calls} == {"job-1"}


async def test_mgt_2_1_http_query_and_body_that_differ(node: NodeB) -> None:
    target = f"{STATUS}?job_id=job-2"
    refused(node, await node.post(signed_headers("POST", target, BODY), BODY, target), 400, 40000)


async def test_a_get_with_a_body_is_covered_by_its_signature(node: NodeB) -> None:
    headers = signed_headers("GET", STATUS, b"", content_type="application/json")
    refused(node, await ask(node.app, "GET", STATUS, headers.items(), BODY), 401, 40102)


async def test_mgt_3_7_needs_no_signature_but_the_headers(node: NodeB) -> None:
    headers = signed_headers("GET", HEALTH, signed=False, x_source_node_id="stranger")
    answer = await ask(node.app, "GET", HEALTH, headers.items())
    assert answer.envelope["data"] == {"status": "ok"}
    prove(answer, "GET", HEALTH, headers)
    ((caller, _),) = node.calls
    assert caller.peer is caller.proven_key is None
    node.calls.clear()
    refused(node, await ask(node.app, "GET", HEALTH, ()), 400, 40002)


async def test_an_answer_to_an_unsigned_call_proves_no_other_call(node: NodeB) -> None:
    # Somebody in between keeps node-a's POST back and asks for the node's health under its nonce and signature.
    kept_back = signed_headers("POST", START, BODY)
    answer = await ask(node.app, "GET", HEALTH, kept_back.items())
    assert answer.code == 0
    prove(answer, "GET", HEALTH, kept_back)
    with pytest.raises(BadSignature):
        prove(answer, "POST", START, kept_back, BODY)


def application(key: str) -> bytes:
    members = {
        "address": "https://127.0.0.1:1",
        "auth_credential": VECTORS["keys"][key]["public_key"],
        "auth_type": VECTORS["keys"][key]["auth_type"],
        "inst_id": "inst-n",
        "institution": "Newcomer",
        "name": "n",
        "node_id": "newcomer",
        "system": "s",
        "system_version": "1",
    }
    return json.dumps(members).encode()


async def apply(node: NodeB, key: str, **parts: Any) -> Answer:
    body = application(key)
    return await node.post(signed_headers("POST", APPLY, body, x_source_node_id="newcomer", **parts), body, APPLY)


async def test_mgt_3_1_proof_of_possession(node: NodeB) -> None:
    assert (await apply(node, "rsa-pss", by="stranger")).code == 0
    ((caller, _),) = node.calls
    assert caller.proven_key == signer_of("stranger").credential
    node.calls.clear()
    refused(node, await apply(node, "rsa-pss", by="stranger"), 401, 40103)


async def test_mgt_3_1_unsigned_is_served_and_proves_nothing(node: NodeB) -> None:
    assert (await apply(node, "rsa-pss", signed=False)).code == 0
    ((caller, _),) = node.calls
    assert caller.proven_key is caller.peer is None


async def test_mgt_3_1_signed_by_another_key_than_it_carries(node: NodeB) -> None:
    refused(node, await apply(node, "rsa-pss", by="node-a"), 401, 40102)


async def test_mgt_3_1_nonces_of_strangers_and_of_partners_are_apart(node: NodeB) -> None:
    assert (await node.post(signed_headers("POST", START, BODY))).code == 0
    body = application("rsa-pss")
    headers = signed_headers("POST", APPLY, body, by="stranger")
    assert (await node.post(headers, body, APPLY)).code == 0


async def test_a_refusal_of_a_handler_is_proven_and_says_why(node: NodeB) -> None:
    node.failure = IllegalTransition("the job runs already", where="job_id", clause="CTL-3.3", hint="Ask status_all")
    headers = signed_headers("POST", START, BODY)
    answer = await node.post(headers)
    refused(node, answer, 200, 40901)
    assert answer.envelope["data"]["extension"]["hint"] == "Ask status_all"
    prove(answer, "POST", START, headers, BODY)


async def test_a_failure_of_a_handler_tells_strangers_nothing(node: NodeB, caplog: pytest.LogCaptureFixture) -> None:
    node.failure = RuntimeError("password=hunter2")
    caplog.set_level(logging.CRITICAL)
    headers = signed_headers("POST", START, BODY)
    answer = await node.post(headers)
    refused(node, answer, 500, 50000)
    assert b"hunter2" not in answer.body
    prove(answer, "POST", START, headers, BODY)


async def test_mgt_2_2_replay_outlives_a_restart(node: NodeB, tmp_path: Path) -> None:
    headers = signed_headers("POST", START, BODY)
    assert (await node.post(headers)).code == 0
    node.nonces.close()
    again = NodeB(tmp_path)
    refused(again, await again.post(headers), 401, 40103)
    again.nonces.close()
