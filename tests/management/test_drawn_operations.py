"""The operations of the guide's figure in both directions, and each by its own path (MGT-G2.1.1.2-operations)."""

from urllib.parse import urlsplit

import pytest

from interconn.api import audits as api
from interconn.api import components as components_api
from interconn.api import datasets as datasets_api
from interconn.api import models as models_api
from interconn.api import peers as peers_api
from interconn.standard import management as standard
from tests.management.conftest import Exchange

QUERIES = (
    standard.NODE_QUERY, standard.CONTRACT_QUERY, standard.NODE_HEALTH, standard.DATASET_LIST, standard.DATASET_QUERY,
    standard.COMPONENT_LIST, standard.COMPONENT_QUERY,
)  # fmt: skip
APPLICATIONS = (
    standard.DATASET_APPLY, standard.PROJECT_APPLY, standard.FLOW_APPLY, standard.JOB_APPLY, standard.MODEL_APPLY,
)  # fmt: skip
CONFIRMATIONS = (
    standard.DATASET_CONFIRM, standard.PROJECT_CONFIRM, standard.FLOW_CONFIRM, standard.JOB_CONFIRM,
    standard.MODEL_CONFIRM,
)  # fmt: skip
TERMINATIONS = (
    standard.DATASET_TERMINATE, standard.PROJECT_TERMINATE, standard.FLOW_TERMINATE, standard.JOB_TERMINATE,
    standard.MODEL_TERMINATE,
)  # fmt: skip


async def ask_everything(node, other):
    await node.ask(peers_api.PEER_ASK, node_id=other.node_id)
    found = await node.ask(datasets_api.DATASET_DISCOVER, node_id=other.node_id)
    for record in found.records:
        await node.ask(datasets_api.DATASET_SHOW, node_id=other.node_id, dataset_id=record.dataset_id)
    page = await node.ask(components_api.COMPONENT_DISCOVER, node_id=other.node_id)
    for record in page.records:
        asked = {"node_id": other.node_id, "code": record.code, "version": record.version}
        await node.ask(components_api.COMPONENT_SHOW, **asked)


async def apply_for_everything(network, initiator, participant, make):
    """Bring about an approval of each kind; returns their ids."""
    own, theirs = initiator.node_id, participant.node_id
    file = participant.home / "weights.bin"
    file.write_bytes(b"weights\n")
    model = f"{theirs}-model"
    await participant.ask(models_api.MODEL_ADD, path=str(file), name="w", model_id=model, to=[own])
    await participant.ask(datasets_api.DATASET_PUBLISH, dataset_id=f"{theirs}-table", published=True)
    await initiator.ask(api.DATASET_REQUEST, node_id=theirs, dataset_id=f"{theirs}-table")
    project = await initiator.ask(api.PROJECT_CREATE, name="p", partners=[theirs], project_id=f"project-of-{own}")
    await network.approve_all()
    flow = await initiator.ask(api.FLOW_CREATE, name="f", project_id=project.project_id, dag=make.dag())
    use = {"model_id": model, "apply_project_id": project.project_id}
    await initiator.ask(models_api.MODEL_REQUEST, node_id=theirs, **use)
    await network.approve_all()
    config = make.config(
        initiator={"role": "guest", "node_id": own},
        role={"guest": [own], "host": [theirs]},
        job_params={"common": {"scheduler": own}},
        task_params={
            "guest": {"0": {"psi-1": {"dataset_id": f"{own}-table"}}},
            "host": {"0": {"psi-1": {"dataset_id": f"{theirs}-table"}}},
        },
    )
    await initiator.ask(api.JOB_PROPOSE, flow_id=flow.flow_id, config=config)
    await network.approve_all()
    audits = (await initiator.ask(api.AUDIT_LIST)).audits
    return {audit.kind: audit.audit_id for audit in audits if audit.direction == "APPLICANT" and audit.has_permit}


@pytest.mark.parametrize("side", ["bank", "operator"])
@pytest.mark.parametrize("ends", ["initiator", "participant"])
async def test_mgt_g2_1_1_2_operations_every_call_is_sent_and_served_by_both_sides(scene, make, side, ends):
    """Under one contract, each side in turn initiates; the order of the figure is not enforced where nothing is."""
    initiator, participant = (scene.bank, scene.operator) if side == "bank" else (scene.operator, scene.bank)
    await scene.bank.ask(datasets_api.DATASET_PUBLISH, dataset_id="bank-table", published=True)
    await ask_everything(initiator, participant)
    approvals = await apply_for_everything(scene.network, initiator, participant, make)
    assert approvals.keys() == {"DATASET", "PROJECT", "FLOW", "JOB", "MODEL"}
    ending = initiator if ends == "initiator" else participant
    for kind in ("MODEL", "JOB", "FLOW", "PROJECT", "DATASET"):
        await ending.ask(api.AUDIT_TERMINATE, audit_id=approvals[kind])
        await scene.network.settle()
        assert await scene.standing(approvals[kind]) == ("TERMINATED", "TERMINATED")
    passed = {(one.source, urlsplit(one.path).path) for one in scene.network.passed}
    wanted = {(initiator.node_id, row.path) for row in (*QUERIES, *APPLICATIONS)}
    wanted |= {(participant.node_id, row.path) for row in CONFIRMATIONS}
    wanted |= {(ending.node_id, row.path) for row in TERMINATIONS}
    assert wanted <= passed


@pytest.mark.parametrize("row", standard.ENDPOINTS, ids=lambda row: row.name)
async def test_mgt_g2_2_2_adapt_each_call_is_reached_by_its_own_path(network, operator, row):
    """No gateway with one address: path and method alone lead to the call, and what is missing is said in its words."""
    assert row.path.startswith("/v1/interconn/")

    async def send(method):
        return (await operator.serve(Exchange("bank", "", method, row.path, {}, b"")))[0].status

    assert await send(row.method) not in (404, 405)
    for other in {"GET", "POST", "PUT", "DELETE", "PATCH"} - set(row.methods):
        assert await send(other) == 405
