"""What the management layer keeps: contracts, data sets, approvals, projects, flows, proposed jobs, permits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table

APPLICANT = "APPLICANT"  # direction of a contract or an audit: this node applied
PARTNER = "PARTNER"  # the other side applied, this node decides


class Contract(Table):
    """A cooperation contract with another node (MGT-3-contract-state).

    Attributes:
        contract_id: made by the partner of the application; ours and provisional until its reply is in.
        node_id: the other side, whose name card, credential and address the row holds.
        fingerprint: of the other side's key, empty while it is unknown.
        expected_fingerprint: what a person said it will be, before the key was known.
        key_proven: the other side has signed with the key it sent.
        key_compared: a person has compared the fingerprint.
        repeat_of: trace id and digest of the application; a repeat of it is the same application.
        reason: why the other side would not have it.
    """

    __tablename__ = "contracts"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    contract_id: Mapped[str] = mapped_column(String(128), unique=True)
    provisional: Mapped[bool] = mapped_column(default=False)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    inst_id: Mapped[str] = mapped_column(String(128), default="")
    institution: Mapped[str] = mapped_column(String(256), default="")
    name: Mapped[str] = mapped_column(String(256), default="")
    address: Mapped[str] = mapped_column(String(512))
    system: Mapped[str] = mapped_column(String(256), default="")
    system_version: Mapped[str] = mapped_column(String(256), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    direction: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), index=True)
    auth_type: Mapped[str] = mapped_column(String(32), default="")
    auth_credential: Mapped[str] = mapped_column(Text, default="")
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    expected_fingerprint: Mapped[str] = mapped_column(String(128), default="")
    key_proven: Mapped[bool] = mapped_column(default=False)
    key_compared: Mapped[bool] = mapped_column(default=False)
    expired_time: Mapped[int | None]  # epoch milliseconds; None: it does not expire
    dialect: Mapped[str] = mapped_column(String(32), default="standard")
    repeat_of: Mapped[str] = mapped_column(String(200), default="", index=True)
    trace_id: Mapped[str] = mapped_column(String(256))
    reason: Mapped[str] = mapped_column(Text, default="")
    applied_at: Mapped[int]
    decided_at: Mapped[int | None]


class Dataset(Table):
    """A data set of this node; where it lies is never told to others (MGT-G2.1.1.1-dataset)."""

    __tablename__ = "datasets"

    dataset_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    count: Mapped[int]
    key_columns: Mapped[list[Any]]
    label_columns: Mapped[list[Any]]
    column_metas: Mapped[list[Any]]
    namespace: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(200))
    published: Mapped[bool] = mapped_column(default=False)
    findings: Mapped[list[Any]]
    added_at: Mapped[int]

    __table_args__ = (UniqueConstraint("namespace", "stored_name"),)


class Audit(Table):
    """An approval that one node asks of another (MGT-4-dataset-audit-state and its like).

    Attributes:
        audit_id: made by the applicant; unique here, so that a person who names it means one audit.
        node_id: the other side.
        subject_id: id of the data set, project, flow or job.
        content: the application as it was sent.
        content_digest: over `content`; the same id with other content is refused.
    """

    __tablename__ = "audits"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    audit_id: Mapped[str] = mapped_column(String(128), unique=True)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    subject_id: Mapped[str] = mapped_column(String(128), index=True)
    direction: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), index=True)
    content: Mapped[dict[str, Any]]
    content_digest: Mapped[str] = mapped_column(String(64))
    trace_id: Mapped[str] = mapped_column(String(256))
    applied_at: Mapped[int]
    decided_at: Mapped[int | None]
    decided_by: Mapped[str] = mapped_column(String(160), default="")
    reason: Mapped[str] = mapped_column(Text, default="")


class Project(Table):
    """A project of this node or of a partner; its id is unique for its initiator."""

    __tablename__ = "projects"

    initiator: Mapped[str] = mapped_column(String(128), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    type: Mapped[str | None] = mapped_column(String(32))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int]


class Flow(Table):
    """A flow, whose DAG does not change once it is fixed (MGT-G2.1.1.3-dag)."""

    __tablename__ = "flows"

    initiator: Mapped[str] = mapped_column(String(128), primary_key=True)
    flow_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(128), default="")
    name: Mapped[str] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(Text)
    dag: Mapped[dict[str, Any]]
    dag_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int]


class ProposedJob(Table):
    """A job as it was proposed: what is admitted later must equal it (design: permits)."""

    __tablename__ = "proposed_jobs"

    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    initiator: Mapped[str] = mapped_column(String(128))
    flow_id: Mapped[str] = mapped_column(String(128))
    project_id: Mapped[str] = mapped_column(String(128), default="")
    name: Mapped[str] = mapped_column(String(256))
    dag: Mapped[dict[str, Any]]
    config: Mapped[dict[str, Any]]
    dag_digest: Mapped[str] = mapped_column(String(64))
    config_digest: Mapped[str] = mapped_column(String(64))
    scheduler: Mapped[str] = mapped_column(String(128))
    proposed_at: Mapped[int]


class Grant(Table):
    """What this node, as holder, granted: the counterpart of a permit (MGT-2.2-mprac-custody).

    The token itself is kept by its user alone; here lies its SHA-256.
    """

    __tablename__ = "grants"

    grant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    audit_number: Mapped[int] = mapped_column(ForeignKey("audits.number"), unique=True)
    contract_id: Mapped[str] = mapped_column(String(128))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    resource_type: Mapped[str] = mapped_column(String(32))
    resource_id: Mapped[str] = mapped_column(String(128), index=True)
    resource_level: Mapped[int]
    user_node_id: Mapped[str] = mapped_column(String(128), index=True)
    user_inst_id: Mapped[str] = mapped_column(String(128))
    auth_scope: Mapped[dict[str, Any]]  # empty: not restricted (MGT-4.3-auth-scope)
    time_limit: Mapped[int | None]  # epoch milliseconds (resolution 24)
    times_limit: Mapped[int | None]  # jobs admitted (resolution 24)


class AcceptedGrant(Table):
    """A grant whose permit the initiator spent at a job's audit: it covers that job."""

    __tablename__ = "accepted_grants"

    job_audit_number: Mapped[int] = mapped_column(ForeignKey("audits.number"), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.grant_id"), primary_key=True)


class GrantUse(Table):
    """One use of a grant: one job admitted, counted once however often it is admitted again."""

    __tablename__ = "grant_uses"

    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.grant_id"), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    used_at: Mapped[int]


class Permit(Table):
    """A permit that this node, as user, was given; `token` is secret."""

    __tablename__ = "permits"

    audit_number: Mapped[int] = mapped_column(ForeignKey("audits.number"), primary_key=True)
    holder_node_id: Mapped[str] = mapped_column(String(128), index=True)
    holder_inst_id: Mapped[str] = mapped_column(String(128))
    token: Mapped[str] = mapped_column(String(512))
    resource_type: Mapped[str] = mapped_column(String(256))
    resource_id: Mapped[str] = mapped_column(String(128), index=True)
    resource_level: Mapped[int]
    time_limit: Mapped[int | None]
    times_limit: Mapped[int | None]
