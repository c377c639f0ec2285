"""Wire models and endpoints of the management layer that the node serves (MGT-3 to MGT-8)."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BeforeValidator, Field, model_validator

from interconn.standard.endpoint import Endpoint, Proof
from interconn.standard.flow import Config, Dag
from interconn.standard.identifiers import Identifier
from interconn.standard.wire import Empty, WireModel

Text = Annotated[str, Field(max_length=4096)]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class AuditStatus(StrEnum):
    """State of a contract or of an audit (MGT-3-contract-state, MGT-4-dataset-audit-state and the others)."""

    APPLIED = "APPLIED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    TERMINATED = "TERMINATED"


class Verdict(StrEnum):
    """What a confirm call may say."""

    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class AuthType(StrEnum):
    """Ways of signing (MGT-3.4, resolution 18); SHA256_RSA_PSS is our marked extension."""

    SHA256_RSA = "SHA256_RSA"
    SHA256_ECDSA = "SHA256_ECDSA"
    SHA256_RSA_PSS = "SHA256_RSA_PSS"


class ProjectType(StrEnum):
    """Kind of a project (MGT-5.1)."""

    HETERO_FL = "HETERO_FL"
    MPC = "MPC"
    HOMO_FL = "HOMO_FL"
    PSI = "PSI"
    ANONYM_FL = "ANONYM_FL"


class Distribution(StrEnum):
    """Distribution of a column (MGT-4.1)."""

    DISCRETE = "DISCRETE"
    CONTINUOUS = "CONTINUOUS"


class StatusReply(WireModel):
    """`status`, as the queries answer it."""

    status: AuditStatus


class Paging(WireModel):
    """Paging of lists: page_size -1 asks for all (MGT-2.3-paging)."""

    page_num: int = Field(default=1, ge=1)
    page_size: int = Field(default=20)

    @model_validator(mode="after")
    def _size(self) -> Paging:
        if self.page_size != -1 and self.page_size < 1:
            raise ValueError("page_size must be positive, or -1 for all")
        return self


# --- node and contract (MGT-3) ----------------------------------------------------------------------------


class ContractApply(WireModel):
    """Application for cooperation: the applicant's node data and credential (MGT-3.1)."""

    address: Annotated[str, Field(min_length=1, max_length=512)]
    auth_credential: Annotated[str, Field(min_length=1, max_length=16384)]
    auth_type: AuthType
    description: Text | None = None
    expired_time: int | None = Field(default=None, ge=0)
    inst_id: Identifier
    institution: Name
    name: Name
    node_id: Identifier
    system: Name
    system_version: Name


class ContractApplied(WireModel):
    """Reply to an application: the id that the partner gave the new contract."""

    contract_id: Identifier


class ContractConfirm(WireModel):
    """The partner's verdict on an application (MGT-3.2)."""

    contract_id: Identifier
    status: Verdict
    auth_credential: Annotated[str, Field(max_length=16384)] | None = None
    auth_type: AuthType | None = None
    expired_time: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _complete(self) -> ContractConfirm:
        if self.status is Verdict.APPROVED and not (self.auth_credential and self.auth_type):
            raise ValueError("auth_credential and auth_type are required with status APPROVED")
        return self


class ContractReference(WireModel):
    """A contract by its id."""

    contract_id: Identifier


class NodeQuery(WireModel):
    """A node by its id (MGT-3.6)."""

    node_id: Identifier


class NodeInformation(WireModel):
    """What a node says of itself (MGT-3.6, MGT-5.6-node)."""

    address: str
    description: Text | None = None
    inst_id: Identifier
    institution: Name
    name: Name
    node_id: Identifier
    system: Name
    system_version: Name


class Health(WireModel):
    """Health of a node; the literal ok (MGT-3.7)."""

    status: str


# --- permits (MGT-2.2-permit) -----------------------------------------------------------------------------


class ResourcePermit(WireModel):
    """The permit that a resource holder gives to a resource user in a confirm call (MGT-2.2-permit)."""

    token: str = Field(pattern=r"^[A-Za-z0-9_.~+=\-]{16,512}$", repr=False)
    resource_level: int
    resource_type: Name
    resource_id: Identifier
    resource_node_id: Identifier
    resource_inst_id: Identifier
    request_node_id: Identifier
    request_inst_id: Identifier
    time_limit: int | None = Field(default=None, ge=0)  # epoch milliseconds (resolution 24)
    times_limit: int | None = Field(default=None, ge=0)


def _object_of_json(value: Any) -> Any:
    # Resolution 17: an object; a JSON string of it is accepted.
    return json.loads(value) if isinstance(value, str) and value else (value or None)


class AuditConfirm(WireModel):
    """The partner's verdict on an audit, with a permit where the resource is under access control."""

    audit_id: Identifier
    status: Verdict
    resource_permit: Annotated[ResourcePermit | None, BeforeValidator(_object_of_json)] = None


class AuditReference(WireModel):
    """An audit by its id."""

    audit_id: Identifier


# --- data sets (MGT-4) ------------------------------------------------------------------------------------


class ColumnMeta(WireModel):
    """One column of a published data set."""

    name: Name
    data_type: Name
    description: Text | None = None
    distribution: Distribution


class DatasetSummary(WireModel):
    """A published data set as a list shows it (MGT-4.1)."""

    category: Text | None = None
    count: int | None = None
    dataset_id: Identifier
    description: Text | None = None
    name: Name
    owner: Identifier
    join_columns: Text | None = None
    label_columns: Text | None = None
    column_metas: list[ColumnMeta] | None = None


class DatasetDetail(DatasetSummary):
    """A published data set whole (MGT-4.2)."""

    column_metas: list[ColumnMeta]


class DatasetList(Paging):
    """Ask for a page of the partner's published data sets."""

    contract_id: Identifier


class DatasetPage(WireModel):
    """A page of data sets."""

    records: list[DatasetSummary]
    total: int


class DatasetQuery(WireModel):
    """Ask for one data set of the partner."""

    contract_id: Identifier
    dataset_id: Identifier


class AuthScope(WireModel):
    """Scope of a grant: keys combine by AND, the ids of one key by OR (MGT-4.3-auth-scope)."""

    NODE: list[Identifier] | None = None
    PROJECT: list[Identifier] | None = None
    COMPONENT: list[Name] | None = None


class DatasetApply(WireModel):
    """Application for a data set grant (MGT-4.3)."""

    audit_id: Identifier
    contract_id: Identifier
    dataset_id: Identifier
    auth_scope: AuthScope | None = None
    time_limit: int | None = Field(default=None, ge=0)
    times_limit: int | None = Field(default=None, ge=0)


# --- projects (MGT-5) -------------------------------------------------------------------------------------


class ProjectDataset(WireModel):
    """A data set of the partner that a project uses (MGT-5.1)."""

    category: Text | None = None
    count: int | None = None
    dataset_id: Identifier
    description: Text | None = None
    name: Name
    owner: Identifier


class ProjectApply(WireModel):
    """Application for the approval of a project (MGT-5.1)."""

    audit_id: Identifier
    contract_id: Identifier
    name: Name
    project_id: Identifier
    type: ProjectType | None = None
    datasets: list[ProjectDataset] | None = Field(default=None, max_length=1024)


# --- components (MGT-6) -----------------------------------------------------------------------------------


class ComponentList(Paging):
    """Ask for a page of the partner's components (MGT-6.1); contract_Id is the source's spelling (resolution 19)."""

    contract_id: Identifier = Field(validation_alias=AliasChoices("contract_id", "contract_Id"))
    category: Text | None = None
    developer: Text | None = None


class ComponentSummary(WireModel):
    """A component as a list shows it."""

    category: Text | None = None
    code: Name
    developer: Text | None = None
    version: Name


class ComponentPage(WireModel):
    """A page of components."""

    records: list[ComponentSummary]
    total: int


class ComponentQuery(WireModel):
    """Ask for one component (MGT-6.2)."""

    code: Name
    contract_id: Identifier = Field(validation_alias=AliasChoices("contract_id", "contract_Id"))
    version: Name


class ComponentDetail(WireModel):
    """A component whole (MGT-6.2)."""

    category: Text | None = None
    code: Name
    description: Text | None = None
    developer: Text | None = None
    engine: Name
    extension: dict[str, Any] | None = None
    inputs: list[dict[str, Any]]
    name: Name
    outputs: list[dict[str, Any]]
    status: str
    version: Name


# --- flows and jobs (MGT-7, MGT-8) ------------------------------------------------------------------------


class FlowApply(WireModel):
    """Application for the approval of a flow (MGT-7.1). `config` is also read as `conf`."""

    audit_id: Identifier
    dag: Dag
    config: Config | None = Field(default=None, validation_alias=AliasChoices("config", "conf"))
    description: Text | None = None
    flow_id: Identifier
    name: Name
    project_id: Annotated[str, Field(max_length=128)] | None = None


class JobApply(WireModel):
    """Application for the approval of a job (MGT-8.1). `conf` is also read as `config`."""

    audit_id: Identifier
    job_id: Identifier
    flow_id: Identifier
    name: Name
    project_id: Annotated[str, Field(max_length=128)]
    dag: Dag
    conf: Config = Field(validation_alias=AliasChoices("conf", "config"))


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
PROJECT_STATUS: Final = Endpoint(
    "project.status", "MGT-5.4", "GET", f"{_PREFIX}/project/audit/query", AuditReference, StatusReply,
    "Ask for the state of a project approval.",
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

ENDPOINTS: Final = (
    CONTRACT_APPLY, CONTRACT_CONFIRM, CONTRACT_TERMINATE, CONTRACT_QUERY, NODE_QUERY, NODE_HEALTH,
    DATASET_LIST, DATASET_QUERY, DATASET_APPLY, DATASET_CONFIRM, DATASET_STATUS,
    PROJECT_APPLY, PROJECT_CONFIRM, PROJECT_STATUS,
    COMPONENT_LIST, COMPONENT_QUERY,
    FLOW_APPLY, FLOW_CONFIRM, FLOW_STATUS,
    JOB_APPLY, JOB_CONFIRM,
)  # fmt: skip
