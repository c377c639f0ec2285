"""All rows of a database as files, of one moment while others write, and back into a database of either kind.

The files do not depend on the kind of database: a backup made of SQLite goes into PostgreSQL and the other way
round. They belong to one schema, which the tables are read by: any schema that migrations make, not only the newest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Table, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError

from interconn.standard.errors import ConfigurationError, StateError
from interconn.state import schema
from interconn.state.engines import OPTIONS, open_backend

SUFFIX: Final = ".jsonl"
_NOT_CONTENT: Final = ("alembic_version", "commit_marks")
_AT_A_TIME: Final = 500


def dump(url: str, folder: Path) -> tuple[str, dict[str, int]]:
    """Write every table to a file of the folder: a line of column names, then a line for each row.

    Returns:
        The schema, and the number of rows of each table.

    Raises:
        ConfigurationError: the database cannot be opened, or has no schema.
    """
    revision = schema.current(url)
    if revision is None:
        raise ConfigurationError("the database is empty", where="state.database", hint="Nothing is there to back up")
    backend = open_backend(url)
    counts = {}
    try:
        with backend.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
            for table in _tables(connection):
                with (folder / f"{table.name}{SUFFIX}").open("w", encoding="utf-8") as file:
                    file.write(_line([column.name for column in table.columns]))
                    counts[table.name] = 0
                    ordered = select(table).order_by(*table.primary_key.columns)
                    for row in connection.execution_options(yield_per=_AT_A_TIME).execute(ordered):
                        file.write(_line(list(row)))
                        counts[table.name] += 1
            if connection.scalar(text("SELECT version_num FROM alembic_version")) != revision:
                raise StateError("the schema changed during the backup", where="state.database", hint="Try again")
    finally:
        backend.close()
    return revision, counts


def load(url: str, folder: Path, revision: str) -> dict[str, int]:
    """Give an empty database the schema that the files belong to, and their rows; all of it or nothing.

    Returns:
        The number of rows of each table.

    Raises:
        ConfigurationError: the database is not empty, or this version knows no such schema.
        StateError: a file does not fit the schema.
    """
    if schema.current(url) is not None:
        raise ConfigurationError(
            "the database holds a node already", where="state.database", hint="Name an empty one; nothing was changed"
        )
    schema.migrate(url, revision)
    backend = open_backend(url)
    counts = {}
    try:
        with backend.engine.begin() as connection:
            for table in _tables(connection):
                counts[table.name] = _fill(connection, table, folder / f"{table.name}{SUFFIX}")
    except (DBAPIError, KeyError, ValueError, OSError) as error:
        raise StateError(
            f"the rows cannot be read back: {error.orig if isinstance(error, DBAPIError) else type(error).__name__}",
            where=str(folder),
        ) from None
    finally:
        backend.close()
    return counts


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as they are, those before that others refer to."""
    metadata = MetaData()
    names = [name for name in inspect(connection).get_table_names() if name not in _NOT_CONTENT]
    metadata.reflect(connection, only=names)
    return metadata.sorted_tables


def _fill(connection: Connection, table: Table, file: Path) -> int:
    count = 0
    with file.open(encoding="utf-8") as lines:
        columns = json.loads(next(lines))
        rows = (dict(zip(columns, json.loads(line), strict=True)) for line in lines)
        for several in _batches(rows):
            connection.execute(insert(table), several)
            count += len(several)
    if connection.dialect.name == "postgresql":
        _go_on_counting(connection, table)
    return count


def _go_on_counting(connection: Connection, table: Table) -> None:
    """Have PostgreSQL give the next key after the highest; SQLite does so by itself."""
    for column in table.primary_key.columns:
        sequence = connection.scalar(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": table.name, "column": column.name}
        )
        if sequence:
            highest = connection.scalar(select(column).order_by(column.desc()).limit(1))
            connection.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :value, :used)"),
                {"sequence": sequence, "value": highest or 1, "used": highest is not None},
            )


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while several := list(islice(rows, _AT_A_TIME)):
        yield several


def _line(values: list[Any]) -> str:
    serialize: Any = OPTIONS["json_serializer"]
    return f"{serialize(values)}\n"
