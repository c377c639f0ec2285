"""A partner that was restored from before our change of keys, so that we cannot prove ourselves to it (MGT-3.4)."""

import pytest

from interconn.api import keys as keys_api
from interconn.api import peers as api
from interconn.api.state import WHY
from interconn.standard import management as standard
from interconn.standard.errors import InterconnError, PeerReplyInvalid
from interconn.state import outbox


@pytest.fixture
async def estranged(network, bank, operator):
    """The id of a contract whose other side, operator, has forgotten that bank changed its key, which is erased."""
    contract_id = await network.cooperate(bank, operator)
    backup = await operator.back_up("before")
    await bank.ask(keys_api.KEY_ROTATE)
    await network.settle()
    await operator.restore(backup)
    return contract_id


async def explained(node, contract_id):
    [found] = (await node.ask(WHY, id=contract_id)).explanations
    return found


async def test_why_tells_both_sides_that_the_keys_differ_and_what_to_do(network, bank, operator, estranged):
    for node, other in ((bank, "operator"), (operator, "bank")):
        with pytest.raises(InterconnError):
            await node.call(network.nodes[other], standard.DATASET_LIST, contract_id=estranged)
        found = await explained(node, estranged)
        assert found.state == "APPROVED"
        assert "compare" in found.next_step and "fingerprints" in found.next_step
        assert found.command == f"interconn peer terminate {estranged}"


@pytest.mark.parametrize("ends", ["bank", "operator"])
async def test_a_new_contract_is_signed_though_the_end_of_the_old_one_is_never_proven(
    network, bank, operator, estranged, ends
):
    with pytest.raises(PeerReplyInvalid):
        await operator.call(bank, standard.DATASET_LIST, contract_id=estranged)
    await operator.ask(api.PEER_TERMINATE, contract_id=estranged)
    if ends == "bank":
        await bank.ask(api.PEER_TERMINATE, contract_id=estranged)
    await network.settle()
    assert [contract.status for contract in (await bank.ask(api.PEER_LIST)).contracts] == ["TERMINATED"]
    await operator.ask(
        api.PEER_APPLY, address=bank.identity.address, node_id="bank", fingerprint=bank.credential.fingerprint
    )
    [unproven, application] = await operator.messages(state="WAITING")
    assert unproven.due_at > network.clock.now()  # it is said again, and nothing waits behind it
    due = await operator.database.read(lambda session: outbox.due(session, network.clock.now()))
    assert [message.endpoint for message in due] == [application.endpoint] == ["contract.apply"]
    await network.settle()
    again = (await bank.ask(api.PEER_LIST, status="APPLIED")).contracts[0].contract_id
    await bank.ask(api.PEER_APPROVE, contract_id=again, fingerprint=operator.credential.fingerprint)
    await network.settle()
    for node, other in ((bank, operator), (operator, bank)):
        await node.call(other, standard.DATASET_LIST, contract_id=again)
    network.clock.time += 600_000
    await network.settle()
    assert await operator.messages(state="WAITING") == await bank.messages(state="WAITING") == []
    assert [one.waits_for for one in (await operator.ask(api.PEER_LIST)).contracts] == ["", ""]
