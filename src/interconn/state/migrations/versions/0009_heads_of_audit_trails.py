"""heads of audit trails

Heads of partners' trails that are kept here, and partners' receipts for heads of this one, by which each can show
whether the other changed what it wrote.

Revision: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "trail_heads",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.Column("time", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("kept_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("contradicts", sa.Boolean(), nullable=False),
        sa.Column("settled_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("trail_heads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trail_heads_node_id"), ["node_id"], unique=False)

    op.create_table(
        "trail_receipts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("holder", sa.String(length=128), nullable=False),
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("kept_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("trail_receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_trail_receipts_holder"), ["holder"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("trail_receipts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trail_receipts_holder"))

    op.drop_table("trail_receipts")
    with op.batch_alter_table("trail_heads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_trail_heads_node_id"))

    op.drop_table("trail_heads")
