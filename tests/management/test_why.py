"""`why`: every state that is not final says truly whom it waits for, since when, and what a person may do."""

import pytest

from interconn.api import audits as api
from interconn.api import peers as peers_api
from interconn.api.datasets import DATASET_PUBLISH
from interconn.api.models import MODEL_REMOVE
from interconn.api.state import STATE_DIFF, WHY
from interconn.management.permits.tables import Permit
from interconn.standard.errors import NotApproved, NotFound
from tests.management.kinds import CALLS, begin, decide, each_kind, share_model


async def why(node, name):
    """The one explanation of an id."""
    [found] = (await node.ask(WHY, id=name)).explanations
    assert found.state and found.what and found.next_step
    if found.waits_for:
        assert found.whom and found.since is not None
    return found


@each_kind
async def test_every_state_of_an_approval_on_both_sides(scene, granted, make, kind):
    network, bank, operator = scene.network, scene.bank, scene.operator
    apply, confirm, terminate, _ = CALLS[kind]
    await share_model(scene)
    operator.running = False
    audit_id = await begin(scene, make, kind)
    found = await why(bank, audit_id)
    assert (found.whom, found.waits_for) == ("NODE_THERE", "node operator to take the application")
    assert (found.exchange.call, found.exchange.outcome, found.exchange.at) == (apply.name, "not sent yet", None)
    await network.settle()
    found = await why(bank, audit_id)
    assert "no answer" in found.waits_for and "no answer" in found.exchange.outcome
    assert (found.exchange.attempts, found.exchange.at) == (1, network.clock.time)
    assert found.exchange.next_at > network.clock.time
    assert found.command == "interconn peer show operator"

    operator.running = True
    network.clock.time += 60_000
    await network.settle()
    found = await why(bank, audit_id)
    assert (found.whom, found.waits_for) == ("PERSON_THERE", "a person at operator to approve")
    assert (found.exchange.call, found.exchange.outcome, found.exchange.attempts) == (apply.name, "taken", 2)
    found = await why(operator, audit_id)
    assert (found.whom, found.waits_for) == ("PERSON_HERE", "a person here to approve or reject")
    assert found.command == f"interconn audit approve {audit_id}"
    assert (found.exchange.outgoing, found.exchange.call) == (False, apply.name)
    assert found.contact.node_id == "bank"

    bank.running = False
    await decide(operator, audit_id, "APPROVED")
    await network.settle()
    found = await why(operator, audit_id)
    assert (found.whom, found.state) == ("NODE_THERE", "APPROVED")
    assert found.waits_for.startswith("node bank to take the verdict (last attempt: ")
    assert found.exchange.call == confirm.name
    bank.running = True
    network.clock.time += 60_000
    await network.settle()
    for node in (bank, operator):
        found = await why(node, audit_id)
        assert (found.waits_for, found.state) == ("", "APPROVED") and "in force" in found.next_step

    bank.running = False
    await operator.ask(api.AUDIT_TERMINATE, audit_id=audit_id)
    await network.settle()
    found = await why(operator, audit_id)
    assert (found.whom, found.exchange.call) == ("NODE_THERE", terminate.name)
    assert "learn of the end" in found.waits_for
    bank.running = True
    network.clock.time += 60_000
    await network.settle()
    for node in (bank, operator):
        found = await why(node, audit_id)
        assert (found.waits_for, found.state) == ("", "TERMINATED") and "final" in found.next_step


async def test_a_rejected_approval_is_over_on_both_sides(scene, granted, make):
    audit_id = await begin(scene, make, "PROJECT")
    await scene.network.settle()
    await decide(scene.operator, audit_id, "REJECTED")
    await scene.network.settle()
    for node in (scene.bank, scene.operator):
        found = await why(node, audit_id)
        assert (found.state, found.waits_for) == ("REJECTED", "") and "final" in found.next_step


async def test_a_permit_that_has_not_come_is_waited_for(scene, granted, make):
    audit_id = await begin(scene, make, "DATASET")
    await scene.network.settle()
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.network.settle()
    await scene.bank.database.write(lambda session: session.query(Permit).delete())
    found = await why(scene.bank, audit_id)
    assert (found.whom, found.waits_for) == ("NODE_THERE", "node operator to send the permit")
    await scene.network.pass_time(2)
    assert (await why(scene.bank, audit_id)).waits_for == ""


async def test_where_the_partner_believes_something_else_that_is_said(scene, granted, make):
    audit_id = await begin(scene, make, "PROJECT")
    await scene.network.settle()
    backup = await scene.operator.back_up("before")
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.network.settle()
    await scene.operator.restore(backup)
    await scene.bank.ask(STATE_DIFF, node_id="operator")
    found = await why(scene.bank, audit_id)
    assert (found.state, found.partner_believes) == ("APPROVED", "APPLIED")
    assert found.command == "interconn state diff operator"


async def test_every_state_of_a_contract_on_both_sides(network, bank, operator):
    operator.running = False
    await network.while_settling(
        bank.ask(peers_api.PEER_APPLY, address=operator.identity.address, node_id="operator"),
        lambda: None,
    )
    provisional = (await bank.contract()).contract_id
    found = await why(bank, provisional)
    assert found.whom == "NODE_THERE" and "take the application" in found.waits_for
    operator.running = True
    network.clock.time += 60_000
    await network.settle()
    contract_id = (await bank.contract()).contract_id
    found = await why(bank, contract_id)
    assert (found.whom, found.waits_for) == ("PERSON_THERE", "a person at operator to approve")
    found = await why(operator, "bank")  # a partner's id means the contracts with it
    assert (found.id, found.whom) == (contract_id, "PERSON_HERE")
    assert found.command.startswith(f"interconn peer approve {contract_id} --fingerprint")

    bank.running = False
    fingerprint = bank.credential.fingerprint
    await operator.ask(peers_api.PEER_APPROVE, contract_id=contract_id, fingerprint=fingerprint)
    await network.settle()
    assert "acknowledge the verdict" in (await why(operator, contract_id)).waits_for
    bank.running = True
    network.clock.time += 60_000
    await network.settle()
    found = await why(bank, contract_id)
    assert found.whom == "PERSON_HERE" and "compare the fingerprint of the key of operator" in found.waits_for
    fingerprint = operator.credential.fingerprint
    await bank.ask(peers_api.PEER_APPROVE, contract_id=contract_id, fingerprint=fingerprint)
    for node in (bank, operator):
        found = await why(node, contract_id)
        assert (found.waits_for, found.state) == ("", "APPROVED")

    operator.running = False
    await bank.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await network.settle()
    found = await why(bank, contract_id)
    assert found.whom == "NODE_THERE" and "learn of the end of the contract" in found.waits_for
    operator.running = True
    network.clock.time += 60_000
    await network.settle()
    for node in (bank, operator):
        found = await why(node, contract_id)
        assert (found.waits_for, found.state) == ("", "TERMINATED")
        assert found.command.startswith("interconn peer apply")


async def test_work_waits_for_its_approvals(scene, granted):
    project = await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator", "clearing"])
    found = await why(scene.bank, project.project_id)
    assert (found.kind, found.state) == ("project", "APPLIED")
    assert found.waits_for == "node operator to take the application (and 1 more)"
    assert len(found.related) == 2
    await scene.network.settle()
    found = await why(scene.operator, project.project_id)
    assert found.whom == "PERSON_HERE"
    await scene.network.approve_all()
    found = await why(scene.bank, project.project_id)
    assert (found.state, found.waits_for) == ("APPROVED", "")
    assert found.command.startswith("interconn flow create")
    await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=found.related[0])
    await scene.network.settle()
    found = await why(scene.bank, project.project_id)
    assert found.state == "TERMINATED"


async def test_a_job_that_one_has_refused_waits_for_nobody_else(scene, granted):
    job = await scene.propose("flow-1")
    [asked] = [audit for audit in job.audits if audit.node_id == "operator"]
    await scene.operator.ask(api.AUDIT_REJECT, audit_id=asked.audit_id)
    await scene.network.settle()
    found = await why(scene.bank, job.job_id)
    assert (found.state, found.waits_for) == ("REJECTED", "")
    assert found.next_step == "nothing: with operator it is REJECTED"
    with pytest.raises(NotApproved, match="REJECTED at operator"):  # and not that clearing has not decided
        await scene.ready(job.job_id)


async def test_a_flow_and_a_proposed_job_say_what_comes_next(scene, granted):
    job = await scene.propose("flow-1")
    assert (await why(scene.bank, "flow-1")).command.startswith("interconn job propose flow-1")
    assert (await why(scene.bank, job.job_id)).whom == "PERSON_THERE"
    await scene.network.approve_all()
    assert (await why(scene.bank, job.job_id)).command == f"interconn job run {job.job_id}"
    assert (await why(scene.operator, job.job_id)).waits_for == ""


async def test_a_data_set_here_and_one_of_a_partner(scene, granted):
    await scene.operator.ask(DATASET_PUBLISH, dataset_id="operator-table", published=False)
    found = await why(scene.operator, "operator-table")
    assert (found.kind, found.state, found.command) == (
        "data set", "HIDDEN", "interconn dataset publish operator-table",
    )  # fmt: skip
    found = await why(scene.bank, "operator-table")  # known here by the approval alone
    assert found.kind == "DATASET approval"


async def test_one_id_of_several_things_lists_them_all(scene, granted):
    for _ in range(2):
        await scene.clearing.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    found = (await scene.clearing.ask(WHY, id="operator-table")).explanations
    assert len(found) == 2 and len({one.id for one in found}) == 2


async def test_an_id_that_nothing_has(bank):
    with pytest.raises(NotFound, match="nothing here has this id"):
        await bank.ask(WHY, id="no-such-id")


async def test_a_model_says_whom_its_use_waits_for(scene, granted, make):
    await share_model(scene)
    found = await why(scene.operator, "operator-model")
    assert (found.kind, found.state, found.waits_for) == ("model", "REGISTERED", "")
    assert found.command == "interconn model share operator-model --to NODE"
    audit_id = await begin(scene, make, "MODEL")
    await scene.network.settle()
    found = await why(scene.operator, "operator-model")
    assert (found.kind, found.whom, found.related) == ("model", "PERSON_HERE", [audit_id])
    assert found.command == f"interconn audit approve {audit_id}"
    found = await why(scene.bank, "operator-model")  # a partner's model is known here by the approval alone
    assert (found.kind, found.id, found.whom) == ("MODEL approval", audit_id, "PERSON_THERE")
    await scene.network.approve_all()
    assert (await why(scene.operator, "operator-model")).waits_for == ""
    await scene.operator.ask(MODEL_REMOVE, model_id="operator-model", force=True)
    assert (await why(scene.operator, "operator-model")).state == "REMOVED"
    assert (await why(scene.bank, audit_id)).state == "APPROVED"  # the end is on its way
    await scene.network.settle()
    found = await why(scene.bank, audit_id)
    assert (found.state, found.command) == ("TERMINATED", "interconn model request NODE MODEL --project PROJECT")
