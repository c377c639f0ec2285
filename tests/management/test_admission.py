"""Admission: a job runs only as it was approved, and each use of a permit counts once (design: permits)."""

import asyncio
import functools
import random

import pytest

from interconn.api import audits as api
from interconn.api import peers as peers_api
from interconn.api import permits as permits_api
from interconn.management.approvals.tables import Audit
from interconn.management.permits.levels import ResourceType
from interconn.management.permits.tables import Grant, GrantUse
from interconn.management.permits.terms import Access
from interconn.management.work.tables import ProposedJob
from interconn.standard import management as standard
from interconn.standard.control import JobCreate
from interconn.standard.errors import (
    ContractNotUsable,
    InterconnError,
    InvalidFlow,
    NotApproved,
    NotFound,
    PeerRefused,
    PermitRefused,
)


def changed(job, path, value):
    """The job with one member changed; `path` leads there."""
    wire = job.to_wire()
    place = wire
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return JobCreate.model_validate(wire)


async def test_approved_job_is_admitted_by_all(scene, granted):
    job = await scene.job(granted)
    for node in (scene.bank, scene.operator, scene.clearing):
        await scene.admit(job, node)
    admission = scene.clearing.management.admission
    await scene.clearing.database.write(lambda session: admission.admit_as_scheduler(session, job, caller="bank"))
    for node, kinds in (
        (scene.operator, {"DATASET", "PROJECT", "FLOW", "JOB"}),
        (scene.clearing, {"PROJECT", "FLOW", "JOB"}),  # which schedules, and holds no data
    ):
        grants = {grant.grant_id: grant.resource_type for grant in await node.rows(Grant)}
        uses = await node.rows(GrantUse)
        assert {use.job_id for use in uses} == {job.job_id}
        assert sorted(grants[use.grant_id] for use in uses) == sorted(kinds)
    assert await scene.bank.rows(GrantUse) == []


async def test_mgt_g2_1_2_handdown_is_of_what_was_approved(scene, granted, make):
    job = await scene.job(granted)
    assert job.dag.to_wire() == make.dag()
    [there] = await scene.operator.rows(ProposedJob)
    assert (job.to_wire()["dag"], job.to_wire()["config"]) == (there.dag, there.config)


OTHERWISE = [
    (("dag", "version"), "2.0", "dag"),
    (("dag", "components", 0, "version"), "2.0.0", "dag"),
    (("dag", "components", 0, "output"), [], "dag"),
    (("config", "version"), "2.0", "config"),
    (("config", "role", "host"), ["operator", "clearing"], "config"),
    (("config", "initiator", "role"), "host", "config"),
    (("config", "job_params", "common", "scheduler"), "bank", "config"),
    (("config", "job_params", "common", "more"), 1, "config"),
    (("config", "task_params", "host", "0", "psi-1", "dataset_id"), "second-table", "config"),
    (("config", "task_params", "host", "0", "psi-1", "result_to"), "guest", "config"),
    (("config", "task_params", "common"), {"psi-1": {"batch_size": 1}}, "config"),
    (("job_id",), "job-" + "0" * 32, "not proposed"),
]
"""Where a job differs from the approved one, what is there, and what of it is said to be another."""


async def test_job_that_differs_from_the_approved_one(scene, granted):
    job = await scene.job(granted)
    admission = scene.clearing.management.admission
    for path, value, what in OTHERWISE:
        other = changed(job, path, value)
        admit_as_scheduler = functools.partial(admission.admit_as_scheduler, job=other, caller="bank")
        for admit in (
            functools.partial(scene.admit, other, scene.bank),
            functools.partial(scene.admit, other, scene.operator),
            functools.partial(scene.clearing.database.write, admit_as_scheduler),
        ):
            with pytest.raises(NotApproved) as refusal:
                await admit()
            assert what in refusal.value.message, path
        assert await scene.operator.rows(GrantUse) == [], path


async def test_job_sent_by_another_than_its_scheduler(scene, granted):
    job = await scene.job(granted)
    for scheduler in ("bank", "operator"):
        with pytest.raises(NotApproved, match="names clearing as scheduler"):
            await scene.admit(job, scheduler=scheduler)
        assert await scene.operator.rows(GrantUse) == [], scheduler


@pytest.mark.parametrize("stranger", ["mallory", ""])
async def test_stranger_cannot_tell_a_job_from_none(scene, granted, stranger):
    job = await scene.job(granted)
    none = changed(job, ("job_id",), "job-" + "0" * 32)
    other = changed(job, ("dag", "version"), "2.0")
    for node in (scene.bank, scene.operator, scene.clearing):
        said = set()
        for sent in (job, none, other):
            admission = node.management.admission
            for ask in (
                lambda session, sent=sent, admission=admission: admission.admit(session, sent, scheduler=stranger),
                lambda session, sent=sent, admission=admission: admission.admit_as_scheduler(
                    session, sent, caller=stranger
                ),
            ):
                with pytest.raises(NotApproved) as refusal:
                    await node.database.write(ask)
                said.add(str(refusal.value).replace(sent.job_id, "JOB"))
        assert len(said) == 1, said


async def test_scheduler_serves_the_initiator_alone(scene, granted):
    job = await scene.job(granted)
    for caller in ("operator", "clearing"):
        admit = functools.partial(scene.clearing.management.admission.admit_as_scheduler, job=job, caller=caller)
        with pytest.raises(NotApproved, match="did not initiate"):
            await scene.clearing.database.write(admit)


async def test_node_that_is_not_the_scheduler_does_not_schedule(scene, granted):
    job = await scene.job(granted)
    admission = scene.operator.management.admission
    with pytest.raises(NotApproved, match="names clearing as scheduler"):
        await scene.operator.database.write(lambda session: admission.admit_as_scheduler(session, job, caller="bank"))


async def test_job_not_yet_approved(scene, granted):
    job = await scene.propose(granted)
    with pytest.raises(NotApproved, match="APPLIED at") as refusal:
        await scene.ready(job.job_id)
    assert "It waits for a person at" in (refusal.value.hint or "")
    [stored] = await scene.bank.rows(ProposedJob)
    sent = JobCreate.model_validate({"job_id": job.job_id, "dag": stored.dag, "config": stored.config})
    for node in (scene.bank, scene.operator):
        with pytest.raises(NotApproved, match="APPLIED"):
            await scene.admit(sent, node)


async def test_job_that_one_party_rejected(scene, granted):
    job = await scene.propose(granted)
    for audit in job.audits:
        node = scene.network.nodes[audit.node_id]
        row = api.AUDIT_REJECT if node is scene.operator else api.AUDIT_APPROVE
        await node.ask(row, audit_id=audit.audit_id)
    await scene.network.settle()
    with pytest.raises(NotApproved, match="REJECTED at operator"):
        await scene.ready(job.job_id)


async def test_job_of_others_is_not_this_nodes_to_run(scene, granted):
    job = await scene.job(granted)
    admission = scene.operator.management.admission
    with pytest.raises(NotFound):
        await scene.operator.database.read(lambda session: admission.proposed(session, job.job_id))


async def test_terminated_contract_with_the_initiator(scene, granted):
    job = await scene.job(granted)
    contract_id = scene.operator.directory.usable("bank").contract_id
    await scene.operator.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    with pytest.raises(NotApproved, match="contract with the initiator"):
        await scene.admit(job)


async def test_contract_made_anew_revives_neither_grant_nor_approval(scene, granted):
    job = await scene.job(granted)
    contract_id = scene.operator.directory.usable("bank").contract_id
    await scene.operator.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await scene.network.settle()
    await scene.network.cooperate(scene.bank, scene.operator)
    with pytest.raises(NotApproved, match=r"APPROVED, but contract .* was terminated by operator"):
        await scene.admit(job)
    grants = (await scene.operator.ask(permits_api.GRANT_LIST)).grants
    assert grants and {grant.standing for grant in grants} == {"VOID"}


async def test_permit_that_expires_between_approval_and_admission(scene):
    limit = scene.network.clock.now() + 60_000
    await scene.grant(time_limit=limit)
    job = await scene.job()
    scene.network.clock.time = limit
    with pytest.raises(PermitRefused, match="has expired"):
        await scene.admit(job)


async def test_permit_that_was_revoked(scene, granted):
    job = await scene.job(granted)

    def revoke(session):
        session.query(Audit).filter_by(kind="DATASET").one().status = "TERMINATED"

    await scene.operator.database.write(revoke)
    with pytest.raises(PermitRefused, match="revoked"):
        await scene.admit(job)


async def test_one_use_counts_once_a_job_and_again_after_a_restart(scene):
    await scene.grant(times_limit=1)
    flow_id = await scene.flow(await scene.project())
    first, second = await scene.job(flow_id), await scene.job(flow_id)
    for _ in range(3):
        await scene.admit(first)
    await scene.operator.restart()
    await scene.admit(first)
    with pytest.raises(PermitRefused, match="used up"):
        await scene.admit(second)
    assert {use.job_id for use in await scene.operator.rows(GrantUse)} == {first.job_id}


async def test_exhausted_permit_is_refused_at_the_audit_already(scene):
    await scene.grant(times_limit=1)
    flow_id = await scene.flow(await scene.project())
    await scene.admit(await scene.job(flow_id))
    job = await scene.propose(flow_id)
    views = (await scene.bank.ask(api.AUDIT_LIST, subject_id=job.job_id)).audits
    [reason] = [view.details["reason"] for view in views if view.node_id == "operator"]
    assert "used up" in reason


async def test_exhausted_permit_is_replaced_by_a_new_one(scene):
    await scene.grant(times_limit=1)
    flow_id = await scene.flow(await scene.project())
    await scene.admit(await scene.job(flow_id))
    await scene.grant(times_limit=1)
    await scene.admit(await scene.job(flow_id))


async def test_admission_that_is_not_stored_uses_up_nothing(scene):
    await scene.grant(times_limit=1)
    flow_id = await scene.flow(await scene.project())
    first, second = await scene.job(flow_id), await scene.job(flow_id)

    def admit_and_fail(session):
        scene.operator.management.admission.admit(session, first, scheduler="clearing")
        session.flush()
        raise InterconnError("the job could not be stored")

    with pytest.raises(InterconnError, match="not be stored"):
        await scene.operator.database.write(admit_and_fail)
    await scene.admit(second)


@pytest.mark.parametrize("seed", range(3))
async def test_of_many_jobs_that_race_for_the_last_uses_no_more_are_admitted_than_granted(scene, seed):
    await scene.grant(times_limit=2)
    flow_id = await scene.flow(await scene.project())
    jobs = [await scene.job(flow_id) for _ in range(4)]
    attempts = [job for job in jobs for _ in range(3)]
    random.Random(seed).shuffle(attempts)
    results = await asyncio.gather(*(scene.admit(job) for job in attempts), return_exceptions=True)
    admitted = {job.job_id for job, result in zip(attempts, results, strict=True) if result is None}
    refused = {job.job_id for job, result in zip(attempts, results, strict=True) if result is not None}
    assert len(admitted) == 2 and not admitted & refused
    assert {type(result) for result in results if result is not None} == {PermitRefused}
    assert {use.job_id for use in await scene.operator.rows(GrantUse)} == admitted


async def test_initiator_may_schedule_itself(scene, granted, make):
    config = make.config(job_params={"common": {}})
    job = await scene.propose(granted, config=config)
    await scene.network.approve_all()
    ready = await scene.ready(job.job_id)
    await scene.admit(ready, scheduler="bank")
    await scene.admit(ready, scene.bank, scheduler="bank")
    admission = scene.bank.management.admission
    await scene.bank.database.write(lambda session: admission.admit_as_scheduler(session, ready, caller="bank"))
    with pytest.raises(NotApproved):
        await scene.admit(ready, scheduler="clearing")


# --- what must be approved before a job can be ------------------------------------------------------------------


async def raw_application(scene, approved_flow_id, make, **members):
    """Apply for a job as a partner would that checks nothing itself."""
    [flow] = [one for one in (await scene.bank.ask(api.FLOW_LIST)).flows if one.flow_id == approved_flow_id]
    application = {
        "audit_id": "audit-raw",
        "job_id": "job-raw",
        "flow_id": approved_flow_id,
        "name": "job",
        "project_id": flow.project_id,
        "dag": make.dag(),
        "conf": make.config(),
        **members,
    }
    request = standard.JobApply.model_validate(application)
    permits = await scene.bank.database.read(
        lambda session: scene.bank.management._jobs._permits.wallet.present(
            session, "operator", [Access(ResourceType.DATASET, "operator-table")], project_id=flow.project_id
        )
    )
    await scene.bank.client.answer("operator", standard.JOB_APPLY, request, trace_id="t", permits=permits)


async def test_mgt_8_1_application_as_it_should_be(scene, granted, make):
    await raw_application(scene, granted, make)
    await raw_application(scene, granted, make, audit_id="audit-2", job_id="job-2", project_id="")


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"flow_id": "flow-none"}, NotApproved),
        ({"project_id": "project-other"}, NotApproved),
        ({"dag": {"version": "2.0"}}, NotApproved),
        ({"dag": {"componentName": "unheard-of"}}, InvalidFlow),
        ({"conf": {"initiator": {"role": "host", "node_id": "operator"}}}, InvalidFlow),
        ({"conf": {"role": {"guest": ["bank"], "host": ["clearing"]}}}, InvalidFlow),
        ({"conf": {"role": {"guest": ["bank"], "host": ["operator"], "arbiter": ["mallory"]}}}, ContractNotUsable),
        ({"conf": {"job_params": {"common": {"scheduler": "mallory"}}}}, ContractNotUsable),
        ({"conf": {"job_params": {"common": {"scheduler": "no node id"}}}}, InvalidFlow),
    ],
)
async def test_application_that_a_careless_initiator_would_send_is_refused(scene, granted, make, members, error):
    members = dict(members)
    if "conf" in members:
        members["conf"] = make.config(**members["conf"])
    if "dag" in members:
        version = members["dag"].pop("version", "1.0")
        members["dag"] = {**make.dag(**members["dag"]), "version": version}
    if members.get("conf", {}).get("role", {}).get("host") == ["clearing"]:
        members["conf"]["job_params"] = {"common": {"scheduler": "clearing"}}
    with pytest.raises(PeerRefused) as refusal:
        await raw_application(scene, granted, make, **members)
    assert refusal.value.peer_code == error.code, refusal.value
    assert await scene.operator.rows(ProposedJob) == []


async def test_job_id_that_is_known_is_refused(scene, granted, make):
    job = await scene.job(granted)
    with pytest.raises(PeerRefused, match="proposed before"):
        await raw_application(scene, granted, make, job_id=job.job_id)


async def test_flow_that_was_not_approved(scene, make):
    await scene.grant()
    flow = await scene.bank.ask(api.FLOW_CREATE, name="f", project_id=await scene.project(), dag=make.dag())
    await scene.network.settle()
    with pytest.raises(NotApproved, match=r"flow .* is APPLIED at clearing") as refusal:
        await scene.propose(flow.flow_id)
    assert refusal.value.hint == "It waits for a person at clearing to approve"
    with pytest.raises(PeerRefused, match="APPLIED") as answer:
        await raw_application(scene, flow.flow_id, make)
    assert answer.value.peer_code == NotApproved.code


@pytest.mark.parametrize(
    ("component", "message"),
    [
        ({"input": [{"type": "dataset", "key": "psi-1.aligned"}]}, "cycle"),
        ({"input": [{"type": "dataset", "key": "psi-9.aligned"}]}, "no component psi-9"),
        ({"input": [{"type": "dataset", "key": "psi-1.other"}]}, "no output other"),
        ({"componentName": "unheard-of"}, "unheard-of is not known"),
        ({"version": "9.9.9"}, "9.9.9"),
    ],
)
async def test_flow_that_no_job_could_run_is_refused_on_both_sides(scene, make, component, message):
    project_id = await scene.project()
    with pytest.raises(InvalidFlow, match=message):
        await scene.bank.ask(api.FLOW_CREATE, name="f", project_id=project_id, dag=make.dag(**component))
    flow = {"audit_id": "a", "flow_id": "f", "name": "f", "project_id": project_id, "dag": make.dag(**component)}
    with pytest.raises(PeerRefused, match=message) as refusal:
        await scene.bank.call(scene.operator, standard.FLOW_APPLY, **flow)
    assert refusal.value.peer_code == InvalidFlow.code
    for node in (scene.bank, scene.operator):
        assert (await node.ask(api.FLOW_LIST)).flows == []


async def test_project_that_was_not_approved(scene, make):
    project = await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    await scene.network.settle()
    with pytest.raises(NotApproved, match="is APPLIED between bank and operator"):
        await scene.flow(project.project_id)
    with pytest.raises(PeerRefused, match="is APPLIED") as refusal:
        await scene.bank.call(
            scene.operator,
            standard.FLOW_APPLY,
            audit_id="a",
            flow_id="f",
            name="f",
            project_id=project.project_id,
            dag=make.dag(),
        )
    assert refusal.value.peer_code == NotApproved.code


async def test_mgt_7_1_flow_without_a_project_is_taken(scene, make):
    await scene.bank.call(scene.operator, standard.FLOW_APPLY, audit_id="a", flow_id="f", name="f", dag=make.dag())
    [flow] = (await scene.operator.ask(api.FLOW_LIST)).flows
    assert (flow.flow_id, flow.initiator, flow.project_id, flow.approved) == ("f", "bank", "", False)


async def test_flow_does_not_change_once_it_is_fixed(scene, granted, make):
    with pytest.raises(PeerRefused, match="a changed flow is a new one"):
        await scene.bank.call(
            scene.operator,
            standard.FLOW_APPLY,
            audit_id="a",
            flow_id=granted,
            name="f",
            project_id="project-1",
            dag={**make.dag(), "version": "2.0"},
        )


async def test_scheduler_outside_the_project_was_never_asked(scene, make):
    await scene.grant()
    project = await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    await scene.network.approve_all()
    flow_id = await scene.flow(project.project_id)
    with pytest.raises(NotApproved, match="clearing was not asked to approve flow"):
        await scene.propose(flow_id)


async def test_mgt_5_1_project_names_data_sets_that_the_partner_may_know_of(scene):
    view = await scene.bank.ask(
        api.PROJECT_CREATE, name="p", partners=["operator"], datasets={"operator": ["operator-table"]}
    )
    [audit] = view.audits
    assert audit.details["datasets"] == [
        {"count": 3, "dataset_id": "operator-table", "name": "table", "owner": "inst-operator"}
    ]
    await scene.add(scene.operator, "hidden-table")
    with pytest.raises(PeerRefused, match="no such data set") as refused:
        await scene.bank.ask(
            api.PROJECT_CREATE,
            name="p",
            partners=["operator"],
            datasets={"operator": ["operator-table", "hidden-table"]},
        )
    assert refused.value.where == "operator/hidden-table"  # which of those that it names
    assert refused.value.hint == "interconn dataset discover operator"
    await scene.network.settle()
    entry = {"dataset_id": "hidden-table", "name": "t", "owner": "inst-operator"}
    with pytest.raises(PeerRefused, match="no such data set"):
        await scene.bank.call(
            scene.operator,
            standard.PROJECT_APPLY,
            audit_id="a",
            contract_id=scene.bank.directory.usable("operator").contract_id,
            name="p",
            project_id="p",
            datasets=[entry],
        )
    assert len((await scene.operator.ask(api.PROJECT_LIST)).projects) == 1


async def test_projects_of_two_nodes_under_one_id_are_two(scene):
    await scene.bank.ask(api.PROJECT_CREATE, name="banks", partners=["operator"], project_id="same")
    await scene.operator.ask(api.PROJECT_CREATE, name="operators", partners=["bank"], project_id="same")
    await scene.network.settle()
    for audit in (await scene.bank.ask(api.AUDIT_LIST)).audits:
        if audit.direction == "PARTNER":
            await scene.bank.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    await scene.network.settle()
    for node in (scene.bank, scene.operator):
        standing = {
            project.initiator: (project.name, project.approved, len(project.audits))
            for project in (await node.ask(api.PROJECT_LIST)).projects
        }
        assert standing == {"bank": ("banks", False, 1), "operator": ("operators", True, 1)}
