"""Which messages are due, in which order."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from interconn.state.database import Database
from interconn.state.outbox import OutboxMessage, count_waiting, due, enqueue, next_due


def write(session: Session, *addressed: tuple[str, str]) -> None:
    for node_id, reference in addressed:
        enqueue(session, node_id=node_id, endpoint="e", body={}, reference=reference, trace_id="t", now=0)


async def references(database: Database, now: int, *, busy: tuple[str, ...] = (), limit: int = 50) -> list[str]:
    return await database.read(
        lambda session: [message.reference for message in due(session, now, busy=busy, limit=limit)]
    )


async def change(database: Database, reference: str, **values: object) -> None:
    await database.write(
        lambda session: session.execute(
            update(OutboxMessage).where(OutboxMessage.reference == reference).values(**values)
        )
    )


async def test_oldest_first(database: Database) -> None:
    await database.write(lambda session: write(session, ("b", "1"), ("c", "2"), ("b", "3")))
    assert await references(database, 0) == ["1", "2", "3"]
    assert await database.read(count_waiting) == 3


async def test_settled_messages_are_not_due(database: Database) -> None:
    await database.write(lambda session: write(session, ("b", "1"), ("b", "2"), ("b", "3")))
    await change(database, "1", state="DELIVERED")
    await change(database, "2", state="REFUSED")
    assert await references(database, 0) == ["3"]
    assert await database.read(count_waiting) == 1


async def test_behind_one_that_found_nobody_the_rest_waits(database: Database) -> None:
    await database.write(lambda session: write(session, ("b", "1"), ("b", "2"), ("c", "3")))
    await change(database, "1", due_at=500, attempts=1)
    assert await references(database, 499) == ["3"]
    assert await references(database, 500) == ["1", "2", "3"]


async def test_one_that_was_refused_steps_aside_with_its_matter(database: Database) -> None:
    await database.write(lambda session: write(session, ("b", "1"), ("b", "2"), ("b", "1"), ("c", "1")))
    await database.write(
        lambda session: session.execute(
            update(OutboxMessage).where(OutboxMessage.message_id == 1).values(due_at=500, refusals=1)
        )
    )
    assert await database.read(lambda session: [message.message_id for message in due(session, 0)]) == [2, 4]


async def test_a_partner_with_many_messages_crowds_nobody_out(database: Database) -> None:
    await database.write(lambda session: write(session, *[("b", f"b{n}") for n in range(200)], ("c", "c1")))
    assert await references(database, 0, limit=2) == ["b0", "b1", "c1"]
    assert await references(database, 0, busy=("b",)) == ["c1"]


async def test_when_to_look_again(database: Database) -> None:
    assert await database.read(lambda session: next_due(session, 0)) is None
    await database.write(lambda session: write(session, ("b", "1"), ("b", "2"), ("c", "3")))
    await change(database, "1", due_at=500)
    await change(database, "3", due_at=300)
    assert await database.read(lambda session: next_due(session, 0)) == 300
    assert await database.read(lambda session: next_due(session, 300)) == 500
    assert await database.read(lambda session: next_due(session, 500)) is None
