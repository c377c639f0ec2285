"""tasks found by name, and how their state travels

Revision: 0017
Revises: 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("control_jobs") as batch:
        batch.add_column(sa.Column("sync_type", sa.String(16), nullable=False, server_default="poll"))
    op.create_index("ix_control_tasks_name", "control_tasks", ["job_id", "name"])


def downgrade() -> None:
    op.drop_index("ix_control_tasks_name", "control_tasks")
    with op.batch_alter_table("control_jobs") as batch:
        batch.drop_column("sync_type")
