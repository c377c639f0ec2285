"""policies and opinions

Which declared policy decided an approval, and what each person said where two have to agree. An approval names its
contract and why it is void, since what was approved under a contract ends with it; a contract says since when that is
done, and one that ended before needs it no more.

Revision: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite counts by itself only what is called INTEGER, which has 64 bits there in any case."""


def upgrade() -> None:
    op.create_table(
        "opinions",
        sa.Column("matter", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=160), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("time_limit", NUMBER, nullable=True),
        sa.Column("times_limit", NUMBER, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("matter", "actor"),
    )
    op.create_table(
        "policies",
        sa.Column("number", NUMBER, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("taken_up_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policies_digest"), ["digest"], unique=False)

    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.add_column(sa.Column("contract_id", sa.String(length=128), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("policy", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("evaluated", sa.String(length=64), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("void", sa.Text(), nullable=False, server_default=""))

    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("wound_up_at", NUMBER, nullable=True))
    # What ended before has nothing under it that could still be used; it is not to be wound up once more.
    op.execute("UPDATE contracts SET wound_up_at = COALESCE(decided_at, applied_at) WHERE status = 'TERMINATED'")


def downgrade() -> None:
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.drop_column("wound_up_at")

    with op.batch_alter_table("audits", schema=None) as batch_op:
        batch_op.drop_column("void")
        batch_op.drop_column("evaluated")
        batch_op.drop_column("policy")
        batch_op.drop_column("contract_id")

    with op.batch_alter_table("policies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_policies_digest"))

    op.drop_table("policies")
    op.drop_table("opinions")
