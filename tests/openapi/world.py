"""Real callers and real things, for calls that are made up from the OpenAPI documents."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.roles import Role
from interconn.client import NodeAccess, NodeClient
from interconn.components.callback import token_digest
from interconn.components.tables import ComponentRun
from interconn.identity.signature import SignedRequest
from interconn.standard import headers as names
from interconn.standard.flow import Config, Dag
from interconn.standard.management import AuditStatus
from tests.composed import ComposedNode
from tests.peers.asgi import Answer

LISTENERS = ("partner", "component", "admin")
NOWHERE = "http://127.0.0.1:9"
"""An address where nothing listens: what is made up must not reach anybody."""


class World:
    """Two nodes, and what is between them."""

    def __init__(self, folder: Path, examples: Path) -> None:
        self.bank, self.operator = ComposedNode(folder / "bank", "bank"), ComposedNode(folder / "operator", "operator")
        self.known: dict[str, list[Any]] = {"path": [str(examples / "loans.csv")]}
        bank, operator = self._client(self.bank), self._client(self.operator)
        self._cooperate(bank, operator)
        self._work(bank, operator, examples)
        self.task_token = secrets.token_urlsafe(32)
        self.bank.wait(self.bank.node.database.write(self._run_component))
        bank.close()
        operator.close()

    def known_to(self, listener: str, path: str) -> dict[str, list[Any]]:
        """What a caller of a listener would put into the members of a call."""
        kind = next((each.value for each in AuditKind if f"/{each.value.lower()}/audit/" in path), "")
        known = {**self.known, "node_id": ["bank" if listener == "partner" else "operator"]}
        known["audit_id"] = [
            audit.audit_id
            for audit in self.audits
            if kind in ("", audit.kind.value) and not (path.endswith("/confirm") and audit.direction == "PARTNER")
        ]
        if path.endswith("/audit/apply"):
            del known["audit_id"]  # an application has an id of its own
        if listener == "component":
            known |= {"role": ["guest", "guest.0"]}
        if path.endswith("/peers/apply"):
            known |= {"node_id": ["nowhere"]}
        return {name: values for name, values in known.items() if values}

    def document(self, listener: str) -> dict[str, Any]:
        """The document of one of the bank's listeners."""
        found: dict[str, Any] = json.loads(self.bank.ask(listener, "GET", "/openapi.json").body)
        return found

    def send(self, listener: str, method: str, target: str, body: bytes, content_type: str = "") -> Answer:
        """Make a call of a listener as its real caller does: with a token, or signed by the partner."""
        typed = {"content-type": content_type} if content_type else {}
        if listener == "admin":
            headers = {"authorization": f"Bearer {self.bank.token}", **typed}
        elif listener == "component":
            headers = {names.PTP_TOKEN: self.task_token, **typed}
        else:
            headers = self.signed(method, target, body, typed)
        return self.bank.ask(listener, method, target, headers, body)

    def signed(self, method: str, target: str, body: bytes, more: Mapping[str, str]) -> dict[str, str]:
        """The headers of a call by the operator, signed with its key."""
        signer = self.operator.home.key_store().load()
        headers = {
            names.SOURCE_NODE_ID: "operator",
            names.TARGET_NODE_ID: "bank",
            names.NONCE: secrets.token_hex(16),
            names.TIMESTAMP: str(int(time.time() * 1000)),
            names.TRACE_ID: secrets.token_hex(16),
            names.CSRF_PROTECTION: "1",
            **more,
        }
        return {**headers, names.AUTH_SIGN: SignedRequest(method, target, headers, body).sign(signer)}

    def close(self) -> None:
        """Stop both nodes."""
        self.bank.close()
        self.operator.close()

    def _client(self, node: ComposedNode) -> NodeClient:
        return NodeClient(NodeAccess(node.node.listeners["admin"].url, node.token))

    def _cooperate(self, bank: NodeClient, operator: NodeClient) -> None:
        applied = bank.peers.apply(
            operator.node.status().address, "operator", fingerprint=operator.node.status().fingerprint
        )
        operator.peers.approve(applied.contract_id, bank.node.status().fingerprint)
        _wait(lambda: bank.peers.list().contracts[0].usable and operator.peers.list().contracts[0].usable)
        self.known["contract_id"] = [bank.peers.list().contracts[0].contract_id]

    def _work(self, bank: NodeClient, operator: NodeClient, examples: Path) -> None:
        for node, name in ((bank, "loans"), (operator, "customers")):
            node.datasets.add(str(examples / f"{name}.csv"), name, ["id"], dataset_id=name)
            node.datasets.publish(name)
        bank.datasets.request("operator", "customers")
        operator.datasets.request("bank", "loans")
        self._approve_all(bank, operator)
        written = json.loads((examples / "intersection.json").read_text())
        dag, config = Dag.model_validate(written["dag"]), Config.model_validate(written["config"])
        bank.projects.create("joint", ["operator"], project_id="joint")
        operator.projects.create("theirs", ["bank"], project_id="theirs")
        self._approve_all(bank, operator)
        bank.flows.create("credit", "joint", dag, config=config, flow_id="credit")
        operator.flows.create("flow", "theirs", dag, flow_id="their-flow")
        self._approve_all(bank, operator)
        job = bank.jobs.propose("credit", config)
        self._approve_all(bank, operator)
        operator.projects.create("undecided", ["bank"], project_id="undecided")
        bank.projects.create("pending", ["operator"], project_id="pending")
        _wait(lambda: any(a.subject_id == "undecided" for a in bank.audits.list().audits))
        self.known |= {
            "dataset_id": ["loans", "customers"],
            "project_id": ["joint", "theirs"],
            "flow_id": ["credit", "their-flow"],
            "job_id": [job.job_id],
            "subject_id": ["loans", "customers", "joint", "credit"],
            "dag": [written["dag"]],
            "config": [written["config"]],
            "partners": [["operator"]],
            "parties": [["bank", "operator"]],
            "key_columns": [["id"]],
            "address": [NOWHERE],
            "task_id": ["task-by-hand"],
            "user": ["ann"],
            "code": ["psi"],
            "version": ["1.0.0"],
            "inst_id": ["operator.example"],
            "page_num": [1, 2],
            "page_size": [-1, 1, 100],
        }
        self.audits = bank.audits.list().audits
        bank.users.add("ann", [Role.OPERATOR])

    def _approve_all(self, *nodes: NodeClient) -> None:
        """Approve whatever waits for a person, until nothing waits for anybody."""

        def settled() -> bool:
            waiting = False
            for node in nodes:
                for audit in node.audits.list().audits:
                    if audit.direction == "PARTNER" and audit.status is AuditStatus.APPLIED:
                        node.audits.approve(audit.audit_id)
                    waiting = waiting or audit.status is AuditStatus.APPLIED or bool(audit.waits_for)
            return not waiting

        _wait(settled)

    def _run_component(self, session: Session) -> None:
        """A component that has run: its callback, repeated, is what a component listener is asked most."""
        session.add(
            ComponentRun(
                task_id="task-by-hand",
                role="guest",
                index=0,
                job_id="job-by-hand",
                order={},
                state="ENDED",
                token_digest=token_digest(self.task_token),
                reported="RUNNING",
                status="SUCCESS",
                ordered_at=1,
            )
        )


def _wait(reached: Any) -> None:
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline, "the nodes did not come to terms"
        time.sleep(0.02)
