"""permits of all kinds and pre-authorisations

Permits cover the data sets beneath them, and pre-authorisations let partners without a management plane run named
components; what was used is counted. Partners that are there already have a management plane.

Revision: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "preauthorisations",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("preauthorisation_id", sa.String(length=128), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("component", sa.String(length=257), nullable=False),
        sa.Column("dataset_id", sa.String(length=128), nullable=False),
        sa.Column("time_limit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("times_limit", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("added_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("added_by", sa.String(length=160), nullable=False),
        sa.Column("revoked_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("preauthorisation_id"),
    )
    with op.batch_alter_table("preauthorisations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_preauthorisations_node_id"), ["node_id"], unique=False)

    op.create_table(
        "preauthorised_jobs",
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("scheduler", sa.String(length=128), nullable=False),
        sa.Column("dag_digest", sa.String(length=64), nullable=False),
        sa.Column("config_digest", sa.String(length=64), nullable=False),
        sa.Column("admitted_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("job_id"),
    )
    with op.batch_alter_table("preauthorised_jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_preauthorised_jobs_node_id"), ["node_id"], unique=False)

    op.create_table(
        "preauthorisation_uses",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("job_id", sa.String(length=128), nullable=False),
        sa.Column("used_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"],
            ["preauthorisations.number"],
        ),
        sa.PrimaryKeyConstraint("number", "job_id"),
    )
    op.create_table(
        "covered_datasets",
        sa.Column("grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dataset_id", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["grant_id"],
            ["grants.grant_id"],
        ),
        sa.PrimaryKeyConstraint("grant_id", "dataset_id"),
    )
    with op.batch_alter_table("covered_datasets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_covered_datasets_dataset_id"), ["dataset_id"], unique=False)

    with op.batch_alter_table("opinions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("grant_datasets", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("management_plane", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    with op.batch_alter_table("opinions", schema=None) as batch_op:
        batch_op.drop_column("grant_datasets")

    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.drop_column("management_plane")

    with op.batch_alter_table("covered_datasets", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_covered_datasets_dataset_id"))

    op.drop_table("covered_datasets")
    op.drop_table("preauthorisation_uses")
    with op.batch_alter_table("preauthorised_jobs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_preauthorised_jobs_node_id"))

    op.drop_table("preauthorised_jobs")
    with op.batch_alter_table("preauthorisations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_preauthorisations_node_id"))

    op.drop_table("preauthorisations")
