"""What was erased, a permit that was handed over for example, is in no file of the database any more."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.state.database import Database, Table, database_url
from interconn.state.outbox import OutboxMessage, enqueue

SECRET = "kq8Zl2vT0mW5"


async def test_what_was_erased_is_not_to_be_read_from_the_file(tmp_path: Path) -> None:
    database = Database(database_url(tmp_path / "node.db"))
    Table.metadata.create_all(database.engine)

    def write(session: Session) -> None:
        enqueue(session, node_id="b", endpoint="e", body={"t": SECRET * 40}, reference="r", trace_id="t", now=0)

    def erase(session: Session) -> None:
        for row in session.scalars(select(OutboxMessage)):
            row.body = {}

    await database.write(write)
    await database.write(erase)
    database.close()  # until then the log beside the file still holds it
    assert not _holds(tmp_path, SECRET)


def _holds(folder: Path, text: str) -> bool:
    return any(text.encode() in path.read_bytes() for path in folder.iterdir())
