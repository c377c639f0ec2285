"""The entities of the guide as they travel: what is told of each, and what never is (MGT-G2.1.1.1)."""

import json

from interconn.api import audits as api
from interconn.api import components as components_api
from interconn.api import projects as projects_api
from interconn.components.registry import Registry
from interconn.standard import management as standard
from interconn.standard.wire import validate

NODE = {
    "node_id": "bank", "name": "Node bank", "institution": "Institute bank", "inst_id": "inst-bank",
    "system": "interconn", "system_version": "1.0", "address": "https://bank.example:7304", "description": "who we are",
}  # fmt: skip


async def test_mgt_g2_1_1_1_node_what_the_application_says_comes_back_in_the_name_card(network, bank, operator):
    await network.apply(bank, operator, description="who we are")
    told = json.loads(network.last(standard.CONTRACT_APPLY).body)
    assert {name: told[name] for name in NODE} == NODE
    assert told["auth_type"] == bank.credential.auth_type
    assert told["auth_credential"] == bank.credential.pem
    card = bank.identity.information().to_wire()
    assert card == {name: value for name, value in NODE.items() if name != "description"}  # that of one application
    view = await operator.contract()
    assert (view.node_id, view.name, view.institution, view.inst_id, view.system, view.address) == tuple(
        NODE[name] for name in ("node_id", "name", "institution", "inst_id", "system", "address")
    )


async def test_mgt_g2_1_1_1_component_every_attribute_with_a_field_is_told(network, bank, operator, contract_id):
    for description in Registry.shipped().all:
        asked = {"node_id": "operator", "code": description.component_name, "version": description.version}
        told = await bank.ask(components_api.COMPONENT_SHOW, **asked)
        itself = description.to_json()
        assert (told.code, told.name) == (description.component_name, description.component_name)
        assert (told.version, told.developer) == (description.version, description.provider)
        assert (told.description or "", told.status) == (description.description, "ENABLED")
        assert (told.inputs, told.outputs) == (itself["inputData"], itself["outputData"])
        assert told.engine
        assert told.extension == {"self_description": itself}
        # Address type, address and entry point are in no call: where and how it runs is nobody's business.
        assert not {"address", "address_type", "entry_point", "image"} & told.to_wire().keys()


async def test_mgt_g2_1_1_1_flow_its_six_attributes_are_those_of_mgt_7_1(scene, granted, make):
    await scene.bank.ask(
        api.FLOW_CREATE, name="f", flow_id="flow-2", project_id="project-1", description="what for", dag=make.dag(),
        config=make.config(),
    )  # fmt: skip
    await scene.network.settle()
    told = json.loads(scene.network.last(standard.FLOW_APPLY).body)
    assert told.keys() == {"audit_id", "flow_id", "project_id", "name", "description", "dag", "config"}
    assert (told["flow_id"], told["project_id"], told["name"]) == ("flow-2", "project-1", "f")
    assert (told["description"], told["dag"]) == ("what for", make.dag())
    assert told["config"]["task_params"]["host"] == make.config()["task_params"]["host"]


async def test_mgt_5_6_node_has_at_least_node_id_name_and_inst_id(scene, granted):
    told = await scene.operator.call(
        scene.bank,
        standard.PROJECT_QUERY,
        contract_id=scene.bank.directory.usable("operator").contract_id,
        project_id="project-1",
    )
    assert [node.node_id for node in told.nodes] == ["bank", "operator", "clearing"]
    for node in told.nodes:
        assert {"node_id", "name", "inst_id"} <= node.to_wire().keys()
        assert node.to_wire().keys() <= standard.NodeInformation.model_fields.keys()


def test_mgt_5_6_node_of_another_platform_may_have_more_members_or_fewer():
    bare = {"node_id": "b", "name": "B", "inst_id": "i"}
    project = {"nodes": [bare, {**bare, "region": "north"}], "name": "p", "project_id": "p-1", "datasets": {"b": []}}
    told = validate(standard.ProjectDetail, project)
    assert [node.to_wire() for node in told.nodes] == [bare, bare]


async def test_mgt_5_6_node_another_platforms_project_completes_ours(scene, granted):
    """What a partner tells with members that only it knows is taken up as far as it is known here."""
    await scene.operator.ask(projects_api.PROJECT_SHOW, node_id="bank", project_id="project-1")
    [project] = (await scene.operator.ask(api.PROJECT_LIST)).projects
    assert project.nodes == ["bank", "operator", "clearing"]
