"""The schema: what the migrations make is what the layers declare, on each kind of database and in both directions."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

import interconn.node.node  # noqa: F401 - declares the tables of all layers
from interconn.standard.errors import ConfigurationError
from interconn.state import schema
from interconn.state.database import Table
from interconn.state.engines import open_backend

SCRIPTS = ScriptDirectory(str(schema.MIGRATIONS))
REVISIONS = sorted(script.revision for script in SCRIPTS.walk_revisions())


def differences(url: str) -> list[object]:
    """What alembic would still change."""
    engine = open_backend(url).engine
    try:
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            return list(compare_metadata(context, Table.metadata))
    finally:
        engine.dispose()


def shape(url: str) -> dict[str, object]:
    """Tables with their columns, keys and indexes."""
    engine: Engine = open_backend(url).engine
    try:
        found = inspect(engine)
        keys, unique = found.get_multi_pk_constraint(), found.get_multi_unique_constraints()
        indexes, references = found.get_multi_indexes(), found.get_multi_foreign_keys()
        return {
            str(table[1]): (
                {column["name"]: (str(column["type"]), column["nullable"]) for column in columns},
                keys[table]["constrained_columns"],
                sorted((str(index["name"]), index["column_names"], index["unique"]) for index in indexes[table]),
                sorted(sorted(one["column_names"]) for one in unique[table]),
                sorted((one["constrained_columns"], one["referred_table"]) for one in references[table]),
            )
            for table, columns in found.get_multi_columns().items()
            if table[1] != "alembic_version"
        }
    finally:
        engine.dispose()


def test_head_is_the_newest_migration() -> None:
    assert SCRIPTS.get_current_head() == schema.HEAD


def test_migrations_make_what_the_layers_declare(empty_database: str) -> None:
    schema.upgrade(empty_database)
    assert differences(empty_database) == []


def test_every_revision_upgrades_and_downgrades(empty_database: str) -> None:
    shapes: dict[str, object] = {}
    for revision in REVISIONS:
        schema.migrate(empty_database, revision)
        assert schema.current(empty_database) == revision
        shapes[revision] = shape(empty_database)
    for revision in reversed(REVISIONS[:-1]):
        schema.migrate(empty_database, revision)
        assert schema.current(empty_database) == revision
        assert shape(empty_database) == shapes[revision]
    schema.upgrade(empty_database)
    assert shape(empty_database) == shapes[schema.HEAD]
    assert differences(empty_database) == []


def test_upgrading_twice_changes_nothing(empty_database: str) -> None:
    schema.upgrade(empty_database)
    schema.upgrade(empty_database)
    assert schema.current(empty_database) == schema.HEAD


def test_a_database_of_a_newer_version_is_refused(empty_database: str) -> None:
    schema.upgrade(empty_database)
    engine = open_backend(empty_database).engine
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="newer"):
        schema.upgrade(empty_database)


def test_a_revision_that_does_not_exist_is_refused(empty_database: str) -> None:
    schema.upgrade(empty_database)
    with pytest.raises(ConfigurationError, match="no schema 0000"):
        schema.migrate(empty_database, "0000")


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        schema.upgrade(f"sqlite:///{tmp_path / 'nowhere' / 'node.db'}")
