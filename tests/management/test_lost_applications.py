"""An application for a contract that one side lost or gave up: shown as a difference, and how it ends (MGT-3.5)."""

import asyncio

import pytest

from interconn.api import peers as peers_api
from interconn.api import state as state_api
from interconn.management.contracts.tables import Contract
from interconn.standard.errors import IllegalTransition, Refused


async def differences(node, partner):
    return (await node.ask(state_api.STATE_DIFF, node_id=partner.node_id)).differences


async def apply(network, bank, operator):
    return await network.apply(bank, operator, fingerprint=operator.credential.fingerprint)


async def apply_unheard(network, bank, operator):
    """Bank applies and gives up waiting; what the network does with it is set before."""
    members = {"address": operator.identity.address, "node_id": operator.node_id}
    asked = asyncio.ensure_future(bank.ask(peers_api.PEER_APPLY, **members))
    while not await bank.rows(Contract):  # noqa: ASYNC110 - the database has a thread of its own
        await asyncio.sleep(0)
    await network.settle()
    asked.cancel()
    [contract] = await bank.rows(Contract)
    return contract.contract_id


async def test_mgt_3_5_an_application_that_the_partner_lost_is_drift_until_a_later_one_takes_its_place(
    network, bank, operator
):
    backup = await operator.back_up("before")
    lost = (await apply(network, bank, operator)).contract_id
    assert await differences(bank, operator) == []
    await operator.restore(backup)
    [found] = await differences(bank, operator)
    assert (found.id, found.here, found.there, found.answer) == (lost, "APPLIED", None, "UNKNOWN")
    assert (found.agreement, found.side) == ("DRIFT", "bank")
    assert found.command == f"interconn peer apply {operator.identity.address} --node-id operator"

    contract = await apply(network, bank, operator)
    fingerprint = bank.credential.fingerprint
    await operator.ask(peers_api.PEER_APPROVE, contract_id=contract.contract_id, fingerprint=fingerprint)
    await network.settle()
    [found] = await differences(bank, operator)
    assert (found.id, found.command, found.side) == (lost, f"interconn peer terminate {lost}", "bank")
    assert "there is a later one" in found.step
    given_up = await bank.ask(peers_api.PEER_TERMINATE, contract_id=lost)
    assert given_up.status == "REJECTED"
    await network.settle()
    assert await differences(bank, operator) == await differences(operator, bank) == []
    assert bank.directory.usable("operator").contract_id == contract.contract_id


async def test_mgt_3_contract_state_an_application_that_the_partner_knows_is_not_withdrawn(network, bank, operator):
    contract = await apply(network, bank, operator)
    assert await differences(bank, operator) == []  # it was asked, and knows it
    with pytest.raises(IllegalTransition):
        await bank.ask(peers_api.PEER_TERMINATE, contract_id=contract.contract_id)


async def test_mgt_3_contract_state_a_partners_application_is_not_withdrawn_by_the_side_that_decides(
    network, bank, operator
):
    backup = await bank.back_up("before")
    contract = await apply(network, bank, operator)
    await bank.restore(backup)
    await differences(operator, bank)
    with pytest.raises(IllegalTransition):
        await operator.ask(peers_api.PEER_TERMINATE, contract_id=contract.contract_id)


async def test_an_application_without_an_answer_is_drift_and_can_be_withdrawn(network, bank, operator):
    operator.running = False
    pending = await apply_unheard(network, bank, operator)
    [found] = await differences(bank, operator)
    assert (found.id, found.agreement, found.answer) == (pending, "DRIFT", "NOT_ASKED")
    assert "has not answered the application" in found.words
    assert (found.command, found.side) == (f"interconn peer terminate {pending}", "bank")
    await bank.ask(peers_api.PEER_TERMINATE, contract_id=pending)
    assert await differences(bank, operator) == []


async def test_an_application_whose_answer_was_lost_is_in_step_once_it_is_repeated(network, bank, operator):
    network.fate = lambda sent: "lose the answer" if sent.source == "bank" else "deliver"
    await apply_unheard(network, bank, operator)
    assert [one.agreement for one in await differences(bank, operator)] == ["DRIFT"]
    network.fate = lambda sent: "deliver"
    network.clock.time += 60_000
    await network.settle()
    assert await differences(bank, operator) == []
    assert [len(await node.rows(Contract)) for node in (bank, operator)] == [1, 1]


async def test_an_application_that_was_withdrawn_here_and_approved_there_is_ended_there(network, bank, operator):
    network.fate = lambda sent: "lose the answer" if sent.source == "bank" else "deliver"
    pending = await apply_unheard(network, bank, operator)
    await bank.ask(peers_api.PEER_TERMINATE, contract_id=pending)
    network.fate = lambda sent: "deliver"
    [there] = await operator.rows(Contract)
    fingerprint = bank.credential.fingerprint
    await operator.ask(peers_api.PEER_APPROVE, contract_id=there.contract_id, fingerprint=fingerprint)
    await network.settle()
    [found] = await differences(operator, bank)
    assert (found.agreement, found.answer) == ("DRIFT", "UNKNOWN")
    assert (found.command, found.side) == (f"interconn peer terminate {there.contract_id}", "operator")
    await operator.ask(peers_api.PEER_TERMINATE, contract_id=there.contract_id)
    assert await differences(operator, bank) == []


async def test_mgt_g2_2_3_3_2_a_rejection_stays_one_and_blocks_no_new_application(network, bank, operator):
    first = await apply(network, bank, operator)
    await operator.ask(peers_api.PEER_REJECT, contract_id=first.contract_id)
    await network.settle()
    for _ in range(2):
        assert [(await node.contract()).status for node in (bank, operator)] == ["REJECTED", "REJECTED"]
        assert (await bank.ask(peers_api.PEER_ASK, node_id="operator")).contract_status == "REJECTED"
        await bank.restart()
        await operator.restart()
        network.clock.time += 30 * 86_400_000
    with pytest.raises(IllegalTransition):  # no side turns it into TERMINATED
        await operator.ask(peers_api.PEER_TERMINATE, contract_id=first.contract_id)
    second = await apply(network, bank, operator)
    assert (second.status, second.contract_id != first.contract_id) == ("APPLIED", True)


async def test_mgt_g2_2_3_3_2_states_out_of_step_block_an_application_until_they_agree(
    network, bank, operator, contract_id
):
    await operator.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await operator.lose_mail()
    [found] = await differences(bank, operator)
    assert (found.here, found.there, found.agreement) == ("APPROVED", "TERMINATED", "DRIFT")
    sent = len(network.passed)
    with pytest.raises(Refused, match="approved already"):
        await apply(network, bank, operator)
    assert len(network.passed) == sent  # nothing was sent
    await bank.ask(peers_api.PEER_ASK, node_id="operator")  # the query of MGT-3.5 brings both in step
    assert (await apply(network, bank, operator)).status == "APPLIED"
