"""The rows of the management calls that the node serves (MGT-3 to MGT-9)."""

from __future__ import annotations

from typing import Final

from interconn.standard.endpoint import Endpoint, Proof
from interconn.standard.management.component import ComponentDetail, ComponentList, ComponentPage, ComponentQuery
from interconn.standard.management.contract import (
    ContractApplied,
    ContractApply,
    ContractConfirm,
    ContractReference,
    Health,
    NodeInformation,
    NodeQuery,
    NodeUpdate,
)
from interconn.standard.management.dataset import DatasetApply, DatasetDetail, DatasetList, DatasetPage, DatasetQuery
from interconn.standard.management.model import ModelApply
from interconn.standard.management.permit import AuditConfirm, AuditReference
from interconn.standard.management.terms import StatusReply
from interconn.standard.management.work import (
    FlowApply,
    JobApply,
    ProjectApply,
    ProjectDetail,
    ProjectList,
    ProjectPage,
    ProjectQuery,
)
from interconn.standard.wire import Empty

_PREFIX = "/v1/interconn"

CONTRACT_APPLY: Final = Endpoint(
    "contract.apply", "MGT-3.1", "POST", f"{_PREFIX}/node/contract/apply", ContractApply, ContractApplied,
    "Apply for cooperation.", Proof.POSSESSION,
)  # fmt: skip
CONTRACT_CONFIRM: Final = Endpoint(
    "contract.confirm", "MGT-3.2", "POST", f"{_PREFIX}/node/contract/confirm", ContractConfirm, Empty,
    "Tell the applicant the verdict on its application.", Proof.POSSESSION,
)  # fmt: skip
CONTRACT_TERMINATE: Final = Endpoint(
    "contract.terminate", "MGT-3.3", "POST", f"{_PREFIX}/node/contract/terminate", ContractReference, Empty,
    "End the contract between the two nodes.",
)  # fmt: skip
NODE_UPDATE: Final = Endpoint(
    "node.update", "MGT-3.4", "POST", f"{_PREFIX}/node/update", NodeUpdate, Empty,
    "Tell a partner the sender's node data and credential, when they have changed.",
)  # fmt: skip
CONTRACT_QUERY: Final = Endpoint(
    "contract.query", "MGT-3.5", "GET", f"{_PREFIX}/node/contract/query", ContractReference, StatusReply,
    "Ask for the state of a contract.", Proof.NONE,
)  # fmt: skip
NODE_QUERY: Final = Endpoint(
    "node.query", "MGT-3.6", "GET", f"{_PREFIX}/node/query", NodeQuery, NodeInformation,
    "Ask a node what it says of itself.", Proof.NONE,
)  # fmt: skip
NODE_HEALTH: Final = Endpoint(
    "node.health", "MGT-3.7", "GET", f"{_PREFIX}/node/health", Empty, Health,
    "Ask whether a node is well.", Proof.NONE,
)  # fmt: skip
DATASET_LIST: Final = Endpoint(
    "dataset.list", "MGT-4.1", "GET", f"{_PREFIX}/dataset/pub/list", DatasetList, DatasetPage,
    "List the data sets that the partner has published.",
)  # fmt: skip
DATASET_QUERY: Final = Endpoint(
    "dataset.query", "MGT-4.2", "GET", f"{_PREFIX}/dataset/pub/query", DatasetQuery, DatasetDetail,
    "Ask for one data set of the partner.",
)  # fmt: skip
DATASET_APPLY: Final = Endpoint(
    "dataset.apply", "MGT-4.3", "POST", f"{_PREFIX}/dataset/audit/apply", DatasetApply, Empty,
    "Apply for a data set grant.",
)  # fmt: skip
DATASET_CONFIRM: Final = Endpoint(
    "dataset.confirm", "MGT-4.4", "POST", f"{_PREFIX}/dataset/audit/confirm", AuditConfirm, Empty,
    "Tell the applicant the verdict on a data set grant.",
)  # fmt: skip
DATASET_TERMINATE: Final = Endpoint(
    "dataset.terminate", "MGT-4.5", "POST", f"{_PREFIX}/dataset/audit/terminate", AuditReference, Empty,
    "Revoke a data set grant.",
)  # fmt: skip
DATASET_STATUS: Final = Endpoint(
    "dataset.status", "MGT-4.6", "GET", f"{_PREFIX}/dataset/audit/query", AuditReference, StatusReply,
    "Ask for the state of a data set grant.",
)  # fmt: skip
PROJECT_APPLY: Final = Endpoint(
    "project.apply", "MGT-5.1", "POST", f"{_PREFIX}/project/audit/apply", ProjectApply, Empty,
    "Apply for the approval of a project.",
)  # fmt: skip
PROJECT_CONFIRM: Final = Endpoint(
    "project.confirm", "MGT-5.2", "POST", f"{_PREFIX}/project/audit/confirm", AuditConfirm, Empty,
    "Tell the applicant the verdict on a project.",
)  # fmt: skip
PROJECT_TERMINATE: Final = Endpoint(
    "project.terminate", "MGT-5.3", "POST", f"{_PREFIX}/project/audit/terminate", AuditReference, Empty,
    "Revoke the approval of a project.",
)  # fmt: skip
PROJECT_STATUS: Final = Endpoint(
    "project.status", "MGT-5.4", "GET", f"{_PREFIX}/project/audit/query", AuditReference, StatusReply,
    "Ask for the state of a project approval.",
)  # fmt: skip
PROJECT_LIST: Final = Endpoint(
    "project.list", "MGT-5.5", "GET", f"{_PREFIX}/project/list", ProjectList, ProjectPage,
    "List the projects of the partner in which the caller takes part.",
)  # fmt: skip
PROJECT_QUERY: Final = Endpoint(
    "project.query", "MGT-5.6", "GET", f"{_PREFIX}/project/query", ProjectQuery, ProjectDetail,
    "Ask for one project of the partner.",
)  # fmt: skip
COMPONENT_LIST: Final = Endpoint(
    "component.list", "MGT-6.1", "GET", f"{_PREFIX}/component/list", ComponentList, ComponentPage,
    "List the components that the partner offers.",
)  # fmt: skip
COMPONENT_QUERY: Final = Endpoint(
    "component.query", "MGT-6.2", "GET", f"{_PREFIX}/component/query", ComponentQuery, ComponentDetail,
    "Ask for one component of the partner.",
)  # fmt: skip
FLOW_APPLY: Final = Endpoint(
    "flow.apply", "MGT-7.1", "POST", f"{_PREFIX}/flow/audit/apply", FlowApply, Empty,
    "Apply for the approval of a flow.",
)  # fmt: skip
FLOW_CONFIRM: Final = Endpoint(
    "flow.confirm", "MGT-7.2", "POST", f"{_PREFIX}/flow/audit/confirm", AuditConfirm, Empty,
    "Tell the applicant the verdict on a flow.",
)  # fmt: skip
FLOW_TERMINATE: Final = Endpoint(
    "flow.terminate", "MGT-7.3", "POST", f"{_PREFIX}/flow/audit/terminate", AuditReference, Empty,
    "Revoke the approval of a flow.",
)  # fmt: skip
FLOW_STATUS: Final = Endpoint(
    "flow.status", "MGT-7.4", "GET", f"{_PREFIX}/flow/audit/query", AuditReference, StatusReply,
    "Ask for the state of a flow approval.",
)  # fmt: skip
JOB_APPLY: Final = Endpoint(
    "job.apply", "MGT-8.1", "POST", f"{_PREFIX}/job/audit/apply", JobApply, Empty,
    "Apply for the approval of a job; the applicant's permits travel in the header.",
)  # fmt: skip
JOB_CONFIRM: Final = Endpoint(
    "job.confirm", "MGT-8.2", "POST", f"{_PREFIX}/job/audit/confirm", AuditConfirm, Empty,
    "Tell the applicant the verdict on a job.",
)  # fmt: skip
JOB_TERMINATE: Final = Endpoint(
    "job.terminate", "MGT-8.3", "POST", f"{_PREFIX}/job/audit/terminate", AuditReference, Empty,
    "Revoke the approval of a job.",
)  # fmt: skip
JOB_STATUS: Final = Endpoint(
    "job.status", "extension", "GET", f"{_PREFIX}/job/audit/query", AuditReference, StatusReply,
    "Ask for the state of a job approval: ours, for the standard has no such call (MGT-8-job-audit-state).",
)  # fmt: skip
MODEL_APPLY: Final = Endpoint(
    "model.apply", "MGT-9.1", "POST", f"{_PREFIX}/model/audit/apply", ModelApply, Empty,
    "Apply for the use of a model.",
)  # fmt: skip
MODEL_CONFIRM: Final = Endpoint(
    "model.confirm", "MGT-9.2", "POST", f"{_PREFIX}/model/audit/confirm", AuditConfirm, Empty,
    "Tell the applicant the verdict on the use of a model.",
)  # fmt: skip
MODEL_TERMINATE: Final = Endpoint(
    "model.terminate", "MGT-9.3", "POST", f"{_PREFIX}/model/audit/terminate", AuditReference, Empty,
    "Revoke the approval to use a model.",
)  # fmt: skip
MODEL_STATUS: Final = Endpoint(
    "model.status", "MGT-9.4", "GET", f"{_PREFIX}/model/audit/query", AuditReference, StatusReply,
    "Ask for the state of a model approval.",
)  # fmt: skip

ENDPOINTS: Final = (
    CONTRACT_APPLY, CONTRACT_CONFIRM, CONTRACT_TERMINATE, NODE_UPDATE, CONTRACT_QUERY, NODE_QUERY, NODE_HEALTH,
    DATASET_LIST, DATASET_QUERY, DATASET_APPLY, DATASET_CONFIRM, DATASET_TERMINATE, DATASET_STATUS,
    PROJECT_APPLY, PROJECT_CONFIRM, PROJECT_TERMINATE, PROJECT_STATUS, PROJECT_LIST, PROJECT_QUERY,
    COMPONENT_LIST, COMPONENT_QUERY,
    FLOW_APPLY, FLOW_CONFIRM, FLOW_TERMINATE, FLOW_STATUS,
    JOB_APPLY, JOB_CONFIRM, JOB_TERMINATE,
    MODEL_APPLY, MODEL_CONFIRM, MODEL_TERMINATE, MODEL_STATUS,
)  # fmt: skip
EXTENSIONS: Final = (JOB_STATUS,)
"""Calls of ours between nodes; a partner that does not know one is none the worse for it."""
