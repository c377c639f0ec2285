"""Projects as their initiator tells of them: to those who take part, and to nobody else (MGT-5.5, MGT-5.6)."""

import pytest

from interconn.api import audits as audit_rows
from interconn.api import projects as api
from interconn.standard import management as standard
from interconn.standard.errors import InvalidRequest, NotFound, PeerRefused


async def create(scene, project_id, partners, **members):
    await scene.bank.ask(
        audit_rows.PROJECT_CREATE, name=f"name of {project_id}", partners=partners, project_id=project_id, **members
    )
    await scene.network.settle()


async def discover(scene, node, **members):
    found = await node.ask(api.PROJECT_DISCOVER, node_id="bank", **members)
    return [record.project_id for record in found.records], found.total


async def refusal(node, project_id):
    with pytest.raises(PeerRefused) as refused:
        await node.ask(api.PROJECT_SHOW, node_id="bank", project_id=project_id)
    return refused.value.peer_code, refused.value.peer_message


async def test_mgt_5_5_lists_the_projects_in_which_the_asking_side_takes_part(scene):
    await create(scene, "both", ["operator", "clearing"], type="PSI", description="what for")
    await create(scene, "hers", ["clearing"])
    await create(scene, "his", ["operator"])
    assert await discover(scene, scene.operator) == (["both", "his"], 2)
    assert await discover(scene, scene.clearing) == (["both", "hers"], 2)
    assert await discover(scene, scene.clearing, page_num=2, page_size=1) == (["hers"], 2)
    page = await scene.operator.ask(api.PROJECT_DISCOVER, node_id="bank")
    assert page.records[0].to_wire() == {
        "project_id": "both",
        "name": "name of both",
        "type": "PSI",
        "description": "what for",
    }
    assert page.records[1].to_wire() == {"project_id": "his", "name": "name of his"}


async def test_mgt_5_5_what_was_rejected_is_not_listed_what_has_ended_is(scene):
    for project_id in ("rejected", "ended", "open"):
        await create(scene, project_id, ["operator"])
    audits = {audit.subject_id: audit.audit_id for audit in (await scene.operator.ask(audit_rows.AUDIT_LIST)).audits}
    await scene.operator.ask(audit_rows.AUDIT_REJECT, audit_id=audits["rejected"])
    await scene.operator.ask(audit_rows.AUDIT_APPROVE, audit_id=audits["ended"])
    await scene.network.settle()
    await scene.operator.ask(audit_rows.AUDIT_TERMINATE, audit_id=audits["ended"])
    await scene.network.settle()
    assert await discover(scene, scene.operator) == (["ended", "open"], 2)
    assert await refusal(scene.operator, "rejected") == await refusal(scene.operator, "never")


async def test_mgt_5_6_names_the_nodes_and_maps_them_to_their_data_sets(scene):
    datasets = {"operator": ["operator-table"], "bank": ["bank-table"]}
    await create(scene, "both", ["operator", "clearing"], datasets=datasets, description="what for")
    told = await scene.clearing.ask(api.PROJECT_SHOW, node_id="bank", project_id="both")
    assert told.datasets == {"bank": ["bank-table"], "operator": ["operator-table"], "clearing": []}
    assert [(node.node_id, node.inst_id, node.name) for node in told.nodes] == [
        ("bank", "inst-bank", "Node bank"),
        ("operator", "inst-operator", "Node operator"),
        ("clearing", "inst-clearing", "Node clearing"),
    ]
    assert (told.project_id, told.description, told.type) == ("both", "what for", None)


async def test_mgt_5_6_completes_the_partners_project(scene):
    await create(scene, "both", ["operator", "clearing"], datasets={"operator": ["operator-table"]}, description="why")
    [before] = (await scene.operator.ask(audit_rows.PROJECT_LIST)).projects
    assert (before.description, before.nodes) == (None, ["bank", "operator"])
    assert before.datasets == {"operator": ["operator-table"]}
    await scene.operator.ask(api.PROJECT_SHOW, node_id="bank", project_id="both")
    await scene.operator.ask(api.PROJECT_SHOW, node_id="bank", project_id="both")
    [after] = (await scene.operator.ask(audit_rows.PROJECT_LIST)).projects
    assert (after.description, after.nodes) == ("why", ["bank", "operator", "clearing"])
    assert after.datasets == {"bank": [], "operator": ["operator-table"], "clearing": []}
    completions = [entry for entry in await scene.operator.trail() if entry.action == "project.complete"]
    assert len(completions) == 1


async def test_mgt_5_6_a_project_of_others_is_answered_like_none(scene):
    await create(scene, "hers", ["clearing"])
    assert await refusal(scene.operator, "hers") == await refusal(scene.operator, "never")
    assert (await refusal(scene.operator, "hers"))[0] == NotFound.code
    assert (await scene.operator.ask(audit_rows.PROJECT_LIST)).projects == []


async def test_a_node_that_rejected_takes_no_part(scene):
    await create(scene, "both", ["operator", "clearing"])
    [audit] = (await scene.operator.ask(audit_rows.AUDIT_LIST)).audits
    await scene.operator.ask(audit_rows.AUDIT_REJECT, audit_id=audit.audit_id)
    await scene.network.settle()
    told = await scene.clearing.ask(api.PROJECT_SHOW, node_id="bank", project_id="both")
    assert [node.node_id for node in told.nodes] == ["bank", "clearing"]
    assert set(told.datasets) == {"bank", "clearing"}


async def test_the_initiator_sees_its_own_project_as_it_tells_of_it(scene):
    await create(scene, "both", ["operator"])
    own = await scene.bank.ask(api.PROJECT_SHOW, node_id="bank", project_id="both")
    assert own == await scene.operator.ask(api.PROJECT_SHOW, node_id="bank", project_id="both")
    with pytest.raises(NotFound):
        await scene.bank.ask(api.PROJECT_SHOW, node_id="bank", project_id="never")


async def test_own_data_sets_of_a_project_have_to_be_there(scene):
    with pytest.raises(NotFound):
        await create(scene, "p", ["operator"], datasets={"bank": ["nothing"]})
    with pytest.raises(InvalidRequest, match="mallory"):
        await create(scene, "p", ["operator"], datasets={"mallory": ["nothing"]})


@pytest.mark.parametrize("call", [standard.PROJECT_LIST, standard.PROJECT_QUERY])
async def test_contract_of_others_tells_nothing_of_projects(scene, call):
    await create(scene, "both", ["operator", "clearing"])
    foreign = scene.clearing.directory.usable("bank").contract_id
    with pytest.raises(PeerRefused) as refused:
        await scene.operator.call(scene.bank, call, contract_id=foreign, project_id="both")
    assert refused.value.peer_code == NotFound.code
