"""A permit that the partner gave and that is not here is a difference, with the step that mends it (MGT-2.2-permit)."""

import json

import pytest
from sqlalchemy import delete
from starlette.applications import Starlette

from interconn.api import audits as api
from interconn.api import permits as permits_api
from interconn.api import state as state_api
from interconn.management.approvals.tables import Audit
from interconn.management.permits.tables import Permit
from interconn.standard import management as standard
from interconn.standard.errors import PeerRefused
from tests.management.kinds import CALLS, KINDS, begin, decide, share_model, view


@pytest.fixture
async def applied(scene, granted, make):
    """Begins an approval of a kind that operator has received; returns its id."""
    await share_model(scene)

    async def apply(kind):
        audit_id = await begin(scene, make, kind)
        await scene.network.settle()
        return audit_id

    return apply


@pytest.fixture
async def approved(scene, applied):
    """Brings about an approval of a kind, whose permit bank has; returns its id."""

    async def approve(kind):
        audit_id = await applied(kind)
        await decide(scene.operator, audit_id, "APPROVED")
        await scene.network.settle()
        assert (await view(scene.bank, audit_id)).has_permit
        return audit_id

    return approve


async def lose_permit(node, audit_id):
    def work(session):
        [audit] = session.query(Audit).filter_by(audit_id=audit_id)
        session.execute(delete(Permit).where(Permit.audit_number == audit.number))

    await node.database.write(work)


async def kept(node, audit_id):
    """The members of the permit that came with an approval."""

    def work(session):
        [audit] = session.query(Audit).filter_by(audit_id=audit_id)
        permit = session.get_one(Permit, audit.number)
        return {column.key: getattr(permit, column.key) for column in Permit.__mapper__.column_attrs}

    return await node.database.read(work)


async def difference(node, partner, audit_id, call=state_api.STATE_DIFF):
    found = await node.ask(call, node_id=partner.node_id)
    return next((one for one in found.differences if one.id == audit_id), None)


@pytest.mark.parametrize("kind", KINDS)
async def test_mgt_2_2_permit_a_lost_permit_is_drift_and_the_holder_confirms_once_more(scene, approved, kind):
    audit_id = await approved(kind)
    await lose_permit(scene.bank, audit_id)
    found = await difference(scene.bank, scene.operator, audit_id)
    assert (found.agreement, found.here, found.there) == ("DRIFT", "APPROVED", "APPROVED")
    assert found.step.startswith("the permit that the partner gave is missing here: send the application once more")
    assert (found.command, found.side) == (f"interconn permit renew {audit_id}", "bank")
    assert found.mendable and not found.impossible
    assert "send the permit" in (await view(scene.bank, audit_id)).waits_for
    assert (await difference(scene.bank, scene.operator, audit_id, state_api.STATE_MEND)).mended
    await scene.network.settle()
    assert await difference(scene.bank, scene.operator, audit_id) is None
    assert (await view(scene.bank, audit_id)).has_permit


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW", "JOB"])
async def test_the_command_that_is_named_brings_the_permit(scene, approved, kind):
    audit_id = await approved(kind)
    await lose_permit(scene.bank, audit_id)
    await scene.bank.ask(permits_api.PERMIT_RENEW, audit_id=audit_id)
    await scene.network.settle()
    assert await difference(scene.bank, scene.operator, audit_id) is None
    assert (await view(scene.bank, audit_id)).has_permit


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW", "JOB"])
async def test_the_reconciler_has_a_lost_permit_said_again_by_itself(scene, approved, kind):
    audit_id = await approved(kind)
    await lose_permit(scene.bank, audit_id)
    await scene.bank.management.reconciler.look()
    scene.network.clock.time += 600_000
    await scene.bank.management.reconciler.look()
    await scene.network.settle()
    assert (await view(scene.bank, audit_id)).has_permit


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW", "JOB"])
async def test_mgt_2_2_permit_a_partner_may_confirm_without_one(scene, applied, kind):
    audit_id = await applied(kind)
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.operator.lose_mail()
    await scene.operator.call(scene.bank, CALLS[kind][1], audit_id=audit_id, status="APPROVED")
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    assert await difference(scene.bank, scene.operator, audit_id) is None
    assert (await view(scene.bank, audit_id)).waits_for == ""


class StringConfirm(standard.AuditConfirm):
    """A confirm whose permit is a JSON string, as the tables of MGT-8.2 and MGT-9.2 have it."""

    def to_wire(self):
        wire = super().to_wire()
        return wire | {"resource_permit": json.dumps(wire["resource_permit"], indent=1, ensure_ascii=False)}


@pytest.mark.parametrize("kind", KINDS)
async def test_mgt_9_2_and_its_like_a_permit_as_an_object_and_as_a_string_is_the_same_permit(scene, applied, kind):
    audit_id = await applied(kind)
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.network.settle()
    confirm = CALLS[kind][1]
    sent = json.loads(scene.network.last(confirm).body)
    assert isinstance(sent["resource_permit"], dict)  # ours is always an object (resolution 17)
    as_object = await kept(scene.bank, audit_id)
    await lose_permit(scene.bank, audit_id)
    await scene.operator.client.call("bank", confirm, StringConfirm.model_validate(sent), trace_id="t")
    assert isinstance(json.loads(scene.network.last(confirm).body)["resource_permit"], str)
    assert await kept(scene.bank, audit_id) == as_object
    assert as_object["token"] == sent["resource_permit"]["token"]


@pytest.mark.parametrize("text", ["not JSON", "[]", '{"token": "x"}', "7"])
async def test_mgt_9_2_a_string_that_is_no_permit_is_refused_and_approves_nothing(scene, applied, text):
    audit_id = await applied("MODEL")

    class Wrong(standard.AuditConfirm):
        def to_wire(self):
            return super().to_wire() | {"resource_permit": text}

    with pytest.raises(PeerRefused, match="resource_permit"):
        wrong = Wrong(audit_id=audit_id, status="APPROVED")
        await scene.operator.client.call("bank", standard.MODEL_CONFIRM, wrong, trace_id="t")
    assert (await view(scene.bank, audit_id)).status == "APPLIED"


@pytest.mark.parametrize("kind", ["DATASET", "MODEL"])
async def test_what_is_worth_nothing_without_its_permit_is_asked_for_all_the_same(scene, applied, kind):
    audit_id = await applied(kind)
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.operator.lose_mail()
    await scene.operator.call(scene.bank, CALLS[kind][1], audit_id=audit_id, status="APPROVED")
    assert (await difference(scene.bank, scene.operator, audit_id)).agreement == "DRIFT"


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW", "JOB"])
async def test_mgt_4_lost_callback_an_approval_learnt_by_query_lacks_its_permit_until_that_comes(scene, applied, kind):
    audit_id = await applied(kind)
    await decide(scene.operator, audit_id, "APPROVED")
    await scene.operator.lose_mail()
    await scene.bank.ask(api.AUDIT_ASK, audit_id=audit_id)
    await scene.bank.lose_mail()  # what asks for the permit is lost, too
    found = await difference(scene.bank, scene.operator, audit_id)
    assert (found.agreement, found.here, found.there) == ("DRIFT", "APPROVED", "APPROVED")
    await difference(scene.bank, scene.operator, audit_id, state_api.STATE_MEND)
    await scene.network.settle()
    assert (await view(scene.bank, audit_id)).has_permit


async def test_mgt_8_job_audit_state_without_a_query_a_missing_permit_is_drift_all_the_same(scene, approved):
    audit_id = await approved("JOB")
    await lose_permit(scene.bank, audit_id)
    routes = [route for route in scene.operator.app.routes if route.path != standard.JOB_STATUS.path]
    scene.operator.app = Starlette(routes=routes)
    found = await difference(scene.bank, scene.operator, audit_id)
    assert (found.agreement, found.there, found.mendable) == ("DRIFT", None, True)
    await difference(scene.bank, scene.operator, audit_id, state_api.STATE_MEND)
    await scene.network.settle()
    assert (await view(scene.bank, audit_id)).has_permit


async def test_a_missing_permit_is_drift_while_the_partner_does_not_answer(scene, approved):
    audit_id = await approved("PROJECT")
    await lose_permit(scene.bank, audit_id)
    scene.operator.running = False
    found = await difference(scene.bank, scene.operator, audit_id)
    assert (found.agreement, found.answer, found.mendable) == ("DRIFT", "SILENT", False)
    assert "once the partner answers" in found.step
