"""Partners without a management plane: what was allowed beforehand, and nothing else (decision page 0005)."""

import pytest
from starlette.applications import Starlette

from interconn.api import audits as audits_api
from interconn.api import components as components_api
from interconn.api import datasets as datasets_api
from interconn.api import peers as peers_api
from interconn.api import permits as permits_api
from interconn.components.registry import Registry
from interconn.control.flow import plan
from interconn.management.permits.tables import GrantUse, PreauthorisationUse
from interconn.management.work import preauthorised
from interconn.standard.control import JobCreate
from interconn.standard.errors import (
    ComponentDisabled,
    ContractNotUsable,
    InvalidRequest,
    NotApproved,
    NotFound,
    PermitRefused,
    Refused,
)
from tests.management.test_models import DAG as PREDICTION
from tests.management.test_models import PREDICT

PSI = "interconn/psi"
SUMMARY = "interconn/table_summary"


@pytest.fixture
def predicting(monkeypatch):
    """Nodes that can run a component which reads a table and a model."""
    shipped = Registry.shipped().all
    monkeypatch.setattr(Registry, "shipped", classmethod(lambda cls: cls([*shipped, PREDICT])))


@pytest.fixture
async def plain(scene):
    """Bank, of which operator's people have said that it has no management plane; it schedules itself."""
    await scene.operator.ask(peers_api.PEER_SET, node_id="bank", management_plane=False)
    return scene


async def allow(scene, component=PSI, dataset_id="operator-table", **limits):
    """Have operator allow bank something; return its id."""
    members = {"node_id": "bank", "component": component, "dataset_id": dataset_id, **limits}
    return (await scene.operator.ask(permits_api.PREAUTHORISATION_ADD, **members)).preauthorisation_id


def sent(make, *, job_id="job-plain", host=None, dag=None, **members):
    """A job as such a partner sends it, out of the blue."""
    config = make.config(host=host, **{"job_params": {"common": {"scheduler": "bank"}}, **members})
    return JobCreate.model_validate({"job_id": job_id, "dag": dag or make.dag(), "config": config})


async def listed(scene):
    return (await scene.operator.ask(permits_api.PREAUTHORISATION_LIST)).preauthorisations


def two_steps(make):
    """Intersection, and a summary of what came of it."""
    dag = make.dag()
    [psi] = dag["components"]
    summary = {
        **psi,
        "name": "summary-1",
        "componentName": "table_summary",
        "input": [{"type": "dataset", "key": "psi-1.aligned"}],
        "output": [],
    }
    return {**dag, "components": [psi, summary]}


async def test_what_was_allowed_beforehand_is_admitted_marked_and_counted(plain, make):
    preauthorisation_id = await allow(plain, times_limit=1)
    for _ in range(2):  # once more for its task
        await plain.admit(sent(make), scheduler="bank")
    [one] = await listed(plain)
    assert (one.uses, one.uses_left, one.standing, one.added_by) == (1, 0, "USED_UP", "person:ann")
    [entry] = [one for one in await plain.operator.trail() if one.action == "job.preauthorised"]
    assert (entry.actor, entry.partner, entry.subject) == ("node:bank", "bank", "job:job-plain")
    assert entry.details["preauthorisations"] == preauthorisation_id
    admission = plain.operator.management.admission
    marked = await plain.operator.database.read(
        lambda session: admission.preauthorised(session, ["job-plain", "job-x"])
    )
    assert marked == {"job-plain"}
    with pytest.raises(PermitRefused, match="used up"):
        await plain.admit(sent(make, job_id="job-second"), scheduler="bank")
    assert [use.job_id for use in await plain.operator.rows(PreauthorisationUse)] == ["job-plain"]


async def test_partner_with_a_management_plane_is_never_spared_its_approvals(scene, make):
    with pytest.raises(NotApproved, match="was not proposed"):
        await scene.admit(sent(make), scheduler="bank")
    with pytest.raises(Refused, match="has a management plane"):
        await allow(scene)
    await scene.operator.ask(peers_api.PEER_SET, node_id="bank", management_plane=False)
    await allow(scene)
    await scene.admit(sent(make), scheduler="bank")
    await scene.operator.ask(peers_api.PEER_SET, node_id="bank", management_plane=True)
    for job_id in ("job-plain", "job-second"):
        with pytest.raises(NotApproved, match="was not proposed"):
            await scene.admit(sent(make, job_id=job_id), scheduler="bank")
    assert [one.standing for one in await listed(scene)] == ["VOID"]


async def test_declaration_is_a_persons_and_holds_for_one_contract(plain, make):
    entries = [one for one in await plain.operator.trail() if one.action == "contract.declare"]
    assert [(one.actor, one.details["management_plane"]) for one in entries] == [("person:ann", "absent")]
    await plain.operator.ask(peers_api.PEER_SET, node_id="bank", management_plane=False)
    assert len([one for one in await plain.operator.trail() if one.action == "contract.declare"]) == 1
    await allow(plain)
    contract_id = plain.operator.directory.usable("bank").contract_id
    await plain.operator.ask(peers_api.PEER_TERMINATE, contract_id=contract_id)
    await plain.network.settle()
    with pytest.raises(NotApproved):
        await plain.admit(sent(make), scheduler="bank")
    with pytest.raises(ContractNotUsable):
        await allow(plain)
    await plain.network.cooperate(plain.bank, plain.operator)
    assert (await plain.operator.contract()).management_plane is True
    with pytest.raises(NotApproved):
        await plain.admit(sent(make), scheduler="bank")


@pytest.mark.parametrize(
    ("allowed", "refusal"),
    [
        ([], "no pre-authorisation covers"),
        ([(PSI, "second-table")], "no pre-authorisation covers"),
        ([(SUMMARY, "operator-table")], "no pre-authorisation covers"),
        ([(PSI, "operator-table")], "no pre-authorisation covers"),  # the summary sees what came of the table
        ([(PSI, "operator-table"), (SUMMARY, "second-table")], "no pre-authorisation covers"),
        ([(PSI, "operator-table"), (SUMMARY, "operator-table")], ""),
    ],
)
async def test_every_component_and_every_data_set_that_comes_to_it_has_to_be_allowed(plain, make, allowed, refusal):
    await plain.add(plain.operator, "second-table")
    for component, dataset_id in allowed:
        await allow(plain, component, dataset_id)
    job = sent(make, dag=two_steps(make))
    if not refusal:
        await plain.admit(job, scheduler="bank")
        assert len(await plain.operator.rows(PreauthorisationUse)) == 2
        return
    with pytest.raises(PermitRefused, match=refusal):
        await plain.admit(job, scheduler="bank")
    assert await plain.operator.rows(PreauthorisationUse) == []


@pytest.mark.parametrize(
    "host",
    [
        {"dataset_id": "no-such-table"},
        {"dataset_id": "second-table"},
        {"namespace": "job-1", "name": "psi-1-aligned"},
    ],
)
async def test_refusal_does_not_tell_which_data_sets_there_are(plain, make, host):
    await plain.add(plain.operator, "second-table")
    await allow(plain)
    with pytest.raises(PermitRefused, match="no pre-authorisation covers what the job does here"):
        await plain.admit(sent(make, host=host), scheduler="bank")


async def test_model_beside_the_data_set_is_not_allowed_by_it(predicting, plain, make):
    await allow(plain, "interconn/predict")

    def reading(**sources):
        parties = {"guest": {"dataset_id": "bank-table"}, "host": sources}
        return sent(
            make, dag=PREDICTION, task_params={role: {"0": {"predict_0": named}} for role, named in parties.items()}
        )

    with pytest.raises(PermitRefused, match="no pre-authorisation covers"):
        await plain.admit(reading(dataset_id="operator-table", model_id="score"), scheduler="bank")
    await plain.admit(reading(dataset_id="operator-table"), scheduler="bank")


async def test_data_named_by_its_place_is_the_same_data(plain, make):
    await allow(plain)
    await plain.admit(sent(make, host={"namespace": "datasets", "name": "operator-table"}), scheduler="bank")


async def test_revoked_between_two_tasks(plain, make):
    preauthorisation_id = await allow(plain)
    await plain.admit(sent(make), scheduler="bank")
    for _ in range(2):
        view = await plain.operator.ask(permits_api.PREAUTHORISATION_REVOKE, preauthorisation_id=preauthorisation_id)
        assert view.standing == "REVOKED"
    with pytest.raises(PermitRefused, match="no pre-authorisation covers"):
        await plain.admit(sent(make), scheduler="bank")
    actions = [one.action for one in await plain.operator.trail() if one.action.startswith("preauthorisation.")]
    assert actions == ["preauthorisation.add", "preauthorisation.revoke"]
    with pytest.raises(NotFound):
        await plain.operator.ask(permits_api.PREAUTHORISATION_REVOKE, preauthorisation_id="none")


async def test_what_a_job_does_here_is_worked_out_once_and_what_is_allowed_asked_at_each_task(plain, make, monkeypatch):
    """Whatever was taken back since holds for the next task, though the job is planned no second time."""
    planned = []

    def counted(job, descriptions):
        planned.append(job.job_id)
        return plan(job, descriptions)

    monkeypatch.setattr(preauthorised, "plan", counted)
    first = await allow(plain)
    for _ in range(4):
        await plain.admit(sent(make), scheduler="bank")
    assert planned == ["job-plain"]
    await plain.operator.ask(components_api.COMPONENT_DISABLE, name="psi")
    with pytest.raises(ComponentDisabled):
        await plain.admit(sent(make), scheduler="bank")
    await plain.operator.ask(components_api.COMPONENT_ENABLE, name="psi")
    await plain.admit(sent(make), scheduler="bank")
    await plain.operator.ask(permits_api.PREAUTHORISATION_REVOKE, preauthorisation_id=first)
    with pytest.raises(PermitRefused):
        await plain.admit(sent(make), scheduler="bank")
    await allow(plain)
    await plain.admit(sent(make), scheduler="bank")
    await plain.operator.ask(datasets_api.DATASET_REMOVE, dataset_id="operator-table")
    with pytest.raises(PermitRefused):
        await plain.admit(sent(make), scheduler="bank")
    assert planned == ["job-plain"]
    with pytest.raises(NotApproved, match="differs from what was admitted"):
        await plain.admit(sent(make, dag=two_steps(make)), scheduler="bank")
    await plain.operator.ask(peers_api.PEER_SET, node_id="bank", management_plane=True)
    with pytest.raises(NotApproved, match="have a management plane"):
        await plain.admit(sent(make), scheduler="bank")


async def test_no_more_jobs_are_remembered_than_that(plain, make, monkeypatch):
    monkeypatch.setattr(preauthorised, "_JOBS_KEPT", 2)
    await allow(plain)
    for job_id in ("job-1", "job-2", "job-3", "job-1"):
        await plain.admit(sent(make, job_id=job_id), scheduler="bank")
    known = plain.operator.management.admission._preauthorised._here
    assert [job_id for job_id, _, _ in known] == ["job-3", "job-1"]


async def test_time_limit_holds_to_the_millisecond(plain, make):
    limit = plain.network.clock.now() + 60_000
    await allow(plain, time_limit=limit)
    plain.network.clock.time = limit - 1
    await plain.admit(sent(make), scheduler="bank")
    plain.network.clock.time = limit
    with pytest.raises(PermitRefused, match="has expired"):
        await plain.admit(sent(make), scheduler="bank")
    with pytest.raises(InvalidRequest, match="expired already"):
        await allow(plain, time_limit=limit)


async def test_job_does_not_change_once_it_is_admitted(plain, make):
    await allow(plain)
    await plain.admit(sent(make), scheduler="bank")
    changed = sent(make, dag={**make.dag(), "version": "2.0"})
    with pytest.raises(NotApproved, match="differs from what was admitted"):
        await plain.admit(changed, scheduler="bank")


async def test_scheduler_without_a_management_plane_does_not_spare_an_initiator_that_has_one(plain, make):
    """Bank has none; a job that clearing initiates and bank schedules is still clearing's to propose."""
    await allow(plain)
    roles = {"guest": ["clearing"], "host": ["operator"]}
    job = sent(make, initiator={"role": "guest", "node_id": "clearing"}, role=roles)
    with pytest.raises(NotApproved, match="was not proposed"):
        await plain.admit(job, scheduler="bank")


@pytest.mark.parametrize("scheduler", ["clearing", "mallory"])
async def test_others_learn_nothing_of_such_a_job(plain, make, scheduler):
    await allow(plain)
    await plain.admit(sent(make), scheduler="bank")
    said = set()
    for job_id in ("job-plain", "job-none"):
        with pytest.raises(NotApproved) as refusal:
            await plain.admit(sent(make, job_id=job_id), scheduler=scheduler)
        said.add(str(refusal.value).replace(job_id, "JOB"))
    assert len(said) == 1


async def test_scheduler_that_the_configuration_does_not_name(plain, make):
    await plain.operator.ask(peers_api.PEER_SET, node_id="clearing", management_plane=False)
    await allow(plain)
    with pytest.raises(NotApproved, match="names bank as scheduler"):
        await plain.admit(sent(make), scheduler="clearing")


async def test_scheduler_that_sends_a_job_in_the_name_of_another(plain, make):
    """Bank is pre-authorised; clearing, which is not, names bank as the initiator of its job."""
    await plain.operator.ask(peers_api.PEER_SET, node_id="clearing", management_plane=False)
    await allow(plain, times_limit=1)
    job = sent(make, job_params={"common": {"scheduler": "clearing"}})
    with pytest.raises(NotApproved, match="in the name of bank"):
        await plain.admit(job, scheduler="clearing")
    [one] = await listed(plain)
    assert one.uses == 0


async def test_party_under_no_contract(plain, make):
    await allow(plain)
    job = sent(make, role={"guest": ["bank"], "host": ["operator"], "arbiter": ["mallory"]})
    with pytest.raises(NotApproved, match="no contract in force"):
        await plain.admit(job, scheduler="bank")


async def test_proposed_jobs_are_admitted_by_their_approvals_alone(scene, granted):
    """A declaration takes nothing from what was approved before, and counts no pre-authorisation for it."""
    job = await scene.job(granted)
    await scene.operator.ask(peers_api.PEER_SET, node_id="bank", management_plane=False)
    await allow(scene)
    await scene.admit(job)
    assert await scene.operator.rows(PreauthorisationUse) == []
    assert await scene.operator.rows(GrantUse) != []


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"component": "interconn/unheard-of"}, NotFound),
        ({"component": "other/psi"}, NotFound),
        ({"dataset_id": "no-such-table"}, NotFound),
    ],
)
async def test_only_what_there_is_can_be_allowed(plain, members, error):
    with pytest.raises(error):
        await plain.operator.ask(
            permits_api.PREAUTHORISATION_ADD,
            **{"node_id": "bank", "component": PSI, "dataset_id": "operator-table", **members},
        )
    assert await listed(plain) == []


@pytest.mark.parametrize("component", ["psi", "a/b/c", "interconn/", "/psi", "interconn /psi"])
async def test_component_is_named_with_its_provider(plain, component):
    with pytest.raises(ValueError, match="component"):
        await allow(plain, component)


async def test_mgt_g2_1_2_optional_a_peer_without_projects_and_flows_takes_part_in_data_components_and_jobs(
    plain, make
):
    """Bank serves and sends nothing of sections 5 and 7; a person of operator has declared what it is like."""
    groups = ("/v1/interconn/project/", "/v1/interconn/flow/")
    routes = [route for route in plain.bank.app.routes if not route.path.startswith(groups)]
    assert len(plain.bank.app.routes) - len(routes) == 10
    plain.bank.app = Starlette(routes=routes)
    for asking, other in ((plain.bank, "operator"), (plain.operator, "bank")):
        await asking.ask(datasets_api.DATASET_DISCOVER, node_id=other)
        page = await asking.ask(components_api.COMPONENT_DISCOVER, node_id=other)
        assert {"psi", "table_summary"} <= {record.code for record in page.records}
    grant = await plain.grant()
    assert (grant.status, grant.has_permit) == ("APPROVED", True)
    await allow(plain)
    await plain.admit(sent(make), scheduler="bank")
    assert not any(one.path.startswith(groups) for one in plain.network.passed if one.source == "bank")
    # Who asks it for what it does not have is told so, and left with no approval.
    project = await plain.operator.ask(audits_api.PROJECT_CREATE, name="p", partners=["bank"])
    for _ in range(20):
        await plain.network.settle()
        plain.network.clock.time += 3_600_000
    [audit] = [
        one for one in (await plain.operator.ask(audits_api.AUDIT_LIST)).audits if one.subject_id == project.project_id
    ]
    assert audit.status != "APPROVED"
    assert audit.details.get("reason") or audit.waits_for
