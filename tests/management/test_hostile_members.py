"""Whatever a partner writes into a member, it is told what is wrong with it, and nothing fails or is half-written."""

import json

import pytest

from interconn.api.audits import PROJECT_CREATE
from interconn.dialects import STANDARD
from interconn.peers.outbound import Destination
from interconn.standard import management as standard
from interconn.standard.errors import InterconnError
from interconn.standard.wire import WireModel

PERMIT = {
    "token": "t" * 32,
    "resource_level": 1,
    "resource_type": "DATASET",
    "resource_id": "operator-table",
    "resource_node_id": "bank",
    "resource_inst_id": "inst-bank",
    "request_node_id": "operator",
    "request_inst_id": "inst-operator",
}
HOSTILE = (
    None, "", " ", "x" * 5000, "\0", "\ud800", "../..", "'; DROP TABLE audits; --", "＿", -1, 2**70, 1e308, True,
    [], {}, [[]], {"a": {"b": []}}, ["x"] * 2000,
)  # fmt: skip

ALL = (*standard.ENDPOINTS, *standard.EXTENSIONS)


class Raw(WireModel):
    """Members as they are, whatever they are."""

    model_config = {"extra": "allow"}

    def to_wire(self):
        return dict(self.model_extra or {})


def requests(scene, make, project=("a", "p")):
    contract_id = scene.bank.directory.usable("operator").contract_id
    stranger = scene.network.nodes["mallory"]
    card = stranger.identity.information().to_wire()
    credential = {"auth_credential": stranger.credential.pem, "auth_type": "SHA256_ECDSA"}
    work = {"audit_id": "a", "flow_id": "flow-1", "name": "n", "project_id": "project-1", "dag": make.dag()}
    permit = {"audit_id": "a", "status": "APPROVED", "resource_permit": PERMIT}
    return {
        standard.CONTRACT_APPLY: {**card, **credential, "description": "d", "expired_time": 1_900_000_000_000},
        standard.CONTRACT_CONFIRM: {**credential, "contract_id": contract_id, "status": "APPROVED", "expired_time": 1},
        standard.CONTRACT_TERMINATE: {"contract_id": "contract-none"},
        standard.NODE_UPDATE: {
            **{name: value for name, value in scene.bank.identity.information().to_wire().items() if name != "node_id"},
            "contract_id": contract_id,
            "auth_credential": scene.bank.credential.pem,
            "auth_type": "SHA256_ECDSA",
        },
        standard.CONTRACT_QUERY: {"contract_id": contract_id},
        standard.NODE_QUERY: {"node_id": "operator"},
        standard.DATASET_LIST: {"contract_id": contract_id, "page_num": 1, "page_size": 1},
        standard.DATASET_QUERY: {"contract_id": contract_id, "dataset_id": "operator-table"},
        standard.DATASET_APPLY: {
            "audit_id": "b",
            "contract_id": contract_id,
            "dataset_id": "operator-table",
            "auth_scope": {"NODE": ["bank"]},
            "time_limit": 1,
            "times_limit": 1,
        },
        standard.DATASET_CONFIRM: permit,
        standard.DATASET_STATUS: {"audit_id": "a"},
        standard.DATASET_TERMINATE: {"audit_id": "a"},
        standard.PROJECT_APPLY: {
            "audit_id": "c",
            "contract_id": contract_id,
            "name": "n",
            "project_id": "p",
            "type": "PSI",
            "datasets": [{"dataset_id": "operator-table", "name": "n", "owner": "o"}],
        },
        standard.PROJECT_CONFIRM: {
            "audit_id": project[0],
            "status": "APPROVED",
            "resource_permit": {**PERMIT, "resource_id": project[1], "time_limit": 1, "times_limit": 1},
        },
        standard.PROJECT_STATUS: {"audit_id": "a"},
        standard.PROJECT_TERMINATE: {"audit_id": "a"},
        standard.PROJECT_LIST: {"contract_id": contract_id, "page_num": 1, "page_size": 1},
        standard.PROJECT_QUERY: {"contract_id": contract_id, "project_id": project[1]},
        standard.COMPONENT_LIST: {"contract_id": contract_id, "category": "c", "developer": "d", "page_num": 1},
        standard.COMPONENT_QUERY: {"contract_id": contract_id, "code": "psi", "version": "1.0.0"},
        standard.FLOW_APPLY: {**work, "audit_id": "d", "flow_id": "flow-2", "config": make.config()},
        standard.FLOW_CONFIRM: permit,
        standard.FLOW_STATUS: {"audit_id": "a"},
        standard.FLOW_TERMINATE: {"audit_id": "a"},
        standard.JOB_APPLY: {**work, "audit_id": "e", "job_id": "job-1", "conf": make.config()},
        standard.JOB_CONFIRM: permit,
        standard.JOB_TERMINATE: {"audit_id": "a"},
        standard.JOB_STATUS: {"audit_id": "a"},
        standard.MODEL_APPLY: {
            "apply_project_id": project[1],
            "audit_id": "f",
            "digest": "0" * 64,
            "model_id": "model-1",
            "task_id": "task-1",
        },
        standard.MODEL_CONFIRM: permit,
        standard.MODEL_TERMINATE: {"audit_id": "a"},
        standard.MODEL_STATUS: {"audit_id": "a"},
    }


def places(value, path=()):
    """Yield the path of every member, however deep."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from places(member, (*path, name))


def put(value, path, hostile):
    changed = json.loads(json.dumps(value))
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = hostile
    return changed


def test_every_call_with_members_is_here(scene, make):
    assert {one.name for one in requests(scene, make)} == {one.name for one in ALL} - {"node.health"}


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param(
            endpoint, id=endpoint.name, marks=[pytest.mark.slow] if "dag" in endpoint.request.model_fields else []
        )
        for endpoint in ALL
    ],
)
async def test_no_member_makes_the_node_fail(scene, granted, make, endpoint, monkeypatch):
    monkeypatch.setattr("interconn.management.contracts.applications.OPEN_APPLICATIONS_OF_A_NODE", 10**6)
    monkeypatch.setattr("interconn.management.contracts.applications.OPEN_APPLICATIONS", 10**6)
    project = await scene.operator.ask(PROJECT_CREATE, name="p", partners=["bank"])
    await scene.network.settle()
    content = requests(scene, make, (project.audits[0].audit_id, project.project_id)).get(endpoint, {})
    destination = Destination("operator", scene.operator.identity.address, None, STANDARD)
    sender = scene.network.nodes["mallory"] if endpoint is standard.CONTRACT_APPLY else scene.bank
    served = sent = 0
    for path in places(content):
        for hostile in HOSTILE:
            sent += 1
            fresh = {name: f"{name}-{sent}" for name in FRESH.get(endpoint, ()) if name != path[0]}
            request = Raw(**put(content, path, hostile) | fresh)
            try:
                await sender.client.ask(destination, endpoint, request, trace_id="t")
                served += 1
            except InterconnError as error:
                assert getattr(error, "peer_code", 0) != InterconnError.code, (path, hostile)
                assert getattr(error, "peer_message", "said"), (path, hostile)
            except UnicodeEncodeError:
                sent -= 1  # our own writer has no form for it
    assert served or endpoint not in FRESH
    await scene.operator.trail()
    for row in scene.operator.management.own_services():
        if row.endpoint.method == "GET" and all(
            not field.is_required() for field in row.endpoint.request.model_fields.values()
        ):
            await scene.operator.ask(row.endpoint)


FRESH = {
    standard.CONTRACT_APPLY: (),
    standard.DATASET_APPLY: ("audit_id",),
    standard.PROJECT_APPLY: ("audit_id", "project_id"),
    standard.PROJECT_CONFIRM: (),
    standard.FLOW_APPLY: ("audit_id", "flow_id"),
}
"""Calls that are served whatever stands in members that do not matter, given ids that are new."""
