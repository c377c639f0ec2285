"""MGT-2.2-auth-sign: whatever a signature covers cannot be changed, one part at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from interconn.identity.signature import SignedReply, SignedRequest, covers
from interconn.standard.errors import BadSignature, InvalidRequest
from tests.identity.vectors import credential, signer

HEADERS = {
    "x-source-node-id": "node-a",
    "x-target-node-id": "node-b",
    "x-nonce": "0123456789abcdef",
    "x-timestamp": "1767225600000",
    "x-trace-id": "trace-1",
    "x-csrf-protection": "1",
    "content-type": "application/json",
    "x-mprac-token-set": "set/1/token-token-token-1",
    "x-ptp-session-id": "session_1",
    "x-ptp-topic": "guest.0-host.0",
    "x-interconn-poll-wait": "1000",
    "x-forwarded-for": "192.0.2.1",
}
REQUEST = SignedRequest("POST", "/v1/interconn/job?a=%41&b=1", HEADERS, b'{"job_id":"job-1"}')
REPLY = SignedReply(REQUEST, "node-b", 200, "application/json", b'{"code":0}')
KEYS = ("rsa", "ecdsa", "rsa-pss")


def with_header(name: str, value: str | None) -> Callable[[SignedRequest], SignedRequest]:
    def change(request: SignedRequest) -> SignedRequest:
        headers = {**request.headers, name: value}
        return replace(request, headers={key: kept for key, kept in headers.items() if kept is not None})

    return change


def part(**parts: Any) -> Callable[[Any], Any]:
    return lambda signed: replace(signed, **parts)


COVERED = [name for name in HEADERS if covers(name)]
REQUEST_CHANGES: dict[str, Callable[[SignedRequest], SignedRequest]] = {
    "method": part(method="GET"),
    "method in lower case": part(method="post"),
    "path": part(target="/v1/interconn/job/?a=%41&b=1"),
    "percent encoding": part(target="/v1/interconn/job?a=A&b=1"),
    "order of the query": part(target="/v1/interconn/job?b=1&a=%41"),
    "query cut off": part(target="/v1/interconn/job"),
    "one byte of the body": part(body=b'{"job_id":"job-2"}'),
    "blank in the body": part(body=b'{"job_id": "job-1"}'),
    "body removed": part(body=b""),
    **{f"{name} changed": with_header(name, HEADERS[name] + "x") for name in COVERED},
    **{f"{name} removed": with_header(name, None) for name in COVERED},
    "transport header added": with_header("x-ptp-uri", "/v1/interconn/chan/invoke"),
    "empty transport header added": with_header("x-ptp-token", ""),
    "extension header added": with_header("x-interconn-poll-known", "RUNNING"),
    "two values swapped": lambda request: with_header("x-source-node-id", "node-b")(
        with_header("x-target-node-id", "node-a")(request)
    ),
    "value moved into the next header line": lambda request: with_header("x-ptp-topic", None)(
        with_header("x-ptp-session-id", "session_1 x-ptp-topic:guest.0-host.0")(request)
    ),
}
REPLY_CHANGES: dict[str, Callable[[SignedReply], SignedReply]] = {
    "status": part(status=401),
    "content type": part(content_type="text/html"),
    "one byte of the body": part(body=b'{"code":1}'),
    "body removed": part(body=b""),
    "who answers": part(node_id="node-c"),
    "who asked": part(request=with_header("x-source-node-id", "node-c")(REQUEST)),
    "nonce of the request": part(request=with_header("x-nonce", "fedcba9876543210")(REQUEST)),
    "method of the request": part(request=replace(REQUEST, method="GET")),
    "target of the request": part(request=replace(REQUEST, target="/v1/interconn/node/health")),
    "body of the request": part(request=replace(REQUEST, body=b'{"job_id":"job-2"}')),
}


@pytest.mark.parametrize("key", KEYS)
def test_unchanged_verifies(key: str) -> None:
    signed = with_header("x-auth-sign", REQUEST.sign(signer(key)))(REQUEST)
    signed.verify(credential(key))
    REPLY.verify(credential(key), REPLY.sign(signer(key)))


@pytest.mark.parametrize("change", REQUEST_CHANGES.values(), ids=REQUEST_CHANGES)
def test_request_changed_on_the_way(change: Callable[[SignedRequest], SignedRequest]) -> None:
    signature = REQUEST.sign(signer("ecdsa"))
    changed = with_header("x-auth-sign", signature)(change(REQUEST))
    with pytest.raises(BadSignature):
        changed.verify(credential("ecdsa"))


@pytest.mark.parametrize("change", REPLY_CHANGES.values(), ids=REPLY_CHANGES)
def test_reply_changed_or_to_something_else(change: Callable[[SignedReply], SignedReply]) -> None:
    signature = REPLY.sign(signer("ecdsa"))
    with pytest.raises(BadSignature):
        change(REPLY).verify(credential("ecdsa"), signature)


@pytest.mark.parametrize("key", KEYS)
def test_every_character_of_the_signature_counts(key: str) -> None:
    signature = REQUEST.sign(signer(key))
    # Of the last character before the padding, Base64 leaves some bits unused.
    for place in range(len(signature.rstrip("=")) - 1):
        other = "A" if signature[place] != "A" else "B"
        changed = with_header("x-auth-sign", signature[:place] + other + signature[place + 1 :])(REQUEST)
        with pytest.raises(BadSignature):
            changed.verify(credential(key))


@pytest.mark.parametrize("other", ["", "!", "AAAA", "é", "A" * 100_000, "==", "-_-_"])
def test_garbage_for_a_signature(other: str) -> None:
    with pytest.raises(BadSignature):
        with_header("x-auth-sign", other)(REQUEST).verify(credential("rsa"))
    with pytest.raises(BadSignature):
        REPLY.verify(credential("rsa"), other)


@pytest.mark.parametrize(("made_by", "checked_by"), [("rsa", "rsa-pss"), ("rsa-pss", "rsa"), ("ecdsa", "rsa")])
def test_signature_by_another_key(made_by: str, checked_by: str) -> None:
    signed = with_header("x-auth-sign", REQUEST.sign(signer(made_by)))(REQUEST)
    with pytest.raises(BadSignature):
        signed.verify(credential(checked_by))


def test_signature_of_a_request_is_none_of_a_reply() -> None:
    assert REQUEST.content(credential("rsa")).split(b"\n")[0] != REPLY.content(credential("rsa")).split(b"\n")[0]
    with pytest.raises(BadSignature):
        REPLY.verify(credential("rsa"), REQUEST.sign(signer("rsa")))


@pytest.mark.parametrize("name", ["x-trace-id", "x-source-node-id", "x-ptp-topic", "x-mprac-token-set", "content-type"])
@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\x00b", "a\tb", "ü", "١٢", "\x85", "a\u2028b", "\xa0a"])
def test_a_covered_header_beyond_printable_ascii(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest):
        with_header(name, value)(REQUEST).sign(signer("ecdsa"))


@pytest.mark.parametrize("target", ["/a\nb", "/ü", "/a\x00"])
def test_a_target_beyond_printable_ascii(target: str) -> None:
    with pytest.raises(InvalidRequest):
        replace(REQUEST, target=target).sign(signer("ecdsa"))


def test_a_line_feed_cannot_shift_lines() -> None:
    # Without the rule these two would be signed over one and the same string.
    shifted = with_header("x-source-node-id", "node-a\nnode-b")(with_header("x-target-node-id", None)(REQUEST))
    with pytest.raises(InvalidRequest):
        shifted.content(credential("ecdsa"))


def test_blanks_around_values_do_not_count() -> None:
    padded = with_header("x-trace-id", " trace-1\t")(with_header("x-ptp-topic", "\tguest.0-host.0 ")(REQUEST))
    assert padded.content(credential("rsa")) == REQUEST.content(credential("rsa"))


def test_headers_of_proxies_are_not_covered() -> None:
    other = with_header("x-forwarded-for", "198.51.100.1")(REQUEST)
    assert other.content(credential("rsa")) == REQUEST.content(credential("rsa"))
