"""The calls of the management layer one by one, by the checks of the clause catalogue, from outside of our code."""

from typing import Any

import pytest

from tests.interoperation.conftest import Grounds
from tests.interoperation.node import wait_for
from tests.interoperation.partner import Audit, fresh, psi_config, psi_dag, token_set

KINDS = ("dataset", "project", "flow", "job")
ILLEGAL = 40901

pytestmark = pytest.mark.slow


def asking(grounds: Grounds, kind: str) -> Audit:
    """A new application of the partner of each kind, taken by the node."""
    members: dict[str, dict[str, Any]] = {
        "dataset": {"contract_id": grounds.contract.contract_id, "dataset_id": "customers"},
        "project": {"contract_id": grounds.contract.contract_id, "project_id": fresh("project-"), "name": "more"},
        "flow": {
            "flow_id": fresh("flow-"),
            "name": "more",
            "project_id": grounds.project_id,
            "dag": psi_dag(),
        },
        "job": grounds.proposal(),
    }
    permits = {"x_mprac_token_set": token_set(grounds.grant.permit)} if kind == "job" else {}
    audit, reply = grounds.partner.ask_audit(kind, members[kind], **permits)
    assert (reply.status, reply.code, reply.data) == (200, 0, {}), reply.body
    return audit


def standing(grounds: Grounds, audit: Audit) -> str:
    """How an application stands at the node, in its people's eyes."""
    [view] = [
        view
        for view in grounds.node.command("audit", "list", "--subject", subject(audit))["audits"]
        if view["audit_id"] == audit.audit_id
    ]
    return str(view["status"])


def subject(audit: Audit) -> str:
    return str(audit.application[f"{audit.kind}_id"])


def queried(grounds: Grounds, audit: Audit) -> Any:
    """What the query call of its kind says (MGT-4.6, MGT-5.4, MGT-7.4); of a job, our extension."""
    return grounds.partner.get(f"/{audit.kind}/audit/query", audit_id=audit.audit_id).data


@pytest.mark.parametrize("kind", KINDS)
def test_mgt_4_6_5_4_and_7_4_query_in_each_of_the_four_states(grounds: Grounds, kind: str) -> None:
    audit = asking(grounds, kind)
    assert queried(grounds, audit) == {"status": "APPLIED"}
    grounds.approve(audit)
    assert queried(grounds, audit) == {"status": "APPROVED"}
    assert grounds.partner.end_audit(audit).code == 0
    assert queried(grounds, audit) == {"status": "TERMINATED"}
    rejected = asking(grounds, kind)
    grounds.node.command("audit", "reject", rejected.audit_id)
    wait_for(lambda: rejected.status == "REJECTED", what="the verdict")
    assert queried(grounds, rejected) == {"status": "REJECTED"}
    assert rejected.permit is None  # MGT-2.2-permit: never on a rejection
    assert grounds.partner.get(f"/{kind}/audit/query", audit_id=fresh("audit-")).code != 0


@pytest.mark.parametrize("kind", KINDS)
def test_mgt_4_5_5_3_7_3_and_8_3_either_side_revokes(grounds: Grounds, kind: str) -> None:
    by_partner, by_node = (grounds.approve(asking(grounds, kind)) for _ in range(2))
    for _ in range(2):  # the repetition is the same
        assert grounds.partner.end_audit(by_partner).code == 0
    assert standing(grounds, by_partner) == "TERMINATED"
    grounds.node.command("audit", "terminate", by_node.audit_id)
    wait_for(lambda: by_node.status == "TERMINATED", what="the call that ends it")
    assert queried(grounds, by_node) == {"status": "TERMINATED"}
    again = asking(grounds, kind)  # a new application has a new id and stands for itself
    assert queried(grounds, again) == {"status": "APPLIED"}


@pytest.mark.parametrize("kind", KINDS)
def test_mgt_4_dataset_audit_state_and_its_like_refuse_every_other_step(grounds: Grounds, kind: str) -> None:
    waiting = asking(grounds, kind)
    grounds_for_refusal = {
        "terminate": {"audit_id": waiting.audit_id},
        "confirm": {"audit_id": waiting.audit_id, "status": "APPROVED"},
    }
    for call, members in grounds_for_refusal.items():
        reply = grounds.partner.post(f"/{kind}/audit/{call}", members)
        assert (reply.status, reply.code) == (200, ILLEGAL), (call, reply.body)
    assert queried(grounds, waiting) == {"status": "APPLIED"}
    ended = grounds.approve(asking(grounds, kind))
    grounds.partner.end_audit(ended)
    assert grounds.partner.post(f"/{kind}/audit/confirm", {"audit_id": ended.audit_id, "status": "REJECTED"}).code
    for status in ("TERMINATED", "APPLIED", "approved", ""):
        assert grounds.partner.post(f"/{kind}/audit/confirm", {"audit_id": ended.audit_id, "status": status}).code
    assert queried(grounds, ended) == {"status": "TERMINATED"}


def test_mgt_4_5_a_job_on_a_revoked_grant_is_refused(grounds: Grounds) -> None:
    grant = grounds.approve(asking(grounds, "dataset"))
    job = grounds.proposal()
    shown = {"x_mprac_token_set": token_set(grant.permit)}
    _, reply = grounds.partner.ask_audit("job", job, **shown)
    assert reply.code == 0, reply.body
    grounds.partner.end_audit(grant)
    _, reply = grounds.partner.ask_audit("job", grounds.proposal(), **shown)
    assert reply.code != 0
    assert grant.permit["token"] not in reply.body.decode()


def test_mgt_g2_1_1_1_relations_a_flow_of_a_revoked_project_is_refused(grounds: Grounds) -> None:
    project = grounds.approve(asking(grounds, "project"))
    members = {"name": "more", "project_id": project.application["project_id"], "dag": psi_dag()}
    _, reply = grounds.partner.ask_audit("flow", {"flow_id": fresh("flow-")} | members)
    assert reply.code == 0, reply.body
    grounds.partner.end_audit(project)
    _, reply = grounds.partner.ask_audit("flow", {"flow_id": fresh("flow-")} | members)
    assert reply.code != 0


def test_mgt_8_3_a_job_whose_approval_was_revoked_is_not_created(grounds: Grounds) -> None:
    proposal = grounds.proposal()
    audit, reply = grounds.partner.ask_audit("job", proposal, x_mprac_token_set=token_set(grounds.grant.permit))
    assert reply.code == 0, reply.body
    grounds.approve(audit)
    grounds.partner.end_audit(audit)
    job = {name: proposal[name] for name in ("job_id", "flow_id", "dag")} | {"config": proposal["conf"]}
    refused = grounds.partner.post("/schedule/job/create", job)
    assert refused.code != 0


@pytest.mark.slow
def test_mgt_2_3_paging_with_25_records(grounds: Grounds, tmp_path_factory: pytest.TempPathFactory) -> None:
    table = tmp_path_factory.mktemp("many") / "table.csv"
    table.write_text("id,age\na,1\nb,2\n")
    added = [f"many-{number:02d}" for number in range(24)]  # and `customers`
    for name in added:
        grounds.node.ask("/datasets/add", {"path": str(table), "name": name, "key_columns": ["id"], "dataset_id": name})
        grounds.node.ask("/datasets/publish", {"dataset_id": name})
    contract = {"contract_id": grounds.contract.contract_id}

    def page(**asked: int) -> tuple[int, int]:
        data = grounds.partner.get("/dataset/pub/list", **contract, **asked).data
        return len(data["records"]), data["total"]

    try:
        assert page() == (20, 25)
        assert page(page_num=2) == (5, 25)
        assert page(page_size=-1) == page(page_size=-1, page_num=7) == (25, 25)
        assert page(page_num=3) == (0, 25)
        for wrong in ({"page_size": 0}, {"page_size": -2}, {"page_num": 0}):
            assert grounds.partner.get("/dataset/pub/list", **contract, **wrong).code != 0, wrong
    finally:
        for name in added:
            grounds.node.ask("/datasets/publish", {"dataset_id": name, "published": False})


def test_mgt_g2_1_1_1_job_two_jobs_of_one_flow_with_different_conf(grounds: Grounds) -> None:
    other = psi_config(guest=("operator", "another"), host=("bank", "customers"), initiator="operator")
    for conf in (grounds.proposal()["conf"], other):
        _, reply = grounds.partner.ask_audit(
            "job", grounds.proposal(conf=conf), x_mprac_token_set=token_set(grounds.grant.permit)
        )
        assert reply.code == 0, reply.body


def test_mgt_g2_1_1_1_project_a_flow_needs_no_project(grounds: Grounds) -> None:
    _, reply = grounds.partner.ask_audit("flow", {"flow_id": fresh("flow-"), "name": "alone", "dag": psi_dag()})
    assert reply.code == 0, reply.body
