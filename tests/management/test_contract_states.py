"""The state machine of the contract, driven from both sides (MGT-3-contract-state, MGT-3.2, MGT-3.3, MGT-3.5)."""

import pytest

from interconn.api import peers as api
from interconn.dialects import STANDARD
from interconn.management.transitions import TRANSITIONS, Step, advance
from interconn.peers.delivery import LONGEST_INSISTENCE
from interconn.peers.outbound import Destination
from interconn.standard import management as standard
from interconn.standard.errors import (
    ContractNotUsable,
    IllegalTransition,
    NotFound,
    PeerRefused,
    PeerUnreachable,
)
from interconn.standard.management import AuditStatus, Verdict


async def bring_to(status, network, bank, operator):
    """Have bank's application to operator reach a state on both sides."""
    view = await network.apply(bank, operator, fingerprint=operator.credential.fingerprint)
    reference = {"contract_id": view.contract_id}
    if status in ("APPROVED", "TERMINATED"):
        await operator.ask(api.PEER_APPROVE, **reference, fingerprint=bank.credential.fingerprint)
    if status == "REJECTED":
        await operator.ask(api.PEER_REJECT, **reference)
    await network.settle()
    if status == "TERMINATED":
        await bank.ask(api.PEER_TERMINATE, **reference)
        await network.settle()
    assert [(await node.contract()).status for node in (bank, operator)] == [status, status]
    return view.contract_id


@pytest.mark.parametrize("step", Step)
@pytest.mark.parametrize("status", AuditStatus)
def test_steps_that_are_not_in_the_table_are_illegal_or_repetitions(status, step):
    expected = {"APPROVED": "approve", "REJECTED": "reject", "TERMINATED": "terminate"}.get(status)
    if (status, step) in TRANSITIONS:
        assert advance(status, step, what="it", clause="c") is TRANSITIONS[status, step]
    elif expected == step:
        assert advance(status, step, what="it", clause="c") is None
    else:
        with pytest.raises(IllegalTransition, match=f"it is {status}"):
            advance(status, step, what="it", clause="c")


@pytest.mark.parametrize(
    ("status", "action", "allowed"),
    [
        ("APPLIED", "terminate", False),
        ("APPROVED", "approve", True),
        ("APPROVED", "reject", False),
        ("APPROVED", "terminate", True),
        ("REJECTED", "approve", False),
        ("REJECTED", "reject", True),
        ("REJECTED", "terminate", False),
        ("TERMINATED", "approve", False),
        ("TERMINATED", "reject", False),
        ("TERMINATED", "terminate", True),
    ],
)
async def test_what_a_person_of_the_deciding_side_may_do(network, bank, operator, status, action, allowed):
    contract_id = await bring_to(status, network, bank, operator)
    rows = {"approve": api.PEER_APPROVE, "reject": api.PEER_REJECT, "terminate": api.PEER_TERMINATE}
    members = {"contract_id": contract_id, "fingerprint": bank.credential.fingerprint}
    entries = len(await operator.trail())
    if allowed:
        await operator.ask(rows[action], **members)
        after = {"terminate": "TERMINATED"}.get(action, status)
    else:
        with pytest.raises(IllegalTransition, match=f"is {status}"):
            await operator.ask(rows[action], **members)
        after = status
    await network.settle()
    assert [(await node.contract()).status for node in (bank, operator)] == [after, after]
    # A repetition decides nothing; the end has an entry for what it made void and one for the acknowledgement, too.
    assert len(await operator.trail()) == entries + (3 if after != status else 0)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("status", ["APPROVED", "REJECTED", "TERMINATED"])
async def test_mgt_3_2_confirm_again_is_accepted_and_another_verdict_refused(network, bank, operator, status, verdict):
    contract_id = await bring_to(status, network, bank, operator)
    confirm = standard.ContractConfirm(
        contract_id=contract_id,
        status=verdict,
        auth_credential=operator.credential.pem,
        auth_type=operator.credential.auth_type,
    )
    call = first_contact(operator, bank, standard.CONTRACT_CONFIRM, confirm)
    if verdict == status:
        await call
    else:
        with pytest.raises(PeerRefused, match=f"is {status}"):
            await call
    assert (await bank.contract()).status == status


async def test_mgt_3_2_confirm_by_the_applicant_is_refused(network, bank, operator):
    contract_id = await bring_to("APPLIED", network, bank, operator)
    confirm = standard.ContractConfirm(
        contract_id=contract_id,
        status=Verdict.APPROVED,
        auth_credential=bank.credential.pem,
        auth_type=bank.credential.auth_type,
    )
    with pytest.raises(PeerRefused, match="so this node decides"):
        await first_contact(bank, operator, standard.CONTRACT_CONFIRM, confirm)
    assert (await operator.contract()).status == "APPLIED"


async def test_mgt_3_2_confirm_by_a_third_node_finds_nothing(network, bank, operator, mallory):
    contract_id = await bring_to("APPLIED", network, bank, operator)
    confirm = standard.ContractConfirm(
        contract_id=contract_id,
        status=Verdict.APPROVED,
        auth_credential=mallory.credential.pem,
        auth_type=mallory.credential.auth_type,
    )
    with pytest.raises(PeerRefused, match="no such contract"):
        await first_contact(mallory, bank, standard.CONTRACT_CONFIRM, confirm)
    assert (await bank.contract()).status == "APPLIED"


async def test_mgt_3_2_confirm_again_with_another_key_is_refused(network, bank, operator, mallory):
    contract_id = await bring_to("APPROVED", network, bank, operator)
    confirm = standard.ContractConfirm(
        contract_id=contract_id,
        status=Verdict.APPROVED,
        auth_credential=mallory.credential.pem,
        auth_type=mallory.credential.auth_type,
    )
    mallory.client._node_id = "operator"
    with pytest.raises(PeerRefused, match="confirmed with another key"):
        await first_contact(mallory, bank, standard.CONTRACT_CONFIRM, confirm)
    assert (await bank.contract()).fingerprint == operator.credential.fingerprint


async def test_applicant_cannot_reject_its_own_application(network, bank, operator):
    contract_id = await bring_to("APPLIED", network, bank, operator)
    with pytest.raises(IllegalTransition, match="our own application"):
        await bank.ask(api.PEER_REJECT, contract_id=contract_id)


async def test_rejected_stays_rejected_and_may_be_followed_by_another(network, bank, operator):
    first = await bring_to("REJECTED", network, bank, operator)
    second = await network.apply(bank, operator)
    assert second.contract_id != first
    assert [view.status for view in (await bank.ask(api.PEER_LIST)).contracts] == ["REJECTED", "APPLIED"]


@pytest.mark.parametrize("status", AuditStatus)
async def test_mgt_3_5_is_answered_unsigned_in_each_state_to_the_node_of_the_contract(
    network, bank, operator, mallory, status
):
    contract_id = await bring_to(status, network, bank, operator)
    reference = standard.ContractReference(contract_id=contract_id)
    reply = await first_contact(bank, operator, standard.CONTRACT_QUERY, reference)
    assert reply.status == status
    with pytest.raises(PeerRefused, match="no such contract") as refusal:
        await first_contact(mallory, operator, standard.CONTRACT_QUERY, reference)
    assert refusal.value.peer_code == NotFound.code


@pytest.mark.parametrize("side", ["bank", "operator"])
async def test_mgt_3_3_either_side_ends_it_for_both(network, bank, operator, contract_id, side):
    one, other = (bank, operator) if side == "bank" else (operator, bank)
    await one.ask(api.PEER_TERMINATE, contract_id=contract_id)
    with pytest.raises(ContractNotUsable, match="was terminated"):
        await one.call(other, standard.NODE_HEALTH)
    await network.settle()
    assert [(await node.contract()).status for node in (bank, operator)] == ["TERMINATED", "TERMINATED"]
    with pytest.raises(ContractNotUsable, match="was terminated"):
        await other.call(one, standard.NODE_HEALTH)
    assert (await one.contract()).waits_for == ""


async def test_mgt_3_3_both_at_once(network, bank, operator, contract_id):
    await bank.ask(api.PEER_TERMINATE, contract_id=contract_id)
    await operator.ask(api.PEER_TERMINATE, contract_id=contract_id)
    await network.settle()
    assert [(await node.contract()).waits_for for node in (bank, operator)] == ["", ""]
    assert await bank.messages(state="WAITING") == await operator.messages(state="WAITING") == []


async def test_termination_of_which_the_answer_was_lost(network, bank, operator, contract_id):
    network.lose_replies.add(standard.CONTRACT_TERMINATE.path)
    await bank.ask(api.PEER_TERMINATE, contract_id=contract_id)
    await network.settle()
    assert "learn of the end" in (await bank.contract()).waits_for
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.contract()).waits_for == ""
    assert (await operator.contract()).status == "TERMINATED"


async def test_confirm_of_which_the_answer_was_lost_is_repeated(network, bank, operator):
    view = await network.apply(bank, operator)
    network.lose_replies.add(standard.CONTRACT_CONFIRM.path)
    await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint)
    await network.settle()
    assert (await bank.contract()).status == "APPROVED"
    network.clock.time += 60_000
    await network.settle()
    assert (await operator.contract()).waits_for == ""
    assert [entry.action for entry in await bank.trail()].count("contract.confirm") == 1


async def test_confirm_survives_a_restart_of_both_and_a_long_absence(network, bank, operator):
    view = await network.apply(bank, operator, fingerprint=operator.credential.fingerprint)
    bank.running = False
    await operator.ask(api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=bank.credential.fingerprint)
    for _ in range(3 * LONGEST_INSISTENCE):
        await network.settle()
        network.clock.time += 60_000
    await operator.restart()
    assert "no answer" in (await operator.contract()).waits_for
    bank.running = True
    await bank.restart()
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.contract()).usable and (await operator.contract()).usable
    await bank.restart()
    await bank.call(operator, standard.NODE_HEALTH)


async def test_mgt_4_lost_callback_rejection_is_learnt_by_asking(network, bank, operator):
    contract_id = await bring_to("APPLIED", network, bank, operator)
    await operator.ask(api.PEER_REJECT, contract_id=contract_id)  # and its confirm never leaves
    answer = await bank.ask(api.PEER_ASK, node_id="operator")
    assert (answer.contract_status, answer.health, answer.node.inst_id) == ("REJECTED", "ok", "inst-operator")
    assert (await bank.contract()).status == "REJECTED"


async def test_mgt_4_lost_callback_termination_is_learnt_by_asking(network, bank, operator, contract_id):
    await operator.ask(api.PEER_TERMINATE, contract_id=contract_id)
    await bank.ask(api.PEER_ASK, node_id="operator")
    assert (await bank.contract()).status == "TERMINATED"


async def test_approval_is_not_learnt_by_asking_as_the_answer_brings_no_key(network, bank, operator):
    contract_id = await bring_to("APPLIED", network, bank, operator)
    await operator.ask(api.PEER_APPROVE, contract_id=contract_id, fingerprint=bank.credential.fingerprint)
    answer = await bank.ask(api.PEER_ASK, node_id="operator")
    assert (answer.contract_status, (await bank.contract()).status) == ("APPROVED", "APPLIED")


async def test_ask_of_a_node_that_is_away(network, bank, operator, contract_id):
    operator.running = False
    with pytest.raises(PeerUnreachable):
        await bank.ask(api.PEER_ASK, node_id="operator")
    operator.running = True


async def test_mgt_3_6_speaks_for_itself_alone(network, bank, operator):
    reply = await first_contact(bank, operator, standard.NODE_QUERY, standard.NodeQuery(node_id="operator"))
    assert reply == operator.identity.information()
    with pytest.raises(PeerRefused, match="speaks for itself"):
        await first_contact(bank, operator, standard.NODE_QUERY, standard.NodeQuery(node_id="bank"))


async def test_mgt_g2_2_3_3_1_a_node_may_keep_its_name_card_from_strangers(network, bank, operator):
    operator.management._cooperation._partners_only = True
    question = standard.NodeQuery(node_id="operator")
    with pytest.raises(PeerRefused, match="no contract"):
        await first_contact(bank, operator, standard.NODE_QUERY, question)
    await bring_to("APPROVED", network, bank, operator)
    assert await first_contact(bank, operator, standard.NODE_QUERY, question) == operator.identity.information()


async def test_every_decision_is_in_the_audit_trail_with_actor_clause_and_request(network, bank, operator):
    contract_id = await bring_to("TERMINATED", network, bank, operator)
    there = [
        (entry.actor, entry.action, entry.clause, entry.partner, bool(entry.request_digest))
        for entry in await operator.trail()
    ]
    assert there == [
        ("node:bank", "contract.received", "MGT-3.1", "bank", True),
        ("person:ann", "contract.approve", "MGT-3.2", "bank", False),
        ("node:bank", "contract.acknowledge", "MGT-3.2", "bank", False),
        ("node:bank", "contract.terminate", "MGT-3.3", "bank", True),
        ("node:bank", "contract.wound_up", "MGT-3.3", "bank", True),
    ]
    assert {entry.subject for entry in await operator.trail()} == {f"contract:{contract_id}"}


async def first_contact(source, target, endpoint, request):
    """Call as on first contact: no contract is asked for here."""
    destination = Destination(target.node_id, target.identity.address, None, STANDARD)
    return (await source.client.ask(destination, endpoint, request, trace_id="trace-first-contact")).reply
