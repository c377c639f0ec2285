"""who may know of a data set, what was removed, and lists found on an index

A published data set is shown to all or to named partners; what was published before was published to all. What was
removed is remembered, with whether its files are erased yet. Lists are read in the order of an index, so that a page
costs the same whatever is before it.

Revision: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "removed_datasets",
        sa.Column("dataset_id", sa.String(length=128), nullable=False),
        sa.Column("namespace", sa.String(length=200), nullable=False),
        sa.Column("stored_name", sa.String(length=200), nullable=False),
        sa.Column("removed_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("dataset_id"),
    )
    with op.batch_alter_table("removed_datasets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_removed_datasets_erased"), ["erased"], unique=False)

    op.create_table(
        "dataset_readers",
        sa.Column("dataset_id", sa.String(length=128), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"],
            ["datasets.dataset_id"],
        ),
        sa.PrimaryKeyConstraint("dataset_id", "node_id"),
    )
    with op.batch_alter_table("dataset_readers", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_readers_node_id", ["node_id", "dataset_id"], unique=False)

    with op.batch_alter_table("control_jobs", schema=None) as batch_op:
        batch_op.create_index("ix_control_jobs_order", ["created_at", "job_id"], unique=False)

    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("for_all", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("source", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("purpose", sa.Text(), nullable=False, server_default=""))
        batch_op.create_index("ix_datasets_order", ["added_at", "dataset_id"], unique=False)
        batch_op.create_index("ix_datasets_published", ["published", "added_at", "dataset_id", "for_all"], unique=False)

    # What was published was published to all.
    op.execute("UPDATE datasets SET for_all = published")

    with op.batch_alter_table("flows", schema=None) as batch_op:
        batch_op.create_index("ix_flows_order", ["created_at", "flow_id", "initiator"], unique=False)

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_reference"), ["reference"], unique=False)

    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.add_column(sa.Column("nodes", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("datasets", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.create_index("ix_projects_order", ["created_at", "project_id", "initiator"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("projects", schema=None) as batch_op:
        batch_op.drop_index("ix_projects_order")
        batch_op.drop_column("datasets")
        batch_op.drop_column("nodes")

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_reference"))

    with op.batch_alter_table("flows", schema=None) as batch_op:
        batch_op.drop_index("ix_flows_order")

    # The older version knows no partners by name: what is shown to some must not become shown to all.
    op.execute("UPDATE datasets SET published = for_all")
    with op.batch_alter_table("datasets", schema=None) as batch_op:
        batch_op.drop_index("ix_datasets_published")
        batch_op.drop_index("ix_datasets_order")
        batch_op.drop_column("purpose")
        batch_op.drop_column("source")
        batch_op.drop_column("for_all")

    with op.batch_alter_table("control_jobs", schema=None) as batch_op:
        batch_op.drop_index("ix_control_jobs_order")

    with op.batch_alter_table("dataset_readers", schema=None) as batch_op:
        batch_op.drop_index("ix_dataset_readers_node_id")

    op.drop_table("dataset_readers")
    with op.batch_alter_table("removed_datasets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_removed_datasets_erased"))

    op.drop_table("removed_datasets")
