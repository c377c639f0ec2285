"""keys that change

A change of key, with the partners told of it, and beside each contract's key the one before and the one announced:
both are right for as long as the two overlap (MGT-3.4).

Revision: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_rotations",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("former", sa.String(length=64), nullable=False),
        sa.Column("following", sa.String(length=64), nullable=False),
        sa.Column("auth_type", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("finished_at", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.add_column(sa.Column("own_fingerprint", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("told", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("former_auth_type", sa.String(length=32), server_default="", nullable=False))
        batch_op.add_column(sa.Column("former_credential", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("former_fingerprint", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(
            sa.Column("former_until", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True)
        )
        batch_op.add_column(sa.Column("next_auth_type", sa.String(length=32), server_default="", nullable=False))
        batch_op.add_column(sa.Column("next_credential", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("next_fingerprint", sa.String(length=64), server_default="", nullable=False))
        batch_op.add_column(sa.Column("next_proven", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.drop_column("next_proven")
        batch_op.drop_column("next_fingerprint")
        batch_op.drop_column("next_credential")
        batch_op.drop_column("next_auth_type")
        batch_op.drop_column("former_until")
        batch_op.drop_column("former_fingerprint")
        batch_op.drop_column("former_credential")
        batch_op.drop_column("former_auth_type")
        batch_op.drop_column("told")
        batch_op.drop_column("own_fingerprint")

    op.drop_table("key_rotations")
