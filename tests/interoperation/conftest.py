"""A node of interconn and a partner written by hand, acquainted with each other."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.interoperation import psi_party
from tests.interoperation.channel import SUCCESS, code_of
from tests.interoperation.node import Node, wait_for
from tests.interoperation.partner import Audit, Contract, Partner, fresh, psi_config, psi_dag, token_set

ROWS = 120
NO_INSTANCE = "E0000000602"


@dataclass
class Grounds:
    """All that a job of the partner's with the node needs: contract, grant, project and flow, approved by a person."""

    node: Node
    partner: Partner
    contract: Contract
    grant: Audit
    project_id: str
    flow_id: str

    def approve(self, audit: Audit) -> Audit:
        """Have the node's person approve, and wait for the confirm."""
        self.node.command("audit", "approve", audit.audit_id)
        wait_for(lambda: audit.status == "APPROVED", what=f"the confirm of the {audit.kind} audit")
        return audit

    def proposal(self, **changed: Any) -> dict[str, Any]:
        """A job as MGT-8.1 proposes it."""
        config = psi_config(guest=("operator", "mine"), host=("bank", "customers"), initiator="operator")
        return {
            "job_id": fresh("job-"),
            "flow_id": self.flow_id,
            "name": "intersection",
            "project_id": self.project_id,
            "dag": psi_dag(),
            "conf": config,
        } | changed

    def approved_job(self, proposal: dict[str, Any] | None = None) -> dict[str, Any]:
        """A job that the node's person has approved, as CTL-3.2 hands it over."""
        proposal = proposal or self.proposal()
        audit, reply = self.partner.ask_audit("job", proposal, x_mprac_token_set=token_set(self.grant.permit))
        assert reply.code == 0, reply.body
        self.approve(audit)
        job = {
            "job_id": proposal["job_id"],
            "flow_id": proposal["flow_id"],
            "dag": proposal["dag"],
            "config": proposal["conf"],
        }
        self.partner.jobs[job["job_id"]] = {"status": "RUNNING", **job}
        return job

    def started_task(self, job: dict[str, Any], task_name: str = "psi_1") -> str:
        """Create and start an approved job, unless that was done, and one of its tasks; the task's id."""
        task_id = fresh("task_")
        for path, members in (
            ("job/create", job),
            ("job/start", {"job_id": job["job_id"]}),
            ("task/start", {"task_id": task_id, "job_id": job["job_id"], "task_name": task_name}),
        ):
            reply = self.partner.post(f"/schedule/{path}", members)
            assert reply.code == 0, (path, reply.body)
        return task_id

    def poll(self, task_id: str) -> str:
        status: str = self.partner.post("/schedule/task/poll", {"task_id": task_id, "role": "host"}).data["status"]
        return status

    def running(self, task_id: str) -> None:
        """Wait until a task runs."""
        wait_for(lambda: self.poll(task_id) == "RUNNING", what=task_id)

    def ended(self, task_id: str) -> str:
        """How a task ended, once it has."""
        return str(wait_for(lambda: self.poll(task_id) in ("SUCCESS", "FAILED") and self.poll(task_id), what=task_id))


def link(partner: Partner, rank: int, session: str, own: str, other: str, **form: Any) -> psi_party.Link:
    """A link over push and invoke, for parties named `guest.0` and `host.0`."""

    def push(frame: bytes) -> None:
        for _ in range(100):
            reply = partner.channel.push(session, f"{own}-{other}", frame, **form)
            code, words = code_of(reply)
            if code != NO_INSTANCE:
                break
            time.sleep(0.1)  # the other side's session opens with its task (docs/partners.md)
        assert reply.proven
        assert code == SUCCESS, words

    return psi_party.Link(rank, push, lambda: partner.channel.pop(session, f"{other}-{own}", 30))


@dataclass(frozen=True)
class JointFlow:
    """A flow of the node with a partner, approved by that, and all that came before it."""

    contract: Contract
    permit: dict[str, Any]
    flow_id: str
    file: Path
    dag: dict[str, Any]
    config: dict[str, Any]


def joint_flow(node: Node, partner: Partner, folder: Path, *, dag: dict[str, Any] | None = None) -> JointFlow:
    """First contact, data set, project and flow of the node with a partner that has the data set `claims`."""
    name = partner.node_id
    fingerprint = partner.signer.credential.fingerprint
    node.command("peer", "apply", partner.server.address, "--node-id", name, "--fingerprint", fingerprint)
    contract = wait_for(lambda: next(iter(partner.contracts.values()), None), what="the application")
    assert contract.credential.fingerprint == node.command("node", "status")["fingerprint"]
    assert wait_for(lambda: partner.approve_contract(contract)).code == 0
    wait_for(lambda: node.command("peer", "list")["contracts"][-1]["usable"], what="a usable contract")

    partner.datasets["claims"] = {
        "dataset_id": "claims",
        "name": "claims",
        "owner": f"{name}.example",
        "count": ROWS // 3,
        "column_metas": [{"name": "id", "data_type": "varchar", "distribution": "DISCRETE"}],
    }
    assert [found["dataset_id"] for found in node.command("dataset", "discover", name)["records"]] == ["claims"]
    node.command("dataset", "request", name, "claims")
    grant = asked(partner, "dataset")
    permit = partner.permit_for(grant)
    assert partner.confirm_audit(grant, permit=permit).code == 0

    project = node.command("project", "create", "claims", "--partner", name, "--dataset", f"{name}/claims")
    assert partner.confirm_audit(asked(partner, "project")).code == 0
    dag = dag or psi_dag()
    config = psi_config(guest=("bank", "customers"), host=(name, "claims"), initiator="bank")
    for parameters in (
        config["task_params"]["common"],
        *(config["task_params"][role]["0"] for role in ("guest", "host")),
    ):
        parameters.update({each["name"]: dict(parameters["psi_1"]) for each in dag["components"]})
    file = folder / "flow.json"
    file.write_text(json.dumps({"name": "claims", "dag": dag, "config": config}))
    flow = node.command("flow", "create", str(file), "--project", project["project_id"])
    assert partner.confirm_audit(asked(partner, "flow")).code == 0
    return JointFlow(contract, permit, flow["flow_id"], file, dag, config)


def asked(partner: Partner, kind: str) -> Any:
    """The latest application of the node of this kind, once it is there."""
    return wait_for(
        lambda: next((a for a in reversed(partner.audits.values()) if a.kind == kind and a.status == "APPLIED"), None),
        what=f"an application for a {kind}",
    )


@pytest.fixture(scope="package")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    made = Node(folder / "bank", "bank")
    made.make()
    table = folder / "customers.csv"
    table.write_text("id,age\n" + "".join(f"k{row},{20 + row % 50}\n" for row in range(ROWS)))
    made.start()
    try:
        made.command("dataset", "add", str(table), "--name", "customers", "--key", "id", "--id", "customers")
        made.command("dataset", "add", str(table), "--name", "secrets", "--key", "id", "--id", "secrets")
        made.command("dataset", "publish", "customers")
        yield made
    finally:
        made.stop()
        # Whatever a partner sends is answered; it never brings the node to an error of its own.
        assert '"level": "error"' not in made.log, made.log[-4000:]
        assert "Traceback" not in made.log, made.log[-4000:]


def meet(node: Node, folder: Path, node_id: str, auth_type: str) -> Partner:
    """A partner that serves, whose certificate the node trusts."""
    partner = Partner(
        folder,
        node_id=node_id,
        peer="bank",
        peer_address=node.listener("partner"),
        trust=node.trust,
        auth_type=auth_type,
    )
    partner.server.start()
    (node.home / "tls" / "trusted" / f"{node_id}.pem").write_bytes(partner.certificate.read_bytes())
    return partner


@pytest.fixture(scope="package")
def partner(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    """The partner that applies to the node."""
    made = meet(node, tmp_path_factory.mktemp("operator"), "operator", "SHA256_RSA")
    yield made
    made.server.stop()


@pytest.fixture(scope="package")
def contract(node: Node, partner: Partner) -> Contract:
    applied = partner.apply()
    node.command("peer", "approve", applied.contract_id, "--fingerprint", partner.signer.credential.fingerprint)
    wait_for(lambda: applied.status == "APPROVED", what="the confirm of the contract")
    return applied


@pytest.fixture(scope="package")
def grounds(node: Node, partner: Partner, contract: Contract) -> Grounds:
    made = Grounds(node, partner, contract, Audit("", "dataset", "", {}, ""), fresh("project-"), fresh("flow-"))
    asked: list[tuple[str, dict[str, Any]]] = [
        ("dataset", {"contract_id": contract.contract_id, "dataset_id": "customers"}),
        (
            "project",
            {
                "contract_id": contract.contract_id,
                "project_id": made.project_id,
                "name": "credit",
                "type": "PSI",
                "datasets": [{"dataset_id": "customers", "name": "customers", "owner": "bank.example"}],
            },
        ),
        ("flow", {"flow_id": made.flow_id, "name": "overlap", "project_id": made.project_id, "dag": psi_dag()}),
    ]
    for kind, members in asked:
        audit, reply = partner.ask_audit(kind, members)
        assert reply.code == 0, (kind, reply.body)
        made.approve(audit)
        if kind == "dataset":
            made.grant = audit
    return made
