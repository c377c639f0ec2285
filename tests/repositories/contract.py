"""What every repository keeps to, on each kind of database: subclasses name the tables and add what is their own.

A repository is whatever reads and writes some tables. What is asked here of each is what the kinds of database do
differently unless they are told: lengths and numbers, text of the world and its order, NULL, what is unique, what
refers to what, transactions that break off, and writers at the same time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Integer, String, UniqueConstraint, delete, func, insert, inspect, select
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, undefer

from interconn.standard.errors import InvalidRequest
from interconn.state.database import Database, Table
from interconn.trail.entries import AuditEntry

LARGEST = 2**63 - 1
LONG = "a\tb'\"\\\r\n\u2028é\u0301 银行 😀\u202e%_" * 500
ANYTHING = {
    "名": "银行 😀",
    "n": 2**60,
    "f": 0.1,
    "one": 1.0,
    "yes": True,
    "none": None,
    "deep": [{"a": None, "b": [[]]}],
    "line": "a\nb\u2028c\0",
}
IN_ORDER = tuple(
    sorted(
        (
            *(
                "",
                " ",
                " a",
                "-",
                "-a",
                "1",
                "10",
                "2",
                "A",
                "B",
                "Z",
                "_",
                "a",
                "a ",
                "a-",
                "aa",
                "a\u0301",
                "b",
                "i",
                "z",
            ),
            *("ß", "ä", "á", "ı", "中", "银行", "\ufe4f", "\uff21", "😀", "\U00020000"),
        )
    )
)
"""In the order of their code points, which no language has."""

Fill = Callable[[Column[Any], int], Any]


def fullest(column: Column[Any], number: int) -> Any:
    """As much as a column can hold; another value for each number, where it is no yes or no."""
    if isinstance(column.type, String):
        length = column.type.length
        return LONG + str(number) if length is None else _dense(length, number)
    if isinstance(column.type, Integer):
        return LARGEST - number
    return True if isinstance(column.type, Boolean) else {**ANYTHING, "number": number}


def _dense(length: int, number: int) -> str:
    """Characters of four bytes each, in no order that compression would find: keys of an index have their bound too."""
    return "".join(chr(0x20000 + (number + (n + 1) * (n + 7) * 40503) % 0xA6D0) for n in range(length))


def least(column: Column[Any], number: int) -> Any:
    """As little as a column can hold."""
    if column.nullable:
        return None
    if isinstance(column.type, String):
        return ""
    if isinstance(column.type, Integer):
        counts_by_itself = column.primary_key and column.autoincrement is True
        return 1 + number if counts_by_itself else -LARGEST + number
    return False if isinstance(column.type, Boolean) else {}


def plain(column: Column[Any], number: int) -> Any:
    """Something as it may be any day."""
    if isinstance(column.type, String):
        return IN_ORDER[number % len(IN_ORDER)]
    if isinstance(column.type, Integer):
        return number
    return False if isinstance(column.type, Boolean) else [number]


def values(table: type[Table], number: int, fill: Fill) -> dict[str, Any]:
    """A row by the names of its attributes; what refers to another row refers to the one of the same number."""
    return {
        attribute.key: fill(_origin(attribute.columns[0]), number) for attribute in inspect(table).mapper.column_attrs
    }


def _origin(column: Any) -> Column[Any]:
    for key in column.foreign_keys:
        origin: Column[Any] = key.column
        return _origin(origin)
    found: Column[Any] = column
    return found


def referred(tables: tuple[type[Table], ...]) -> list[type[Table]]:
    """The tables, and those that their rows refer to, these first."""
    known = {mapper.local_table: mapper.class_ for mapper in Table.registry.mappers}
    wanted, found = [table.__table__ for table in tables], set()
    while wanted:
        table = wanted.pop()
        found.add(table)
        wanted += [key.column.table for key in table.foreign_keys if key.column.table not in found]
    return [known[table] for table in Table.metadata.sorted_tables if table in found]


def put(session: Session, tables: tuple[type[Table], ...], number: int, fill: Fill) -> None:
    """Write a row into each table, and into those that they refer to."""
    for table in referred(tables):
        session.add(table(**values(table, number, fill)))
        session.flush()


def counts(session: Session, tables: tuple[type[Table], ...]) -> list[int]:
    """How many rows each table has."""
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def texts(table: type[Table]) -> Iterator[tuple[str, Column[Any]]]:
    """The columns that hold text, by their attributes."""
    for attribute in inspect(table).mapper.column_attrs:
        column = attribute.columns[0]
        if isinstance(column.type, String):
            yield attribute.key, column


def keys(table: type[Table]) -> list[set[str]]:
    """What may not come twice: names of columns."""
    found = [{column.name for column in inspect(table).primary_key}]
    schema: Any = table.__table__
    found += [{c.name for c in one.columns} for one in schema.constraints if isinstance(one, UniqueConstraint)]
    return found + [{c.name for c in one.columns} for one in schema.indexes if one.unique]


class Repository:
    """The contract.

    Attributes:
        tables: those that the repository alone writes.
    """

    tables: tuple[type[Table], ...]

    @pytest.mark.parametrize("fill", [fullest, least, plain])
    async def test_every_column_comes_back_as_it_went(self, database: Database, fill: Fill) -> None:
        await database.write(lambda session: put(session, self.tables, 0, fill))
        for table in self.tables:
            found = await database.read(lambda session, t=table: session.scalars(select(t).options(undefer("*"))).one())
            for name, value in values(table, 0, fill).items():
                kept = getattr(found, name)
                assert (type(kept), kept) == (type(value), value), (table, name)

    async def test_what_no_column_can_hold_is_refused_before_it_is_written(self, database: Database) -> None:
        def refuse(session: Session, table: type[Table], name: str, value: object) -> None:
            session.add(table(**{**values(table, 1, fullest), name: value}))
            with pytest.raises(InvalidRequest) as refused:
                session.flush()
            assert str(refused.value.where).startswith(f"{table.__tablename__}."), (table, name)
            session.rollback()

        def work(session: Session) -> None:
            for table in self.tables:
                for name, column in texts(table):
                    refuse(session, table, name, "a\0")
                    refuse(session, table, name, "\ud800")
                    if column.type.length is not None:  # type: ignore[attr-defined]
                        refuse(session, table, name, "银" * (column.type.length + 1))  # type: ignore[attr-defined]
                for attribute in inspect(table).mapper.column_attrs:
                    if isinstance(attribute.columns[0].type, Integer):
                        refuse(session, table, attribute.key, LARGEST + 1)
                        refuse(session, table, attribute.key, -LARGEST - 1)

        await database.read(work)

    async def test_what_has_to_be_there_is_missed(self, database: Database) -> None:
        def work(session: Session) -> None:
            put(session, self.tables, 0, plain)
            for table in self.tables:
                columns: Any = table.__table__.columns
                for column in columns:
                    if column.nullable or column.autoincrement is True or isinstance(column.type, JSON):
                        continue
                    row = {**_by_column(table, 0, plain), **_fresh_key(table), column.name: None}
                    with pytest.raises(IntegrityError), session.begin_nested():
                        session.execute(insert(table.__table__), row)

        await database.read(work)

    async def test_what_is_unique_comes_once_and_its_likes_beside_it(self, database: Database) -> None:
        """Case, accents, blanks and how a letter is composed count: `a`, `A`, `á` in both forms, and `a ` are five."""

        def work(session: Session) -> None:
            for number in range(len(IN_ORDER)):
                put(session, self.tables, number, plain)
            for table in self.tables:
                for key in keys(table):
                    # The row is another one, but for what may not come twice.
                    row = _by_column(table, 10_000, fullest)
                    row.update((name, value) for name, value in _by_column(table, 3, plain).items() if name in key)
                    row.update(_references(table, 3))
                    with pytest.raises(IntegrityError), session.begin_nested():
                        session.execute(insert(table.__table__), row)
            assert counts(session, self.tables) == [len(IN_ORDER)] * len(self.tables)

        await database.read(work)

    async def test_text_is_ordered_by_its_code_points_and_found_as_it_is(self, database: Database) -> None:
        def work(session: Session) -> None:
            for number in reversed(range(len(IN_ORDER))):
                put(session, self.tables, number, plain)
            for table in self.tables:
                for name, _ in texts(table):
                    column = getattr(table, name)
                    assert tuple(session.scalars(select(column).order_by(column))) == IN_ORDER, (table, name)
                    assert session.scalars(select(column).where(column == "a")).all() == ["a"]
                    after = select(column).where(column > "b").order_by(column.desc()).limit(3)
                    assert tuple(session.scalars(after)) == IN_ORDER[:-4:-1]

        await database.read(work)

    async def test_a_transaction_that_breaks_off_leaves_nothing(self, database: Database) -> None:
        def work(session: Session) -> None:
            put(session, self.tables, 1, plain)
            raise LookupError

        await database.write(lambda session: put(session, self.tables, 0, plain))
        with pytest.raises(LookupError):
            await database.write(work)
        with pytest.raises(DBAPIError):
            await database.write(lambda session: _twice(session, self.tables))
        everything = tuple(referred(self.tables))
        assert await database.read(lambda session: counts(session, everything)) == [1] * len(everything)

    async def test_one_row_goes_and_none_that_another_refers_to(self, database: Database) -> None:
        tables = tuple(referred(self.tables))
        if AuditEntry in tables:
            tables = tuple(table for table in tables if table is not AuditEntry)

        def work(session: Session) -> None:
            for number in range(3):
                put(session, self.tables, number, plain)
            for table in tables:
                if any(key.column.table is table.__table__ for other in tables for key in other.__table__.foreign_keys):  # type: ignore[attr-defined]
                    with pytest.raises(IntegrityError), session.begin_nested():
                        session.execute(delete(table))
            for table in reversed(tables):
                key = {column.name: value for column, value in _key(table, 1, plain)}
                session.delete(
                    session.get_one(table, tuple(key.values()) if len(key) > 1 else next(iter(key.values())))
                )
                session.flush()

        await database.write(work)
        for table in tables:
            left = await database.read(lambda session, t=table: [_identity(row) for row in session.scalars(select(t))])
            assert sorted(left, key=str) == sorted(
                (tuple(value for _, value in _key(table, number, plain)) for number in (0, 2)), key=str
            )

    async def test_writers_at_the_same_time_build_upon_one_another(
        self, database: Database, second_writer: Database
    ) -> None:
        def work(session: Session) -> None:
            [count, *_] = counts(session, self.tables)  # read, then write: at the same time some would count alike
            put(session, self.tables, count, _numbered)

        writers = (database, second_writer) * 6
        await asyncio.gather(*(writer.write(work) for writer in writers))
        assert await database.read(lambda session: counts(session, self.tables)) == [12] * len(self.tables)


def _numbered(column: Column[Any], number: int) -> Any:
    return f"{number}" if isinstance(column.type, String) else plain(column, number)


def _twice(session: Session, tables: tuple[type[Table], ...]) -> None:
    put(session, tables, 2, plain)
    session.execute(insert(tables[-1].__table__), _by_column(tables[-1], 2, plain))


def _by_column(table: type[Table], number: int, fill: Fill) -> dict[str, Any]:
    found = values(table, number, fill)
    return {attribute.columns[0].name: found[attribute.key] for attribute in inspect(table).mapper.column_attrs}


def _references(table: type[Table], number: int) -> dict[str, Any]:
    columns: Any = table.__table__.columns
    return {column.name: plain(_origin(column), number) for column in columns if column.foreign_keys}


def _fresh_key(table: type[Table]) -> dict[str, Any]:
    """Values for what may not come twice, as no row has them; what refers to another row still does."""
    fresh = _by_column(table, 10_000, fullest)
    names = {name for key in keys(table) for name in key} - set(_references(table, 0))
    return {name: fresh[name] for name in names}


def _key(table: type[Table], number: int, fill: Fill) -> list[tuple[Column[Any], Any]]:
    return [(column, fill(_origin(column), number)) for column in inspect(table).primary_key]


def _identity(row: Table) -> tuple[Any, ...]:
    return tuple(inspect(row).identity or ())
