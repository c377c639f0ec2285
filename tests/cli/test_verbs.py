"""What each verb asks of the node, and what a person and a machine are shown of the answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from interconn.api import audits, components, datasets, jobs, node, peers, policies, projects, results
from interconn.standard.endpoint import Endpoint
from interconn.standard.flow import Dag, DagComponent
from interconn.standard.management import (
    AuditStatus,
    ColumnMeta,
    ComponentDetail,
    ComponentPage,
    ComponentStatus,
    ComponentSummary,
    DatasetDetail,
    DatasetPage,
    Distribution,
    NodeInformation,
    ProjectDetail,
    ProjectNode,
    ProjectPage,
    ProjectSummary,
)
from interconn.standard.wire import WireModel
from tests.cli.conftest import Interconn
from tests.client.fake_node import Asked, FakeNode
from tests.client.test_client import CONTRACT

DAG = Dag(version="1", components=[DagComponent(name="a", component_name="psi", provider="interconn", version="1")])
CONFIG = {"version": "1", "initiator": {"role": "guest", "node_id": "bank"}, "role": {"guest": ["bank"]}}
JOB_ID = "job-8abe2e8959274f37b7c507831bc4c9b8"


def audit(**parts: Any) -> audits.AuditView:
    """A partner's pending application."""
    return audits.AuditView.model_validate(
        {
            "audit_id": "audit-1",
            "kind": "JOB",
            "subject_id": JOB_ID,
            "node_id": "bank",
            "direction": "PARTNER",
            "status": "APPLIED",
            "waits_for": "our decision",
            "applied_at": 1_700_000_000_000,
            **parts,
        }
    )


DATASET = datasets.DatasetView(
    dataset_id="loans", name="Loans", owner="bank", count=800, published=False, namespace="own", location="/data/loans"
)
JOB = jobs.JobView.model_validate(
    {
        "job_id": JOB_ID,
        "flow_id": "flow-1",
        "status": "FINISHED",
        "outcome": "SUCCESS",
        "scheduler": "clearing-house",
        "initiator": "bank",
        "created_at": 1_700_000_000_000,
        "tasks": [
            {
                "task_id": "task_1",
                "name": "psi_1",
                "component": "psi",
                "status": "SUCCESS",
                "parties": [
                    {
                        "node_id": "bank",
                        "role": "guest.0",
                        "status": "SUCCESS",
                        "progress": {"phase": "writing", "done": 5, "total": 5},
                        "outputs": {"aligned": {"path": "/results/aligned"}},
                    }
                ],
            }
        ],
    }
)
PROJECT = audits.ProjectView(project_id="p-1", name="credit", initiator="bank", approved=False, audits=[audit()])
FLOW = audits.FlowView(
    flow_id="flow-1", project_id="p-1", name="f", initiator="bank", digest="ab" * 32, approved=True, dag=DAG
)
PROPOSAL = audits.JobProposal(
    job_id=JOB_ID,
    flow_id="flow-1",
    project_id="p-1",
    name="job",
    initiator="bank",
    approved=False,
    dag_digest="cd" * 32,
    config_digest="ef" * 32,
)
OPERATOR = NodeInformation(
    address="https://operator.example:7304",
    inst_id="operator.example",
    institution="Telecom",
    name="operator",
    node_id="operator",
    system="interconn",
    system_version="1",
)
STATUS = node.NodeStatus(
    node_id="bank",
    inst_id="bank.example",
    institution="Bank",
    name="bank",
    version="1",
    address="https://bank.example:7304",
    auth_type="SHA256_ECDSA",
    fingerprint="ab" * 32,
    listeners={"admin": "http://127.0.0.1:7306"},
    started_at=1,
    ready=True,
    contracts={"APPROVED": 2},
    warnings=["nothing is encrypted"],
)
COLUMN = ColumnMeta(name="age", data_type="int", distribution=Distribution.CONTINUOUS)
CUSTOMERS = DatasetDetail(dataset_id="customers", name="C", owner="operator", column_metas=[COLUMN])
PSI = ComponentDetail(
    code="psi", engine="interconn", inputs=[{"name": "table"}], outputs=[], name="PSI", status="ENABLED", version="1"
)
OWN_PSI = components.ComponentView(
    name="psi", title="PSI", provider="interconn", version="1", roles=["guest", "host"], self_description={}
)

PAGE = {"page_num": "1", "page_size": "20"}
"""What a list asks for by default (MGT-2.3-paging)."""

POLICY = policies.PolicyView(digest="ab" * 32, text="[[rule]]", policy={}, in_force=True, fault="no good")
RESULT = results.ResultView(
    result="job-1/psi-1/guest.0/aligned",
    job_id="job-1",
    task_id="task_1",
    task="psi-1",
    party="guest.0",
    key="aligned",
    component="psi",
    category="dataset",
    partners=["operator"],
    standing="HELD",
    waits_for="a person here to release or refuse",
    rules=["joined"],
    policy="ab" * 32,
    held_at=1,
)

CASES: list[tuple[str, Endpoint[Any, Any], WireModel, dict[str, Any], str]] = [
    ("node status", node.NODE_STATUS, STATUS, {}, "nothing is encrypted"),
    (
        "peer apply https://operator.example:7304 --node-id operator --fingerprint ab --expires 5",
        peers.PEER_APPLY,
        CONTRACT,
        {"address": "https://operator.example:7304", "node_id": "operator", "fingerprint": "ab", "expired_time": 5},
        "c-1",
    ),
    ("peer list", peers.PEER_LIST, peers.ContractViews(contracts=[CONTRACT]), PAGE, "operator"),
    (
        "peer show operator",
        peers.PEER_ASK,
        peers.PeerAnswer(node=OPERATOR, health="ok", contract_id="c-1", contract_status="APPROVED"),
        {"node_id": "operator"},
        "Telecom",
    ),
    ("dataset publish loans", datasets.DATASET_PUBLISH, DATASET, {"dataset_id": "loans"}, "loans"),
    (
        "dataset publish loans --to operator --to clearing",
        datasets.DATASET_PUBLISH,
        DATASET.model_copy(update={"published": True, "published_to": ["clearing", "operator"]}),
        {"dataset_id": "loans", "to": ["operator", "clearing"]},
        "clearing, operator",
    ),
    (
        "dataset publish loans --to-all",
        datasets.DATASET_PUBLISH,
        DATASET,
        {"dataset_id": "loans", "to_all": True},
        "loans",
    ),
    (
        "dataset describe loans --name Loans --category credit --purpose scoring --label good --description d",
        datasets.DATASET_DESCRIBE,
        DATASET,
        {
            "dataset_id": "loans",
            "name": "Loans",
            "category": "credit",
            "purpose": "scoring",
            "label_columns": ["good"],
            "description": "d",
        },
        "no columns",
    ),
    (
        "dataset describe loans --column age --description years --distribution DISCRETE --type int",
        datasets.DATASET_DESCRIBE,
        DATASET.model_copy(update={"column_metas": [COLUMN]}),
        {
            "dataset_id": "loans",
            "columns": [{"name": "age", "description": "years", "distribution": "DISCRETE", "data_type": "int"}],
        },
        "CONTINUOUS",
    ),
    (
        "dataset remove loans --force",
        datasets.DATASET_REMOVE,
        DATASET,
        {"dataset_id": "loans", "force": True},
        "loans",
    ),
    ("dataset show loans", datasets.DATASET_INSPECT, DATASET, {"dataset_id": "loans"}, "/data/loans"),
    (
        "dataset list --name oan --category credit --page 2 --size 7",
        datasets.DATASET_LIST,
        datasets.DatasetViews(datasets=[DATASET], total=9),
        {"name": "oan", "category": "credit", "page_num": "2", "page_size": "7"},
        "8 to 8 of 9",
    ),
    (
        "project discover operator --page 1 --size 1",
        projects.PROJECT_DISCOVER,
        ProjectPage(records=[ProjectSummary(name="credit", project_id="p-1")], total=3),
        {"node_id": "operator", "page_num": "1", "page_size": "1"},
        "--page 2 or --all",
    ),
    (
        "project show operator p-1",
        projects.PROJECT_SHOW,
        ProjectDetail(
            name="credit",
            project_id="p-1",
            nodes=[ProjectNode(inst_id="i", institution="Telecom", name="o", node_id="operator")],
            datasets={"operator": ["customers"]},
        ),
        {"node_id": "operator", "project_id": "p-1"},
        "operator (Telecom): customers",
    ),
    ("dataset hide loans", datasets.DATASET_PUBLISH, DATASET, {"dataset_id": "loans", "published": False}, "loans"),
    ("dataset list", datasets.DATASET_LIST, datasets.DatasetViews(datasets=[DATASET]), PAGE, "/data/loans"),
    (
        "dataset discover operator --page 2 --size 5",
        datasets.DATASET_DISCOVER,
        DatasetPage(records=[CUSTOMERS], total=6),
        {"node_id": "operator", "page_num": "2", "page_size": "5"},
        "customers",
    ),
    (
        "dataset show operator customers",
        datasets.DATASET_SHOW,
        CUSTOMERS,
        {"node_id": "operator", "dataset_id": "customers"},
        "CONTINUOUS",
    ),
    (
        "dataset request operator customers --for-project p-1 --for-component psi --times-limit 3",
        audits.DATASET_REQUEST,
        audit(kind="DATASET", subject_id="customers", direction="APPLICANT", node_id="operator"),
        {
            "node_id": "operator",
            "dataset_id": "customers",
            "auth_scope": {"PROJECT": ["p-1"], "COMPONENT": ["psi"]},
            "times_limit": 3,
        },
        "operator",
    ),
    (
        "audit list --kind JOB --status APPLIED",
        audits.AUDIT_LIST,
        audits.AuditViews(audits=[audit()]),
        {"kind": "JOB", "status": "APPLIED", **PAGE},
        "our decision",
    ),
    (
        "audit approve audit-1 --expires 9 --times-limit 1 --reason ok",
        audits.AUDIT_APPROVE,
        audit(status="APPROVED"),
        {"audit_id": "audit-1", "time_limit": 9, "times_limit": 1, "reason": "ok"},
        "APPROVED",
    ),
    (
        "audit reject audit-1 --reason no",
        audits.AUDIT_REJECT,
        audit(status="REJECTED"),
        {"audit_id": "audit-1", "reason": "no"},
        "REJECTED",
    ),
    (
        "audit show audit-1",
        audits.AUDIT_SHOW,
        audit(opinions=[{"by": "person:ann", "at": 1}], waits_for="a second person"),
        {"audit_id": "audit-1"},
        "person:ann",
    ),
    ("audit withdraw audit-1", audits.AUDIT_WITHDRAW, audit(), {"audit_id": "audit-1"}, "APPLIED"),
    ("policy show", policies.POLICY_SHOW, POLICY, {}, "no good"),
    (
        "policy explain audit-1",
        policies.POLICY_EXPLAIN,
        policies.PolicyFinding(
            audit_id="audit-1",
            digest="ab" * 32,
            decided_by="a person",
            four_eyes=False,
            rules=[policies.RuleFinding(name="r", verdict="approve", applies=False, because=["kinds: not this"])],
            facts={"components": None},
        ),
        {"audit_id": "audit-1"},
        "kinds: not this",
    ),
    (
        "result list --standing HELD",
        results.RESULT_LIST,
        results.ResultViews(results=[RESULT]),
        {"standing": "HELD"},
        "a person here",
    ),
    (
        "result release job-1/psi-1/aligned --reason ok",
        results.RESULT_RELEASE,
        RESULT.model_copy(update={"standing": "RELEASED", "place": {"path": "/results/aligned"}}),
        {"result": "job-1/psi-1/aligned", "reason": "ok"},
        "/results/aligned",
    ),
    (
        "result refuse job-1/psi-1/aligned",
        results.RESULT_REFUSE,
        RESULT.model_copy(update={"standing": "REFUSED"}),
        {"result": "job-1/psi-1/aligned"},
        "REFUSED",
    ),
    (
        "audit ask audit-1",
        audits.AUDIT_ASK,
        audits.PartnerStatus(audit_id="audit-1", here=AuditStatus.APPLIED, there=AuditStatus.APPROVED),
        {"audit_id": "audit-1"},
        "APPROVED",
    ),
    (
        "project create credit --partner operator --dataset operator/a --dataset operator/b --type PSI",
        audits.PROJECT_CREATE,
        PROJECT,
        {"name": "credit", "partners": ["operator"], "type": "PSI", "datasets": {"operator": ["a", "b"]}},
        "interconn project approve p-1",
    ),
    ("project list", audits.PROJECT_LIST, audits.ProjectViews(projects=[PROJECT]), PAGE, "credit"),
    ("component list", components.COMPONENT_LIST, components.ComponentViews(components=[OWN_PSI]), {}, "guest, host"),
    (
        "component disable psi --version 1 --reason audit",
        components.COMPONENT_DISABLE,
        OWN_PSI.model_copy(update={"status": ComponentStatus.DISABLED, "by": "person:ann"}),
        {"name": "psi", "version": "1", "reason": "audit"},
        "DISABLED",
    ),
    ("component enable psi", components.COMPONENT_ENABLE, OWN_PSI, {"name": "psi", "reason": ""}, "ENABLED"),
    (
        "component discover operator",
        components.COMPONENT_DISCOVER,
        ComponentPage(records=[ComponentSummary(code="psi", version="1")], total=1),
        {"node_id": "operator", **PAGE},
        "psi",
    ),
    (
        "component show operator psi --version 1",
        components.COMPONENT_SHOW,
        PSI,
        {"node_id": "operator", "code": "psi", "version": "1"},
        "ENABLED",
    ),
    ("flow list", audits.FLOW_LIST, audits.FlowViews(flows=[FLOW]), PAGE, "flow-1"),
    (f"job run {JOB_ID}", jobs.JOB_RUN, JOB, {"job_id": JOB_ID}, "psi_1"),
    (f"job show {JOB_ID}", jobs.JOB_SHOW, JOB, {"job_id": JOB_ID}, "/results/aligned"),
    ("job list", jobs.JOB_LIST, jobs.JobViews(jobs=[JOB]), PAGE, JOB_ID),
    (f"job stop {JOB_ID}", jobs.JOB_STOP, JOB, {"job_id": JOB_ID}, "FINISHED"),
    (
        "job log task_1 --start 2 --length 3",
        jobs.JOB_LOG,
        jobs.JobLog(lines=["read 5 rows"], total=6),
        {"task_id": "task_1", "start": "2", "length": "3"},
        "read 5 rows",
    ),
    (
        "session open s-1 --party bank --party operator",
        node.SESSION_OPEN,
        node.SessionOpened(session_id="s-1", token="the-token"),
        {"session_id": "s-1", "parties": ["bank", "operator"]},
        "the-token",
    ),
    (
        "session list",
        node.SESSION_LIST,
        node.SessionList(sessions=[node.SessionView(session_id="s-1", parties=["bank"], sent_messages=7)]),
        {},
        "7 messages",
    ),
]


@pytest.mark.parametrize(("line", "endpoint", "reply", "members", "shown"), CASES, ids=[case[0] for case in CASES])
def test_a_verb_asks_the_node_and_shows_its_answer(
    line: str,
    endpoint: Endpoint[Any, Any],
    reply: WireModel,
    members: dict[str, Any],
    shown: str,
    fake: FakeNode,
    interconn: Interconn,
) -> None:
    fake.answer(endpoint, reply)
    for_person = interconn(*line.split())
    assert (for_person.status, for_person.err) == (0, "")
    assert shown in for_person.out
    for_machine = interconn(*line.split(), "--json")
    assert (for_machine.status, for_machine.err) == (0, "")
    assert for_machine.json == reply.to_wire()
    wanted = endpoint.request.model_validate(members).to_wire()
    assert fake.asked == [Asked(endpoint.name, wanted)] * 2


@pytest.mark.parametrize("named", ["c-1", "operator"], ids=["by contract", "by node"])
@pytest.mark.parametrize(
    ("verb", "endpoint", "members"),
    [
        (
            "approve --fingerprint ab --accept-unproven",
            peers.PEER_APPROVE,
            {"fingerprint": "ab", "accept_unproven": True},
        ),
        ("reject", peers.PEER_REJECT, {}),
        ("terminate", peers.PEER_TERMINATE, {}),
    ],
    ids=["approve", "reject", "terminate"],
)
def test_a_contract_is_decided_by_its_id_or_the_partners(
    named: str,
    verb: str,
    endpoint: Endpoint[Any, Any],
    members: dict[str, Any],
    fake: FakeNode,
    interconn: Interconn,
) -> None:
    over = CONTRACT.model_copy(update={"contract_id": "c-0", "status": "TERMINATED"})
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[over, CONTRACT]))
    fake.answer(endpoint, CONTRACT)
    ran = interconn("peer", *verb.split(), named, "--json")
    assert (ran.status, ran.json) == (0, CONTRACT.to_wire())
    assert fake.asked[-1] == Asked(endpoint.name, {"contract_id": "c-1", **members})


def test_of_several_contracts_one_must_be_named(fake: FakeNode, interconn: Interconn) -> None:
    second = CONTRACT.model_copy(update={"contract_id": "c-2"})
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[CONTRACT, second]))
    ran = interconn("peer", "reject", "operator")
    assert ran.status == 1
    assert "c-1, c-2" in ran.err


def test_a_contract_that_has_expired_is_not_meant_beside_the_one_that_renews_it(
    fake: FakeNode, interconn: Interconn
) -> None:
    expired = CONTRACT.model_copy(update={"contract_id": "c-0", "status": "APPROVED", "usable": False, "waits_for": ""})
    renewal = CONTRACT.model_copy(update={"usable": False, "waits_for": "a person here"})
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[expired, renewal]))
    fake.answer(peers.PEER_APPROVE, CONTRACT)
    assert interconn("peer", "approve", "operator", "--fingerprint", "ab").status == 0
    assert fake.asked[-1].members["contract_id"] == renewal.contract_id
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[expired]))
    fake.answer(peers.PEER_TERMINATE, CONTRACT)
    assert interconn("peer", "terminate", "operator").status == 0
    assert fake.asked[-1].members["contract_id"] == "c-0"


def test_a_list_tells_which_approvals_are_closed_and_why(fake: FakeNode, interconn: Interconn) -> None:
    closed = audit(status="APPROVED", void="contract c-1 was terminated by bank", waits_for="")
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[closed], total=1))
    assert "closed: contract c-1 was terminated by bank" in interconn("audit", "list").out


def test_what_a_script_needs_is_printed_alone(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    fake.answer(node.NODE_STATUS, STATUS)
    fake.answer(audits.JOB_PROPOSE, PROPOSAL)
    assert interconn("node", "fingerprint").out == f"{STATUS.fingerprint}\n"
    assert interconn("node", "fingerprint", "--json").json == {"fingerprint": STATUS.fingerprint}
    assert interconn("job", "propose", "flow-1", "--config", "config.json", "--quiet").out == f"{JOB_ID}\n"


def test_status_can_wait_until_the_node_is_ready(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(node.NODE_STATUS, STATUS.model_copy(update={"ready": False}), STATUS)
    ran = interconn("node", "status", "--wait", "30", "--json")
    assert ran.json["ready"] is True
    assert len(fake.asked) == 2


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"name": "joint", "dag": DAG.to_wire(), "config": CONFIG}, "joint"),
        ({"dag": DAG.to_wire(), "conf": CONFIG}, "flow"),
        (DAG.to_wire(), "flow"),
    ],
    ids=["whole", "conf", "a bare DAG"],
)
def test_flow_create_reads_the_file(
    content: dict[str, Any], named: str, fake: FakeNode, interconn: Interconn, tmp_path: Path
) -> None:
    (tmp_path / "flow.json").write_text(json.dumps(content))
    fake.answer(audits.FLOW_CREATE, FLOW)
    ran = interconn("flow", "create", "flow.json", "--project", "p-1")
    assert ran.status == 0
    sent = fake.asked[0].members
    assert (sent["name"], sent["project_id"], sent["dag"]) == (named, "p-1", DAG.to_wire())
    assert ("config" in sent) is ("role" not in sent and ("config" in content or "conf" in content))


def test_flow_lint_shows_what_would_be_run(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text(json.dumps({"dag": DAG.to_wire(), "config": CONFIG}))
    step = audits.FlowStep(name="a", component="psi 1", after=["b"], parties=["guest.0 bank"])
    planned = audits.FlowPlan(
        scheduler="clearing-house",
        steps=[step],
        resources={"guest.0": {"cpu": 2, "memory": 0.5}},
        dag_digest="d" * 64,
        config_digest="c" * 64,
    )
    fake.answer(audits.FLOW_LINT, planned)
    ran = interconn("flow", "lint", "flow.json")
    assert ran.status == 0
    assert "guest.0 bank" in ran.out
    assert "clearing-house schedules" in ran.out
    assert "guest.0 may take 2 cores, 0.5 GiB of memory" in ran.out
    assert "d" * 64 in ran.out
    assert fake.asked[0].members["dag"] == DAG.to_wire()


def test_flow_picture_goes_to_a_file_or_is_printed(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    (tmp_path / "flow.json").write_text(json.dumps({"dag": DAG.to_wire(), "name": "monthly"}))
    fake.answer(audits.FLOW_PICTURE, audits.Picture(svg="<svg/>\n"))
    assert interconn("flow", "picture", "flow.json").out == "<svg/>\n"
    ran = interconn("flow", "picture", "flow.json", "--output", "out.svg")
    assert (ran.status, (tmp_path / "out.svg").read_text()) == (0, "<svg/>\n")
    assert "out.svg" in ran.out
    assert fake.asked[0].members["title"] == "monthly"


def test_job_propose_takes_the_configuration_of_a_flow_file(
    fake: FakeNode, interconn: Interconn, tmp_path: Path
) -> None:
    (tmp_path / "flow.json").write_text(json.dumps({"dag": DAG.to_wire(), "config": CONFIG}))
    fake.answer(audits.JOB_PROPOSE, PROPOSAL)
    ran = interconn("job", "propose", "flow-1", "--config", "flow.json", "--name", "monday")
    assert ran.status == 0
    assert f"interconn job run {JOB_ID}" in ran.out
    sent = fake.asked[0].members
    assert (sent["flow_id"], sent["name"], sent["config"]["role"]) == ("flow-1", "monday", {"guest": ["bank"]})


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("dataset revoke it", "DATASET"),
        ("project revoke it", "PROJECT"),
        ("flow revoke it", "FLOW"),
        ("job revoke it", "JOB"),
    ],
)
def test_revoking_by_subject_ends_what_is_in_force_with_the_partner_named(
    line: str, kind: str, fake: FakeNode, interconn: Interconn
) -> None:
    ours = audit(audit_id="audit-0", kind=kind, subject_id="it", direction="APPLICANT", status="APPROVED")
    others = [
        audit(audit_id="audit-2", kind=kind, subject_id="something else", status="APPROVED"),
        audit(audit_id="audit-3", kind=kind, subject_id="it", node_id="another", status="APPROVED"),
    ]
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[ours, *others]))
    fake.answer(audits.AUDIT_TERMINATE, audit(audit_id="audit-0", kind=kind, subject_id="it", status="TERMINATED"))
    ran = interconn(*line.split(), "--partner", ours.node_id, "--reason", "over", "--json")
    assert (ran.status, [one["status"] for one in ran.json["audits"]]) == (0, ["TERMINATED"])
    assert fake.asked == [
        Asked("own.audit.list", {"kind": kind, "subject_id": "it", "page_num": 1, "page_size": -1}),
        Asked("own.audit.terminate", {"audit_id": "audit-0", "reason": "over"}),
    ]


@pytest.mark.parametrize("noun", ["dataset", "project", "flow", "job", "model"])
def test_rejecting_by_subject_rejects_the_application_of_the_partner_named(
    noun: str, fake: FakeNode, interconn: Interconn
) -> None:
    kind = noun.upper()
    asked = [
        audit(audit_id="audit-0", kind=kind, subject_id="it", node_id="bank"),
        audit(audit_id="audit-1", kind=kind, subject_id="it", node_id="fund"),
    ]
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=asked))
    fake.answer(audits.AUDIT_REJECT, audit(audit_id="audit-1", kind=kind, subject_id="it", status="REJECTED"))
    ran = interconn(noun, "reject", "it", "--partner", "fund", "--reason", "no", "--json")
    assert (ran.status, ran.json["status"]) == (0, "REJECTED")
    assert (fake.asked[-1].endpoint, fake.asked[-1].members["audit_id"]) == ("own.audit.reject", "audit-1")
    assert fake.asked[-1].members["reason"] == "no"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("dataset grant it", "DATASET"),
        ("project approve it", "PROJECT"),
        ("flow approve it", "FLOW"),
        ("job approve it", "JOB"),
    ],
)
def test_approving_by_subject_finds_the_pending_application(
    line: str, kind: str, fake: FakeNode, interconn: Interconn
) -> None:
    own = audit(audit_id="audit-0", kind=kind, subject_id="it", direction="APPLICANT")
    other = audit(audit_id="audit-2", kind=kind, subject_id="something else")
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[own, audit(kind=kind, subject_id="it"), other]))
    fake.answer(audits.AUDIT_APPROVE, audit(kind=kind, subject_id="it", status="APPROVED"))
    ran = interconn(*line.split(), "--json")
    assert (ran.status, ran.json["status"]) == (0, "APPROVED")
    assert fake.asked == [
        Asked("own.audit.list", {"kind": kind, "subject_id": "it", "page_num": 1, "page_size": -1}),
        Asked("own.audit.approve", {"audit_id": "audit-1", "grant_datasets": False, "reason": ""}),
    ]


def test_approving_what_nobody_applied_for_is_refused(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[audit(direction="APPLICANT")]))
    ran = interconn("job", "approve", JOB_ID)
    assert ran.status == 1
    assert "audit list" in ran.err


def test_approving_twice_says_that_it_is_approved(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[audit(status="APPROVED")]))
    ran = interconn("job", "approve", JOB_ID)
    assert ran.status == 1
    assert "bank is APPROVED already" in ran.err


def test_of_several_applicants_one_must_be_named(fake: FakeNode, interconn: Interconn) -> None:
    both = [audit(), audit(audit_id="audit-2", node_id="fund")]
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=both))
    fake.answer(audits.AUDIT_APPROVE, audit(status="APPROVED"))
    refused = interconn("job", "approve", JOB_ID)
    assert refused.status == 1
    assert "--partner" in refused.err
    assert interconn("job", "approve", JOB_ID, "--partner", "fund").status == 0
    assert fake.asked[-1].members["audit_id"] == "audit-2"


def test_of_several_applications_of_one_the_approval_must_be_named(fake: FakeNode, interconn: Interconn) -> None:
    both = [audit(), audit(audit_id="audit-2")]
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=both))
    fake.answer(audits.AUDIT_APPROVE, audit(status="APPROVED"))
    refused = interconn("job", "approve", JOB_ID)
    assert refused.status == 1
    assert "audit-1, audit-2" in refused.err
    assert "--partner" not in refused.err
    assert interconn("job", "approve", "audit-2").status == 0
    assert fake.asked[-1].members["audit_id"] == "audit-2"


def test_why_an_approval_was_refused_is_shown(fake: FakeNode, interconn: Interconn) -> None:
    rejected = audit(status="REJECTED", details={"reason": "the permit is used up"})
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[rejected]))
    assert "the permit is used up" in interconn("audit", "list").out


def test_an_empty_list_says_what_to_do(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[]))
    assert "interconn peer apply" in interconn("peer", "list").out


def test_what_a_partner_calls_itself_is_shown_as_text(fake: FakeNode, interconn: Interconn) -> None:
    painted = CONTRACT.model_copy(update={"institution": "[bold]Bank[/bold]"})
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[painted]))
    assert "[bold]Bank[/bold]" in interconn("peer", "list").out


def test_a_policy_is_checked_without_a_node(interconn: Interconn, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('[[rule]]\nname = "known"\nverdict = "approve"\nkinds = ["JOB"]\npartners = ["bank"]\n')
    shown = interconn("policy", "check", str(file))
    assert shown.status == 0 and "known" in shown.out
    file.write_text("[[rule]]\nnam = 1\n")
    refused = interconn("policy", "check", str(file))
    assert refused.status == 1 and "rule.0.nam" in refused.err


def test_components_that_a_policy_names_are_held_against_those_of_a_node_at_hand(
    fake: FakeNode, interconn: Interconn, tmp_path: Path
) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        '[[rule]]\nname = "psi"\nverdict = "approve"\nkinds = ["JOB"]\npartners = ["bank"]\ncomponents = ["psi"]\n'
        '[[release]]\nname = "reports"\ncomponents = ["summry"]\napproval = true\n'
    )
    fake.answer(components.COMPONENT_LIST, components.ComponentViews(components=[OWN_PSI]))
    checked = interconn("policy", "check", str(file), "--json")
    assert checked.status == 0 and checked.json["unknown_components"] == ["summry"]
    assert "summry" in interconn("policy", "check", str(file)).out
    alone = interconn("policy", "check", str(file), "--home", str(tmp_path / "nowhere"))
    assert alone.status == 0 and "there is no node in this directory" in alone.out
