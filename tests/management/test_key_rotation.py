"""A node changes its key while it works, and its partners follow (MGT-3.4)."""

import asyncio
import dataclasses

import pytest

from interconn.api import keys as keys_api
from interconn.api import peers as peers_api
from interconn.identity import sm2
from interconn.identity.signature import SignedRequest
from interconn.management import ChangeRules
from interconn.management.contracts.tables import Contract, KeyRotation
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import BadSignature, InterconnError, PeerRefused, Refused
from interconn.standard.management import AuthType
from tests.management.conftest import Exchange

HOUR = 3_600_000
UPDATE = standard.NODE_UPDATE


@pytest.fixture
async def three(network, bank, operator, clearing):
    """Bank under contract with operator, for which it applied, and with clearing, which applied to it."""
    await network.cooperate(bank, operator)
    await network.cooperate(clearing, bank)
    return bank, operator, clearing


async def contract_with(node, node_id):
    [contract] = [one for one in await node.rows(Contract) if one.node_id == node_id]
    return contract


async def talk(*nodes):
    """Every two of them call each other; each request and each answer is proven."""
    for one in nodes:
        for other in nodes:
            if one is not other and other.node_id in {contract.node_id for contract in await one.rows(Contract)}:
                contract_id = one.directory.usable(other.node_id).contract_id
                await one.call(other, standard.DATASET_LIST, contract_id=contract_id)


async def rotate(node, **members):
    return await node.ask(keys_api.KEY_ROTATE, **members)


async def test_mgt_3_4_partners_learn_the_new_key_and_the_old_one_is_erased(network, three):
    bank, operator, clearing = three
    old = bank.credential
    view = await rotate(bank)
    assert [(key.role, key.known_by) for key in view.keys] == [
        ("current", []),
        ("former", ["clearing", "operator"]),
    ]
    assert {one.node_id for one in view.behind} == {"operator", "clearing"}
    await talk(*three)  # nobody has been told yet
    await network.settle()
    new = bank.credential
    assert new.fingerprint != old.fingerprint
    for partner in (operator, clearing):
        contract = await contract_with(partner, "bank")
        assert (contract.fingerprint, contract.former_fingerprint) == (new.fingerprint, old.fingerprint)
        assert contract.key_proven and contract.key_compared
    assert [(key.fingerprint, key.known_by) for key in (await bank.ask(keys_api.KEY_LIST)).keys] == [
        (new.fingerprint, ["clearing", "operator"])
    ]
    assert list(bank.store.all()) == [new.fingerprint]
    await talk(*three)
    assert [entry.action for entry in await bank.trail()][-4:] == [
        "node.rotate_key", "node.told", "node.told", "node.key_changed",
    ]  # fmt: skip
    assert "contract.key_changed" in [entry.action for entry in await operator.trail()]


async def test_whoever_has_not_acknowledged_is_signed_to_with_the_old_key(network, three):
    bank, _operator, clearing = three
    old = bank.credential.fingerprint
    clearing.running = False
    await rotate(bank)
    await network.settle()
    new = bank.credential.fingerprint
    assert bank.keys.toward("operator").credential.fingerprint == new
    assert bank.keys.toward("clearing").credential.fingerprint == old
    assert set(bank.store.all()) == {old, new}
    clearing.running = True
    await talk(*three)  # clearing knows the old one only; requests and answers go with it
    with pytest.raises(Refused, match=r"under way.*clearing"):
        await rotate(bank)
    network.clock.time += 60_000
    await network.settle()
    assert bank.keys.toward("clearing").credential.fingerprint == new
    assert list(bank.store.all()) == [new]
    await talk(*three)


async def test_a_lost_answer_is_mended_by_the_repetition(network, three):
    bank, operator, clearing = three
    network.lose_replies.add(UPDATE.path)
    await rotate(bank)
    await network.settle()
    behind = [one.node_id for one in (await bank.ask(keys_api.KEY_LIST)).behind]
    assert len(behind) == 1
    await talk(*three)
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.ask(keys_api.KEY_LIST)).behind == []
    for partner in (operator, clearing):
        assert [entry.action for entry in await partner.trail()].count("contract.key_changed") == 1


async def test_an_answer_that_was_lost_for_longer_than_the_overlap_is_mended_too(network, three):
    bank, _operator, _clearing = three
    network.lose_replies.add(UPDATE.path)
    await rotate(bank)
    await network.settle()
    network.clock.time += 25 * HOUR  # by now nobody accepts the old key
    for _ in range(20):
        await network.settle()
        network.clock.time += 60_000
    assert (await bank.ask(keys_api.KEY_LIST)).behind == []
    await talk(*three)


async def test_both_keys_are_accepted_during_the_overlap_and_the_new_one_alone_afterwards(network, three):
    bank, operator, _ = three
    old = bank.keys.newest
    await rotate(bank)
    await network.settle()
    await bank.call(operator, standard.DATASET_LIST, contract_id=bank.directory.usable("operator").contract_id)
    sent = network.last(standard.DATASET_LIST)
    await served(operator, resigned(sent, old, nonce="nonce-within-overlap"))
    network.clock.time += 24 * HOUR
    with pytest.raises(BadSignature):
        operator.gate.admit(arrival(resigned(sent, old, nonce="nonce-after", at=network.clock.time)))
    operator.gate.admit(arrival(resigned(sent, bank.keys.newest, nonce="nonce-new-key", at=network.clock.time)))


async def test_an_update_signed_with_a_former_key_changes_nothing(network, three):
    bank, operator, _ = three
    old = bank.keys.newest
    await rotate(bank)
    await network.settle()
    [sent] = [one for one in network.passed if one.path == UPDATE.path and "operator" in one.target]
    elsewhere = sent.body.replace(b"bank.example", b"evil.example")
    reply = await served(operator, resigned(sent, old, nonce="nonce-elsewhere", body=elsewhere))
    assert b'"code":40102' in reply and b"former key" in reply
    assert (await contract_with(operator, "bank")).address == "https://bank.example:7304"
    network.clock.time += 25 * HOUR
    reply = await served(operator, resigned(sent, old, nonce="nonce-expired", body=elsewhere, at=network.clock.time))
    assert b'"code":40102' in reply


@pytest.mark.parametrize("proof", ["of another key", "for another contract", "no Base64"])
async def test_a_wrong_proof_is_refused(network, three, mallory, proof):
    bank, operator, _ = three
    former = bank.keys.newest

    def spoil(sent):
        if sent.path != UPDATE.path:
            return sent
        wrong = {
            "of another key": mallory.keys.newest.sign(b"x"),
            "for another contract": bank.keys.newest.sign(b"INTERCONN-1-KEY"),
            "no Base64": "!",
        }[proof]
        headers = {**sent.headers, names.KEY_PROOF: wrong}
        return resigned(dataclasses.replace(sent, headers=headers), former)

    network.meddle = spoil
    await rotate(bank)
    await network.settle()
    contract = await contract_with(operator, "bank")
    assert (contract.fingerprint, contract.next_fingerprint) == (former.credential.fingerprint, "")
    network.meddle = None
    await talk(*three)


async def test_a_key_without_proof_waits_for_a_person(network, three):
    bank, operator, clearing = three
    former = bank.keys.newest

    def strip(sent):
        headers = {name: value for name, value in sent.headers.items() if name != names.KEY_PROOF}
        return resigned(dataclasses.replace(sent, headers=headers), former) if sent.path == UPDATE.path else sent

    network.meddle = strip
    await rotate(bank)
    for _ in range(20):  # more often than any other refusal is repeated
        await network.settle()
        network.clock.time += 60_000
    network.meddle = None
    new = bank.credential.fingerprint
    view = next(one for one in (await operator.ask(peers_api.PEER_LIST)).contracts if one.node_id == "bank")
    assert (view.fingerprint, view.next_fingerprint) == (former.credential.fingerprint, new)
    assert "new key of bank" in view.waits_for and view.usable
    assert "compare its fingerprint" in (await bank.ask(keys_api.KEY_LIST)).behind[0].waits_for
    await talk(*three)
    with pytest.raises(Refused, match="not proven"):
        await operator.ask(peers_api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=new)
    with pytest.raises(BadSignature):
        await operator.ask(peers_api.PEER_APPROVE, contract_id=view.contract_id, fingerprint="0" * 64)
    for partner in (operator, clearing):
        contract = await contract_with(partner, "bank")
        members = {"contract_id": contract.contract_id, "fingerprint": new, "accept_unproven": True}
        await partner.ask(peers_api.PEER_APPROVE, **members)
    await talk(*three)
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.ask(keys_api.KEY_LIST)).behind == []
    await talk(*three)


async def test_a_node_may_want_each_changed_key_compared(network, three):
    bank, operator, _ = three
    operator.rules = ChangeRules(compare_changed=True)
    await operator.restart()
    await rotate(bank)
    await network.settle()
    contract = await contract_with(operator, "bank")
    assert contract.next_fingerprint == bank.credential.fingerprint and contract.next_proven
    await operator.ask(
        peers_api.PEER_APPROVE, contract_id=contract.contract_id, fingerprint=bank.credential.fingerprint
    )
    network.clock.time += 60_000
    await network.settle()
    assert (await bank.ask(keys_api.KEY_LIST)).behind == []
    await talk(*three)


@pytest.mark.parametrize("rule", ["refuse", "ask", "accept"])
async def test_another_auth_type_is_for_the_receiver_to_allow(network, three, rule):
    bank, operator, _clearing = three
    operator.rules = ChangeRules(changed_auth_type=rule)
    await operator.restart()
    old = bank.credential.fingerprint
    await rotate(bank, auth_type="SHA256_RSA")
    await network.settle()
    contract = await contract_with(operator, "bank")
    new = bank.credential.fingerprint
    assert (contract.fingerprint, contract.next_fingerprint) == {
        "refuse": (old, ""),
        "ask": (old, new),
        "accept": (new, ""),
    }[rule]
    await talk(*three)


async def test_refused_partners_are_told_again_when_a_person_says_so(network, three):
    bank, operator, clearing = three
    await rotate(bank, auth_type="SHA256_RSA")
    for _ in range(15):
        await network.settle()
        network.clock.time += 60_000
    assert [message.state for message in await bank.messages(endpoint=UPDATE.name)] == ["REFUSED", "REFUSED"]
    assert all("would not" in one.waits_for for one in (await bank.ask(keys_api.KEY_LIST)).behind)
    for partner in (operator, clearing):
        partner.rules = ChangeRules(changed_auth_type="accept")
        await partner.restart()
    await rotate(bank, resume=True)
    await network.settle()
    assert (await bank.ask(keys_api.KEY_LIST)).behind == []
    await talk(*three)


async def test_a_partner_that_will_not_come_back_is_let_go_by_ending_its_contract(network, three):
    bank, _operator, clearing = three
    clearing.running = False
    await rotate(bank)
    await network.settle()
    await bank.ask(peers_api.PEER_TERMINATE, contract_id=(await contract_with(bank, "clearing")).contract_id)
    await network.settle()
    await bank.management.rotation.step()
    assert list(bank.store.all()) == [bank.credential.fingerprint]
    clearing.running = True


async def test_a_contract_that_expires_holds_up_no_rotation(network, bank, operator, clearing):
    await network.cooperate(bank, operator)
    await network.cooperate(bank, clearing, expired_time=network.clock.time + HOUR)
    clearing.running = False
    await rotate(bank)
    await network.settle()
    assert len(bank.store.all()) == 2
    network.clock.time += HOUR
    await bank.management.rotation.step()
    assert list(bank.store.all()) == [bank.credential.fingerprint]
    clearing.running = True


async def test_a_restart_at_any_point_goes_on(network, three):
    bank, operator, clearing = three
    old = bank.credential.fingerprint
    operator.running = clearing.running = False
    await rotate(bank)
    new = bank.credential.fingerprint
    await bank.restart()
    assert bank.credential.fingerprint == new
    assert bank.keys.toward("operator").credential.fingerprint == old
    operator.running = True
    network.clock.time += 60_000
    await network.settle()
    await bank.restart()
    assert bank.keys.toward("operator").credential.fingerprint == new
    assert bank.keys.toward("clearing").credential.fingerprint == old
    clearing.running = True
    network.clock.time += 60_000
    await network.settle()
    await bank.restart()
    assert (bank.credential.fingerprint, list(bank.store.all())) == (new, [new])
    await talk(*three)


async def test_a_crash_between_commit_and_files_is_made_good_at_the_start(network, three, monkeypatch):
    bank, _, _ = three
    monkeypatch.setattr(bank.management.rotation, "_clean", lambda rotation: None)  # the process died before it
    await rotate(bank)
    await network.settle()
    new = bank.credential.fingerprint
    [rotation] = await bank.rows(KeyRotation)
    assert rotation.status == "DONE" and len(bank.store.all()) == 2
    monkeypatch.undo()
    await bank.restart()
    assert (bank.credential.fingerprint, list(bank.store.all())) == (new, [new])
    await talk(*three)


async def test_a_rotation_whose_caller_is_cut_off_is_carried_out(network, three, monkeypatch):
    """The listener ends a call whose caller has gone, between the commit and all that follows it too."""
    bank = three[0]
    with monkeypatch.context() as patched:
        patched.setattr(bank.management.rotation, "step", cut_off)
        patched.setattr(bank.keys, "lead", lambda fingerprint: None)
        with pytest.raises(asyncio.CancelledError):
            await rotate(bank)
    [rotation] = await bank.rows(KeyRotation)
    await bank.management.rotation.step()
    assert bank.keys.newest.credential.fingerprint == rotation.following
    await talk(*three)


async def test_a_rotation_may_begin_before_the_files_of_the_last_one_have_followed(network, three, monkeypatch):
    bank = three[0]
    monkeypatch.setattr(bank.management.rotation, "_clean", lambda rotation: None)
    await rotate(bank)
    await network.settle()
    assert [one.status for one in await bank.rows(KeyRotation)] == ["DONE"]
    await rotate(bank)
    assert bank.store.load().credential.fingerprint == (await bank.rows(KeyRotation))[-1].former
    assert len(bank.store.all()) == 2


async def cut_off():
    raise asyncio.CancelledError


async def test_a_key_that_no_rotation_came_to_know_is_swept_away(network, three):
    bank, _, _ = three
    stray = bank.store.add(AuthType.SHA256_ECDSA).credential.fingerprint
    await bank.restart()
    await rotate(bank)
    assert stray not in bank.store.all()


async def test_an_application_that_waits_is_told_once_it_is_approved(network, bank, operator):
    old = bank.credential.fingerprint
    view = await network.apply(bank, operator, fingerprint=operator.credential.fingerprint)
    await rotate(bank)
    await network.settle()
    assert set(bank.store.all()) == {old, bank.credential.fingerprint}
    await operator.ask(peers_api.PEER_APPROVE, contract_id=view.contract_id, fingerprint=old)
    await network.settle()
    assert (await contract_with(operator, "bank")).fingerprint == bank.credential.fingerprint
    assert list(bank.store.all()) == [bank.credential.fingerprint]
    await talk(bank, operator)


async def test_a_new_partner_is_told_the_new_key_at_once(network, three, mallory):
    bank, _, clearing = three
    clearing.running = False
    await rotate(bank)
    await network.settle()
    await network.cooperate(mallory, bank)
    assert (await contract_with(mallory, "bank")).fingerprint == bank.credential.fingerprint
    await talk(bank, mallory)
    clearing.running = True


async def test_both_sides_change_their_keys_at_once(network, three):
    bank, operator, _clearing = three
    await rotate(bank)
    await rotate(operator)
    for _ in range(3):
        await network.settle()
        network.clock.time += 60_000
    for one, other in ((bank, operator), (operator, bank)):
        assert (await contract_with(one, other.node_id)).fingerprint == other.credential.fingerprint
        assert list(one.store.all()) == [one.credential.fingerprint]
    await talk(*three)


async def test_a_third_key_follows_the_second_within_the_overlap(network, three):
    bank, operator, _ = three
    first = bank.credential.fingerprint
    await rotate(bank)
    await network.settle()
    second = bank.credential.fingerprint
    await rotate(bank)
    await network.settle()
    contract = await contract_with(operator, "bank")
    assert (contract.fingerprint, contract.former_fingerprint) == (bank.credential.fingerprint, second)
    assert first not in bank.store.all()
    await talk(*three)


@pytest.mark.parametrize("which", ["of another partner", "ended before", "of nobody"])
async def test_mgt_3_4_an_update_with_a_foreign_contract_is_refused(network, three, which):
    bank, operator, _clearing = three
    contract_id = {
        "of another partner": (await contract_with(bank, "clearing")).contract_id,
        "of nobody": "contract-none",
        "ended before": "",
    }[which]
    if not contract_id:
        contract_id = (await contract_with(bank, "operator")).contract_id
        await bank.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
        await network.settle()
        await network.cooperate(bank, operator)
    members = {name: value for name, value in bank.identity.information().to_wire().items() if name != "node_id"}
    credential = {"auth_credential": bank.credential.pem, "auth_type": bank.credential.auth_type}
    with pytest.raises(PeerRefused, match=r"no such contract|not the one in force"):
        await bank.call(operator, UPDATE, contract_id=contract_id, **members, **credential)


async def test_mgt_3_4_without_a_contract_nothing_is_told(network, bank, operator):
    await rotate(bank)
    await network.settle()
    assert list(bank.store.all()) == [bank.credential.fingerprint]
    assert [one for one in network.passed if one.path == UPDATE.path] == []


async def test_mgt_3_4_changed_address_and_name_without_a_new_key(network, three):
    bank, operator, clearing = three
    old = bank.credential.fingerprint
    saved = []
    bank.management.own_node._save_card = saved.append
    await bank.ask(keys_api.NODE_CHANGE, address="https://new.bank.example:7304", name="New name")
    await network.settle()
    assert saved == [{"address": "https://new.bank.example:7304", "name": "New name"}]
    for partner in (operator, clearing):
        contract = await contract_with(partner, "bank")
        assert (contract.address, contract.name) == ("https://new.bank.example:7304", "New name")
        assert (contract.fingerprint, contract.former_fingerprint) == (old, "")
    await talk(*three)  # to the new address
    assert network.contacted[-1] != "https://bank.example:7304"
    details = [entry.details for entry in await operator.trail() if entry.action == "contract.updated"]
    assert details[-1]["address"] == "https://new.bank.example:7304"


async def test_a_card_that_was_changed_in_the_configuration_is_told_after_the_start(network, three):
    bank, operator, _ = three
    bank.identity.description = "moved"
    await bank.restart()
    await network.settle()
    assert (await contract_with(operator, "bank")).description == "moved"


@pytest.mark.skipif(not sm2.available(), reason="this Python's OpenSSL has no SM2")
async def test_sm2_signs_between_nodes(network, three):
    bank, operator, clearing = three
    for partner in (operator, clearing):
        partner.rules = ChangeRules(changed_auth_type="accept")
        await partner.restart()
    await rotate(bank, auth_type="SM3_SM2")
    await network.settle()
    assert (await contract_with(operator, "bank")).auth_type == "SM3_SM2"
    await talk(*three)


async def test_a_rotation_in_the_middle_of_work(network, scene, granted):
    """A job is proposed, approved and admitted while initiator and holder change their keys."""
    await rotate(scene.bank)
    job = await scene.propose(granted)
    await rotate(scene.operator)
    await network.settle()
    await network.approve_all()
    await scene.admit(await scene.ready(job.job_id))
    assert len(scene.bank.store.all()) == len(scene.operator.store.all()) == 1


# --- by hand ----------------------------------------------------------------------------------------------


def resigned(sent: Exchange, signer, *, nonce: str = "", body: bytes | None = None, at: int = 0) -> Exchange:
    """The request signed once more, by another key or with other content."""
    headers = {name: value for name, value in sent.headers.items() if name != names.AUTH_SIGN}
    if nonce:
        headers[names.NONCE] = nonce
    if at:
        headers[names.TIMESTAMP] = str(at)
    body = sent.body if body is None else body
    headers[names.AUTH_SIGN] = SignedRequest(sent.method, sent.path, headers, body).sign(signer)
    return dataclasses.replace(sent, headers=headers, body=body)


def arrival(sent: Exchange):
    """The request as the gate reads it."""
    from interconn.peers.inbound import Arrival

    return Arrival(sent.method, sent.path, sent.headers, sent.body)


async def served(node, sent: Exchange) -> bytes:
    """What a node answers."""
    reply, _ = await node.serve(sent)
    return reply.body


def test_the_errors_of_this_page_are_of_the_one_tree():
    assert issubclass(BadSignature, InterconnError)
