"""People and their tokens."""

from __future__ import annotations

from sqlalchemy import select

from interconn.access.tables import Token, User
from interconn.state.database import Database
from tests.management.conftest import START
from tests.repositories import rows
from tests.repositories.contract import Repository


class TestPeople(Repository):
    tables = (
        User,
        Token,
    )

    async def test_people_are_listed_by_their_names_and_tokens_by_when_they_were_made(self, database: Database) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            for name in reversed(rows.IDS):
                session.add(User(name=name, roles=[], datasets=None, created_at=START, created_by="system"))
                session.flush()
                session.add(
                    Token(
                        token_id=name,
                        user_name=name,
                        digest="",
                        created_at=START,
                        roles=None,
                        created_by="system",
                    )
                )

        await database.write(write)

        def read(session):  # type: ignore[no-untyped-def]
            people = session.scalars(select(User).order_by(User.name)).all()
            return [user.name for user in people], [token.token_id for token in session.get_one(User, "A").tokens]

        assert await database.read(read) == (list(rows.IDS), ["A"])
