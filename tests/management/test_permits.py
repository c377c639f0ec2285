"""Permits: given, kept, spent at the job's audit (MGT-2.2-mprac-custody, docs/decisions/0005-permits.md)."""

import hashlib
import json

import pytest
from sqlalchemy import select

from interconn.api import audits as api
from interconn.api import datasets as datasets_api
from interconn.api import peers as peers_api
from interconn.management.approvals.tables import Audit
from interconn.management.permits.tables import Grant, Permit
from interconn.management.work.tables import ProposedJob
from interconn.standard import headers as names
from interconn.standard import management as standard
from interconn.standard.errors import (
    ContractNotUsable,
    InvalidFlow,
    InvalidRequest,
    NotApproved,
    NotFound,
    PeerRefused,
    PermitRefused,
)
from interconn.state.database import Table
from interconn.state.engines import open_backend
from tests.databases import DATABASES


async def turned_away(scene, job):
    """Why operator would not take a proposed job; it kept nothing of it."""
    assert await scene.operator.rows(ProposedJob) == []
    assert [audit for audit in await scene.operator.rows(Audit) if audit.kind == "JOB"] == []
    [view] = [
        audit
        for audit in (await scene.bank.ask(api.AUDIT_LIST, kind="JOB", subject_id=job.job_id)).audits
        if audit.node_id == "operator"
    ]
    assert view.status == "REJECTED"
    return view.details["reason"]


async def test_mgt_2_2_permit_holder_keeps_the_grant_and_user_the_permit(scene):
    view = await scene.grant(times_limit=3)
    [grant], [permit] = await scene.operator.rows(Grant), await scene.bank.rows(Permit)
    assert view.has_permit
    assert grant.token_digest == hashlib.sha256(permit.token.encode()).hexdigest()
    assert (grant.user_node_id, grant.user_inst_id, grant.times_limit) == ("bank", "inst-bank", 3)
    sent = json.loads(scene.network.last(standard.DATASET_CONFIRM).body)["resource_permit"]
    assert sent == {
        "token": permit.token,
        "resource_level": 1,
        "resource_type": "DATASET",
        "resource_id": "operator-table",
        "resource_node_id": "operator",
        "resource_inst_id": "inst-operator",
        "request_node_id": "bank",
        "request_inst_id": "inst-bank",
        "times_limit": 3,
    }


async def test_token_is_kept_by_its_user_alone(scene, capsys):
    await scene.grant()
    await scene.job()
    permits = await scene.bank.rows(Permit)
    kinds = sorted((permit.holder_node_id, permit.resource_type) for permit in permits)
    chain = ["FLOW", "JOB", "PROJECT"]
    assert kinds == [
        *(("clearing", kind) for kind in chain),
        ("operator", "DATASET"),
        *(("operator", k) for k in chain),
    ]
    printed = capsys.readouterr().out
    for node in (scene.bank, scene.operator, scene.clearing):
        await node.stop()
        stored = [(table, repr(row)) for table, row in everything_in(node)]
        for permit in permits:
            holding = {table for table, row in stored if permit.token in row}
            assert holding == ({"permits"} if node is scene.bank else set())
            assert permit.token not in printed


def everything_in(node):
    """Yield every row of the node's database with its table's name."""
    engine = open_backend(DATABASES.url(node.home)).engine
    with engine.connect() as connection:
        for table in Table.metadata.tables.values():
            for row in connection.execute(select(table)):
                yield table.name, row
    engine.dispose()


async def test_permits_travel_to_their_holder_alone(scene, granted):
    await scene.job(granted)
    [permit] = [one for one in await scene.bank.rows(Permit) if one.resource_type == "DATASET"]
    carried = [one for one in scene.network.passed if names.PERMIT_SET in one.headers]
    assert {(one.target, one.path) for one in carried} == {(scene.operator.identity.address, standard.JOB_APPLY.path)}
    name = "urn:interconn:dataset:operator:operator-table"
    assert [one.headers[names.PERMIT_SET] for one in carried] == [f"{name}/1/{permit.token}"]


async def test_proposal_without_a_permit_says_which_one_is_missing(scene):
    flow_id = await scene.flow(await scene.project())
    with pytest.raises(PermitRefused, match="no valid permit of operator for data set operator-table"):
        await scene.propose(flow_id)
    assert await scene.bank.rows(ProposedJob) == []


async def test_missing_permit(scene, granted):
    forget_permits(scene)
    assert "no permit" in await turned_away(scene, await scene.propose(granted))


async def test_foreign_permit(scene):
    """A permit that operator gave to clearing does not serve bank."""
    await scene.grant()
    audit = await scene.clearing.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.approve_all()
    [foreign] = await scene.clearing.rows(Permit)
    assert foreign.audit_number and audit.status == "APPLIED"
    flow_id = await scene.flow(await scene.project())
    present_instead(scene, lambda permits: permits.rpartition("/")[0] + "/" + foreign.token)
    assert "no permit" in await turned_away(scene, await scene.propose(flow_id))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("/1/", "/2/"),
        lambda text: text.replace("operator-table", "other-table"),
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
    ],
    ids=["level", "name", "token"],
)
async def test_permit_bound_to_resource_and_level(scene, change, granted):
    present_instead(scene, change)
    assert "no permit" in await turned_away(scene, await scene.propose(granted))


async def test_permit_of_one_data_set_does_not_open_another(scene, make):
    await scene.add(scene.operator, "second-table", published=True)
    await scene.grant()
    await scene.grant("second-table")
    first = next(one.token for one in await scene.bank.rows(Permit) if one.resource_id == "operator-table")
    flow_id = await scene.flow(await scene.project())
    present_instead(scene, lambda text: text.rpartition("/")[0] + "/" + first)
    job = await scene.propose(flow_id, config=make.config(host={"dataset_id": "second-table"}))
    assert "no permit" in await turned_away(scene, job)


async def test_refusal_does_not_tell_which_data_sets_there_are(scene, make):
    await scene.add(scene.operator, "hidden-table")
    await scene.grant()
    flow_id = await scene.flow(await scene.project())
    reasons = []
    for place in (
        {"namespace": "datasets", "name": "hidden-table"},
        {"namespace": "datasets", "name": "no-such-table"},
        {"namespace": "job-1-host-0", "name": "task_1-aligned"},
    ):
        reasons.append(await turned_away(scene, await scene.propose(flow_id, config=make.config(host=place))))
    assert len(set(reasons)) == 1 and "no permit" in reasons[0]


async def test_data_named_by_its_place_needs_the_permit_too(scene, make):
    """The same data set under its other name: no way around its permit, and none needed beyond it."""
    await scene.grant()
    [permit] = await scene.bank.rows(Permit)
    flow_id = await scene.flow(await scene.project())
    by_place = make.config(host={"namespace": "datasets", "name": "operator-table"})
    assert "no permit" in await turned_away(scene, await scene.propose(flow_id, config=by_place))
    presented = f"urn:interconn:dataset:operator:operator-table/1/{permit.token}"
    scene.bank.management._jobs._permits.wallet.present = lambda *_, **__: presented
    job = await scene.propose(flow_id, config=by_place)
    assert [one.job_id for one in await scene.operator.rows(ProposedJob)] == [job.job_id]


async def test_data_set_in_the_common_parameters_needs_the_permit_too(scene, make):
    await scene.grant()
    await scene.add(scene.operator, "second-table", published=True)
    flow_id = await scene.flow(await scene.project())
    config = make.config(host={})
    config["task_params"]["common"] = {"psi-1": {"dataset_id": "second-table"}}
    with pytest.raises((NotFound, PermitRefused)):
        await scene.propose(flow_id, config=config)  # bank has no such data set, nor a permit


@pytest.mark.parametrize(
    ("scope", "project_id", "reason"),
    [
        ({"NODE": ["bank"], "PROJECT": ["project-1"], "COMPONENT": ["psi"]}, "project-1", ""),
        ({"PROJECT": ["project-1", "project-2"]}, "project-2", ""),
        ({"COMPONENT": ["table_summary", "interconn/psi"]}, "project-1", ""),
        ({"COMPONENT": ["interconn.psi"]}, "project-1", ""),
        ({}, "project-1", ""),
        ({"NODE": []}, "project-1", "not for node bank"),
        ({"PROJECT": []}, "project-1", "not for project project-1"),
        ({"COMPONENT": ["other/psi"]}, "project-1", "not for component interconn/psi"),
        ({"NODE": ["clearing"]}, "project-1", "not for node bank"),
        ({"PROJECT": ["project-1"]}, "project-2", "not for project project-2"),
        ({"PROJECT": ["project-1"], "COMPONENT": ["table_summary"]}, "project-1", "not for component interconn/psi"),
        ({"COMPONENT": ["psi-1"]}, "project-1", "not for component interconn/psi"),
        ({"COMPONENT": []}, "project-1", "not for component interconn/psi"),
    ],
)
async def test_mgt_4_3_auth_scope(scene, scope, project_id, reason):
    await scene.grant(auth_scope=scope)
    flow_id = await scene.flow(await scene.project(project_id))
    job = await scene.propose(flow_id)
    if reason:
        assert reason in await turned_away(scene, job)
    else:
        assert [one.job_id for one in await scene.operator.rows(ProposedJob)] == [job.job_id]


async def test_permits_of_two_scopes_go_along_and_the_holder_takes_the_one_that_covers(scene):
    await scene.grant(auth_scope={"PROJECT": ["project-1"]})
    await scene.grant(auth_scope={"PROJECT": ["project-2"]})
    await scene.job(await scene.flow(await scene.project("project-1")))


async def test_mgt_2_2_permit_lifetime_expired_permit(scene):
    limit = scene.network.clock.now() + 60_000
    await scene.grant(time_limit=limit)
    flow_id = await scene.flow(await scene.project())
    keep_permits_for_ever(scene)
    scene.network.clock.time = limit - 1
    await scene.job(flow_id)
    scene.network.clock.time = limit
    job = await scene.propose(flow_id)
    [reason] = [
        audit.details["reason"]
        for audit in (await scene.bank.ask(api.AUDIT_LIST, subject_id=job.job_id)).audits
        if audit.node_id == "operator"
    ]
    assert "has expired" in reason


async def test_user_does_not_present_what_has_expired(scene):
    limit = scene.network.clock.now() + 60_000
    await scene.grant(time_limit=limit)
    flow_id = await scene.flow(await scene.project())
    scene.network.clock.time = limit
    with pytest.raises(PermitRefused, match="no valid permit"):
        await scene.propose(flow_id)


@pytest.mark.parametrize(
    ("asked", "given", "kept"),
    [
        ({}, {}, (None, None)),
        ({"times_limit": 3}, {}, (None, 3)),
        ({"times_limit": 3}, {"times_limit": 1}, (None, 1)),
        ({}, {"times_limit": 1, "time_limit": 1_900_000_000_000}, (1_900_000_000_000, 1)),
        ({"times_limit": 3}, {"times_limit": 4}, "wider"),
        ({"time_limit": 1_900_000_000_000}, {"time_limit": 1_900_000_000_001}, "wider"),
        ({}, {"time_limit": 1_700_000_000_000}, "expired already"),
    ],
)
async def test_limits_on_approval_only_tighten(scene, asked, given, kept):
    audit = await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table", **asked)
    await scene.network.settle()
    if isinstance(kept, str):
        with pytest.raises(InvalidRequest, match=kept):
            await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id, **given)
        assert await scene.operator.rows(Grant) == []
        return
    await scene.operator.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id, **given)
    await scene.network.settle()
    [grant], [permit] = await scene.operator.rows(Grant), await scene.bank.rows(Permit)
    assert (grant.time_limit, grant.times_limit) == (permit.time_limit, permit.times_limit) == kept


async def test_granted_data_set_stays_visible_when_it_is_hidden_again(scene):
    await scene.grant()
    await scene.operator.ask(datasets_api.DATASET_PUBLISH, dataset_id="operator-table", published=False)
    shown = await scene.bank.ask(datasets_api.DATASET_SHOW, node_id="operator", dataset_id="operator-table")
    assert shown.dataset_id == "operator-table"
    with pytest.raises(PeerRefused):
        await scene.clearing.ask(datasets_api.DATASET_SHOW, node_id="operator", dataset_id="operator-table")


async def test_permit_does_not_outlive_its_contract(scene, granted):
    old = scene.bank.directory.usable("operator").contract_id
    await scene.bank.ask(peers_api.PEER_TERMINATE, contract_id=old)
    await scene.network.settle()
    with pytest.raises(ContractNotUsable):
        await scene.propose(granted)
    await scene.network.cooperate(scene.bank, scene.operator)
    with pytest.raises(NotApproved, match="was terminated by bank"):
        await scene.propose(granted)
    anew = await scene.flow(await scene.project("project-2"))
    with pytest.raises(PermitRefused, match="no valid permit"):
        await scene.propose(anew)


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource_node_id": "clearing"},
        {"request_node_id": "clearing"},
        {"resource_id": "other-table"},
    ],
)
async def test_mgt_4_4_permit_that_is_not_the_holders_to_give(scene, wrong):
    audit = await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    permit = {
        "token": "t" * 32,
        "resource_level": 1,
        "resource_type": "DATASET",
        "resource_id": "operator-table",
        "resource_node_id": "operator",
        "resource_inst_id": "inst-operator",
        "request_node_id": "bank",
        "request_inst_id": "inst-bank",
    }
    members = {"audit_id": audit.audit_id, "status": "APPROVED"}
    with pytest.raises(PeerRefused, match="another holder, user or resource"):
        await scene.operator.call(scene.bank, standard.DATASET_CONFIRM, **members, resource_permit={**permit, **wrong})
    assert (await scene.standing(audit.audit_id))[0] == "APPLIED"
    assert await scene.bank.rows(Permit) == []
    text = json.dumps(permit)  # resolution 17: a JSON string of it is the same permit
    await scene.operator.call(scene.bank, standard.DATASET_CONFIRM, **members, resource_permit=text)
    assert [one.token for one in await scene.bank.rows(Permit)] == ["t" * 32]


async def test_rejection_brings_no_permit(scene):
    audit = await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.approve_all()
    assert await scene.operator.rows(Grant) != []
    other = await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    await scene.network.settle()
    await scene.operator.ask(api.AUDIT_REJECT, audit_id=other.audit_id, reason="no need")
    await scene.network.settle()
    assert await scene.standing(other.audit_id) == ("REJECTED", "REJECTED")
    assert len(await scene.bank.rows(Permit)) == len(await scene.operator.rows(Grant)) == 1
    assert audit.audit_id != other.audit_id


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"initiator": {"role": "guest", "node_id": "operator"}}, InvalidFlow),
        ({"role": {"guest": ["bank"], "host": ["mallory"]}}, ContractNotUsable),
        ({"role": {"guest": ["bank"], "host": []}}, InvalidFlow),
        ({"task_params": {"guest": {"0": {"psi-2": {}}}}}, InvalidFlow),
    ],
)
async def test_configuration_that_cannot_be_run_asks_nobody(scene, make, changed, error, granted):
    before = len(scene.network.passed)
    with pytest.raises(error):
        await scene.propose(granted, config=make.config(**changed))
    assert len(scene.network.passed) == before
    assert await scene.bank.rows(ProposedJob) == []


def forget_permits(scene):
    scene.bank.management._jobs._permits.wallet.present = lambda *_, **__: ""


def present_instead(scene, change):
    honest = scene.bank.management._jobs._permits.wallet.present
    scene.bank.management._jobs._permits.wallet.present = lambda *parts, **more: (
        change(text) if (text := honest(*parts, **more)) else text
    )


def keep_permits_for_ever(scene):
    """Have bank present permits whatever they say of their end."""

    class Stopped:
        def now(self):
            return 0

    scene.bank.management._jobs._permits.wallet._clock = Stopped()


def test_token_is_in_no_repr():
    permit = standard.ResourcePermit(
        token="t" * 32,
        resource_level=1,
        resource_type="DATASET",
        resource_id="a",
        resource_node_id="b",
        resource_inst_id="c",
        request_node_id="d",
        request_inst_id="e",
    )
    assert "t" * 32 not in repr(permit)
