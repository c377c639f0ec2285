"""No table is without its contract, and a backup of all of them goes from one kind of database to the other."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import interconn.node.run  # noqa: F401 - declares the tables of all layers
from interconn.state import rows
from interconn.state.database import CommitMark, Database, Table
from interconn.state.engines import database_url
from tests import postgres
from tests.databases import hurry
from tests.repositories.contract import Repository, fullest, least, plain, put


def contracts() -> Iterator[type[Repository]]:
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.repositories.{file.stem}")
        found = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Repository)]
        yield from (one for one in found if one is not Repository)


def test_every_table_is_in_the_contract_of_one_repository() -> None:
    covered = [table.__tablename__ for contract in contracts() for table in contract.tables]
    # What PostgreSQL alone keeps, of its own transactions: see tests/state/test_postgresql.py.
    assert sorted([*covered, CommitMark.__tablename__]) == sorted(Table.metadata.tables)


def all_tables() -> tuple[type[Table], ...]:
    return tuple(table for contract in contracts() for table in contract.tables)


async def test_a_backup_of_one_kind_goes_into_the_other_and_back(
    migrated_database: str, kind_of_database: str, postgres_server: postgres.Server, tmp_path: Path
) -> None:
    """Texts, numbers and the order of rows stay as they are, of full rows and of empty ones."""
    database = hurry(Database(migrated_database))

    def write(session) -> None:  # type: ignore[no-untyped-def]
        for number, fill in ((0, fullest), (1, least), (5, plain), (6, fullest)):
            put(session, all_tables(), number, fill)

    await database.write(write)
    database.close()
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir()
    other = postgres_server.database() if kind_of_database == "sqlite" else database_url(tmp_path / "other.db")
    again = database_url(tmp_path / "again.db") if kind_of_database == "sqlite" else postgres_server.database()
    revision, counts = rows.dump(migrated_database, folders[0])
    assert set(counts) == set(Table.metadata.tables) - {CommitMark.__tablename__}
    assert min(counts.values()) > 0
    assert rows.load(other, folders[0], revision) == counts
    rows.dump(other, folders[1])
    assert rows.load(again, folders[1], revision) == counts
    rows.dump(again, folders[2])
    for file in sorted(folders[0].iterdir()):
        assert [(folder / file.name).read_bytes() for folder in folders[1:]] == [file.read_bytes()] * 2, file.name
    for url in (other, again):
        if url.startswith("postgresql"):
            postgres_server.drop(url)
