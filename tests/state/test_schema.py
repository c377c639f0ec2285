"""The schema: what the migrations make is what the layers declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

import interconn.node.run  # noqa: F401 - declares the tables of all layers
from interconn.standard.errors import ConfigurationError
from interconn.state import schema
from interconn.state.database import Table


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(schema.MIGRATIONS)).get_current_head() == schema.HEAD


def test_migrations_make_what_the_layers_declare(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'node.db'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'node.db'}"
    schema.upgrade(url)
    schema.upgrade(url)
    assert schema.current(url) == schema.HEAD


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'node.db'}"
    schema.upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ConfigurationError, match="newer"):
        schema.upgrade(url)


def test_a_database_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        schema.upgrade(f"sqlite:///{tmp_path / 'nowhere' / 'node.db'}")
