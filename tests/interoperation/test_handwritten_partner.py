"""A partner written by hand from the documents works with a node: as initiator, and as the one applied to."""

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.interoperation import psi_party
from tests.interoperation.channel import JSON, PROTOBUF, code_of
from tests.interoperation.conftest import ROWS, Grounds, asked, joint_flow, link, meet
from tests.interoperation.node import Node, wait_for
from tests.interoperation.partner import Audit, Contract, Partner, fresh, psi_dag, token_set

# ---------------------------------------------------------------- first contact and catalogue


def test_mgt_3_1_and_3_2_first_contact_ends_in_a_contract_with_the_nodes_key(
    node: Node, partner: Partner, contract: Contract
) -> None:
    assert contract.credential is not None
    assert contract.credential.fingerprint == node.command("node", "status")["fingerprint"]
    assert partner.get("/node/contract/query", contract_id=contract.contract_id).data == {"status": "APPROVED"}


def test_mgt_2_2_trace_a_confirm_carries_the_trace_id_of_its_apply(
    partner: Partner, contract: Contract, grounds: Grounds
) -> None:
    approved = [audit for audit in partner.audits.values() if audit.status == "APPROVED"]
    assert {audit.kind for audit in approved} >= {"dataset", "project", "flow"}
    told: list[Contract | Audit] = [contract, *approved]
    assert [each.trace_id for each in told] == [each.applied_trace_id for each in told]
    assert not partner.server.refused, [reason for reason, _ in partner.server.refused]


def test_mgt_3_6_and_3_7_node_and_health_are_told_to_anybody(node: Node, partner: Partner) -> None:
    for target in ("/v1/interconn/node/query?node_id=bank", "/v1/interconn/node/health"):
        reply = partner.caller.send(partner.caller.unsigned("GET", target))
        assert (reply.status, reply.code) == (200, 0), target
    card = partner.get("/node/query", node_id="bank").data
    assert card["node_id"] == "bank"
    assert card["address"] == node.listener("partner")
    assert partner.get("/node/query", node_id="another").code != 0


def test_mgt_4_1_and_4_2_only_what_was_published_is_shown(partner: Partner, contract: Contract) -> None:
    listed = partner.get("/dataset/pub/list", contract_id=contract.contract_id)
    assert listed.proven
    assert [record["dataset_id"] for record in listed.data["records"]] == ["customers"]
    assert listed.data["total"] == 1
    shown = partner.get("/dataset/pub/query", contract_id=contract.contract_id, dataset_id="customers").data
    assert [column["name"] for column in shown["column_metas"]] == ["id", "age"]
    assert shown["count"] == ROWS
    hidden = partner.get("/dataset/pub/query", contract_id=contract.contract_id, dataset_id="secrets")
    unknown = partner.get("/dataset/pub/query", contract_id=contract.contract_id, dataset_id="nothing")
    assert hidden.code == unknown.code == 40400


def test_mgt_6_1_components_are_listed(partner: Partner, contract: Contract) -> None:
    listed = partner.get("/component/list", contract_id=contract.contract_id).data["records"]
    psi = next(record for record in listed if record["code"] == "psi")
    shown = partner.get("/component/query", contract_id=contract.contract_id, code="psi", version=psi["version"])
    assert shown.data["status"] == "ENABLED"


def test_mgt_2_2_permit_of_the_grant_names_both_sides(grounds: Grounds) -> None:
    permit = grounds.grant.permit
    assert permit["token"]
    assert {name: permit[name] for name in permit if name not in ("token", "resource_level")} == {
        "resource_type": "DATASET",
        "resource_id": "customers",
        "resource_node_id": "bank",
        "resource_inst_id": "bank.example",
        "request_node_id": "operator",
        "request_inst_id": "operator.example",
    }
    assert isinstance(permit["resource_level"], int)
    queried = grounds.partner.get("/dataset/audit/query", audit_id=grounds.grant.audit_id)
    assert queried.data == {"status": "APPROVED"}


# ---------------------------------------------------------------- a job, with the partner as scheduler


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", [{}, {"enveloped": True}, {"media_type": JSON}], ids=["transparent", "enveloped", "json"]
)
def test_ctl_3_2_to_3_8_and_trn_2_2_1_a_job_of_the_partners_with_its_own_psi_party(
    grounds: Grounds, form: dict[str, Any]
) -> None:
    partner, job = grounds.partner, grounds.approved_job()
    task_id = grounds.started_task(job)
    own = [f"k{number}" for number in range(ROWS - 30, ROWS + 50)]
    session = f"session_{job['job_id']}"
    result = psi_party.run(link(partner, 0, session, "guest.0", "host.0", **form), own)
    assert result.peer_items == ROWS
    assert sorted(result.shared) == list(range(30))

    assert grounds.ended(task_id) == "SUCCESS"
    assert partner.post("/schedule/job/stop", {"job_id": job["job_id"]}).code == 0
    assert grounds.poll(task_id) == "SUCCESS"  # a stop takes nothing back
    shown = grounds.node.command("job", "show", job["job_id"])
    assert (shown["status"], shown["outcome"]) == ("FINISHED", "SUCCESS")
    # Both sides hold the shared rows in one order.
    aligned = Path(shown["tasks"][0]["parties"][0]["outputs"]["aligned"]["path"]) / "data_0"
    rows = [line.partition(",")[0] for line in aligned.read_text().splitlines()[1:]]
    assert rows == [own[index] for index in result.shared]
    assert not partner.server.refused


@pytest.mark.slow
@pytest.mark.parametrize("named", [True, False], ids=["task named", "task not named"])
def test_ctl_2_2_session_messages_for_tasks_that_share_a_session(grounds: Grounds, named: bool) -> None:
    dag = psi_dag()
    dag["components"] += psi_dag("psi_2")["components"]
    flow_id = fresh("flow-")
    asked_for, reply = grounds.partner.ask_audit(
        "flow", {"flow_id": flow_id, "name": "two", "project_id": grounds.project_id, "dag": dag}
    )
    assert reply.code == 0, reply.body
    grounds.approve(asked_for)
    proposal = grounds.proposal(flow_id=flow_id, dag=dag)
    for parameters in (proposal["conf"]["task_params"][role]["0"] for role in ("guest", "host")):
        parameters["psi_2"] = parameters["psi_1"]
    job = grounds.approved_job(proposal)
    session = f"session_{job['job_id']}"
    own = [f"k{number}" for number in range(50)]
    for task_name in ("psi_1", "psi_2"):
        task_id = grounds.started_task(job, task_name)
        grounds.running(task_id)
        form = {"x-interconn-task-id": task_id} if named else {}
        assert len(psi_party.run(link(grounds.partner, 0, session, "guest.0", "host.0", **form), own).shared) == 50
        assert grounds.ended(task_id) == "SUCCESS", task_name
    assert grounds.partner.post("/schedule/job/stop", {"job_id": job["job_id"]}).code == 0


@pytest.mark.slow
def test_ctl_3_6_stop_ends_a_running_task(grounds: Grounds) -> None:
    job = grounds.approved_job()
    task_id = grounds.started_task(job)
    wait_for(lambda: grounds.poll(task_id) == "RUNNING")
    assert grounds.partner.post("/schedule/job/stop", {"job_id": job["job_id"], "task_name": "psi_1"}).code == 0
    wait_for(lambda: grounds.poll(task_id) == "FAILED")
    assert grounds.partner.post("/schedule/job/stop", {"job_id": job["job_id"]}).code == 0
    code, words = code_of(grounds.partner.channel.push(f"session_{job['job_id']}", "guest.0-host.0", b"late"))
    assert code == "E0000000608", words


# ---------------------------------------------------------------- the partner as the one applied to


@pytest.mark.slow
def test_mgt_3_to_8_and_ctl_3_a_job_of_the_nodes_with_the_partner(node: Node, tmp_path: Path) -> None:
    insurer = meet(node, tmp_path / "insurer", "insurer", "SHA256_RSA_PSS")
    try:
        run_job_of_the_node(node, insurer, tmp_path)
    finally:
        insurer.server.stop()


def run_job_of_the_node(node: Node, insurer: Partner, folder: Path) -> None:
    own = [f"k{number}" for number in range(0, ROWS, 3)]
    flow = joint_flow(node, insurer, folder)
    job = node.command("job", "propose", flow.flow_id, "--config", str(flow.file))
    audit = asked(insurer, "job")
    assert audit.permits_shown == token_set(flow.permit)
    assert insurer.confirm_audit(audit).code == 0

    node.command("job", "run", job["job_id"])
    created = wait_for(lambda: insurer.jobs.get(job["job_id"]), what="the job at the partner")
    assert (created["dag"], created["config"]) == (audit.application["dag"], audit.application["conf"])
    task_id = wait_for(lambda: next(iter(insurer.task_status), None), what="the task at the partner")
    session = f"session_{job['job_id']}"
    found: list[psi_party.Result] = []

    def party() -> None:
        found.append(psi_party.run(link(insurer, 1, session, "host.0", "guest.0"), own))
        insurer.task_status[task_id] = "SUCCESS"

    thread = threading.Thread(target=party)
    thread.start()
    thread.join(60)
    assert found
    assert len(found[0].shared) == len(own)
    shown = wait_for(lambda: ended(node, job["job_id"]), 60, "the end of the job")
    assert (shown["status"], shown["outcome"]) == ("FINISHED", "SUCCESS"), shown
    starts = insurer.server.arrivals("/v1/interconn/schedule/job/start")
    assert len(starts) == 1  # CTL-3.3-once
    assert not insurer.server.refused, [reason for reason, _ in insurer.server.refused]

    node.command("peer", "terminate", flow.contract.contract_id)
    wait_for(lambda: flow.contract.status == "TERMINATED", what="MGT-3.3 at the partner")
    refused = insurer.get("/dataset/pub/list", contract_id=flow.contract.contract_id)
    assert (refused.status, refused.code) == (403, 40301)


def ended(node: Node, job_id: str) -> Any:
    shown = node.command("job", "show", job_id)
    return shown if shown["status"] in ("FINISHED", "REJECTED") else None


@pytest.mark.parametrize("media_type", [PROTOBUF, JSON])
def test_trn_2_2_1_a_session_that_is_not_open_is_said_so(partner: Partner, contract: Contract, media_type: str) -> None:
    reply = partner.channel.push("session_of-nobody", "guest.0-host.0", b"x", media_type=media_type)
    assert reply.proven
    assert code_of(reply)[0] == "E0000000602"
