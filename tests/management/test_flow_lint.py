"""What `flow lint` says beside errors, and flows that are drawn by their ids."""

import json
from pathlib import Path

import pytest

from interconn.api import audits as api
from interconn.api import components as components
from interconn.standard.errors import InvalidFlow, InvalidRequest, NotFound
from interconn.standard.flow import Config, Dag
from interconn.standard.wire import digest
from tests.management.test_registered_components import counted, register


async def test_a_dag_alone_is_checked_as_far_as_that_goes(network, bank, make):
    found = await bank.ask(api.FLOW_LINT, dag=make.dag())
    assert [(step.name, step.parties) for step in found.steps] == [("psi-1", [])]
    assert (found.scheduler, found.config_digest) == ("", "")
    assert found.dag_digest == digest(Dag.model_validate(make.dag()).to_wire())
    with pytest.raises(InvalidFlow, match="is known here from"):
        await bank.ask(api.FLOW_LINT, dag=make.dag(version="9"))


async def test_what_nobody_reads_and_what_parties_bring_are_remarks(network, bank, make):
    await register(bank, roleList=["host"])
    dag = counted(make)
    found = await bank.ask(api.FLOW_LINT, dag=dag)
    assert not any("psi-1, output aligned" in remark for remark in found.remarks)  # count reads it
    dag["components"][1]["input"] = []
    dag["components"].append({**dag["components"][1], "name": "again", "input": [{"type": "metric", "key": "count.x"}]})
    with pytest.raises(InvalidFlow, match="component again, input"):
        await bank.ask(api.FLOW_LINT, dag=dag)
    dag["components"].pop()
    found = await bank.ask(api.FLOW_LINT, dag=dag)
    assert "component count: input table is read from each party's own data, or stays empty" in found.remarks


async def test_a_role_of_the_makers_own_is_linted_as_any_other_ctl_6_6(network, bank, make):
    await register(bank, roleList=["guest", "verifier"], inputData=[])
    config = make.config()
    config["role"]["verifier"] = ["clearing", "bank"]
    dag = counted(make)
    dag["components"][1]["input"] = []
    found = await bank.ask(api.FLOW_LINT, dag=dag, config=config)
    assert [step.parties for step in found.steps] == [
        ["guest.0 bank", "host.0 operator"], ["guest.0 bank", "verifier.0 clearing", "verifier.1 bank"]
    ]  # fmt: skip
    config["role"]["verifier"] = ["clearing", "clearing"]
    with pytest.raises(InvalidFlow, match="verifier"):
        await bank.ask(api.FLOW_LINT, dag=dag, config=config)


async def test_an_output_in_the_middle_that_nobody_reads_is_a_remark(network, bank, make):
    await register(bank, outputData=[{"name": "a", "category": "dataset"}, {"name": "b", "category": "dataset"}])
    dag = counted(make)
    first, second = dag["components"][1], dict(dag["components"][1])
    first["output"] = [{"type": "dataset", "key": "a"}, {"type": "dataset", "key": "b"}]
    second |= {"name": "last", "input": [{"type": "dataset", "key": "count.a"}], "output": []}
    dag["components"].append(second)
    found = await bank.ask(api.FLOW_LINT, dag=dag)
    assert "component count, output b: no component reads it; it is a result of the job" in found.remarks
    assert not any("output a:" in remark for remark in found.remarks)
    assert "component last: output a (dataset) has no key, so none can read it" in found.remarks


async def test_what_this_node_would_not_run_is_a_remark_and_no_error(network, bank, make):
    config = make.config()
    assert (await bank.ask(api.FLOW_LINT, dag=make.dag(), config=config)).scheduler == "clearing"
    await bank.ask(components.COMPONENT_DISABLE, name="psi")
    found = await bank.ask(api.FLOW_LINT, dag=make.dag(), config=config)
    assert any("psi interconn 1.0.0 is disabled here" in remark for remark in found.remarks)
    await register(bank, roleList=["guest"])
    await bank.ask(components.COMPONENT_ENABLE, name="psi")
    found = await bank.ask(api.FLOW_LINT, dag=counted(make), config=config)
    assert any("comes as an image" in remark for remark in found.remarks)


async def test_a_flow_that_is_known_is_drawn_by_its_id(scene, granted):
    for node in (scene.bank, scene.operator):
        for members in ({}, {"initiator": "bank"}):
            drawn = await node.ask(api.FLOW_DRAWN, flow_id=granted, **members)
            assert "psi-1" in drawn.svg and drawn.svg.startswith("<svg")
    for members in ({"flow_id": "none"}, {"flow_id": granted, "initiator": "operator"}):
        with pytest.raises(NotFound):
            await scene.bank.ask(api.FLOW_DRAWN, **members)


async def test_of_several_flows_of_one_id_the_initiator_has_to_be_named(scene, granted, make):
    from interconn.management.work.tables import Flow

    def another(session):
        known = session.get_one(Flow, ("bank", granted))
        members = {column.key: getattr(known, column.key) for column in Flow.__table__.columns}
        session.add(Flow(**{**members, "initiator": "operator"}))

    await scene.operator.database.write(another)
    with pytest.raises(InvalidRequest, match="of bank, operator"):
        await scene.operator.ask(api.FLOW_DRAWN, flow_id=granted)
    assert (await scene.operator.ask(api.FLOW_DRAWN, flow_id=granted, initiator="operator")).svg


async def test_the_example_of_the_page_is_right(network, bank, repository: Path):
    page = (repository / "docs" / "flows.md").read_text()
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    found = await bank.ask(api.FLOW_LINT, dag=example["dag"], config=example["config"])
    assert [step.name for step in found.steps] == ["psi", "summary"]
    config = Config.model_validate(example["config"])
    host = {}
    for layer in config.task_params.layers("host", 1):
        host |= layer.get("psi", {})
    assert host["dataset_id"] == "telecom-customers"
    assert found.resources["host.1"] == {"cpu": 2, "memory": 4}
