"""Databases for networks of nodes within one test process, of the kind that `--database` names.

A node's home stands for its database: asked by a home, the same one is returned until the home is let go. On SQLite
it is a file in the home and moves with it; on PostgreSQL copies of a home get copies of their databases.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from weakref import WeakSet

import pytest
from sqlalchemy import Dialect, Engine, event, make_url

from interconn.state import schema
from interconn.state.database import Database, Table
from interconn.state.engines import database_url
from tests import postgres

KINDS = ("sqlite", "postgresql")


class Databases:
    """One for the whole test process.

    Attributes:
        kind: `sqlite` or `postgresql`.
    """

    kind: str = KINDS[0]

    def __init__(self) -> None:
        self._server: postgres.Server | None = None
        self._urls: dict[Path, str] = {}
        self._kept: dict[Path, postgres.Content] = {}
        self._template = ""

    @property
    def server(self) -> postgres.Server:
        """The server of this test process; the test is skipped where there can be none."""
        if self._server is None:
            self._server = postgres.begin(pytest.skip)
        return self._server

    def url(self, home: Path) -> str:
        """Return the URL of a home's database; on PostgreSQL it has its tables already."""
        if self.kind == "sqlite":
            return database_url(home / "state.db")
        if home not in self._urls:
            self._urls[home] = self.server.lend(self.template)
        return self._urls[home]

    def copy(self, before: Path, after: Path) -> None:
        """Give the homes below a folder what those below another one, a stage that no longer changes, have."""
        for home, url in list(self._urls.items()):
            if home.is_relative_to(before):
                if home not in self._kept:
                    self._kept[home] = self.server.content(url)
                self.server.fill(self.url(after / home.relative_to(before)), self._kept[home])

    def back_up(self, home: Path, name: str) -> Path:
        """Copy a home's database as it is now; return what the copy is found by."""
        copied = home / f"{name}.db"
        if self.kind == "postgresql":
            self._kept[copied] = self.server.content(self._urls[home])
            return copied
        copied.unlink(missing_ok=True)
        with closing(sqlite3.connect(home / "state.db")) as source, closing(sqlite3.connect(copied)) as target:
            source.backup(target)
        return copied

    def restore(self, home: Path, copied: Path) -> None:
        """Have a home's database, which nobody uses, be as it was when it was copied."""
        if self.kind == "postgresql":
            self.lose(home)
            self.server.fill(self._urls[home], self._kept[copied])
            return
        self.lose(home)
        shutil.copy(copied, home / "state.db")

    def lose(self, home: Path) -> None:
        """Have a home's database, which nobody uses, hold nothing; the tables may be gone with it."""
        if self.kind == "postgresql":
            self.server.empty(self._urls[home])
            return
        for name in ("state.db", "state.db-wal", "state.db-shm"):
            (home / name).unlink(missing_ok=True)

    def let_go(self, folder: Path) -> None:
        """Take back the databases of the homes below a folder."""
        for home in [home for home in self._urls if home.is_relative_to(folder)]:
            url = self._urls.pop(home)
            for engine in [engine for engine in _HURRIED if engine.url.database == make_url(url).database]:
                engine.dispose()  # of a node that was killed: it closed nothing
            self.server.take_back(url)

    def end(self) -> None:
        """Stop the server, if one was started."""
        if self._server is not None:
            self._server.end()
            self._server = None

    @property
    def template(self) -> str:
        """Name of a PostgreSQL database with the newest schema, to copy."""
        if not self._template:
            url = self.server.database()
            schema.upgrade(url)
            self._template = str(make_url(url).database)
        return self._template


DATABASES = Databases()

_BLANK: dict[frozenset[str], bytes] = {}


def place_tables(file: Path) -> None:
    """Give a node a SQLite database with its tables, which are made once and copied from then on; one there is kept."""
    if file.exists():
        return
    known = frozenset(Table.metadata.tables)
    if known in _BLANK:
        file.write_bytes(_BLANK[known])
        return
    database = Database(database_url(file))
    Table.metadata.create_all(database.engine)
    database.close()
    _BLANK[known] = file.read_bytes()


_HURRIED: WeakSet[Engine] = WeakSet()
_COMPILED: dict[str, tuple[Dialect, Any]] = {}


def hurry(database: Database) -> Database:
    """Have a database wait for no disk, as no test in one process cuts the power, and compile no statement anew.

    A dialect knows what it has compiled, and every engine brings a dialect of its own: a node that lives for one test
    would spend a good part of its life compiling what all nodes before it have asked already.
    """
    engine = database.engine
    _HURRIED.add(engine)
    engine.dialect, engine._compiled_cache = _COMPILED.setdefault(
        engine.dialect.name, (engine.dialect, engine._compiled_cache)
    )
    if engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
    return database
