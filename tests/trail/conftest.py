"""A database with the newest schema, of each kind in turn."""

from collections.abc import Iterator

import pytest

from interconn.state.database import Database


@pytest.fixture
def database(migrated_database: str) -> Iterator[Database]:
    opened = Database(migrated_database)
    yield opened
    opened.close()
