"""when messages were sent and partners last heard

When a message was last tried, and when a partner was last heard and spoken to: what an operator asks first when
something does not move.

Revision: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peer_exchanges",
        sa.Column("node_id", sa.String(length=128), nullable=False),
        sa.Column("heard_at", sa.BigInteger(), nullable=True),
        sa.Column("heard_call", sa.String(length=64), nullable=False),
        sa.Column("heard_outcome", sa.Text(), nullable=False),
        sa.Column("spoken_at", sa.BigInteger(), nullable=True),
        sa.Column("spoken_call", sa.String(length=64), nullable=False),
        sa.Column("spoken_outcome", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("node_id"),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("attempted_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("attempted_at")

    op.drop_table("peer_exchanges")
