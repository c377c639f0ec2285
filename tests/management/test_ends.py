"""What follows from the end of an approval or of a contract (MGT-3.3, MGT-4.5, MGT-5.3, MGT-7.3, MGT-8.3)."""

from dataclasses import dataclass, field

import pytest

from interconn.api import audits as api
from interconn.api.peers import PEER_LIST, PEER_TERMINATE
from interconn.control import jobs
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.tables import Contract
from interconn.standard.errors import IllegalTransition, NotApproved, PeerRefused, PermitRefused
from interconn.standard.management import DATASET_CONFIRM, DATASET_TERMINATE


@dataclass
class Below:
    """What runs jobs and carries messages, as far as the layer above tells it."""

    stopped: list = field(default_factory=list)
    closed: list = field(default_factory=list)

    def stop(self, session, job_id, reason, cause):
        self.stopped.append((job_id, reason, cause.actor))
        return True

    def stop_with(self, session, node_id, reason, cause):
        self.stopped.append((node_id, reason, cause.actor))
        return ["job-x"]

    def close_with(self, session, node_id):
        self.closed.append(node_id)
        return 2


@pytest.fixture
def below(scene):
    found = {}
    for node in (scene.bank, scene.operator, scene.clearing):
        found[node.node_id] = one = Below()
        node.management.consequences.reach(one, one)
    return found


def contract_between(node, other):
    return node.directory.usable(other).contract_id


async def ended(scene, how):
    """Have the contract of bank and operator end."""
    contract_id = contract_between(scene.bank, "operator")
    if how == "terminated":
        await scene.bank.ask(PEER_TERMINATE, contract_id=contract_id)
    else:
        for node in (scene.bank, scene.operator):
            await node.database.write(lambda session: expire(session, contract_id))
            await node.management.start()
        scene.network.clock.time += 1000
    await scene.network.settle()
    return contract_id


def expire(session, contract_id):
    [contract] = session.query(Contract).filter_by(contract_id=contract_id)
    contract.expired_time = 1_800_000_001_000


@pytest.mark.parametrize("how", ["terminated", "expired"])
async def test_mgt_3_3_all_under_a_contract_is_void_and_does_not_come_back(scene, granted, below, how):
    job = await scene.job(granted)
    await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    await scene.network.settle()
    contract_id = await ended(scene, how)
    for node, other in ((scene.bank, "operator"), (scene.operator, "bank")):
        [contract] = [one for one in await node.rows(Contract) if one.contract_id == contract_id]
        assert contract.wound_up_at
        assert contract.status == ("TERMINATED" if how == "terminated" else "APPROVED")
        audits = [one for one in (await node.ask(api.AUDIT_LIST)).audits if one.node_id == other]
        assert {audit.kind for audit in audits} == {"DATASET", "PROJECT", "FLOW", "JOB"}
        assert {audit.status for audit in audits} == {"APPLIED", "APPROVED"}  # the states stand (MGT-3.3)
        assert all(contract_id in audit.void and audit.waits_for == "" for audit in audits)
        reason = f"contract {contract_id} between {node.node_id} and {other} "
        reason += "was terminated by bank" if how == "terminated" else "has expired"
        [(stopped, why, _)] = below[node.node_id].stopped
        assert (stopped, why, below[node.node_id].closed) == (other, reason, [other])
        [entry] = [one for one in await node.trail() if one.action == "contract.wound_up"]
        assert entry.details["jobs"] == ["job-x"] and len(entry.details["approvals"]) == len(audits)
    waiting = [one for one in await scene.operator.rows(Audit) if one.status == "APPLIED" and one.node_id == "bank"]
    await scene.network.cooperate(scene.bank, scene.operator)
    with pytest.raises(IllegalTransition, match="is closed"):
        await scene.operator.ask(api.AUDIT_APPROVE, audit_id=waiting[0].audit_id)
    with pytest.raises(NotApproved, match="but contract"):
        await scene.admit(job)
    with pytest.raises(NotApproved, match="but contract"):
        await scene.bank.ask(api.JOB_PROPOSE, flow_id=granted, config=CONFIG)
    clearing = [one for one in (await scene.bank.ask(api.AUDIT_LIST)).audits if one.node_id == "clearing"]
    assert clearing and not any(audit.void for audit in clearing)


CONFIG = {
    "version": "1.0",
    "initiator": {"role": "guest", "node_id": "bank"},
    "role": {"guest": ["bank"], "host": ["operator"]},
    "job_params": {"common": {"scheduler": "clearing"}},
    "task_params": {
        "guest": {"0": {"psi-1": {"dataset_id": "bank-table"}}},
        "host": {"0": {"psi-1": {"dataset_id": "operator-table"}}},
    },
}


async def test_a_permit_on_its_way_is_withdrawn_with_its_contract_and_left_nowhere(scene, below):
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    scene.bank.running = False
    [audit] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    [message] = await scene.operator.messages(reference=audit.audit_id)
    assert "resource_permit" in message.body
    contract_id = contract_between(scene.operator, "bank")
    await scene.operator.ask(PEER_TERMINATE, contract_id=contract_id)
    [message] = await scene.operator.messages(reference=audit.audit_id)
    assert (message.state, "resource_permit" in message.body) == ("REFUSED", False)
    scene.bank.running = True
    scene.network.clock.time += 60_000
    await scene.network.settle()
    assert [one.status for one in (await scene.bank.ask(PEER_LIST)).contracts if one.node_id == "operator"] == [
        "TERMINATED"
    ]
    [view] = (await scene.bank.ask(api.AUDIT_LIST)).audits
    assert (view.status, bool(view.void)) == ("APPLIED", True)


async def approved(scene, kind):
    """Return the audit between bank and operator of a kind."""
    [audit] = [one for one in (await scene.operator.ask(api.AUDIT_LIST, kind=kind)).audits if one.node_id == "bank"]
    return audit


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW"])
@pytest.mark.parametrize("by", ["bank", "operator"])
async def test_mgt_5_3_and_7_3_no_new_flow_or_job_and_no_new_run(scene, granted, below, kind, by):
    job = await scene.job(granted)
    audit = await approved(scene, kind)
    await scene.network.nodes[by].ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    await scene.network.settle()
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")
    for node in (scene.bank, scene.operator):
        with pytest.raises(NotApproved, match="TERMINATED"):
            await scene.admit(job, node)
    with pytest.raises(NotApproved, match="TERMINATED"):
        await scene.bank.ask(api.JOB_PROPOSE, flow_id=granted, config=CONFIG)
    if kind == "PROJECT":
        with pytest.raises(NotApproved, match="TERMINATED"):
            await scene.bank.ask(
                api.FLOW_CREATE, name="f", project_id="project-1", dag=job.dag.to_wire(), flow_id="flow-2"
            )
    assert below["bank"].stopped == below["operator"].stopped == []  # what runs goes on to its next task


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW"])
async def test_a_run_that_has_begun_gets_no_further_task_without_flow_or_project(scene, granted, below, kind):
    job = await scene.job(granted)

    def begin(session):
        row = jobs.new_job(job, scheduler="clearing", trace_id="t", now=1)
        row.admitted = True
        session.add(row)

    await scene.operator.database.write(begin)
    audit = await approved(scene, kind)
    await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    with pytest.raises(NotApproved, match="TERMINATED"):  # control asks again at each task
        await scene.admit(job)


@pytest.mark.parametrize("mode", ["own", "always", "never"])
@pytest.mark.parametrize("by", ["bank", "operator"])
@pytest.mark.parametrize("kind", ["JOB", "DATASET"])
async def test_mgt_8_3_what_runs_is_stopped_where_the_policy_says_so(scene, granted, below, kind, by, mode):
    await scene.operator.declare(f'[termination]\nstop_running_jobs = "{mode}"\n')
    job = await scene.job(granted)
    audit = await approved(scene, kind)
    await scene.network.nodes[by].ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    await scene.network.settle()
    stops = mode == "always" or (mode == "own" and by == "operator")
    reason = f"the approval of {kind.lower()} {audit.subject_id} was ended by {by}"
    assert [(one, why) for one, why, _ in below["operator"].stopped] == ([(job.job_id, reason)] if stops else [])
    with pytest.raises((NotApproved, PermitRefused)):  # the next task in any case
        await scene.admit(job)


async def test_terminate_crossing_terminate(scene, granted):
    audit = await approved(scene, "DATASET")
    for node in (scene.bank, scene.operator):
        await node.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    await scene.network.settle()
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")
    for node in (scene.bank, scene.operator):
        ends = [one for one in await node.trail() if one.action == "dataset.terminate"]
        assert len(ends) == 1
        assert {one.state for one in await node.messages(reference=audit.audit_id)} == {"DELIVERED"}


async def test_terminate_that_overtakes_its_confirm_is_refused_until_that_is_there(scene):
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    [audit] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    confirm = (await scene.operator.messages(endpoint=DATASET_CONFIRM.name))[0].body
    with pytest.raises(PeerRefused, match="is APPLIED"):
        await scene.operator.call(scene.bank, DATASET_TERMINATE, audit_id=audit.audit_id)
    await scene.network.settle()
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")
    with pytest.raises(PeerRefused, match="is TERMINATED"):  # a confirm that comes too late changes nothing
        await scene.operator.call(scene.bank, DATASET_CONFIRM, **confirm)
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")


async def test_terminate_by_the_applicant_crossing_the_repeated_confirm(scene):
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    [audit] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    scene.network.lose_replies.add(DATASET_CONFIRM.path)
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    await scene.network.settle()
    await scene.bank.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    for _ in range(20):
        scene.network.clock.time += 60_000
        await scene.network.settle()
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")


async def test_contract_terminated_by_both_at_once_is_wound_up_once(scene, granted, below):
    contract_id = contract_between(scene.bank, "operator")
    for node in (scene.bank, scene.operator):
        await node.ask(PEER_TERMINATE, contract_id=contract_id)
    await scene.network.settle()
    for node in (scene.bank, scene.operator):
        assert len(below[node.node_id].stopped) == 1
        assert len([one for one in await node.trail() if one.action == "contract.wound_up"]) == 1


async def test_the_end_of_an_approval_shows_that_its_confirm_was_taken(scene):
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    [audit] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    scene.network.lose_replies.add(DATASET_CONFIRM.path)
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    await scene.network.settle()
    await scene.bank.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    await scene.bank.deliver()
    [message] = await scene.operator.messages(endpoint=DATASET_CONFIRM.name)
    assert (message.state, "resource_permit" in message.body) == ("DELIVERED", False)
