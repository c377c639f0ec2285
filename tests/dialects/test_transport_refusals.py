"""A partner's platform that turns a message away in the words of management, not of transport (TRN-2.2.1)."""

from __future__ import annotations

import json

import pytest

from interconn.dialects.dialect import WireReply
from interconn.dialects.standard.transport import StandardTransport
from interconn.standard.envelope import Envelope
from interconn.standard.errors import TransportError

WORDS = {"code": 40400, "msg": "/v1/interconn/chan/invoke is not served\x1b[31m", "data": {}}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "E0000000400"),
        (401, "E0000000615"),
        (403, "E0000000403"),
        (404, "E0000000617"),
        (405, "E0000000617"),
        (413, "E0000000413"),
        (500, "E0000000500"),
    ],
)
def test_trn_2_2_1_a_refusal_in_the_envelope_of_management_keeps_its_words(status: int, code: str) -> None:
    outcome = StandardTransport().read_invoke_outcome(WireReply(status, json.dumps(WORDS).encode()))
    assert outcome.code == code
    assert outcome.message == f"the partner answered HTTP {status}: /v1/interconn/chan/invoke is not served?[31m"


@pytest.mark.parametrize(
    "reply",
    [
        WireReply(404, b"<html></html>", "text/html"),
        WireReply(404, b"", ""),
        WireReply(404, b'{"msg": null}'),
        WireReply(404, b'["msg"]'),
        WireReply(404, b"\xff", "application/x-protobuf"),
    ],
)
def test_trn_2_2_1_a_refusal_without_words_is_told_by_its_status(reply: WireReply) -> None:
    outcome = StandardTransport().read_invoke_outcome(reply)
    assert (outcome.code, outcome.message) == ("E0000000617", "the partner answered HTTP 404")


def test_trn_xa_codes_of_transport_are_taken_whatever_the_status() -> None:
    body = b'{"code": "E0000000700", "message": "full"}'
    for status in (200, 400, 500):
        outcome = StandardTransport().read_invoke_outcome(WireReply(status, body))
        assert (outcome.code, outcome.message) == ("E0000000700", "full")


def test_trn_5_2_2_outbound_a_success_without_a_code_is_none() -> None:
    with pytest.raises(TransportError, match="must be strings"):
        StandardTransport().read_invoke_outcome(WireReply(200, json.dumps(WORDS).encode()))


def test_mgt_2_3_envelope_of_a_peer_that_says_null() -> None:
    assert Envelope.model_validate({"code": 0, "msg": None, "data": None}).msg == ""
