"""All rows out of a database and into another one of either kind: none lost, none changed, counting goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from interconn.standard.errors import ConfigurationError, StateError
from interconn.state import rows, schema
from interconn.state.database import Database
from interconn.state.engines import database_url
from interconn.state.outbox import OutboxMessage
from interconn.trail.entries import AuditEntry, verify
from tests.state.frozen_content import PARTIES, content, place, thaw
from tests.state.test_database import message
from tests.trail.test_entries import entry

EXTREMES = {
    "名": "银行 😀",
    "n": 2**60,
    "f": 0.1,
    "one": 1.0,
    "deep": [{"a": None, "b": [[]]}],
    "line": "a\nb\u2028c\0",
}


async def fill(url: str) -> None:
    database = Database(url)
    for number in range(3):
        await database.write(lambda session: message(session, "r"))
        await database.write(lambda session, n=number: entry(session, n))  # type: ignore[misc]
    await database.write(lambda session: session.add(OutboxMessage(**{**MESSAGE, "body": EXTREMES})))
    database.close()


MESSAGE = {"node_id": "银行", "endpoint": "e", "trace_id": "t", "reference": "a\tb'\"\\", "created_at": 2**60}


@pytest.mark.parametrize("other", ["sqlite", "the same kind"])
async def test_what_goes_out_comes_in(
    new_database: Callable[[], str], empty_database: str, tmp_path: Path, other: str
) -> None:
    source = new_database()
    await fill(source)
    target = empty_database if other == "the same kind" else database_url(tmp_path / "other.db")
    (tmp_path / "rows").mkdir()
    revision, counts = rows.dump(source, tmp_path / "rows")
    assert (revision, counts["outbox"], counts["audit_trail"]) == (schema.HEAD, 4, 3)
    assert rows.load(target, tmp_path / "rows", revision) == counts
    assert content(target, tmp_path / "after") == content(source, tmp_path / "before")
    database = Database(target)
    await database.write(message)
    await database.write(lambda session: entry(session, 9))
    assert await database.read(lambda s: max(s.scalars(select(OutboxMessage.message_id)))) == 5
    entries = await database.read(lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number))))
    assert verify(entries) == 4
    database.close()


@pytest.mark.parametrize("party", PARTIES)
def test_an_earlier_schema_goes_from_one_kind_to_the_other_and_back(
    empty_database: str, tmp_path: Path, party: str
) -> None:
    place(party, empty_database, tmp_path)
    assert schema.current(empty_database) == "0001"
    assert content(empty_database, tmp_path / "a") == content(thaw(party, tmp_path / "a"), tmp_path / "b")


async def test_all_rows_are_of_one_moment_while_others_write(new_database: Callable[[], str], tmp_path: Path) -> None:
    """Each transaction writes to two tables; a dump that sees one of the two without the other is not of one moment."""
    url = new_database()
    database = Database(url)
    done = asyncio.Event()

    async def keep_writing() -> None:
        number = 0
        while not done.is_set():
            number += 1

            def both(session, number: int = number) -> None:  # type: ignore[no-untyped-def]
                entry(session, number)
                message(session, f"r-{number}")

            await database.write(both)

    await fill(url)
    writing = asyncio.create_task(keep_writing())
    for number in range(5):
        (tmp_path / str(number)).mkdir()
        _, counts = await asyncio.to_thread(rows.dump, url, tmp_path / str(number))
        assert counts["outbox"] == counts["audit_trail"] + 1
    done.set()
    await writing
    database.close()


def test_a_database_with_a_node_in_it_is_not_touched(migrated_database: str, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    revision, _ = rows.dump(migrated_database, tmp_path / "rows")
    with pytest.raises(ConfigurationError, match="holds a node already"):
        rows.load(migrated_database, tmp_path / "rows", revision)


def test_an_empty_database_is_nothing_to_back_up(empty_database: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is empty"):
        rows.dump(empty_database, tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.unlink(),
        lambda file: file.write_text('["nonsense"]\n[1]\n'),
        lambda file: file.write_text(file.read_text()[:-5]),
        lambda file: file.write_text(file.read_text() + file.read_text().splitlines()[-1] + "\n"),
    ],
    ids=["a file is missing", "other columns", "cut off", "a row twice"],
)
async def test_files_that_do_not_fit_are_refused(
    new_database: Callable[[], str], empty_database: str, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    source = new_database()
    await fill(source)
    (tmp_path / "rows").mkdir()
    revision, _ = rows.dump(source, tmp_path / "rows")
    spoil(tmp_path / "rows/outbox.jsonl")
    with pytest.raises(StateError, match="cannot be read back"):
        rows.load(empty_database, tmp_path / "rows", revision)


def test_a_line_is_one_row(migrated_database: str, tmp_path: Path) -> None:
    rows.dump(migrated_database, tmp_path)
    for file in tmp_path.glob("*.jsonl"):
        assert all(json.loads(line) for line in file.read_text().split("\n") if line)
