"""Approvals of every kind, begun by bank and decided by operator."""

from typing import Any

import pytest

from interconn.api import audits as api
from interconn.api import models as models_api
from interconn.standard import management as standard

KINDS = ("DATASET", "PROJECT", "FLOW", "JOB", "MODEL")
each_kind = pytest.mark.parametrize(
    "kind",
    # One engine serves them all: two whose permits and parents differ most are driven by every run of the tests.
    [pytest.param(kind, marks=[] if kind in ("DATASET", "JOB") else [pytest.mark.slow]) for kind in KINDS],
)
CALLS = {
    "DATASET": (standard.DATASET_APPLY, standard.DATASET_CONFIRM, standard.DATASET_TERMINATE, standard.DATASET_STATUS),
    "PROJECT": (standard.PROJECT_APPLY, standard.PROJECT_CONFIRM, standard.PROJECT_TERMINATE, standard.PROJECT_STATUS),
    "FLOW": (standard.FLOW_APPLY, standard.FLOW_CONFIRM, standard.FLOW_TERMINATE, standard.FLOW_STATUS),
    "JOB": (standard.JOB_APPLY, standard.JOB_CONFIRM, standard.JOB_TERMINATE, standard.JOB_STATUS),
    "MODEL": (standard.MODEL_APPLY, standard.MODEL_CONFIRM, standard.MODEL_TERMINATE, standard.MODEL_STATUS),
}


async def share_model(scene: Any) -> None:
    """Have operator register a model and let bank apply for its use."""
    file = scene.operator.home / "weights.bin"
    file.write_bytes(b"weights of a model\n")
    shared = {"name": "weights", "model_id": "operator-model", "to": ["bank"]}
    await scene.operator.ask(models_api.MODEL_ADD, path=str(file), **shared)


async def begin(scene: Any, make: Any, kind: str) -> str:
    """Have bank apply for an approval of a kind, and return operator's audit id.

    `scene` is that of an approved flow, and for a MODEL operator has shared one (`share_model`).
    """
    if kind == "DATASET":
        await scene.bank.ask(api.DATASET_REQUEST, node_id="operator", dataset_id="operator-table")
    elif kind == "PROJECT":
        await scene.bank.ask(api.PROJECT_CREATE, name="p", partners=["operator"])
    elif kind == "FLOW":
        await scene.bank.ask(api.FLOW_CREATE, name="f", project_id="project-1", dag=make.dag())
    elif kind == "JOB":
        await scene.bank.ask(api.JOB_PROPOSE, flow_id="flow-1", config=make.config())
    else:
        use = {"model_id": "operator-model", "apply_project_id": "project-1"}
        await scene.bank.ask(models_api.MODEL_REQUEST, node_id="operator", **use)
    audits = (await scene.bank.ask(api.AUDIT_LIST, kind=kind, status="APPLIED")).audits
    return str(next(audit.audit_id for audit in audits if audit.node_id == "operator"))


async def view(node: Any, audit_id: str) -> Any:
    """An approval as a node's people see it; None where the node does not know it."""
    found = [one for one in (await node.ask(api.AUDIT_LIST)).audits if one.audit_id == audit_id]
    return found[0] if found else None


async def decide(node: Any, audit_id: str, verdict: str) -> None:
    """Have a node approve or reject."""
    await node.ask(api.AUDIT_APPROVE if verdict == "APPROVED" else api.AUDIT_REJECT, audit_id=audit_id)
