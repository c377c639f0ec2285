"""A database with the newest schema, of each kind in turn; who else writes to it; and a node that lies on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.state.database import Database
from tests.databases import hurry
from tests.management.conftest import SteppedClock
from tests.management.holder import Holder


@pytest.fixture
def database(migrated_database: str) -> Iterator[Database]:
    opened = hurry(Database(migrated_database))
    yield opened
    opened.close()


@pytest.fixture
def second_writer(database: Database, migrated_database: str, kind_of_database: str) -> Iterator[Database]:
    """On PostgreSQL as another process has it; SQLite is one process's, whose writers share its one."""
    if kind_of_database == "sqlite":
        yield database
        return
    opened = Database(migrated_database)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def node(migrated_database: str, tmp_path: Path, clock: SteppedClock) -> Iterator[Holder]:
    """Operator, with an empty database."""
    made = Holder(migrated_database, tmp_path, clock)
    hurry(made.database)
    yield made
    made.close()
