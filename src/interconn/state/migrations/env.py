"""Alembic's entry: which database to migrate, and the tables of all layers to compare it with."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool

configuration = context.config
url: str = configuration.attributes["url"]

engine = create_engine(url, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=configuration.attributes.get("metadata"),
        render_as_batch=True,  # SQLite alters a table by copying it
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
