"""Sessions of the transport layer."""

from __future__ import annotations

from sqlalchemy import delete, select

from interconn.state.database import Database
from interconn.transport.tables import TransportSession
from tests.management.conftest import START
from tests.repositories.contract import Repository


class TestSessions(Repository):
    tables = (TransportSession,)

    async def test_what_was_released_long_ago_is_forgotten_and_what_is_open_is_not(self, database: Database) -> None:
        """NULL is neither before nor after any time."""

        def write(session):  # type: ignore[no-untyped-def]
            for task_id, closed in (("open", None), ("old", START - 1), ("Old", START), ("new", START + 1)):
                session.add(
                    TransportSession(
                        session_id="s", task_id=task_id, tokens={}, parties=["bank"], opened_at=1, closed_at=closed
                    )
                )
            session.flush()
            session.execute(delete(TransportSession).where(TransportSession.closed_at < START))
            return [one.task_id for one in session.scalars(select(TransportSession).order_by(TransportSession.task_id))]

        assert await database.write(write) == ["Old", "new", "open"]
