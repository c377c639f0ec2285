"""A database with the tables of state."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.state import audit_trail, outbox
from interconn.state.database import Database, Table, database_url

TABLES = [Table.metadata.tables[kind.__tablename__] for kind in (outbox.OutboxMessage, audit_trail.AuditEntry)]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(database_url(tmp_path / "state.db"))
    Table.metadata.create_all(opened.engine, TABLES)
    yield opened
    opened.close()
