"""Alembic's entry: which database to migrate, and the tables of all layers to compare it with.

All revisions run in one transaction, on SQLite too: an upgrade that is killed leaves the old schema.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from interconn.state.engines import open_backend

configuration = context.config
url: str = configuration.attributes["url"]


def check_references(connection: Connection) -> None:
    """Refuse to commit rows that refer to nothing; SQLite does not look while tables are rebuilt."""
    if connection.dialect.name == "sqlite" and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
        raise RuntimeError(f"the migration leaves rows of {sorted({row[0] for row in broken})} that refer to nothing")


TEXTS = """
    SELECT quote_ident(relname) AS name,
           string_agg(format('ALTER COLUMN %I TYPE %s COLLATE "C"', attname, format_type(atttypid, atttypmod)), ', ')
               AS changes
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid JOIN pg_collation ON pg_collation.oid = attcollation
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
      AND collname <> 'C'
    GROUP BY relname ORDER BY relname
"""


def order_text_by_code_points(connection: Connection) -> None:
    """Have PostgreSQL compare and order every text as SQLite does, whatever language its database was made for.

    Rows stay where they are, as the bytes do not change; indexes of texts are made anew.
    """
    if connection.dialect.name == "postgresql":
        for name, changes in connection.execute(text(TEXTS)).all():
            connection.exec_driver_sql(f"ALTER TABLE {name} {changes}")


engine = open_backend(url, migrating=True).engine
with engine.begin() as connection:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7304)"))  # one at a time, and no writer meanwhile
    context.configure(
        connection=connection,
        target_metadata=configuration.attributes.get("metadata"),
        render_as_batch=True,  # SQLite alters a table by copying it
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    order_text_by_code_points(connection)
    check_references(connection)
engine.dispose()
