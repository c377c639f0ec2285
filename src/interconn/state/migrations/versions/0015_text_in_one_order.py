"""text in one order

On PostgreSQL every text is compared and ordered by its code points, as SQLite does, and not as the language of the
server has it: pages and their order no longer depend on who made the database, and no index of a text, unique ones
among them, is damaged when the system's tables of languages change with an upgrade.

`order_text_by_code_points` in env.py does it after each run of migrations, so that tables of later revisions have it
too; this revision is what makes a database of before run them.

Revision: 0015
Revises: 0014
"""

from __future__ import annotations

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing but what is done after each run."""


def downgrade() -> None:
    """The order stays: any version can read it."""
