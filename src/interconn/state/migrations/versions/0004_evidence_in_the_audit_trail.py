"""evidence in the audit trail

Entries that are there stay as they are, of version 1. What a downgrade takes from the table it keeps beside it, and
the next upgrade puts back: an entry of version 2 cannot be verified without its evidence.

Revision: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_REFUSAL = "the audit trail is append-only"
_PROTECT = {
    "sqlite": [
        f"CREATE TRIGGER audit_trail_no_{step.lower()} BEFORE {step} ON audit_trail "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for step in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_trail_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_append_only()",
    ],
}
_UNPROTECT = {
    "sqlite": ["DROP TRIGGER audit_trail_no_update", "DROP TRIGGER audit_trail_no_delete"],
    "postgresql": [
        "DROP TRIGGER audit_trail_append_only ON audit_trail",
        "DROP FUNCTION audit_trail_append_only()",
    ],
}


def upgrade() -> None:
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", NUMBER, server_default="1", nullable=False))
        batch_op.add_column(sa.Column("evidence", sa.JSON(), server_default="{}", nullable=False))
    connection = op.get_bind()
    if sa.inspect(connection).has_table("audit_trail_evidence"):
        op.execute(
            "UPDATE audit_trail SET "
            "version = (SELECT version FROM audit_trail_evidence kept WHERE kept.number = audit_trail.number), "
            "evidence = (SELECT evidence FROM audit_trail_evidence kept WHERE kept.number = audit_trail.number) "
            "WHERE number IN (SELECT number FROM audit_trail_evidence)"
        )
        op.drop_table("audit_trail_evidence")
    for statement in _PROTECT[connection.dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    connection = op.get_bind()
    for statement in _UNPROTECT[connection.dialect.name]:
        op.execute(statement)
    if connection.scalar(sa.text("SELECT max(number) FROM audit_trail WHERE version <> 1")):
        op.execute(
            "CREATE TABLE audit_trail_evidence AS SELECT number, version, evidence FROM audit_trail WHERE version <> 1"
        )
        if connection.dialect.name == "postgresql":  # what comes next is counted by the sequence again
            op.execute(
                "SELECT setval(pg_get_serial_sequence('audit_trail', 'number'), (SELECT max(number) FROM audit_trail))"
            )
    with op.batch_alter_table("audit_trail", schema=None) as batch_op:
        batch_op.drop_column("evidence")
        batch_op.drop_column("version")
