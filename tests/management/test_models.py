"""Models: registered, shared, and used in the one project for which their use was approved (MGT-9)."""

import hashlib

import pytest

from interconn.api import audits as audit_rows
from interconn.api import models as api
from interconn.components.environment import Place
from interconn.components.produced import ProducedModel
from interconn.components.registry import Registry
from interconn.management.models.tables import Model
from interconn.management.permits.tables import Grant
from interconn.standard import management as standard
from interconn.standard.errors import (
    ContentConflict,
    ContractNotUsable,
    DataError,
    InvalidFlow,
    NotApproved,
    NotFound,
    PeerRefused,
    PermitRefused,
    Refused,
)
from interconn.standard.identifiers import new_id
from interconn.standard.management import Verdict
from interconn.standard.self_description import InputData, OutputData
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from tests.management.conftest import config

BYTES = b"weights of a model\n"


async def add(node, model_id="score", **members):
    path = node.home / "score.bin"
    path.write_bytes(BYTES)
    return await node.ask(api.MODEL_ADD, path=str(path), name="score", model_id=model_id, **members)


async def apply(scene, model_id="score", project_id="project-1", **members):
    """Apply as bank to operator; return the audit's id."""
    audit = await scene.bank.ask(
        api.MODEL_REQUEST, node_id="operator", model_id=model_id, apply_project_id=project_id, **members
    )
    await scene.network.settle()
    return audit.audit_id


async def reason(scene, audit_id):
    """Why bank's application was turned away."""
    [view] = (await scene.bank.ask(audit_rows.AUDIT_LIST, audit_id=audit_id)).audits
    assert view.status == "REJECTED"
    return view.details["reason"]


# --- the registry -------------------------------------------------------------------------------------------


async def test_a_ready_made_model_is_copied_and_bears_the_digest_of_its_file(scene):
    view = await add(scene.operator, to=["bank"], algorithm="lr")
    assert (view.digest, view.size) == (hashlib.sha256(BYTES).hexdigest(), len(BYTES))
    assert (view.source, view.parties, view.shared_with, view.task_id) == ("score.bin", ["operator"], ["bank"], "")
    (scene.operator.home / "score.bin").unlink()
    assert view.location.endswith("/models/score")
    with FileStore(scene.operator.home / "storage").open(DatasetName("models", "score")) as kept:
        assert kept.read() == BYTES
    assert (await scene.operator.ask(api.MODEL_INSPECT, model_id="score")) == view
    page = await scene.operator.ask(api.MODEL_LIST, name="SCO")
    assert ([one.model_id for one in page.models], page.total) == (["score"], 1)


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"path": "/nowhere/score.bin"}, DataError),
        ({"path": "/dev/zero"}, DataError),
        ({"to": ["mallory"]}, ContractNotUsable),
    ],
)
async def test_a_model_that_cannot_be_taken_in_leaves_no_entry(scene, members, error):
    (scene.operator.home / "score.bin").write_bytes(BYTES)
    with pytest.raises(error):
        await scene.operator.ask(
            api.MODEL_ADD,
            **{"path": str(scene.operator.home / "score.bin"), "name": "n", "model_id": "score", **members},
        )
    assert (await scene.operator.ask(api.MODEL_LIST)).total == 0
    assert (await add(scene.operator)).model_id == "score"


async def test_what_a_task_yields_is_registered_once(scene):
    made = ProducedModel(
        model_id="model-1",
        name="weights",
        algorithm="interconn/lr 1.0",
        job_id="job-1",
        task_id="task_1",
        parties=("bank", "operator"),
        digest="ab" * 32,
        size=7,
        place=Place(namespace="job-1-host-0", name="task_1-weights"),
    )
    for _ in range(2):
        await scene.operator.database.write(lambda session: scene.operator.management.models.produced(session, made))
    [view] = (await scene.operator.ask(api.MODEL_LIST, job_id="job-1")).models
    assert (view.model_id, view.parties, view.task_id) == ("model-1", ["bank", "operator"], "task_1")
    assert [entry.action for entry in await scene.operator.trail()].count("model.produce") == 1


async def test_a_model_is_shared_with_partners_only(scene):
    await add(scene.operator)
    with pytest.raises(ContractNotUsable):
        await scene.operator.ask(api.MODEL_SHARE, model_id="score", to=["mallory"])
    assert (await scene.operator.ask(api.MODEL_SHARE, model_id="score", to=["bank"])).shared_with == ["bank"]
    assert (await scene.operator.ask(api.MODEL_SHARE, model_id="score", to=[])).shared_with == []


# --- approval of its use ------------------------------------------------------------------------------------


async def test_mgt_9_an_approval_brings_a_permit_for_one_project(scene, granted):
    await add(scene.operator, to=["bank"])
    audit_id = await apply(scene, digest=hashlib.sha256(BYTES).hexdigest())
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
    assert (await scene.bank.ask(audit_rows.AUDIT_ASK, audit_id=audit_id)).there == "APPLIED"  # MGT-9.4
    await scene.network.approve_all()
    assert await scene.standing(audit_id) == ("APPROVED", "APPROVED")
    [view] = (await scene.bank.ask(audit_rows.AUDIT_LIST, kind="MODEL")).audits
    assert view.has_permit
    [grant] = [one for one in await scene.operator.rows(Grant) if one.resource_type == "MODEL"]
    assert (grant.resource_id, grant.auth_scope["PROJECT"]) == ("score", ["project-1"])
    sent = scene.network.last(standard.MODEL_APPLY)
    assert b"score.bin" not in sent.body


async def test_mgt_9_1_hidden_and_absent_are_answered_alike(scene, granted):
    await add(scene.operator, to=["clearing"])
    assert await reason(scene, await apply(scene)) == await reason(scene, await apply(scene, "nothing"))


async def test_mgt_9_1_who_holds_a_model_jointly_may_apply_without_being_told(scene, granted):
    await add(scene.operator)

    def joint(session):
        session.get_one(Model, "score").parties = ["bank", "operator"]

    await scene.operator.database.write(joint)
    assert await scene.standing(await apply(scene)) == ("APPLIED", "APPLIED")


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"digest": "0" * 64}, "digest"),
        ({"task_id": "task_2"}, "another task"),
    ],
)
async def test_mgt_9_1_another_model_than_is_believed(scene, granted, members, why):
    await add(scene.operator, to=["bank"])

    def made(session):
        session.get_one(Model, "score").task_id = "task_1"

    await scene.operator.database.write(made)
    assert why in await reason(scene, await apply(scene, **members))


async def test_mgt_9_1_a_digest_of_another_form_is_not_compared(scene, granted):
    await add(scene.operator, to=["bank"])
    audit_id = await apply(scene, digest="md5:d41d8cd98f00b204e9800998ecf8427e", task_id="task_of_theirs")
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")


async def test_mgt_9_1_the_project_has_to_be_approved_between_the_two(scene, granted):
    await add(scene.operator, to=["bank"])
    with pytest.raises(NotApproved):
        await apply(scene, project_id="never")
    await scene.bank.ask(audit_rows.PROJECT_CREATE, name="p", partners=["operator"], project_id="open")
    await scene.network.settle()
    application = {"audit_id": new_id("audit"), "model_id": "score", "apply_project_id": "open"}
    with pytest.raises(PeerRefused) as refused:
        await scene.bank.call(scene.operator, standard.MODEL_APPLY, **application)
    assert refused.value.peer_code == NotApproved.code


async def test_mgt_9_1_a_model_that_was_removed_meanwhile_is_not_approved(scene, granted):
    await add(scene.operator, to=["bank"])
    audit_id = await apply(scene)
    await scene.operator.ask(api.MODEL_REMOVE, model_id="score")
    with pytest.raises(NotFound):
        await scene.operator.ask(audit_rows.AUDIT_APPROVE, audit_id=audit_id)
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")


async def test_removing_a_model_whose_use_is_approved_takes_force_which_revokes(scene, granted):
    await add(scene.operator, to=["bank"])
    audit_id = await apply(scene)
    await scene.network.approve_all()
    with pytest.raises(Refused, match="bank"):
        await scene.operator.ask(api.MODEL_REMOVE, model_id="score")
    await scene.operator.ask(api.MODEL_REMOVE, model_id="score", force=True)
    await scene.network.settle()
    assert await scene.standing(audit_id) == ("TERMINATED", "TERMINATED")
    assert [str(name) for name in FileStore(scene.operator.home / "storage").names("models")] == []
    with pytest.raises(NotFound):
        await scene.operator.ask(api.MODEL_INSPECT, model_id="score")
    with pytest.raises(ContentConflict, match="was"):
        await add(scene.operator)


# --- using it -----------------------------------------------------------------------------------------------


PREDICT = (
    Registry.shipped()
    .all[0]
    .model_copy(
        update={
            "component_name": "predict",
            "version": "1.0.0",
            "role_list": ("guest", "host"),
            "input_parameters": (),
            "input_data": (InputData(name="table", category="dataset"), InputData(name="weights", category="model")),
            "output_data": (OutputData(name="scores", category="dataset"),),
        }
    )
)
DAG = {
    "version": "1.0.0",
    "components": [
        {
            "name": "predict_0",
            "componentName": "predict",
            "provider": "interconn",
            "version": "1.0.0",
            "input": [],
            "output": [{"type": "dataset", "key": "scores"}],
        }
    ],
}


@pytest.fixture(autouse=True)
def predicting(monkeypatch):
    """Nodes that can run a component which reads a table and a model."""
    shipped = Registry.shipped().all
    monkeypatch.setattr(Registry, "shipped", classmethod(lambda cls: cls([*shipped, PREDICT])))


@pytest.fixture
async def flow(scene, granted):
    """An approved flow of it in project-1, with a model of operator's whose use there is approved."""
    await add(scene.operator, to=["bank"])
    await apply(scene)
    await add(scene.bank, "banks")
    await scene.network.approve_all()
    return await scene.flow("project-1", dag=DAG, flow_id="predicting")


def reading(**sources):
    """A configuration in which both parties read a table and a model."""
    whole = {
        "guest": {"0": {"predict_0": {"dataset_id": "bank-table", "model_id": "banks"}}},
        "host": {"0": {"predict_0": {"dataset_id": "operator-table", "model_id": "score", **sources}}},
    }
    return {**config(), "task_params": whole}


async def test_mgt_9_a_job_of_the_project_reads_the_model(scene, flow):
    job = await scene.propose(flow, config=reading())
    await scene.network.approve_all()
    ready = await scene.ready(job.job_id)
    await scene.admit(ready)
    place = await scene.operator.database.read(
        lambda session: scene.operator.management.sources.locate(session, reference={"model_id": "score"})
    )
    assert place == ("models", "score")


async def test_mgt_9_3_the_use_is_void_once_it_was_revoked(scene, flow):
    job = await scene.propose(flow, config=reading())
    await scene.network.approve_all()
    ready = await scene.ready(job.job_id)
    [audit] = (await scene.operator.ask(audit_rows.AUDIT_LIST, kind="MODEL")).audits
    await scene.operator.ask(audit_rows.AUDIT_TERMINATE, audit_id=audit.audit_id)
    await scene.network.settle()
    assert await scene.standing(audit.audit_id) == ("TERMINATED", "TERMINATED")
    with pytest.raises(PermitRefused):
        await scene.admit(ready)
    with pytest.raises(PermitRefused, match="model score"):
        await scene.propose(flow, config=reading())


async def test_mgt_9_in_any_other_project_the_use_is_refused(scene, flow):
    await scene.project("project-2")
    other = await scene.flow("project-2", dag=DAG, flow_id="elsewhere")
    job = await scene.propose(other, config=reading())
    [audit] = [one for one in job.audits if one.node_id == "operator"]
    assert "project-2" in await reason(scene, audit.audit_id)


@pytest.mark.parametrize("model_id", ["nothing", "banks"])
async def test_a_model_without_a_permit_is_refused_before_anybody_is_asked(scene, flow, model_id):
    with pytest.raises(PermitRefused, match=f"model {model_id}"):
        await scene.propose(flow, config=reading(model_id=model_id))


async def test_a_model_is_read_where_the_component_takes_one_and_nowhere_else(scene, granted):
    with pytest.raises(InvalidFlow, match="model"):
        await scene.propose("flow-1", config=config(host={"dataset_id": "operator-table", "model_id": "score"}))
    with pytest.raises(InvalidFlow, match="model"):
        await scene.propose("flow-1", config=config(host={"model_id": "score"}))


async def test_mgt_9_a_verdict_of_the_wrong_side_is_refused(scene, granted):
    await add(scene.operator, to=["bank"])
    audit_id = await apply(scene)
    with pytest.raises(PeerRefused):
        await scene.bank.call(scene.operator, standard.MODEL_CONFIRM, audit_id=audit_id, status=Verdict.APPROVED)
    assert await scene.standing(audit_id) == ("APPLIED", "APPLIED")
