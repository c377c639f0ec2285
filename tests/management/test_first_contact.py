"""From "we have never met" to a contract (MGT-3.1, MGT-3.2, docs/decisions/0004-first-contact.md)."""

import dataclasses
import json

import pytest

from interconn.api import peers as api
from interconn.api.state import WHY
from interconn.dialects import STANDARD
from interconn.management.contracts.contracts import UNLIMITED
from interconn.management.contracts.tables import Contract
from interconn.peers.outbound import Destination
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import (
    BadSignature,
    ContractNotUsable,
    IllegalTransition,
    InvalidRequest,
    PeerRefused,
    Refused,
    UnknownNode,
)


def unsigned(sent):
    return dataclasses.replace(sent, headers={k: v for k, v in sent.headers.items() if k != names.AUTH_SIGN})


async def test_mgt_3_1_application_gets_its_id_and_waits_for_a_person(network, bank, operator):
    view = await network.apply(bank, operator)
    there = await operator.contract()
    assert view.contract_id == there.contract_id
    assert (view.status, view.direction, view.usable) == ("APPLIED", "APPLICANT", False)
    assert view.waits_for == "a person at operator to approve"
    assert (there.node_id, there.inst_id, there.institution) == ("bank", "inst-bank", "Institute bank")
    assert (there.direction, there.key_proven, there.key_compared) == ("PARTNER", True, False)
    assert there.fingerprint == bank.credential.fingerprint
    assert "compare the fingerprint" in there.waits_for


async def test_mgt_3_2_both_compare_and_only_then_call(network, bank, operator):
    view = await network.apply(bank, operator)
    fingerprint = bank.credential.fingerprint
    there = await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=fingerprint)
    assert there.waits_for == "node bank to acknowledge the verdict"
    await network.settle()
    assert (await operator.contract()).waits_for == ""
    here = await bank.contract()
    assert (here.status, here.key_proven, here.key_compared, here.usable) == ("APPROVED", True, False, False)
    assert "compare the fingerprint of the key of operator" in here.waits_for
    with pytest.raises(ContractNotUsable, match="waits for a person to compare"):
        await bank.call(operator, standard.NODE_HEALTH)

    colons = ":".join(operator.credential.fingerprint[i : i + 2] for i in range(0, 64, 2)).upper()
    here = await bank.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=f"SHA256:{colons}")
    assert here.usable
    assert (await bank.call(operator, standard.NODE_HEALTH)).status == "ok"
    assert (await operator.call(bank, standard.NODE_HEALTH)).status == "ok"


async def test_mgt_3_6_partner_that_approved_introduces_itself(network, bank, operator):
    await network.cooperate(bank, operator)
    here = await bank.contract()
    assert (here.inst_id, here.institution, here.system) == ("inst-operator", "Institute operator", "interconn")
    assert bank.directory.usable("operator").inst_id == "inst-operator"


async def test_expected_fingerprint_makes_the_contract_usable_at_once(network, bank, operator):
    await network.cooperate(bank, operator, fingerprint=operator.credential.fingerprint)
    assert (await bank.contract()).usable


async def test_confirm_with_another_key_than_expected_is_refused_and_kept(network, bank, operator, mallory):
    contract_id = await network.cooperate(bank, operator, fingerprint=mallory.credential.fingerprint)
    network.clock.time += 60_000
    await network.settle()
    here = await bank.contract()
    assert (here.contract_id, here.status, here.fingerprint) == (contract_id, "APPLIED", "")
    assert operator.credential.fingerprint in here.reason
    assert "fingerprint given is not" in (await operator.contract()).waits_for
    wrong = [entry for entry in await bank.trail() if entry.action == "contract.wrong_key"]
    assert len(wrong) == 1  # though the partner repeated itself
    with pytest.raises(ContractNotUsable):
        bank.directory.usable("operator")


async def test_fingerprint_brought_before_the_confirm_is_held_against_it(network, bank, operator):
    view = await network.apply(bank, operator)
    await bank.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=operator.credential.fingerprint)
    await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint)
    await network.settle()
    assert (await bank.contract()).usable


@pytest.mark.parametrize("side", ["partner", "applicant"])
async def test_wrong_fingerprint_approves_nothing(network, bank, operator, mallory, side):
    view = await network.apply(bank, operator)
    wrong = {"contract_id": view.contract_id, "fingerprint": mallory.credential.fingerprint}
    if side == "partner":
        with pytest.raises(BadSignature, match="fingerprint"):
            await operator.ask(api.PEER_APPROVE, **wrong)
        assert (await operator.contract()).status == "APPLIED"
    else:
        await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint)
        await network.settle()
        with pytest.raises(BadSignature, match="fingerprint"):
            await bank.ask(api.PEER_APPROVE, **wrong)
        assert not (await bank.contract()).usable


async def test_malformed_fingerprint_is_refused_before_anything_is_sent(network, bank, operator):
    with pytest.raises(InvalidRequest, match="64 hexadecimal"):
        await bank.ask(api.PEER_APPLY, address=operator.identity.address, node_id="operator", fingerprint="ab:cd")
    assert await bank.messages() == []


async def test_unsigned_application_is_served_but_needs_a_word_to_be_approved(network, bank, operator):
    network.meddle = unsigned
    view = await network.apply(bank, operator)
    network.meddle = None
    assert (await operator.contract()).key_proven is False
    decision = {"contract_id": view.contract_id, "fingerprint": bank.credential.fingerprint}
    with pytest.raises(Refused, match="has not signed with the key it sent"):
        await operator.ask(api.PEER_APPROVE, **decision)
    assert (await operator.contract()).status == "APPLIED"
    assert (await operator.ask(api.PEER_APPROVE, **decision, accept_unproven=True)).usable


async def test_unsigned_confirm_is_taken_but_not_trusted(network, bank, operator):
    view = await network.apply(bank, operator, fingerprint=operator.credential.fingerprint)
    network.meddle = lambda sent: unsigned(sent) if sent.path == standard.CONTRACT_CONFIRM.path else sent
    await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint)
    await network.settle()
    here = await bank.contract()
    assert (here.status, here.key_proven, here.usable) == ("APPROVED", False, False)
    decision = {"contract_id": view.contract_id, "fingerprint": operator.credential.fingerprint}
    with pytest.raises(Refused, match="has not signed"):
        await bank.ask(api.PEER_APPROVE, **decision)
    assert (await bank.ask(api.PEER_APPROVE, **decision, accept_unproven=True)).usable


async def test_application_signed_by_another_key_than_it_carries_is_refused(network, bank, operator, mallory):
    network.meddle = lambda sent: dataclasses.replace(
        sent,
        body=sent.body.replace(
            json.dumps(bank.credential.pem)[1:-1].encode(), json.dumps(mallory.credential.pem)[1:-1].encode()
        ),
    )
    view = await network.apply(bank, operator)
    assert (view.status, "signature does not verify" in view.reason) == ("REJECTED", True)
    assert await operator.rows(Contract) == []


async def test_application_in_anothers_name_is_refused(network, bank, operator, mallory):
    application = standard.ContractApply(
        **bank.identity.information().to_wire(),
        auth_credential=mallory.credential.pem,
        auth_type=mallory.credential.auth_type,
    )
    destination = operator_destination(operator)
    with pytest.raises(PeerRefused, match="a node applies for itself"):
        await mallory.client.ask(destination, standard.CONTRACT_APPLY, application, trace_id="t")
    assert await operator.rows(Contract) == []


async def test_stranger_under_anothers_node_id_is_stopped_by_the_fingerprint(network, bank, operator, mallory):
    mallory.client._node_id = "bank"
    application = standard.ContractApply(
        **{**bank.identity.information().to_wire(), "address": mallory.identity.address},
        auth_credential=mallory.credential.pem,
        auth_type=mallory.credential.auth_type,
    )
    destination = operator_destination(operator)
    answer = await mallory.client.ask(destination, standard.CONTRACT_APPLY, application, trace_id="t")
    with pytest.raises(BadSignature):
        decision = {"contract_id": answer.reply.contract_id, "fingerprint": bank.credential.fingerprint}
        await operator.ask(api.PEER_APPROVE, **decision)


async def test_address_of_an_applicant_is_not_contacted_before_approval(network, bank, operator):
    view = await network.apply(bank, operator)
    await operator.deliver()
    with pytest.raises(ContractNotUsable, match="not contacted before"):
        await operator.ask(api.PEER_ASK, node_id="bank")
    assert bank.identity.address not in network.contacted
    await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint)
    await operator.deliver()
    assert bank.identity.address in network.contacted


@pytest.mark.parametrize(
    "address",
    ["ftp://operator:21", "https://user:word@operator", "https://operator/?x=1", "https://", "a b", "operator:99999"],
)
async def test_address_that_cannot_be_used_is_refused(bank, address):
    with pytest.raises(InvalidRequest, match="address"):
        await bank.ask(api.PEER_APPLY, address=address, node_id="operator")


async def test_node_without_a_scheme_is_reached_by_https(network, bank, operator):
    view = await network.apply(bank, operator, address="operator.example:7304")
    assert (view.address, view.status) == ("https://operator.example:7304", "APPLIED")
    assert (await operator.contract()).contract_id == view.contract_id


async def test_no_contract_with_oneself(bank):
    with pytest.raises(Refused, match="itself"):
        await bank.ask(api.PEER_APPLY, address=bank.identity.address, node_id="bank")


async def test_expiry_in_the_past_is_refused(network, bank, operator):
    with pytest.raises(InvalidRequest, match="expired already"):
        await bank.ask(
            api.PEER_APPLY, address=operator.identity.address, node_id="operator", expired_time=network.clock.now()
        )


async def test_mgt_3_contract_reapply_while_applied_makes_another_contract(network, bank, operator):
    first = await network.apply(bank, operator)
    network.clock.time += 1
    second = await network.apply(bank, operator, description="the second")
    assert first.contract_id != second.contract_id
    assert [view.status for view in (await operator.ask(api.PEER_LIST)).contracts] == ["APPLIED", "APPLIED"]


async def test_mgt_3_contract_reapply_while_approved_is_refused_on_both_sides(network, bank, operator, contract_id):
    with pytest.raises(Refused, match="approved already"):
        await bank.ask(api.PEER_APPLY, address=operator.identity.address, node_id="operator")
    application = standard.ContractApply(
        **bank.identity.information().to_wire(),
        auth_credential=bank.credential.pem,
        auth_type=bank.credential.auth_type,
    )
    with pytest.raises(PeerRefused, match="approved already"):
        await bank.client.ask(operator_destination(operator), standard.CONTRACT_APPLY, application, trace_id="t")


async def test_application_whose_answer_was_lost_is_the_same_application(network, bank, operator):
    network.lose_replies.add(standard.CONTRACT_APPLY.path)
    asked = bank.ask(api.PEER_APPLY, address=operator.identity.address, node_id="operator")

    def forward():
        network.clock.time += 1000

    view = await network.while_settling(asked, meanwhile=forward)
    assert view.contract_id == (await operator.contract()).contract_id
    assert len(await operator.rows(Contract)) == 1


async def test_partner_that_is_away_is_what_the_application_waits_for(network, bank, operator, monkeypatch):
    monkeypatch.setattr("interconn.management.contracts.cooperation.PATIENCE_SECONDS", 0.0)
    operator.running = False
    view = await bank.ask(api.PEER_APPLY, address=operator.identity.address, node_id="operator")
    assert view.contract_id.startswith("pending-")
    await network.settle()
    assert "node operator to take the application (last attempt:" in (await bank.contract()).waits_for
    operator.running = True
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.contract()).contract_id == (await operator.contract()).contract_id


async def test_confirm_that_overtakes_the_answer_to_apply_is_repeated(network, bank, operator, monkeypatch):
    monkeypatch.setattr("interconn.management.contracts.cooperation.PATIENCE_SECONDS", 0.0)
    network.lose_replies.add(standard.CONTRACT_APPLY.path)
    await bank.ask(api.PEER_APPLY, address=operator.identity.address, node_id="operator")
    await bank.deliver()
    there = await operator.contract()
    await operator.ask(api.PEER_APPROVE, contract_id=there.contract_id, fingerprint=bank.credential.fingerprint)
    await operator.deliver()
    assert "no such contract" in (await operator.contract()).waits_for
    network.clock.time += 60_000
    await network.settle()
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.contract()).status == "APPROVED"
    assert (await operator.contract()).waits_for == ""


async def test_strangers_cannot_fill_the_book(network, bank, operator, monkeypatch):
    monkeypatch.setattr("interconn.management.contracts.applications.OPEN_APPLICATIONS_OF_A_NODE", 2)
    for description in ("1", "2"):
        await network.apply(bank, operator, description=description)
    view = await network.apply(bank, operator, description="3")
    assert (view.status, "too many applications" in view.reason) == ("REJECTED", True)
    assert len(await operator.rows(Contract)) == 2


async def test_contract_id_in_use_here_is_not_taken_over(network, bank, mallory, monkeypatch, contract_id):
    monkeypatch.setattr(
        "interconn.management.contracts.applications.new_id",
        lambda kind: contract_id if kind == "contract" else f"{kind}-1",
    )
    view = await network.apply(bank, mallory)
    assert (await mallory.contract()).contract_id == contract_id
    assert (view.status, view.reason) == ("REJECTED", "the partner gave it an id that is in use here")
    assert bank.directory.usable("operator").contract_id == contract_id


async def test_mgt_3_2_contract_without_expiry_is_confirmed_with_the_end_of_time(network, bank, operator):
    await network.cooperate(bank, operator)
    confirm = json.loads(network.last(standard.CONTRACT_CONFIRM).body)
    assert confirm["expired_time"] == UNLIMITED
    assert (await bank.contract()).expired_time is None


async def test_mgt_3_2_confirmed_expiry_holds_and_then_ends_all_calls(network, bank, operator):
    view = await network.apply(
        bank, operator, fingerprint=operator.credential.fingerprint, expired_time=network.clock.now() + 9_000
    )
    limit = network.clock.now() + 5_000
    await operator.ask(
        api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint, expired_time=limit
    )
    await network.settle()
    assert (await bank.contract()).expired_time == limit
    await bank.call(operator, standard.NODE_HEALTH)
    network.clock.time = limit
    with pytest.raises(ContractNotUsable, match="has expired"):
        await bank.call(operator, standard.NODE_HEALTH)
    assert not (await operator.contract()).usable
    again = await network.apply(bank, operator)
    assert again.status == "APPLIED"


async def test_who_was_never_met_is_unknown(bank):
    with pytest.raises(UnknownNode, match="no contract with operator"):
        bank.directory.usable("operator")


def operator_destination(operator):
    return Destination("operator", operator.identity.address, None, STANDARD)


async def test_an_application_that_nobody_answers_can_be_withdrawn(network, bank, operator):
    operator.running = False
    view = await network.apply(bank, operator)
    assert (await bank.contract()).status == "APPLIED"
    [told] = (await bank.ask(WHY, id=view.contract_id)).explanations
    assert told.command == f"interconn peer terminate {view.contract_id}"
    with pytest.raises(IllegalTransition, match="interconn peer terminate"):
        await bank.ask(api.PEER_REJECT, contract_id=view.contract_id)
    withdrawn = await bank.ask(api.PEER_TERMINATE, contract_id=view.contract_id)
    assert (withdrawn.status, withdrawn.reason) == ("REJECTED", "withdrawn before the partner answered")
    operator.running = True
    network.clock.time += 600_000
    await network.settle()
    assert (await operator.ask(api.PEER_LIST)).contracts == []
    again = await network.apply(bank, operator)
    assert (await bank.contract()).contract_id == again.contract_id != view.contract_id
