"""Approvals that partners ask of each other: data sets, projects, flows, jobs and models."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from pydantic import Field

from interconn.api.own import own
from interconn.api.pictures import Picture
from interconn.standard.flow import Config, Dag
from interconn.standard.identifiers import Identifier
from interconn.standard.management import AuditStatus, AuthScope, Name, Paging, ProjectType, Text
from interconn.standard.wire import Int32, Int64, WireModel


class AuditKind(StrEnum):
    """What is to be approved."""

    DATASET = "DATASET"
    PROJECT = "PROJECT"
    FLOW = "FLOW"
    JOB = "JOB"
    MODEL = "MODEL"


class DatasetRequest(WireModel):
    """Apply for a grant of a partner's data set (MGT-4.3)."""

    node_id: Identifier
    dataset_id: Identifier
    auth_scope: AuthScope | None = None
    time_limit: Int64 | None = Field(default=None, ge=0, description="epoch milliseconds")
    times_limit: Int32 | None = Field(default=None, ge=1, description="jobs")


class ProjectCreate(WireModel):
    """Create a project and ask each partner's approval (MGT-5.1)."""

    name: Name
    partners: list[Identifier] = Field(min_length=1, max_length=64)
    type: ProjectType | None = None
    datasets: dict[Identifier, list[Identifier]] = Field(default={}, description="node id to its data sets")
    description: Text | None = None
    project_id: Identifier | None = None


class FlowCreate(WireModel):
    """Create a flow in a project and ask each partner's approval (MGT-7.1)."""

    name: Name
    project_id: Identifier
    dag: Dag
    config: Config | None = None
    description: Text | None = None
    flow_id: Identifier | None = None


class FlowLint(WireModel):
    """Check a flow as a job of it would be checked, without telling anybody; a DAG alone as a flow without parties."""

    dag: Dag
    config: Config | None = None


class FlowStep(WireModel):
    """One component of a flow that can be run."""

    name: str
    component: str
    after: list[str] = Field(description="names of the components whose outputs it reads")
    parties: list[str] = Field(description="role, index and node, e.g. guest.0 bank")


class FlowPlan(WireModel):
    """How a flow would be run: its steps in order, who schedules, and what partners would approve.

    Of a DAG alone it is not known who schedules, who takes part, and what the configuration's digest is.
    """

    scheduler: str = ""
    steps: list[FlowStep]
    resources: dict[str, dict[str, float]] = Field(
        default={}, description="role and index to cpu (cores), memory and disk (GiB), as far as they are limited"
    )
    dag_digest: str = Field(description="SHA-256 of the DAG's canonical form, which approvals are compared by")
    config_digest: str = Field(default="", description="the same of the configuration")
    remarks: list[str] = Field(default=[], description="what a person should look at; no reason to refuse")


class FlowPicture(WireModel):
    """Draw a DAG that can be run."""

    dag: Dag
    title: Name = Field(default="flow", description="what the picture is called for those who hear it")


class FlowReference(WireModel):
    """A flow that this node knows."""

    flow_id: Identifier
    initiator: Identifier | None = Field(default=None, description="whose; needed where several have the id")


class JobPropose(WireModel):
    """Propose a job of a flow: its id is made and each party's approval asked, with our permits (MGT-8.1)."""

    flow_id: Identifier
    config: Config
    name: Name = "job"


class AuditDecision(WireModel):
    """Approve or reject what a partner applied for. Limits may only tighten what was asked for."""

    audit_id: Identifier
    time_limit: Int64 | None = Field(default=None, ge=0, description="when it ends, epoch milliseconds")
    times_limit: Int32 | None = Field(default=None, ge=1, description="how many jobs may be admitted under it")
    grant_datasets: bool = Field(default=False, description="of a project: grant the data sets that it names with it")
    reason: str = ""


class AuditTermination(WireModel):
    """Revoke an approval that was given, from either side of it (MGT-4.5, MGT-5.3, MGT-7.3, MGT-8.3, MGT-9.3)."""

    audit_id: Identifier
    reason: str = ""


class AuditReference(WireModel):
    """An audit by its id."""

    audit_id: Identifier


class AuditSearch(Paging):
    """Which audits to list."""

    kind: AuditKind | None = None
    status: AuditStatus | None = None
    subject_id: Identifier | None = None
    audit_id: Identifier | None = None
    node_id: Identifier | None = Field(default=None, description="the other side")


class OpinionView(WireModel):
    """One of the two approvals that something needs which no one person decides."""

    by: str = Field(description="person:… or rule:…")
    at: int
    reason: str = ""
    time_limit: int | None = Field(
        default=None, description="what this one would limit a permit to; epoch milliseconds"
    )
    times_limit: int | None = Field(default=None, description="the same in jobs")


class AuditView(WireModel):
    """An audit as this node sees it."""

    audit_id: str
    kind: AuditKind
    subject_id: str = Field(description="id of the data set, project, flow or job")
    node_id: str = Field(description="the other side")
    direction: str = Field(description="APPLICANT: we asked; PARTNER: they did")
    status: AuditStatus
    has_permit: bool = False
    waits_for: str = ""
    applied_at: int
    decided_at: int | None = None
    decided_by: str = ""
    opinions: list[OpinionView] = Field(default=[], description="who approves, while two different persons have to")
    policy: str = Field(default="", description="digest of the policy in force when it was decided")
    void: str = Field(default="", description="why it counts no more although its state stands")
    details: dict[str, Any] = {}

    @property
    def in_force(self) -> bool:
        """Whether it is approved, and nothing has made that void."""
        return self.status is AuditStatus.APPROVED and not self.void


class AuditViews(WireModel):
    """A page of audits, oldest first, and how many there are in all."""

    audits: list[AuditView]
    total: int = 0


class PartnerStatus(WireModel):
    """What the partner says of an audit (MGT-4.6, MGT-5.4, MGT-7.4, MGT-9.4; of jobs by our extension)."""

    audit_id: str
    here: AuditStatus
    there: AuditStatus


class ProjectView(WireModel):
    """A project as this node sees it."""

    project_id: str
    name: str
    type: str | None = None
    description: str | None = None
    initiator: str
    approved: bool
    nodes: list[str] = Field(default=[], description="who takes part; of a partner's project once it was shown")
    datasets: dict[str, list[str]] = Field(default={}, description="node id to its data sets, as far as known here")
    audits: list[AuditView] = []


class ProjectSearch(Paging):
    """Which projects to list."""

    name: Name | None = Field(default=None, description="a part of the name")


class ProjectViews(WireModel):
    """A page of projects, oldest first, and how many there are in all."""

    projects: list[ProjectView]
    total: int = 0


class FlowView(WireModel):
    """A flow as this node sees it."""

    flow_id: str
    project_id: str
    name: str
    initiator: str
    digest: str
    approved: bool
    dag: Dag
    audits: list[AuditView] = []


class FlowSearch(Paging):
    """Which flows to list."""

    name: Name | None = Field(default=None, description="a part of the name")
    project_id: Identifier | None = None


class FlowViews(WireModel):
    """A page of flows, oldest first, and how many there are in all."""

    flows: list[FlowView]
    total: int = 0


class JobProposal(WireModel):
    """A proposed job: which approvals it has, and which it waits for."""

    job_id: str
    flow_id: str
    project_id: str
    name: str
    initiator: str
    approved: bool
    dag_digest: str
    config_digest: str
    audits: list[AuditView] = []


DATASET_REQUEST: Final = own(
    "dataset.request", "POST", "/datasets/request", DatasetRequest, AuditView, "Apply for a partner's data set."
)
PROJECT_CREATE: Final = own(
    "project.create", "POST", "/projects/create", ProjectCreate, ProjectView, "Create a project."
)
PROJECT_LIST: Final = own("project.list", "GET", "/projects", ProjectSearch, ProjectViews, "List projects.")
FLOW_CREATE: Final = own("flow.create", "POST", "/flows/create", FlowCreate, FlowView, "Create a flow.")
FLOW_LINT: Final = own("flow.lint", "POST", "/flows/lint", FlowLint, FlowPlan, "Check a flow; nobody is asked.")
FLOW_PICTURE: Final = own("flow.picture", "POST", "/flows/picture", FlowPicture, Picture, "Draw a flow.")
FLOW_DRAWN: Final = own("flow.drawn", "GET", "/flows/drawn", FlowReference, Picture, "Draw a flow that is known.")
FLOW_LIST: Final = own("flow.list", "GET", "/flows", FlowSearch, FlowViews, "List flows.")
JOB_PROPOSE: Final = own("job.propose", "POST", "/jobs/propose", JobPropose, JobProposal, "Propose a job.")
AUDIT_LIST: Final = own("audit.list", "GET", "/audits", AuditSearch, AuditViews, "List approvals.")
AUDIT_APPROVE: Final = own("audit.approve", "POST", "/audits/approve", AuditDecision, AuditView, "Approve.")
AUDIT_REJECT: Final = own("audit.reject", "POST", "/audits/reject", AuditDecision, AuditView, "Reject.")
AUDIT_TERMINATE: Final = own(
    "audit.terminate", "POST", "/audits/terminate", AuditTermination, AuditView, "Revoke an approval."
)
AUDIT_SHOW: Final = own("audit.show", "GET", "/audits/show", AuditReference, AuditView, "Show one approval.")
AUDIT_WITHDRAW: Final = own(
    "audit.withdraw", "POST", "/audits/withdraw", AuditReference, AuditView, "Take back one's opinion."
)
AUDIT_ASK: Final = own(
    "audit.ask", "GET", "/audits/ask", AuditReference, PartnerStatus, "Ask the partner how an approval stands."
)

ENDPOINTS: Final = (
    DATASET_REQUEST, PROJECT_CREATE, PROJECT_LIST, FLOW_CREATE, FLOW_LINT, FLOW_PICTURE, FLOW_DRAWN, FLOW_LIST,
    JOB_PROPOSE, AUDIT_LIST, AUDIT_APPROVE, AUDIT_REJECT, AUDIT_TERMINATE, AUDIT_SHOW, AUDIT_WITHDRAW, AUDIT_ASK,
)  # fmt: skip
