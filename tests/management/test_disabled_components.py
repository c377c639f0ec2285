"""Components that a node disables: what partners see, who may, and what is refused (MGT-6.1, MGT-6.2)."""

import pytest

from interconn.api import audits as api
from interconn.api import components as rows
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.api.rules import require_call
from interconn.components.tables import DisabledComponent
from interconn.standard import management as standard
from interconn.standard.errors import ComponentDisabled, InvalidRequest, NotFound, RoleMissing
from tests.management.test_offers import described, offering

__all__ = ["offering"]


async def listed(asking, node):
    page = await asking.ask(rows.COMPONENT_DISCOVER, node_id=node.node_id)
    assert page.total == len(page.records)
    return {record.code for record in page.records}


async def status(asking, node, code="psi"):
    return (await asking.ask(rows.COMPONENT_SHOW, node_id=node.node_id, code=code, version="1.0.0")).status


async def own_status(node, name="psi"):
    found = await node.ask(rows.COMPONENT_LIST)
    return next(one for one in found.components if one.name == name)


async def test_mgt_6_2_a_partner_sees_a_disabled_component_as_disabled_and_in_no_list(
    network, bank, operator, contract_id
):
    before = await listed(bank, operator)
    view = await operator.ask(rows.COMPONENT_DISABLE, name="psi", reason="an audit of ours")
    assert (view.status, view.by, view.reason) == ("DISABLED", "person:ann", "an audit of ours")
    assert await listed(bank, operator) == before - {"psi"}
    detail = await bank.ask(rows.COMPONENT_SHOW, node_id="operator", code="psi", version="1.0.0")
    assert detail.status is standard.ComponentStatus.DISABLED
    assert "an audit of ours" not in str(detail.to_wire())  # why is for this node's own people
    await operator.restart()
    assert await status(bank, operator) == "DISABLED"
    assert (await own_status(operator)).since == network.clock.time
    await operator.ask(rows.COMPONENT_ENABLE, name="psi")
    assert await status(bank, operator) == "ENABLED"
    assert await listed(bank, operator) == before
    assert (await own_status(operator)).status == "ENABLED"


async def test_each_change_is_one_entry_of_the_audit_trail(network, operator):
    for endpoint in (rows.COMPONENT_DISABLE, rows.COMPONENT_DISABLE, rows.COMPONENT_ENABLE, rows.COMPONENT_ENABLE):
        await operator.ask(endpoint, name="psi", reason="why")
    entries = [entry for entry in await operator.trail() if entry.subject == "component:psi"]
    assert [entry.action for entry in entries] == ["component.disable", "component.enable"]
    for entry in entries:
        assert (entry.actor, entry.clause) == ("person:ann", "MGT-6.2")
        assert entry.details == {"provider": "interconn", "version": "1.0.0", "reason": "why"}


async def test_what_was_disabled_first_keeps_its_person_and_reason(network, operator):
    await operator.ask(rows.COMPONENT_DISABLE, name="psi", reason="first")
    again = await operator.ask(rows.COMPONENT_DISABLE, person="ben", name="psi", reason="second")
    assert (again.by, again.reason) == ("person:ann", "first")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("endpoint", [rows.COMPONENT_DISABLE, rows.COMPONENT_ENABLE])
def test_who_may(role, endpoint):
    person = Person("ann", "t", frozenset({role}))
    if role in (Role.ADMIN, Role.OPERATOR):
        require_call(person, endpoint)
    else:
        with pytest.raises(RoleMissing):
            require_call(person, endpoint)


async def test_mgt_6_component_identity_one_of_several_is_named_whole(network, bank, operator, contract_id, offering):
    offering(described("psi", "one"), described("psi", "two"), described("psi", "one", "2.0.0"), described("sum"))
    operator.management._switching._registry = operator.management._offers._registry
    for members in ({}, {"provider": "one"}, {"version": "1.0.0"}):
        with pytest.raises(InvalidRequest, match=r"several components psi: one 1\.0\.0"):
            await operator.ask(rows.COMPONENT_DISABLE, name="psi", **members)
    for members in ({"name": "no"}, {"name": "psi", "version": "9"}, {"name": "sum", "provider": "one"}):
        with pytest.raises(NotFound):
            await operator.ask(rows.COMPONENT_DISABLE, **members)
    await operator.ask(rows.COMPONENT_DISABLE, name="psi", provider="one", version="1.0.0")
    # The codes of the others stay what they were: who has noted one finds the same component under it.
    assert await listed(bank, operator) == {"two.psi", "psi", "sum"}
    assert await status(bank, operator, "one.psi") == "DISABLED"
    assert await status(bank, operator, "two.psi") == "ENABLED"


async def test_mgt_6_2_a_job_that_would_run_it_is_refused_when_it_is_proposed(scene, granted):
    await scene.operator.ask(rows.COMPONENT_DISABLE, name="psi")
    await scene.propose(granted)
    audits = (await scene.bank.ask(api.AUDIT_LIST)).audits
    [audit] = [audit for audit in audits if (audit.kind, audit.node_id) == ("JOB", "operator")]
    assert audit.status == "REJECTED"
    assert "component psi interconn 1.0.0 is disabled here" in audit.details["reason"]


async def test_mgt_6_2_a_node_proposes_no_job_that_would_run_what_it_has_disabled(scene, granted):
    await scene.bank.ask(rows.COMPONENT_DISABLE, name="psi")
    with pytest.raises(ComponentDisabled, match="psi"):
        await scene.propose(granted)
    await scene.bank.ask(rows.COMPONENT_ENABLE, name="psi")
    await scene.propose(granted)


async def test_mgt_6_2_a_job_is_refused_at_approval_and_goes_on_once_it_is_enabled(scene, granted):
    proposal = await scene.propose(granted)
    [audit] = [audit for audit in proposal.audits if audit.node_id == "operator"]
    await scene.operator.ask(rows.COMPONENT_DISABLE, name="psi")
    with pytest.raises(ComponentDisabled, match=r"psi interconn .* is disabled"):
        await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    await scene.operator.ask(rows.COMPONENT_ENABLE, name="psi")
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)


async def test_mgt_6_2_an_approved_job_is_not_admitted_and_uses_up_nothing(scene, granted):
    job = await scene.job(granted)
    await scene.operator.ask(rows.COMPONENT_DISABLE, name="psi")
    with pytest.raises(ComponentDisabled, match="disabled"):
        await scene.admit(job)
    assert [one.name for one in await scene.operator.rows(DisabledComponent)] == ["psi"]
    await scene.admit(job, scene.bank)  # what its partner disabled does not stop a node's own part
    await scene.operator.ask(rows.COMPONENT_ENABLE, name="psi")
    await scene.admit(job)


async def test_a_component_that_the_job_does_not_run_here_stops_nothing(scene, granted):
    job = await scene.job(granted)
    await scene.operator.ask(rows.COMPONENT_DISABLE, name="table_summary")
    await scene.admit(job)
    await scene.clearing.ask(rows.COMPONENT_DISABLE, name="psi")  # it schedules, and runs nothing
    admission = scene.clearing.management.admission
    await scene.clearing.database.write(lambda session: admission.admit_as_scheduler(session, job, caller="bank"))
