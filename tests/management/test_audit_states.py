"""The one approval engine, driven for each kind from both sides: MGT-4-dataset-audit-state and its like.

MGT-5-project-audit-state, MGT-7-flow-audit-state, MGT-8-job-audit-state, MGT-9-model-audit-state.
"""

import pytest

from interconn.api import audits as api
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.tables import Contract
from interconn.management.permits.tables import Permit
from interconn.peers.delivery import LONGEST_INSISTENCE
from interconn.standard import management as standard
from interconn.standard.errors import (
    ContentConflict,
    ContractNotUsable,
    IllegalTransition,
    NotFound,
    PeerRefused,
)
from tests.management import kinds
from tests.management.kinds import CALLS, each_kind, share_model


@pytest.fixture
def stage(request):
    """Nodes under contract; for what needs an approved flow, with one and a grant."""
    kind = request.node.callspec.params.get("kind", "") if hasattr(request.node, "callspec") else ""
    needed = "stage_of_holders" if kind in ("", "DATASET", "PROJECT") else "stage_of_a_project"
    return request.getfixturevalue(needed)


@pytest.fixture
def start(scene, make):
    """Applies for an approval of a kind; returns operator's audit id."""

    async def begin(kind):
        if kind == "MODEL":
            await share_model(scene)
        return await kinds.begin(scene, make, kind)

    return begin


async def decide(scene, audit_id, status):
    """Have operator decide, and see the verdict taken."""
    await scene.network.settle()
    if status != "APPLIED":
        row = api.AUDIT_APPROVE if status == "APPROVED" else api.AUDIT_REJECT
        await scene.operator.ask(row, audit_id=audit_id)
    await scene.network.settle()


@pytest.mark.parametrize("status", ["APPLIED", "APPROVED", "REJECTED"])
@each_kind
async def test_both_sides_show_the_same(scene, start, kind, status):
    audit_id = await start(kind)
    await decide(scene, audit_id, status)
    assert await scene.standing(audit_id) == (status, status)
    reply = await scene.bank.call(scene.operator, CALLS[kind][3], audit_id=audit_id)
    assert reply.status == status


@pytest.mark.parametrize("action", ["APPROVED", "REJECTED"])
@pytest.mark.parametrize("status", ["APPROVED", "REJECTED"])
@each_kind
async def test_deciding_again(scene, start, kind, status, action):
    audit_id = await start(kind)
    await decide(scene, audit_id, status)
    entries, passed = len(await scene.operator.trail()), len(scene.network.passed)
    if action == status:
        await decide(scene, audit_id, action)
    else:
        with pytest.raises(IllegalTransition, match=f"is {status}"):
            await decide(scene, audit_id, action)
    assert await scene.standing(audit_id) == (status, status)
    assert (len(await scene.operator.trail()), len(scene.network.passed)) == (entries, passed)


@pytest.mark.parametrize("verdict", ["APPROVED", "REJECTED"])
@pytest.mark.parametrize("status", ["APPROVED", "REJECTED"])
@each_kind
async def test_confirm_again_is_accepted_and_another_verdict_refused(scene, start, kind, status, verdict):
    audit_id = await start(kind)
    await decide(scene, audit_id, status)
    call = scene.operator.call(scene.bank, CALLS[kind][1], audit_id=audit_id, status=verdict)
    if verdict == status:
        await call
    else:
        with pytest.raises(PeerRefused, match=f"is {status}") as refusal:
            await call
        assert refusal.value.peer_code == IllegalTransition.code
    assert (await scene.standing(audit_id))[0] == status


@each_kind
async def test_confirm_by_the_applicant_is_refused(scene, start, kind):
    audit_id = await start(kind)
    await scene.network.settle()
    with pytest.raises(PeerRefused, match="so this node decides"):
        await scene.bank.call(scene.operator, CALLS[kind][1], audit_id=audit_id, status="APPROVED")
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")


@each_kind
async def test_confirm_query_and_terminate_by_a_third_node_find_nothing(scene, start, kind):
    audit_id = await start(kind)
    await scene.network.settle()
    _, confirm, terminate, query = CALLS[kind]
    calls = [(scene.bank, confirm, {"status": "APPROVED"}), (scene.operator, query, {}), (scene.bank, terminate, {})]
    for node, endpoint, members in calls:
        with pytest.raises(PeerRefused, match="no such audit") as refusal:
            await scene.clearing.call(node, endpoint, audit_id=audit_id, **members)
        assert refusal.value.peer_code == NotFound.code
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")


async def test_confirm_by_the_call_of_another_kind_finds_nothing(scene, start):
    audit_id = await start("DATASET")
    with pytest.raises(PeerRefused, match="no such audit"):
        await scene.operator.call(scene.bank, standard.PROJECT_CONFIRM, audit_id=audit_id, status="APPROVED")


@each_kind
async def test_same_application_again_changes_nothing_and_other_content_is_refused(scene, start, kind):
    audit_id = await start(kind)
    await scene.network.settle()
    apply = CALLS[kind][0]
    [stored] = [one for one in await scene.operator.rows(Audit) if one.audit_id == audit_id]
    content = stored.content
    await scene.bank.call(scene.operator, apply, **content)
    entries = len(await scene.operator.trail())
    changed = {**content, {"DATASET": "dataset_id", "MODEL": "model_id"}.get(kind, "name"): "other"}
    with pytest.raises(PeerRefused, match="another application") as refusal:
        await scene.bank.call(scene.operator, apply, **changed)
    assert refusal.value.peer_code == ContentConflict.code
    assert len(await scene.operator.trail()) == entries
    assert [one.content for one in await scene.operator.rows(Audit) if one.audit_id == audit_id] == [content]


async def test_audit_id_of_others_is_neither_taken_over_nor_shown(scene, start):
    audit_id = await start("PROJECT")
    await scene.network.settle()
    contract_id = scene.clearing.directory.usable("operator").contract_id
    with pytest.raises(PeerRefused, match="another application"):
        await scene.clearing.call(
            scene.operator,
            standard.PROJECT_APPLY,
            audit_id=audit_id,
            contract_id=contract_id,
            name="p",
            project_id="p",
        )
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")


@each_kind
async def test_confirm_lost_on_the_way_is_repeated_and_taken_once(scene, start, kind):
    audit_id = await start(kind)
    await scene.network.settle()
    scene.network.lose_replies.add(CALLS[kind][1].path)
    await decide(scene, audit_id, "APPROVED")
    [view] = [one for one in (await scene.operator.ask(api.AUDIT_LIST)).audits if one.audit_id == audit_id]
    assert "node bank to take the verdict (last attempt: " in view.waits_for and "lost" in view.waits_for
    scene.network.clock.time += 60_000
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    confirms = [entry for entry in await scene.bank.trail() if entry.action == f"{kind.lower()}.confirm"]
    assert len([entry for entry in confirms if entry.details["audit"] == audit_id]) == 1


@each_kind
async def test_both_restart_in_between_and_one_is_long_away(scene, start, kind):
    audit_id = await start(kind)
    await scene.bank.restart()
    await scene.network.settle()
    scene.bank.running = False
    await scene.operator.restart()
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit_id)
    for _ in range(2 * LONGEST_INSISTENCE):
        await scene.network.settle()
        scene.network.clock.time += 60_000
    await scene.operator.restart()
    scene.bank.running = True
    await scene.bank.restart()
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")


@each_kind
@pytest.mark.parametrize("status", ["APPROVED", "REJECTED"])
async def test_mgt_4_lost_callback_state_is_learnt_by_asking(scene, start, kind, status):
    audit_id = await start(kind)
    await scene.network.settle()
    row = api.AUDIT_APPROVE if status == "APPROVED" else api.AUDIT_REJECT
    await scene.operator.ask(row, audit_id=audit_id)  # and its confirm does not leave
    answer = await scene.bank.ask(api.AUDIT_ASK, audit_id=audit_id)
    assert (answer.here, answer.there) == (status, status)
    await scene.network.settle()  # a late confirm, with the permit, is taken
    [view] = [one for one in (await scene.bank.ask(api.AUDIT_LIST)).audits if one.audit_id == audit_id]
    assert (view.status, view.has_permit) == (status, status == "APPROVED")


@pytest.mark.parametrize("side", ["bank", "operator"])
@each_kind
async def test_either_side_revokes_and_both_show_it(scene, start, kind, side):
    audit_id = await start(kind)
    await decide(scene, audit_id, "APPROVED")
    node = scene.network.nodes[side]
    for _ in range(2):  # once more changes nothing
        view = await node.ask(api.AUDIT_TERMINATE, audit_id=audit_id, reason="the purpose has ended")
        assert (view.status, view.details["reason"]) == ("TERMINATED", "the purpose has ended")
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")
    assert [one.path for one in scene.network.passed].count(CALLS[kind][2].path) == 1
    for one in (scene.bank, scene.operator):
        ends = [entry for entry in await one.trail() if entry.action == f"{kind.lower()}.terminate"]
        assert len(ends) == 1 and ends[0].clause == CALLS[kind][2].clause
    assert b"the purpose has ended" not in b"".join(one.body for one in scene.network.passed)


@pytest.mark.parametrize("status", ["APPLIED", "REJECTED"])
@each_kind
async def test_what_is_not_approved_cannot_be_revoked(scene, start, kind, status):
    audit_id = await start(kind)
    await decide(scene, audit_id, status)
    for node, other in ((scene.bank, scene.operator), (scene.operator, scene.bank)):
        with pytest.raises(IllegalTransition, match=f"is {status}"):
            await node.ask(api.AUDIT_TERMINATE, audit_id=audit_id)
        with pytest.raises(PeerRefused, match=f"is {status}") as refusal:
            await node.call(other, CALLS[kind][2], audit_id=audit_id)
        assert refusal.value.peer_code == IllegalTransition.code
    assert await scene.standing(audit_id) == (status, status)


@each_kind
async def test_confirm_after_the_end_is_refused(scene, start, kind):
    audit_id = await start(kind)
    await decide(scene, audit_id, "APPROVED")
    await scene.bank.ask(api.AUDIT_TERMINATE, audit_id=audit_id)
    with pytest.raises(PeerRefused, match="is TERMINATED"):
        await scene.operator.call(scene.bank, CALLS[kind][1], audit_id=audit_id, status="APPROVED")
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")


@each_kind
async def test_revoked_before_the_confirm_has_left_arrives_after_it(scene, start, kind):
    audit_id = await start(kind)
    await scene.network.settle()
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit_id)
    await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=audit_id)
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")


@pytest.mark.parametrize("side", ["bank", "operator"])
@each_kind
async def test_mgt_4_lost_callback_end_is_learnt_by_asking_from_either_side(scene, start, kind, side):
    audit_id = await start(kind)
    await decide(scene, audit_id, "APPROVED")
    other = scene.operator if side == "bank" else scene.bank
    await other.ask(api.AUDIT_TERMINATE, audit_id=audit_id)  # and its call does not leave
    answer = await scene.network.nodes[side].ask(api.AUDIT_ASK, audit_id=audit_id)
    assert (answer.here, answer.there) == ("TERMINATED", "TERMINATED")
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")


@each_kind
async def test_mgt_8_applicant_that_asks_again_is_confirmed_again(scene, start, kind):
    audit_id = await start(kind)
    await decide(scene, audit_id, "APPROVED")
    tokens = [permit.token for permit in await scene.bank.rows(Permit)]
    [stored] = [one for one in await scene.operator.rows(Audit) if one.audit_id == audit_id]
    before = len(scene.network.passed)
    await scene.bank.call(scene.operator, CALLS[kind][0], **stored.content)
    await scene.network.settle()
    assert [one.path for one in scene.network.passed[before:]] == [CALLS[kind][0].path, CALLS[kind][1].path]
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    assert [permit.token for permit in await scene.bank.rows(Permit)] != tokens


async def test_applicant_decides_nothing(scene, start):
    audit_id = await start("PROJECT")
    for row in (api.AUDIT_APPROVE, api.AUDIT_REJECT):
        with pytest.raises(IllegalTransition, match="operator decides on it"):
            await scene.bank.ask(row, audit_id=audit_id)


@each_kind
async def test_application_is_not_decided_without_a_contract(scene, start, kind):
    audit_id = await start(kind)
    await scene.network.settle()
    await scene.operator.database.write(lambda session: terminate(scene.operator, session))
    with pytest.raises(ContractNotUsable):
        await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit_id)
    assert (await scene.standing(audit_id))[1] == "APPLIED"


def terminate(node, session):
    for contract in session.query(Contract).filter_by(node_id="bank"):
        contract.status = "TERMINATED"


async def test_application_the_partner_turns_away_says_why(scene):
    audit = await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="no-such-table")
    assert audit.waits_for == "node operator to take the application"
    await scene.network.settle()
    [view] = (await scene.bank.ask(api.AUDIT_LIST)).audits
    assert view.status == "REJECTED" and "no such data set" in view.details["reason"]
    assert await scene.operator.rows(Audit) == []


async def test_waits_for_names_the_partner_and_what_went_wrong(scene):
    scene.operator.running = False
    await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    [view] = (await scene.bank.ask(api.AUDIT_LIST)).audits
    assert view.waits_for.startswith("node operator to take the application (last attempt: ")
    scene.operator.running = True
    scene.network.clock.time += 60_000
    await scene.network.settle()
    [view] = (await scene.bank.ask(api.AUDIT_LIST)).audits
    assert view.waits_for == "a person at operator to approve"
    [view] = (await scene.operator.ask(api.AUDIT_LIST)).audits
    assert view.waits_for == "a person here to approve or reject"


async def test_every_step_is_in_the_audit_trail_of_both(scene, start):
    audit_id = await start("DATASET")
    await decide(scene, audit_id, "APPROVED")
    steps = {
        node.node_id: [
            (entry.actor, entry.action, entry.clause, entry.partner)
            for entry in await node.trail()
            if entry.details.get("audit") == audit_id
        ]
        for node in (scene.bank, scene.operator)
    }
    assert steps == {
        "bank": [
            ("person:ann", "dataset.apply", "MGT-4.3", "operator"),
            ("node:operator", "dataset.confirm", "MGT-4.4", "operator"),
        ],
        "operator": [
            ("node:bank", "dataset.receive", "MGT-4.3", "bank"),
            ("person:ann", "dataset.approve", "MGT-4.4", "bank"),
            ("node:bank", "dataset.acknowledge", "MGT-4.4", "bank"),
        ],
    }
