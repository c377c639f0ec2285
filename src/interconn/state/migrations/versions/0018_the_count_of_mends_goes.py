"""what was mended is told by the audit trail and the metrics alone: nobody read the count beside a comparison

Revision: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("comparisons") as batch:
        batch.drop_column("mends")


def downgrade() -> None:
    with op.batch_alter_table("comparisons") as batch:
        batch.add_column(sa.Column("mends", _NUMBER, nullable=False, server_default="0"))
