"""A whole partner written by hand from the documents: management and control of InterOp v1.2.0.

It knows nothing of interconn's code. What it needs to know of the standard is in the clause catalogue, what the
standard leaves open in docs/signature.md and docs/partners.md.
"""

import json
import secrets
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from tests.interoperation.channel import INVOKE, Channel
from tests.interoperation.client import Caller, Reply
from tests.interoperation.server import Incoming, Outgoing, Server, make_certificate
from tests.interoperation.signature import Credential, Signer, request_string

BASE = "/v1/interconn"
AUDITED = ("dataset", "project", "flow", "job", "model")


def fresh(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass
class Contract:
    """A contract as this side knows it."""

    contract_id: str
    status: str
    credential: Credential | None = None
    application: dict[str, Any] = field(default_factory=dict)
    trace_id: str = ""
    applied_trace_id: str = ""


@dataclass
class Audit:
    """An approval, asked for by either side."""

    audit_id: str
    kind: str
    status: str
    application: dict[str, Any]
    trace_id: str
    applied_trace_id: str = ""
    permit: Any = None
    permits_shown: str = ""


class Partner:
    """One institution's platform: serves its east-west endpoints and calls those of a node."""

    def __init__(
        self, folder: Path, *, node_id: str, peer: str, peer_address: str, trust: ssl.SSLContext, auth_type: str
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.node_id = node_id
        self.signer = Signer.fresh(auth_type)
        self.certificate, private_key = make_certificate(folder)
        self.server = Server(node_id, self.signer, self.certificate, private_key, self.key_of)
        self.caller = Caller(node_id, self.signer, peer_address, peer, None, trust)
        self.channel = Channel(self.caller)
        self.contracts: dict[str, Contract] = {}
        self.audits: dict[str, Audit] = {}
        self.datasets: dict[str, dict[str, Any]] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.task_status: dict[str, str] = {}
        self.projects: dict[str, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.serve()

    # ------------------------------------------------------------------ what is served

    def serve(self) -> None:
        routes = self.server.routes
        routes["POST", f"{BASE}/node/contract/apply"] = self.on_contract_apply
        routes["POST", f"{BASE}/node/contract/confirm"] = self.on_contract_confirm
        routes["POST", f"{BASE}/node/contract/terminate"] = self.on_contract_terminate
        routes["GET", f"{BASE}/node/contract/query"] = lambda i: self.status_of(
            self.contracts.get(query(i, "contract_id"))
        )
        routes["GET", f"{BASE}/node/query"] = lambda i: Outgoing(self.card())
        routes["GET", f"{BASE}/node/health"] = lambda i: Outgoing({"status": "ok"})
        routes["POST", f"{BASE}/node/update"] = self.on_node_update
        routes["GET", f"{BASE}/project/list"] = self.on_project_list
        routes["GET", f"{BASE}/project/query"] = self.on_project_query
        routes["GET", f"{BASE}/dataset/pub/list"] = self.on_dataset_list
        routes["GET", f"{BASE}/dataset/pub/query"] = self.on_dataset_query
        routes["GET", f"{BASE}/component/list"] = lambda i: Outgoing(
            {"records": [{"code": "psi", "version": "1.0.0", "developer": "interconn"}], "total": 1}
        )
        for kind in AUDITED:
            routes["POST", f"{BASE}/{kind}/audit/apply"] = self.on_audit_apply
            routes["POST", f"{BASE}/{kind}/audit/confirm"] = self.on_audit_confirm
            routes["POST", f"{BASE}/{kind}/audit/terminate"] = self.on_audit_terminate
            if kind != "job":  # the standard has no such call (MGT-8-job-audit-state)
                routes["GET", f"{BASE}/{kind}/audit/query"] = lambda i: self.status_of(
                    self.audits.get(query(i, "audit_id"))
                )
        routes["POST", f"{BASE}/schedule/job/create"] = self.on_job_create
        routes["POST", f"{BASE}/schedule/job/start"] = lambda i: self.on_job(i, "RUNNING")
        routes["POST", f"{BASE}/schedule/job/stop"] = lambda i: self.on_job(i, "FINISHED")
        routes["POST", f"{BASE}/schedule/task/start"] = self.on_task_start
        routes["POST", f"{BASE}/schedule/task/poll"] = lambda i: Outgoing(
            {"status": self.task_status.get(i.members["task_id"], "PENDING")}
        )
        routes["POST", f"{BASE}/schedule/job/status_all"] = self.on_status_all
        routes["POST", INVOKE] = self.channel.on_invoke

    def key_of(self, incoming: Incoming) -> Credential | None:
        path = incoming.path.removeprefix(BASE)
        if path.startswith("/node/") and path not in ("/node/contract/terminate", "/node/update"):
            return None
        return self.caller.peer_credential if incoming.headers["x-source-node-id"] == self.caller.peer else None

    def card(self) -> dict[str, str]:
        return {
            "address": self.server.address,
            "inst_id": f"{self.node_id}.example",
            "institution": "Handwritten & Söhne",
            "name": self.node_id,
            "node_id": self.node_id,
            "system": "handwritten",
            "system_version": "1.0",
        }

    @staticmethod
    def status_of(found: Contract | Audit | None) -> Outgoing:
        return Outgoing({"status": found.status}) if found else Outgoing(code=40400, message="not known")

    @staticmethod
    def holds_key(incoming: Incoming, credential: Credential) -> bool:
        content = request_string(credential, incoming.method, incoming.target, incoming.headers, incoming.body)
        return credential.verifies(incoming.headers.get("x-auth-sign", ""), content)

    def on_contract_apply(self, incoming: Incoming) -> Outgoing:
        members = incoming.members
        credential = Credential.of_wire(members["auth_type"], members["auth_credential"])
        if not self.holds_key(incoming, credential):
            return Outgoing(code=40102, message="the key of the application is not held", status=401)
        contract_id = fresh("contract-")
        trace_id = incoming.headers["x-trace-id"]
        self.contracts[contract_id] = Contract(contract_id, "APPLIED", credential, members, trace_id)
        return Outgoing({"contract_id": contract_id})

    def on_contract_confirm(self, incoming: Incoming) -> Outgoing:
        members = incoming.members
        contract = self.contracts.get(members["contract_id"])
        if contract is None:
            return Outgoing(code=40400, message="not known")
        contract.status = members["status"]
        contract.trace_id = incoming.headers["x-trace-id"]
        if contract.status == "APPROVED":
            credential = Credential.of_wire(members["auth_type"], members["auth_credential"])
            if not self.holds_key(incoming, credential):
                return Outgoing(code=40102, message="the key of the confirm is not held", status=401)
            contract.credential = self.caller.peer_credential = credential
        return Outgoing()

    def on_contract_terminate(self, incoming: Incoming) -> Outgoing:
        contract = self.contracts.get(incoming.members["contract_id"])
        if contract is None:
            return Outgoing(code=40400, message="not known")
        contract.status = "TERMINATED"
        return Outgoing()

    def on_dataset_list(self, incoming: Incoming) -> Outgoing:
        return Outgoing({"records": list(self.datasets.values()), "total": len(self.datasets)})

    def on_dataset_query(self, incoming: Incoming) -> Outgoing:
        found = self.datasets.get(query(incoming, "dataset_id"))
        return Outgoing(found) if found else Outgoing(code=40400, message="not known")

    def on_audit_apply(self, incoming: Incoming) -> Outgoing:
        kind, members, headers = incoming.path.split("/")[3], incoming.members, incoming.headers
        self.audits[members["audit_id"]] = Audit(
            members["audit_id"],
            kind,
            "APPLIED",
            members,
            headers["x-trace-id"],
            permits_shown=headers.get("x-mprac-token-set", ""),
        )
        return Outgoing()

    def on_audit_confirm(self, incoming: Incoming) -> Outgoing:
        members = incoming.members
        audit = self.audits.get(members["audit_id"])
        if audit is None:
            return Outgoing(code=40400, message="not known")
        audit.permit = members.get("resource_permit")
        audit.trace_id = incoming.headers["x-trace-id"]
        audit.status = members["status"]
        return Outgoing()

    def on_audit_terminate(self, incoming: Incoming) -> Outgoing:
        audit = self.audits.get(incoming.members["audit_id"])
        if audit is None:
            return Outgoing(code=40400, message="not known")
        if audit.status not in ("APPROVED", "TERMINATED"):
            return Outgoing(code=40901, message=f"is {audit.status}")
        audit.status = "TERMINATED"
        return Outgoing()

    def on_node_update(self, incoming: Incoming) -> Outgoing:
        members = incoming.members
        contract = self.contracts.get(members["contract_id"])
        if contract is None or contract.status != "APPROVED":
            return Outgoing(code=40400, message="not known")
        contract.credential = self.caller.peer_credential = Credential.of_wire(
            members["auth_type"], members["auth_credential"]
        )
        self.caller.address = members["address"]
        self.updates.append(members)
        return Outgoing()

    def on_project_list(self, incoming: Incoming) -> Outgoing:
        shown = [
            {name: project[name] for name in ("project_id", "name", "type", "description") if name in project}
            for project in self.projects.values()
        ]
        return Outgoing({"records": shown, "total": len(shown)})

    def on_project_query(self, incoming: Incoming) -> Outgoing:
        found = self.projects.get(query(incoming, "project_id"))
        return Outgoing(found) if found else Outgoing(code=40400, message="not known")

    def on_job_create(self, incoming: Incoming) -> Outgoing:
        self.jobs[incoming.members["job_id"]] = {"status": "READY", **incoming.members}
        return Outgoing()

    def on_job(self, incoming: Incoming, status: str) -> Outgoing:
        job = self.jobs.get(incoming.members["job_id"])
        if job is None:
            return Outgoing(code=40400, message="not known")
        job["status"] = status
        return Outgoing()

    def on_status_all(self, incoming: Incoming) -> Outgoing:
        job = self.jobs.get(incoming.members["job_id"])
        return (
            Outgoing({"job_status": job["status"], "status": {}}) if job else Outgoing(code=40400, message="not known")
        )

    def on_task_start(self, incoming: Incoming) -> Outgoing:
        self.task_status[incoming.members["task_id"]] = "RUNNING"
        return Outgoing()

    # ------------------------------------------------------------------ what is asked

    def post(self, path: str, members: dict[str, Any], **headers: str) -> Reply:
        return self.caller.send(self.caller.post(BASE + path, members, **headers))

    def get(self, path: str, **members: object) -> Reply:
        names = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in members.items())
        return self.caller.send(self.caller.get(BASE + path + ("?" + names if names else "")))

    def apply(self) -> Contract:
        """First contact, as the applicant (MGT-3.1)."""
        members = self.card() | {
            "auth_type": self.signer.auth_type,
            "auth_credential": self.signer.credential.pem,
            "description": "written by hand",
        }
        request = self.caller.post(f"{BASE}/node/contract/apply", members)
        reply = self.caller.send(request)
        assert reply.code == 0, reply.body
        contract = Contract(reply.data["contract_id"], "APPLIED", applied_trace_id=request.headers["x-trace-id"])
        self.contracts[contract.contract_id] = contract
        return contract

    def approve_contract(self, contract: Contract, status: str = "APPROVED") -> Reply:
        """The verdict on an application of the node (MGT-3.2)."""
        members: dict[str, Any] = {"contract_id": contract.contract_id, "status": status}
        if status == "APPROVED":
            members |= {
                "auth_type": self.signer.auth_type,
                "auth_credential": self.signer.credential.pem,
                "expired_time": 4_102_444_800_000,
            }
            self.caller.peer_credential = contract.credential
        contract.status = status
        return self.post("/node/contract/confirm", members)

    def ask_audit(self, kind: str, members: dict[str, Any], **headers: str) -> tuple[Audit, Reply]:
        """Apply for an approval (MGT-4.3, MGT-5.1, MGT-7.1, MGT-8.1)."""
        members = {"audit_id": fresh("audit-")} | members
        request = self.caller.post(f"{BASE}/{kind}/audit/apply", members, **headers)
        trace_id = request.headers["x-trace-id"]
        audit = Audit(members["audit_id"], kind, "APPLIED", members, "", applied_trace_id=trace_id)
        self.audits[audit.audit_id] = audit
        return audit, self.caller.send(request)

    def confirm_audit(self, audit: Audit, status: str = "APPROVED", permit: dict[str, Any] | None = None) -> Reply:
        """The verdict on an application of the node (MGT-4.4, MGT-5.2, MGT-7.2, MGT-8.2)."""
        audit.status, audit.permit = status, permit
        members: dict[str, Any] = {"audit_id": audit.audit_id, "status": status}
        if permit:
            members["resource_permit"] = permit
        return self.post(f"/{audit.kind}/audit/confirm", members)

    def end_audit(self, audit: Audit) -> Reply:
        """Revoke an approval (MGT-4.5, MGT-5.3, MGT-7.3, MGT-8.3, MGT-9.3)."""
        audit.status = "TERMINATED"
        return self.post(f"/{audit.kind}/audit/terminate", {"audit_id": audit.audit_id})

    def permit_for(self, audit: Audit) -> dict[str, Any]:
        """A permit of this side's data set (MGT-2.2-permit)."""
        return {
            "token": secrets.token_hex(24),
            "resource_level": 1,
            "resource_type": "DATASET",
            "resource_id": audit.application["dataset_id"],
            "resource_node_id": self.node_id,
            "resource_inst_id": f"{self.node_id}.example",
            "request_node_id": self.caller.peer,
            "request_inst_id": f"{self.caller.peer}.example",
        }


def token_set(*permits: dict[str, Any]) -> str:
    """Permits as x-mprac-token-set (MGT-2.2-token-set)."""
    return ",".join(
        f"urn:interconn:{permit['resource_type'].lower()}:{permit['resource_node_id']}:{permit['resource_id']}"
        f"/{permit['resource_level']}/{permit['token']}"
        for permit in permits
    )


def query(incoming: Incoming, name: str) -> str:
    found = parse_qs(urlsplit(incoming.target).query).get(name, [""])
    return found[0]


def psi_dag(component: str = "psi_1") -> dict[str, Any]:
    """One intersection (CTL-6.7)."""
    return {
        "version": "1.0.0",
        "components": [
            {
                "name": component,
                "componentName": "psi",
                "provider": "interconn",
                "version": "1.0.0",
                "input": [],
                "output": [{"type": "dataset", "key": "aligned"}, {"type": "report", "key": "report"}],
            }
        ],
    }


def psi_config(*, guest: tuple[str, str], host: tuple[str, str], initiator: str, component: str = "psi_1") -> Any:
    """Parties with their data sets (CTL-6.6); `guest` and `host` are (node id, data set id)."""
    config = {
        "version": "1.0.0",
        "initiator": {"role": "guest" if guest[0] == initiator else "host", "node_id": initiator},
        "role": {"guest": [guest[0]], "host": [host[0]], "arbiter": []},
        "job_params": {"common": {"sync_type": "poll"}, "guest": {}, "host": {}, "arbiter": {}},
        "task_params": {
            "common": {component: {"key_columns": "id"}},
            "guest": {"0": {component: {"dataset_id": guest[1]}}},
            "host": {"0": {component: {"dataset_id": host[1]}}},
            "arbiter": {},
        },
    }
    return json.loads(json.dumps(config))
