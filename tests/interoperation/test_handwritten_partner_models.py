"""A partner written by hand and the models of a node: applying for their use, and being applied to (MGT-9)."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.interoperation.client import Reply
from tests.interoperation.conftest import Grounds
from tests.interoperation.node import wait_for
from tests.interoperation.partner import Audit, fresh

ILLEGAL = 40901
BYTES = b"weights"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(grounds: Grounds, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A ready-made model of the node that the partner may apply for."""
    file = tmp_path_factory.mktemp("model") / "score.bin"
    file.write_bytes(BYTES)
    return grounds.node.command("model", "add", str(file), "--name", "score", "--id", "score", "--to", "operator")


def ask(grounds: Grounds, **changed: Any) -> tuple[Audit, Reply]:
    members = {"apply_project_id": grounds.project_id, "model_id": "score"} | changed
    return grounds.partner.ask_audit("model", members)


def standing(grounds: Grounds, audit: Audit) -> Any:
    return grounds.partner.get("/model/audit/query", audit_id=audit.audit_id).data


def latest(grounds: Grounds, kind: str) -> Audit | None:
    """The node's latest application of a kind that waits."""
    found = reversed(grounds.partner.audits.values())
    return next(
        (one for one in found if one.kind == kind and one.status == "APPLIED" and not one.applied_trace_id), None
    )


def test_mgt_9_1_to_9_4_a_ready_made_model_in_each_of_the_four_states(grounds: Grounds, model: Any) -> None:
    audit, reply = ask(grounds)  # a ready-made model has no task (MGT-G2.1.1.1-model)
    assert (reply.code, reply.data) == (0, {}), reply.body
    assert standing(grounds, audit) == {"status": "APPLIED"}
    for call, members in (("terminate", {}), ("confirm", {"status": "APPROVED"})):
        assert grounds.partner.post(f"/model/audit/{call}", {"audit_id": audit.audit_id} | members).code == ILLEGAL
    grounds.approve(audit)
    assert standing(grounds, audit) == {"status": "APPROVED"}
    assert {name: audit.permit[name] for name in ("resource_type", "resource_id", "resource_node_id")} == {
        "resource_type": "MODEL",
        "resource_id": "score",
        "resource_node_id": "bank",
    }
    assert grounds.partner.end_audit(audit).code == 0
    assert standing(grounds, audit) == {"status": "TERMINATED"}
    rejected, _ = ask(grounds)
    grounds.node.command("audit", "reject", rejected.audit_id)
    wait_for(lambda: rejected.status == "REJECTED", what="the verdict")
    assert standing(grounds, rejected) == {"status": "REJECTED"}
    assert rejected.permit is None


def test_mgt_9_1_what_is_refused(grounds: Grounds, model: Any) -> None:
    for wrong in (
        {"apply_project_id": fresh("project-")},
        {"apply_project_id": None},
        {"model_id": fresh("model-")},
        {"model_id": None},
        {"digest": "0" * 64},
    ):
        _, reply = ask(grounds, **wrong)
        assert reply.code != 0, wrong


def test_mgt_9_1_the_digest_is_that_of_the_models_bytes(grounds: Grounds, model: Any) -> None:
    assert len(model["digest"]) == 64
    assert model["digest"] == model["digest"].lower()
    assert model["digest"] != hashlib.sha256(b"").hexdigest()
    _, reply = ask(grounds, digest=model["digest"])
    assert reply.code == 0, reply.body


def test_mgt_9_3_the_node_revokes(grounds: Grounds, model: Any) -> None:
    audit, _ = ask(grounds)
    grounds.approve(audit)
    grounds.node.command("model", "revoke", "score", "--partner", "operator")
    wait_for(lambda: audit.status == "TERMINATED", what="MGT-9.3 at the partner")


def test_mgt_9_1_the_node_applies_for_a_model_of_the_partner(grounds: Grounds, tmp_path: Path) -> None:
    project = grounds.node.command("project", "create", "use of a model", "--partner", "operator")
    asked = wait_for(
        lambda: next(
            (a for a in grounds.partner.audits.values() if a.application.get("name") == "use of a model"), None
        )
    )
    assert grounds.partner.confirm_audit(asked).code == 0
    grounds.node.command("model", "request", "operator", "theirs", "--project", project["project_id"])
    audit = wait_for(lambda: latest(grounds, "model"))
    assert audit.application["apply_project_id"] == project["project_id"]
    assert audit.application["model_id"] == "theirs"
    permit = {
        "token": fresh("token"),
        "resource_level": 1,
        "resource_type": "MODEL",
        "resource_id": "theirs",
        "resource_node_id": "operator",
        "resource_inst_id": "operator.example",
        "request_node_id": "bank",
        "request_inst_id": "bank.example",
    }
    assert grounds.partner.confirm_audit(audit, permit=permit).code == 0
    [view] = grounds.node.command("audit", "list", "--subject", "theirs")["audits"]
    assert (view["status"], view["has_permit"]) == ("APPROVED", True)
    assert permit["token"] not in str(grounds.node.command("permit", "list"))
