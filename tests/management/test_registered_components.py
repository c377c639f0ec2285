"""Components that an upper layer registers: what becomes of them, who may, and what is refused (CTL-5.8)."""

import json

import pytest

from interconn.api import audits as api
from interconn.api import components as rows
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.api.rules import require_call
from interconn.components.registry import Registry
from interconn.components.tables import RegisteredComponent
from interconn.control import jobs
from interconn.control.tables import Job
from interconn.standard.control import PLATFORM_COMPONENT_REGISTER as REGISTER
from interconn.standard.control import ComponentRegister, JobCreate
from interconn.standard.errors import (
    ContentConflict,
    InvalidFlow,
    InvalidRequest,
    NoLauncher,
    NotFound,
    Refused,
    RoleMissing,
)
from interconn.standard.self_description import SelfDescription
from tests.management.conftest import START
from tests.management.test_offers import described

IMAGE = "registry.example/counting@sha256:" + "0" * 64


def counting(**members):
    return described("counting", **{"outputData": [{"name": "count", "category": "metric"}], **members})


async def register(node, description=None, image=IMAGE, **members):
    return await node.ask(REGISTER, imageUrl=image, component_info=description or counting(**members))


async def own(node, name="counting"):
    found = (await node.ask(rows.COMPONENT_LIST)).components
    return [one for one in found if one.name == name]


async def test_ctl_5_8_is_shown_with_its_image_and_survives_a_restart(network, operator):
    await register(operator)
    for _ in range(2):
        [view] = await own(operator)
        assert (view.image, view.registered_at, view.registered_by) == (IMAGE, START, "person:ann")
        assert (view.status, view.provider, view.version) == ("ENABLED", "maker", "1.0.0")
        await operator.restart()  # CTL-G3.1.1.3-register
    [shipped] = await own(operator, "psi")
    assert (shipped.image, shipped.registered_at) == ("", None)


async def test_ctl_5_8_partners_see_what_it_is_and_not_where_its_image_lies(network, bank, operator, contract_id):
    await register(operator)
    page = await bank.ask(rows.COMPONENT_DISCOVER, node_id="operator")
    assert "counting" in {record.code for record in page.records}
    detail = await bank.ask(rows.COMPONENT_SHOW, node_id="operator", code="counting", version="1.0.0")
    assert detail.extension["self_description"] == counting().to_json()
    assert "registry.example" not in json.dumps(detail.to_wire())
    await operator.ask(rows.COMPONENT_WITHDRAW, name="counting", provider="maker", version="1.0.0")
    page = await bank.ask(rows.COMPONENT_DISCOVER, node_id="operator")
    assert "counting" not in {record.code for record in page.records}


async def test_ctl_5_8_the_same_again_changes_nothing_and_leaves_one_entry(network, operator):
    await register(operator)
    network.clock.time += 1000
    await register(operator)
    [row] = await operator.rows(RegisteredComponent)
    assert row.since == START
    [entry] = [entry for entry in await operator.trail() if entry.subject == "component:counting"]
    assert (entry.action, entry.actor, entry.clause) == ("component.register", "person:ann", "CTL-5.8")
    assert entry.details["image"] == IMAGE and len(entry.details["digest"]) == 64


@pytest.mark.parametrize(
    "members", [{"image": "registry.example/other:1"}, {"title": "another"}, {"roleList": ["host"]}, {"made_by": "x"}]
)
async def test_ctl_5_8_other_content_under_the_same_version_is_refused(network, operator, members):
    await register(operator)
    with pytest.raises(ContentConflict, match=r"counting maker 1\.0\.0 is registered with other content"):
        await register(operator, **members)
    [row] = await operator.rows(RegisteredComponent)
    assert (row.image, row.description) == (IMAGE, counting().to_json())
    await register(operator, version="2.0.0")
    assert [one.version for one in await own(operator)] == ["1.0.0", "2.0.0"]


async def test_ctl_5_8_what_comes_with_the_node_is_not_registered_over(network, operator):
    [psi] = await own(operator, "psi")
    with pytest.raises(ContentConflict, match="comes with this node"):
        await register(operator, SelfDescription.model_validate(psi.self_description))
    with pytest.raises(Refused, match="comes with this node"):
        await operator.ask(rows.COMPONENT_WITHDRAW, name="psi", provider=psi.provider, version=psi.version)
    assert await own(operator, "psi") == [psi]


async def test_a_registration_that_fails_to_be_written_is_none(network, operator, monkeypatch):
    monkeypatch.setattr("interconn.management.registration.digest", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await register(operator)
    assert not await own(operator) and not await operator.rows(RegisteredComponent)


async def test_ctl_6_1_every_member_comes_back_unchanged_the_makers_own_too(network, operator):
    content = {
        **counting().to_json(),
        "desVersion": "1.1",
        "result": [{"resultCode": "7", "resultMessage": "没有数据"}],  # CTL-6.2
        "made_by": {"team": ["a"]},
    }
    await register(operator, SelfDescription.model_validate(content))
    await operator.restart()
    [view] = await own(operator)
    assert view.self_description == content


TYPES = ("string", "int", "float", "boolean", "integer", "number", "object")
CONTROLS = ("input", "textArea", "numberPicker", "checkbox", "redio", "switch", "select", "selectTree")


async def test_ctl_6_5_parameters_of_each_type_and_control_come_back_unchanged(network, operator):
    parameters = [
        {
            "name": f"{word}-{control}",
            "title": word,
            "description": control,
            "type": word,
            "optional": False,
            "defaultValue": "1",
            "validator": "(0,1000)",
            "dependsOn": ["int-input.1"] if word == "string" else [],
            "UIPattern": "readOnly",
            "groupTag": ["advanced"],
            "UIType": control,
            "bindingData": [{"label": "one", "value": 1}],
        }
        for word in TYPES
        for control in CONTROLS
    ]
    await register(operator, counting(inputParam=parameters))
    [view] = await own(operator)
    assert view.self_description["inputParam"] == parameters


@pytest.mark.parametrize("name", ["psi", "counting"])
async def test_ctl_6_1_lint_says_what_a_registration_would_say(network, operator, name):
    await register(operator)
    [view] = await own(operator, name)
    found = await operator.ask(rows.COMPONENT_LINT, component_info=view.self_description)
    assert (found.known, found.same, found.remarks) == (True, True, [])
    found = await operator.ask(rows.COMPONENT_LINT, component_info={**view.self_description, "title": "else"})
    assert (found.known, found.same) == (True, False)


async def test_ctl_6_3_and_ctl_6_4_other_categories_are_remarks_and_no_reason_to_refuse(network, operator):
    odd = counting(
        roleList=["guest", "judge"],
        inputParam=[{"name": "p", "title": "p", "type": "colour", "optional": True}],
        inputData=[{"name": "i", "category": "picture"}],
        outputData=[{"name": "o", "category": "song"}],
    )
    found = await operator.ask(rows.COMPONENT_LINT, component_info=odd)
    assert [remark.split(":")[0] for remark in found.remarks] == [
        "roleList", "inputData i", "outputData o", "inputParam p",
    ]  # fmt: skip
    assert not found.known and not await operator.rows(RegisteredComponent)
    await register(operator, odd)


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"provider": "m" * 129}, "component_info.provider"),
        ({"version": "1" * 65}, "component_info.version"),
        ({"version": "1\n"}, "component_info.version"),
        ({"image": "https://ann:secret@registry.example/counting"}, "imageUrl"),
        ({"image": "docker://token@registry.example/counting:1"}, "imageUrl"),
    ],
)
async def test_ctl_5_8_what_no_dag_could_name_and_addresses_with_secrets_are_refused(network, operator, members, where):
    with pytest.raises(InvalidRequest) as refused:
        await register(operator, **members)
    assert refused.value.where == where
    assert "secret" not in str(refused.value) and not await operator.rows(RegisteredComponent)


@pytest.mark.parametrize("image", ["", "a b", "a\n", "图", "x" * 513])
def test_ctl_5_8_an_address_that_is_none_is_refused(image):
    with pytest.raises(ValueError, match="imageUrl"):
        ComponentRegister.model_validate({"imageUrl": image, "component_info": counting().to_json()})


@pytest.mark.parametrize("missing", ["componentName", "title", "provider", "version", "roleList", "storageEngine"])
def test_ctl_6_1_a_member_that_is_missing_is_named(missing):
    content = counting().to_json()
    del content[missing]
    with pytest.raises(ValueError, match=missing):
        ComponentRegister.model_validate({"imageUrl": IMAGE, "component_info": content})


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("endpoint", [REGISTER, rows.COMPONENT_WITHDRAW])
def test_who_may(role, endpoint):
    person = Person("ann", "t", frozenset({role}))
    if role is Role.ADMIN:
        require_call(person, endpoint)
    else:
        with pytest.raises(RoleMissing):
            require_call(person, endpoint)


async def test_withdrawing_leaves_its_entry_and_makes_room_for_other_content(network, operator):
    await register(operator)
    gone = {"name": "counting", "provider": "maker", "version": "1.0.0"}
    await operator.ask(rows.COMPONENT_WITHDRAW, **gone, reason="unsafe")
    with pytest.raises(NotFound):
        await operator.ask(rows.COMPONENT_WITHDRAW, **gone)
    entry = [entry for entry in await operator.trail() if entry.subject == "component:counting"][-1]
    assert (entry.action, entry.details["reason"]) == ("component.withdraw", "unsafe")
    await register(operator, title="another")
    await operator.restart()
    [view] = await own(operator)
    assert view.title == "another"


# --- in flows and jobs -----------------------------------------------------------------------------------------


def counted(make):
    """A DAG in which what hosts got is counted."""
    dag = make.dag()
    dag["components"].append(
        {
            "name": "count",
            "componentName": "counting",
            "provider": "maker",
            "version": "1.0.0",
            "input": [{"type": "dataset", "key": "psi-1.aligned"}],
            "output": [{"type": "metric", "key": "count"}],
        }
    )
    return dag


async def flow_of_hosts(scene, make):
    """An approved flow whose last step is the hosts' alone, and comes as an image."""
    for node in (scene.bank, scene.operator, scene.clearing):
        await register(node, roleList=["host"])
    return await scene.flow(dag=counted(make), flow_id="counted")


async def test_ctl_5_8_a_flow_is_linted_and_approved_with_what_is_registered(scene, granted, make):
    with pytest.raises(InvalidFlow, match=r"component counting is not known here"):
        await scene.flow(dag=counted(make))
    flow_id = await flow_of_hosts(scene, make)
    [flow] = [one for one in (await scene.bank.ask(api.FLOW_LIST)).flows if one.flow_id == flow_id]
    assert flow.approved
    planned = await scene.bank.ask(api.FLOW_LINT, dag=counted(make), config=make.config())
    assert [step.parties for step in planned.steps if step.name == "count"] == [["host.0 operator"]]


async def test_ctl_5_8_a_job_is_refused_by_the_party_that_would_run_an_image_and_by_no_other(scene, granted, make):
    proposal = await scene.propose(await flow_of_hosts(scene, make))
    audits = [one for one in (await scene.bank.ask(api.AUDIT_LIST)).audits if one.subject_id == proposal.job_id]
    assert {one.node_id: one.status for one in audits} == {"operator": "REJECTED", "clearing": "APPLIED"}
    [refused] = [one for one in audits if one.node_id == "operator"]
    assert "counting maker 1.0.0 comes as an image, which this node cannot launch" in refused.details["reason"]
    assert "registry.example" not in json.dumps(refused.details)


async def test_ctl_5_8_a_node_proposes_no_job_of_which_it_would_run_an_image(scene, granted, make):
    for node in (scene.bank, scene.operator, scene.clearing):
        await register(node, roleList=["guest"])
    flow_id = await scene.flow(dag=counted(make))
    with pytest.raises(NoLauncher, match="comes as an image"):
        await scene.propose(flow_id)


async def test_ctl_5_8_a_job_approved_before_is_not_admitted_where_its_component_is_an_image(scene, granted, make):
    flow_id = await flow_of_hosts(scene, make)
    # A version of the node in which the component came with it, and approved the job.
    shipped, registry = counting(roleList=["host"]), scene.operator.management._registration._registry
    scene.operator.management._registration._registry = Registry([])
    gone = {"name": "counting", "provider": "maker", "version": "1.0.0"}
    await scene.operator.ask(rows.COMPONENT_WITHDRAW, **gone)
    registry.take_up([shipped])
    job = await scene.job(flow_id)
    await scene.admit(job)
    await register(scene.operator, shipped)
    with pytest.raises(NoLauncher):
        await scene.admit(job)
    await scene.admit(job, scene.bank)


async def test_withdrawing_is_refused_while_a_job_of_it_goes_on(scene, granted, make):
    job = JobCreate.model_validate({"job_id": "job-" + "0" * 32, "dag": counted(make), "config": make.config()})
    await register(scene.clearing, roleList=["host"])

    def going_on(session):
        session.add(jobs.new_job(job, scheduler="clearing", trace_id="t", now=START))

    await scene.clearing.database.write(going_on)
    gone = {"name": "counting", "provider": "maker", "version": "1.0.0"}
    with pytest.raises(Refused, match=job.job_id):
        await scene.clearing.ask(rows.COMPONENT_WITHDRAW, **gone)
    assert await own(scene.clearing)

    def over(session):
        session.get_one(Job, job.job_id).closed = True

    await scene.clearing.database.write(over)
    await scene.clearing.ask(rows.COMPONENT_WITHDRAW, **gone)
    assert not await own(scene.clearing)
