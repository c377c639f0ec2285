"""first schema

The tables of a node that makes contracts, keeps data sets, approves, and runs jobs.

Revision: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_trail",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", NUMBER, nullable=False),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("partner", sa.String(length=128), nullable=False),
        sa.Column("clause", sa.String(length=64), nullable=False),
        sa.Column("trace_id", sa.String(length=128), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_trail_subject"), ["subject"], unique=False)

    op.create_table(
        "audits",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("audit_id", sa.String(length=128), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject_id", sa.String(length=128), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("trace_id", sa.String(length=256), nullable=False),
        sa.Column("applied_at", NUMBER, nullable=False),
        sa.Column("decided_at", NUMBER, nullable=True),
        sa.Column("decided_by", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("audit_id"),
    )
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audits_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_audits_node_id"), ["node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audits_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_audits_subject_id"), ["subject_id"], unique=False)

    op.create_table(
        "component_runs",
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("ordinal", NUMBER, nullable=False),
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("reported", sa.String(length=16), nullable=False),
        sa.Column("reported_reason", sa.Text(), nullable=False),
        sa.Column("reported_at", NUMBER, nullable=True),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("stop_reason", sa.Text(), nullable=False),
        sa.Column("exit_status", NUMBER, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ordered_at", NUMBER, nullable=False),
        sa.Column("launched_at", NUMBER, nullable=True),
        sa.Column("ended_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("task_id", "role", "ordinal"),
    )
    with op.batch_alter_table("component_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_component_runs_job_id"), ["job_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_component_runs_state"), ["state"], unique=False)

    op.create_table(
        "contracts",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("contract_id", sa.String(length=128), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("inst_id", sa.String(length=128), nullable=False),
        sa.Column("institution", sa.String(length=256), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("address", sa.String(length=512), nullable=False),
        sa.Column("system", sa.String(length=256), nullable=False),
        sa.Column("system_version", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("auth_type", sa.String(length=32), nullable=False),
        sa.Column("auth_credential", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("expected_fingerprint", sa.String(length=128), nullable=False),
        sa.Column("key_proven", sa.Boolean(), nullable=False),
        sa.Column("key_compared", sa.Boolean(), nullable=False),
        sa.Column("expired_time", NUMBER, nullable=True),
        sa.Column("dialect", sa.String(length=32), nullable=False),
        sa.Column("repeat_of", sa.String(length=200), nullable=False),
        sa.Column("trace_id", sa.String(length=256), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("applied_at", NUMBER, nullable=False),
        sa.Column("decided_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("contract_id"),
    )
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_node_id"), ["node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_repeat_of"), ["repeat_of"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_status"), ["status"], unique=False)

    op.create_table(
        "control_jobs",
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("flow_id", sa.String(length=128), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("dag_digest", sa.String(length=64), nullable=False),
        sa.Column("config_digest", sa.String(length=64), nullable=False),
        sa.Column("initiator", sa.String(length=128), nullable=False),
        sa.Column("scheduler", sa.String(length=128), nullable=False),
        sa.Column("scheduling", sa.Boolean(), nullable=False),
        sa.Column("submission", sa.String(length=16), nullable=False),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.JSON(), nullable=False),
        sa.Column("stops", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("reported", sa.JSON(), nullable=False),
        sa.Column("trace_id", sa.String(length=256), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("ended_at", NUMBER, nullable=True),
        sa.PrimaryKeyConstraint("job_id"),
    )
    with op.batch_alter_table("control_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_control_jobs_closed"), ["closed"], unique=False)
        batch_op.create_index(batch_op.f("ix_control_jobs_status"), ["status"], unique=False)

    op.create_table(
        "datasets",
        sa.Column("dataset_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("count", NUMBER, nullable=False),
        sa.Column("key_columns", sa.JSON(), nullable=False),
        sa.Column("label_columns", sa.JSON(), nullable=False),
        sa.Column("column_metas", sa.JSON(), nullable=False),
        sa.Column("namespace", sa.String(length=200), nullable=False),
        sa.Column("stored_name", sa.String(length=200), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("added_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id"),
        sa.UniqueConstraint("namespace", "stored_name"),
    )
    op.create_table(
        "flows",
        sa.Column("initiator", sa.String(length=128), nullable=False),
        sa.Column("flow_id", sa.String(length=128), nullable=False),
        sa.Column("project_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("dag", sa.JSON(), nullable=False),
        sa.Column("dag_digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("initiator", "flow_id"),
    )
    op.create_table(
        "outbox",
        sa.Column("message_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("endpoint", sa.String(length=64), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("permits", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.String(length=128), nullable=False),
        sa.Column("reference", sa.String(length=128), nullable=False),
        sa.Column("insists", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("refusals", NUMBER, nullable=False),
        sa.Column("due_at", NUMBER, nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_node_id"), ["node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_state"), ["state"], unique=False)

    op.create_table(
        "projects",
        sa.Column("initiator", sa.String(length=128), nullable=False),
        sa.Column("project_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("initiator", "project_id"),
    )
    op.create_table(
        "proposed_jobs",
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("initiator", sa.String(length=128), nullable=False),
        sa.Column("flow_id", sa.String(length=128), nullable=False),
        sa.Column("project_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("dag", sa.JSON(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("dag_digest", sa.String(length=64), nullable=False),
        sa.Column("config_digest", sa.String(length=64), nullable=False),
        sa.Column("scheduler", sa.String(length=128), nullable=False),
        sa.Column("proposed_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    op.create_table(
        "transport_sessions",
        sa.Column("session_id", sa.String(length=128), nullable=False),
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("tokens", sa.JSON(), nullable=False),
        sa.Column("parties", sa.JSON(), nullable=False),
        sa.Column("opened_at", NUMBER, nullable=False),
        sa.Column("closed_at", NUMBER, nullable=True),
        sa.Column("sent_messages", NUMBER, nullable=False),
        sa.Column("sent_bytes", NUMBER, nullable=False),
        sa.Column("received_messages", NUMBER, nullable=False),
        sa.Column("received_bytes", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("session_id", "task_id"),
    )
    op.create_table(
        "control_members",
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.Column("informed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["control_jobs.job_id"],
        ),
        sa.PrimaryKeyConstraint("job_id", "node_id"),
    )
    op.create_table(
        "control_tasks",
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("ended_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["control_jobs.job_id"],
        ),
        sa.PrimaryKeyConstraint("task_id"),
    )
    with op.batch_alter_table("control_tasks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_control_tasks_job_id"), ["job_id"], unique=False)

    op.create_table(
        "grants",
        sa.Column("grant_id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("audit_number", NUMBER, nullable=False),
        sa.Column("contract_id", sa.String(length=128), nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("resource_type", sa.String(length=32), nullable=False),
        sa.Column("resource_id", sa.String(length=128), nullable=False),
        sa.Column("resource_level", NUMBER, nullable=False),
        sa.Column("user_node_id", sa.String(length=128), nullable=False),
        sa.Column("user_inst_id", sa.String(length=128), nullable=False),
        sa.Column("auth_scope", sa.JSON(), nullable=False),
        sa.Column("time_limit", NUMBER, nullable=True),
        sa.Column("times_limit", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["audit_number"],
            ["audits.number"],
        ),
        sa.PrimaryKeyConstraint("grant_id"),
        sa.UniqueConstraint("audit_number"),
        sa.UniqueConstraint("token_digest"),
    )
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grants_resource_id"), ["resource_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_grants_user_node_id"), ["user_node_id"], unique=False)

    op.create_table(
        "permits",
        sa.Column("audit_number", NUMBER, nullable=False),
        sa.Column("holder_node_id", sa.String(length=128), nullable=False),
        sa.Column("holder_inst_id", sa.String(length=128), nullable=False),
        sa.Column("token", sa.String(length=512), nullable=False),
        sa.Column("resource_type", sa.String(length=256), nullable=False),
        sa.Column("resource_id", sa.String(length=128), nullable=False),
        sa.Column("resource_level", NUMBER, nullable=False),
        sa.Column("time_limit", NUMBER, nullable=True),
        sa.Column("times_limit", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["audit_number"],
            ["audits.number"],
        ),
        sa.PrimaryKeyConstraint("audit_number"),
    )
    with op.batch_alter_table("permits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_permits_holder_node_id"), ["holder_node_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_permits_resource_id"), ["resource_id"], unique=False)

    op.create_table(
        "accepted_grants",
        sa.Column("job_audit_number", NUMBER, nullable=False),
        sa.Column("grant_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["grants.grant_id"],
        ),
        sa.ForeignKeyConstraint(
            ["job_audit_number"],
            ["audits.number"],
        ),
        sa.PrimaryKeyConstraint("job_audit_number", "grant_id"),
    )
    op.create_table(
        "control_lanes",
        sa.Column("task_id", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("ordinal", NUMBER, nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("started_at", NUMBER, nullable=True),
        sa.Column("ended_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["control_tasks.task_id"],
        ),
        sa.PrimaryKeyConstraint("task_id", "role", "ordinal"),
    )
    op.create_table(
        "grant_uses",
        sa.Column("grant_id", NUMBER, nullable=False),
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("used_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["grants.grant_id"],
        ),
        sa.PrimaryKeyConstraint("grant_id", "job_id"),
    )


def downgrade() -> None:
    op.drop_table("grant_uses")
    op.drop_table("control_lanes")
    op.drop_table("accepted_grants")
    with op.batch_alter_table("permits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_permits_resource_id"))
        batch_op.drop_index(batch_op.f("ix_permits_holder_node_id"))

    op.drop_table("permits")
    with op.batch_alter_table("grants", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_grants_user_node_id"))
        batch_op.drop_index(batch_op.f("ix_grants_resource_id"))

    op.drop_table("grants")
    with op.batch_alter_table("control_tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_control_tasks_job_id"))

    op.drop_table("control_tasks")
    op.drop_table("control_members")
    op.drop_table("transport_sessions")
    op.drop_table("proposed_jobs")
    op.drop_table("projects")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_state"))
        batch_op.drop_index(batch_op.f("ix_outbox_node_id"))

    op.drop_table("outbox")
    op.drop_table("flows")
    op.drop_table("datasets")
    with op.batch_alter_table("control_jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_control_jobs_status"))
        batch_op.drop_index(batch_op.f("ix_control_jobs_closed"))

    op.drop_table("control_jobs")
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_status"))
        batch_op.drop_index(batch_op.f("ix_contracts_repeat_of"))
        batch_op.drop_index(batch_op.f("ix_contracts_node_id"))

    op.drop_table("contracts")
    with op.batch_alter_table("component_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_component_runs_state"))
        batch_op.drop_index(batch_op.f("ix_component_runs_job_id"))

    op.drop_table("component_runs")
    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audits_subject_id"))
        batch_op.drop_index(batch_op.f("ix_audits_status"))
        batch_op.drop_index(batch_op.f("ix_audits_node_id"))
        batch_op.drop_index(batch_op.f("ix_audits_kind"))

    op.drop_table("audits")
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_trail_subject"))

    op.drop_table("audit_trail")
