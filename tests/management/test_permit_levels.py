"""A permit of each kind of approval, its level, and which one covers what (MGT-2.2-mprac-highest-level)."""

import json

import pytest

from interconn.api import audits as api
from interconn.api.models import MODEL_REQUEST
from interconn.management.permits.levels import LEVELS, ResourceType
from interconn.management.permits.tables import Grant, GrantUse, Permit
from interconn.management.work.tables import ProposedJob
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import InvalidRequest, NotApproved, PermitRefused, RoleMissing
from tests.management.kinds import share_model

CONFIRMS = {
    "DATASET": standard.DATASET_CONFIRM,
    "PROJECT": standard.PROJECT_CONFIRM,
    "FLOW": standard.FLOW_CONFIRM,
    "JOB": standard.JOB_CONFIRM,
    "MODEL": standard.MODEL_CONFIRM,
}


async def apply(scene, kind, make):
    """Have bank apply for one thing of a kind at operator, with all that has to be approved before."""
    if kind == "DATASET":
        await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    elif kind == "PROJECT":
        await scene.bank.ask(
            api.PROJECT_CREATE, name="p", partners=["operator"], project_id="project-1",
            datasets={"operator": ["operator-table"]},
        )  # fmt: skip
    elif kind == "FLOW":
        await scene.bank.ask(
            api.FLOW_CREATE, name="f", project_id=await scene.project(), dag=make.dag(), flow_id="flow-1"
        )
    elif kind == "JOB":
        await scene.grant()
        await scene.propose(await scene.flow(await scene.project()))
    else:
        await share_model(scene)
        use = {"model_id": "operator-model", "apply_project_id": await scene.project()}
        await scene.bank.ask(MODEL_REQUEST, node_id="operator", **use)
    await scene.network.settle()


async def decide(scene, kind, *, node=None, verdict=api.AUDIT_APPROVE, **members):
    """Decide on what waits at operator for a person."""
    node = node or scene.operator
    [audit] = (await node.ask(api.AUDIT_LIST, kind=kind, status="APPLIED")).audits
    await node.ask(verdict, audit_id=audit.audit_id, **members)
    await scene.network.settle()
    return audit.audit_id


async def reason(scene, job):
    """Why operator would not take a proposed job; empty if it did."""
    views = (await scene.bank.ask(api.AUDIT_LIST, kind="JOB", subject_id=job.job_id)).audits
    [view] = [audit for audit in views if audit.node_id == "operator"]
    return view.details["reason"] if view.status == "REJECTED" else ""


async def presented(scene):
    """The permits of the last proposal to operator, as name and level."""
    sent = [
        one
        for one in scene.network.passed
        if one.path == standard.JOB_APPLY.path and one.target == scene.operator.identity.address
    ][-1]
    return [tuple(text.split("/")[:2]) for text in sent.headers.get(names.PERMIT_SET, "").split(",") if text]


async def covering_project(scene, project_id="project-1", **members):
    """A project whose approval grants operator's data set along with it, within limits."""
    await scene.bank.ask(
        api.PROJECT_CREATE, name="p", partners=["operator", "clearing"], project_id=project_id,
        datasets={"operator": ["operator-table"]},
    )  # fmt: skip
    await scene.network.settle()
    await decide(scene, "PROJECT", **{"grant_datasets": True, **members})
    await decide(scene, "PROJECT", node=scene.clearing)
    return project_id


def test_what_contains_is_above_what_it_contains():
    node, project, flow, job, dataset = (
        LEVELS[one]
        for one in (
            ResourceType.NODE,
            ResourceType.PROJECT,
            ResourceType.FLOW,
            ResourceType.JOB,
            ResourceType.DATASET,
        )
    )
    assert node > project > flow > job > dataset > 0
    assert dataset == LEVELS[ResourceType.COMPONENT] == LEVELS[ResourceType.MODEL]
    assert set(LEVELS) == set(ResourceType)


@pytest.mark.parametrize("kind", CONFIRMS)
async def test_mgt_2_2_permit_is_minted_on_every_approval_within_the_persons_limits(scene, make, kind):
    limit = scene.network.clock.now() + 60_000
    await apply(scene, kind, make)
    audit_id = await decide(scene, kind, time_limit=limit, times_limit=3)
    body = json.loads(scene.network.last(CONFIRMS[kind]).body)
    permit = body["resource_permit"]
    [view] = (await scene.bank.ask(api.AUDIT_LIST, audit_id=audit_id)).audits
    expected = {
        "resource_type": kind,
        "resource_level": LEVELS[ResourceType(kind)],
        "resource_id": view.subject_id,
        "resource_node_id": "operator",
        "resource_inst_id": "inst-operator",
        "request_node_id": "bank",
        "request_inst_id": "inst-bank",
        "time_limit": limit,
        "times_limit": 3,
    }
    assert {name: value for name, value in permit.items() if name != "token"} == expected
    assert view.has_permit
    [kept] = [one for one in await scene.bank.rows(Permit) if one.token == permit["token"]]
    [grant] = [one for one in await scene.operator.rows(Grant) if one.resource_type == kind]
    assert (kept.resource_level, kept.times_limit, kept.time_limit) == (expected["resource_level"], 3, limit)
    assert (grant.resource_level, grant.times_limit, grant.time_limit) == (expected["resource_level"], 3, limit)
    trail = [one for one in await scene.operator.trail() if one.details.get("audit") == audit_id]
    [approved] = [one for one in trail if one.action.endswith(".approve")]
    assert (approved.details["times_limit"], approved.details["time_limit"]) == ("3", str(limit))


@pytest.mark.parametrize("kind", CONFIRMS)
async def test_mgt_2_2_permit_comes_with_no_rejection(scene, make, kind):
    await apply(scene, kind, make)
    before = len(await scene.bank.rows(Permit)), len(await scene.operator.rows(Grant))
    await decide(scene, kind, verdict=api.AUDIT_REJECT)
    assert "resource_permit" not in json.loads(scene.network.last(CONFIRMS[kind]).body)
    assert (len(await scene.bank.rows(Permit)), len(await scene.operator.rows(Grant))) == before


async def test_limits_that_are_over_already_approve_nothing(scene, make):
    await apply(scene, "PROJECT", make)
    with pytest.raises(InvalidRequest, match="expired already"):
        await decide(scene, "PROJECT", time_limit=scene.network.clock.now())
    assert await scene.operator.rows(Grant) == []


# --- what a project's permit covers -----------------------------------------------------------------------------


async def test_mgt_2_2_mprac_highest_level_is_presented_with_the_lower_behind_it(scene):
    await scene.grant()
    job = await scene.job(await scene.flow(await covering_project(scene)))
    assert await presented(scene) == [
        ("urn:interconn:project:operator:project-1", "4"),
        ("urn:interconn:dataset:operator:operator-table", "1"),
    ]
    await scene.admit(job)
    grants = {grant.grant_id: grant.resource_type for grant in await scene.operator.rows(Grant)}
    used = [grants[use.grant_id] for use in await scene.operator.rows(GrantUse)]
    assert sorted(used) == ["FLOW", "JOB", "PROJECT"]  # the data set's own was not needed


async def test_mgt_5_1_approval_of_a_project_alone_grants_no_data_set(scene):
    project_id = await covering_project(scene, grant_datasets=False)
    job = await scene.propose(await scene.flow(project_id))
    assert [level for _, level in await presented(scene)] == ["4"]  # it may cover, as far as bank can know
    assert "no permit" in await reason(scene, job)


async def test_project_that_grants_its_data_sets_needs_no_other_permit(scene):
    await scene.admit(await scene.job(await scene.flow(await covering_project(scene))))


async def test_project_does_not_cover_a_data_set_that_it_does_not_name(scene, make):
    await scene.add(scene.operator, "second-table", published=True)
    flow_id = await scene.flow(await covering_project(scene))
    config = make.config(host={"dataset_id": "second-table"})
    with pytest.raises(PermitRefused, match="no valid permit of operator for data set second-table"):
        await scene.propose(flow_id, config=config)
    [permit] = [
        one
        for one in await scene.bank.rows(Permit)
        if (one.resource_id, one.holder_node_id) == ("project-1", "operator")
    ]
    present(scene, f"urn:interconn:project:operator:project-1/4/{permit.token}")
    assert "no permit" in await reason(scene, await scene.propose(flow_id, config=config))


async def test_projects_permit_covers_within_that_project_alone(scene):
    await covering_project(scene)
    other = await scene.flow(await scene.project("project-2"))
    [permit] = [
        one
        for one in await scene.bank.rows(Permit)
        if (one.resource_id, one.holder_node_id) == ("project-1", "operator")
    ]
    for name, level in (("project:operator:project-1", 4), ("project:operator:project-2", 4)):
        present(scene, f"urn:interconn:{name}/{level}/{permit.token}")
        assert "no permit" in await reason(scene, await scene.propose(other))


@pytest.mark.parametrize(
    "name",
    [
        "urn:interconn:dataset:operator:operator-table/1",
        "urn:interconn:dataset:operator:operator-table/4",
        "urn:interconn:project:operator:project-1/1",
        "urn:interconn:project:operator:project-1/5",
        "urn:interconn:flow:operator:project-1/4",
        "urn:interconn:project:clearing:project-1/4",
        "operator-table/4",
    ],
)
async def test_token_of_a_project_under_another_name_or_level(scene, name):
    flow_id = await scene.flow(await covering_project(scene))
    [permit] = [
        one
        for one in await scene.bank.rows(Permit)
        if (one.resource_id, one.holder_node_id) == ("project-1", "operator")
    ]
    present(scene, f"{name}/{permit.token}")
    assert "no permit" in await reason(scene, await scene.propose(flow_id))
    present(scene, f"project-1/4/{permit.token}")  # while its plain id names it too
    assert await reason(scene, await scene.propose(flow_id)) == ""


@pytest.mark.parametrize("kind", ["FLOW", "JOB"])
async def test_permits_of_flows_and_jobs_open_no_data(scene, kind, granted):
    await scene.job(granted)
    held = [
        one for one in await scene.bank.rows(Permit) if (one.resource_type, one.holder_node_id) == (kind, "operator")
    ]
    urn = f"urn:interconn:{kind.lower()}:operator:{held[0].resource_id}"
    present(scene, f"{urn}/{held[0].resource_level}/{held[0].token},operator-table/1/{held[0].token}")
    assert "no permit" in await reason(scene, await scene.propose(granted))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("operator-table/1", "permit 1 is not of the form"),
        ("{good},operator-table", "permit 2 is not of the form"),
        ("{good},", "permit 2 is not of the form"),
        ("operator-table/high/{token}", "permit 1 is no number"),
        (",".join(["{good}"] * 257), "more than 256 permits"),
    ],
)
async def test_malformed_set_helps_nobody_and_is_not_quoted(scene, granted, text, why):
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == "DATASET"]
    good = f"operator-table/1/{permit.token}"
    present(scene, text.format(good=good, token=permit.token))
    told = await reason(scene, await scene.propose(granted))
    assert why in told
    assert permit.token not in told
    assert await scene.operator.rows(ProposedJob) == []


async def test_set_of_256_permits_is_read_to_its_end(scene, granted):
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == "DATASET"]
    stale = [f"operator-table/1/{number:043d}" for number in range(255)]
    present(scene, ",".join([*stale, f"operator-table/1/{permit.token}"]))
    assert await reason(scene, await scene.propose(granted)) == ""


async def test_valid_lower_permit_serves_where_the_higher_one_does_not(scene):
    """What is used up above is above: but a project that grants nothing, or no more, leaves the data set's own."""
    project_id = await covering_project(scene, grant_datasets=False)
    await scene.grant()
    await scene.admit(await scene.job(await scene.flow(project_id)))


async def test_projects_of_which_nothing_is_named_have_nothing_to_grant(scene):
    await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    await scene.network.settle()
    with pytest.raises(InvalidRequest, match="names no data set"):
        await decide(scene, "PROJECT", grant_datasets=True)


async def test_granting_data_sets_with_a_flow_means_nothing(scene, make):
    await apply(scene, "FLOW", make)
    with pytest.raises(InvalidRequest, match="names no data set"):
        await decide(scene, "FLOW", grant_datasets=True)


async def test_data_sets_granted_with_a_project_are_for_their_owner_to_grant(scene, make, monkeypatch):
    from interconn.api.roles import Role
    from tests.management import conftest

    await apply(scene, "PROJECT", make)
    monkeypatch.setattr(conftest, "EVERY_ROLE", frozenset({Role.APPROVER}))
    with pytest.raises(RoleMissing):
        await decide(scene, "PROJECT", grant_datasets=True)
    await decide(scene, "PROJECT")


async def test_what_needs_two_persons_needs_them_together_with_a_project_too(scene, make):
    await scene.operator.declare('[[four_eyes]]\nkinds = ["DATASET"]\n')
    await apply(scene, "PROJECT", make)
    audit_id = await decide(scene, "PROJECT", grant_datasets=True)
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    await decide(scene, "PROJECT", person="ben", grant_datasets=True)
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    await scene.operator.declare("")


# --- the chain of project, flow and job -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PROJECT", "FLOW"])
async def test_limited_project_or_flow_is_used_up_by_its_jobs_whatever_is_presented(scene, make, kind):
    await scene.grant()
    await apply(scene, "PROJECT", make)
    await decide(scene, "PROJECT", **({"times_limit": 1} if kind == "PROJECT" else {}))
    await scene.bank.ask(api.FLOW_CREATE, name="f", project_id="project-1", dag=make.dag(), flow_id="flow-1")
    await scene.network.settle()
    await decide(scene, "FLOW", **({"times_limit": 1} if kind == "FLOW" else {}))
    own = make.config(job_params={"common": {"scheduler": "operator"}})
    first, second = await scene.propose("flow-1", config=own), await scene.propose("flow-1", config=own)
    await scene.network.approve_all()
    await scene.admit(await scene.ready(first.job_id), scheduler="operator")
    with pytest.raises(PermitRefused, match=rf"the permit for {kind.lower()} .* is used up"):
        await scene.admit(await scene.ready(second.job_id), scheduler="operator")
    assert f"permit for {kind.lower()}" in await reason(scene, await scene.propose("flow-1", config=own))
    await scene.admit(await scene.ready(first.job_id), scheduler="operator")  # the next task of the first


async def test_approval_of_a_job_that_is_over_admits_none_of_its_tasks(scene, granted):
    job = await scene.propose(granted)
    limit = scene.network.clock.now() + 60_000
    await decide(scene, "JOB", time_limit=limit)
    await scene.network.approve_all()
    ready = await scene.ready(job.job_id)
    scene.network.clock.time = limit - 1
    await scene.admit(ready)
    scene.network.clock.time = limit
    with pytest.raises(PermitRefused, match=r"the permit for job .* has expired"):
        await scene.admit(ready)


async def test_scheduler_obeys_the_limits_that_its_own_people_set(scene, make):
    await scene.grant()
    await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator", "clearing"], project_id="project-1")
    await scene.network.settle()
    await decide(scene, "PROJECT")
    await decide(scene, "PROJECT", node=scene.clearing, times_limit=1)
    flow_id = await scene.flow("project-1")
    jobs = [await scene.propose(flow_id), await scene.propose(flow_id)]
    await scene.network.approve_all()
    admission = scene.clearing.management.admission

    async def schedule(job):
        ready = await scene.ready(job.job_id)
        await scene.clearing.database.write(lambda session: admission.admit_as_scheduler(session, ready, caller="bank"))

    await schedule(jobs[0])
    await schedule(jobs[0])
    with pytest.raises(PermitRefused, match="the permit for project project-1 is used up"):
        await schedule(jobs[1])


@pytest.mark.parametrize("kind", ["DATASET", "PROJECT", "FLOW", "JOB"])
async def test_revoked_between_two_tasks(scene, granted, kind):
    job = await scene.job(granted)
    await scene.admit(job)
    for audit in (await scene.operator.ask(api.AUDIT_LIST, kind=kind, status="APPROVED")).audits:
        await scene.operator.ask(api.AUDIT_TERMINATE, audit_id=audit.audit_id)
    with pytest.raises((PermitRefused, NotApproved), match=r"was revoked|TERMINATED"):
        await scene.admit(job)
    assert [one.job_id for one in await scene.operator.rows(ProposedJob)] == [job.job_id]


def present(scene, text):
    """Have bank present a permit set whatever it holds."""
    scene.bank.management._jobs._permits.wallet.present = lambda *_, **__: text
