"""What a caller has to prove before management serves it (MGT-2.2-auth-sign, MGT-2.2-replay, MGT-2.2-node-ids)."""

import dataclasses
import json

import pytest

from interconn.api import datasets as datasets_api
from interconn.api import peers as peers_api
from interconn.management.approvals.tables import Audit
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import (
    BadSignature,
    ContractNotUsable,
    MissingHeader,
    PeerReplyInvalid,
    ReplayedNonce,
    StaleClock,
    UnknownNode,
    WrongTarget,
)


@pytest.fixture
async def request_sent(network, bank, operator, scene):
    """A data set application as it went over the wire, kept back; operator has not seen it."""
    kept = []

    def keep(sent):
        kept.append(sent)
        return dataclasses.replace(sent, path="/nowhere")

    network.meddle = keep
    application = standard.DatasetApply(
        audit_id="audit-1", contract_id=bank.directory.usable("operator").contract_id, dataset_id="operator-table"
    )
    with pytest.raises(PeerReplyInvalid):
        await bank.client.answer(
            "operator", standard.DATASET_APPLY, application, trace_id="trace-1", permits="urn:x/1/token-of-the-bank"
        )
    network.meddle = None
    return kept[0]


async def refused(operator, sent, error):
    reply, _ = await operator.serve(sent)
    content = json.loads(reply.body)
    assert (reply.status, content["code"]) == (error.http_status, error.code), content
    assert await operator.rows(Audit) == []
    assert content["msg"] and content["data"]["extension"]["message"]


async def test_as_sent_it_is_served(operator, request_sent):
    reply, _ = await operator.serve(request_sent)
    assert json.loads(reply.body) == {"code": 0, "msg": "success", "data": {}}
    assert len(await operator.rows(Audit)) == 1


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        (names.AUTH_SIGN, "AAAA", BadSignature),
        (names.AUTH_SIGN, "", BadSignature),
        (names.TRACE_ID, "trace-2", BadSignature),
        (names.NONCE, "another-nonce-of-some-length", BadSignature),
        (names.TIMESTAMP, "1800000000001", BadSignature),
        (names.PERMIT_SET, "urn:x/1/token-of-the-bonk", BadSignature),
        (names.PERMIT_SET, "", BadSignature),
        ("content-type", "application/json; charset=utf-8", BadSignature),
        ("x-interconn-anything", "added", BadSignature),
        ("x-ptp-anything", "added", BadSignature),
        (names.SOURCE_NODE_ID, "clearing", BadSignature),
        (names.SOURCE_NODE_ID, "mallory", UnknownNode),
        (names.TARGET_NODE_ID, "clearing", WrongTarget),
        (names.TARGET_NODE_ID, "", MissingHeader),
        (names.CSRF_PROTECTION, "", MissingHeader),
    ],
)
async def test_header_changed_on_the_way(operator, request_sent, name, value, error):
    await refused(operator, dataclasses.replace(request_sent, headers={**request_sent.headers, name: value}), error)


async def test_every_byte_of_the_body_is_covered(operator, request_sent):
    for place in range(0, len(request_sent.body), 7):
        body = bytearray(request_sent.body)
        body[place] ^= 1
        await refused(operator, dataclasses.replace(request_sent, body=bytes(body)), BadSignature)


async def test_query_added_on_the_way(operator, request_sent):
    await refused(operator, dataclasses.replace(request_sent, path=request_sent.path + "?times_limit=9"), BadSignature)


async def test_replayed_request_is_served_once_even_after_a_restart(operator, request_sent):
    await operator.serve(request_sent)
    await operator.restart()
    reply, _ = await operator.serve(request_sent)
    assert json.loads(reply.body)["code"] == ReplayedNonce.code
    assert len(await operator.rows(Audit)) == 1


@pytest.mark.parametrize("minutes", [-6, 6])
async def test_stale_clock(network, operator, request_sent, minutes):
    network.clock.time += minutes * 60_000
    await refused(operator, request_sent, StaleClock)


async def test_terminated_contract(operator, request_sent):
    contract_id = operator.directory.usable("bank").contract_id
    await operator.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await refused(operator, request_sent, ContractNotUsable)


async def test_answer_signed_by_another_node_is_not_believed(network, bank, operator, scene, mallory):
    operator.gate._keys = mallory.keys.newest
    with pytest.raises(PeerReplyInvalid, match="not proven to be operator's"):
        await bank.ask(datasets_api.DATASET_DISCOVER, node_id="operator")

    operator.gate._keys = mallory.keys.newest
    operator.app.routes.clear()
    with pytest.raises(PeerReplyInvalid):
        await bank.ask(datasets_api.DATASET_DISCOVER, node_id="operator")
