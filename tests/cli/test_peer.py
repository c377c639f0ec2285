"""What a person is told of a contract that did not come to be, and of an address that is none."""

from interconn.api import peers
from tests.cli.conftest import Interconn
from tests.client.fake_node import FakeNode
from tests.client.test_client import CONTRACT

REFUSED = CONTRACT.model_copy(update={"status": "REJECTED", "reason": "the request is for another node"})


def test_why_a_partner_would_not_have_a_contract_is_shown(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(peers.PEER_APPLY, REFUSED)
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[REFUSED]))
    assert REFUSED.reason in interconn("peer", "apply", "https://localhost:7404", "--node-id", "operator").out
    assert REFUSED.reason in interconn("peer", "list").out


def test_an_address_without_a_scheme_is_told_how_to_write(fake: FakeNode, interconn: Interconn) -> None:
    ran = interconn("peer", "list", "--url", "127.0.0.1:7306")
    assert ran.status == 1
    assert "http://127.0.0.1:7306" in ran.err
    assert fake.asked == []


def test_an_id_that_is_none_is_told_in_words(fake: FakeNode, interconn: Interconn) -> None:
    ran = interconn("peer", "show", "不是编号")
    assert ran.status == 2
    assert 'letters, digits, "_", "." and "-"' in ran.err
    assert "pattern" not in ran.err
    assert fake.asked == []
