"""A PostgreSQL server for the tests of one process, and databases on it that cost some milliseconds each."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, make_url

SERVER_VARIABLE = "INTERCONN_TEST_POSTGRES"
MISSING = (
    "PostgreSQL is not installed: apt-get install postgresql (Debian, Ubuntu), or name a server where databases may "
    f"be made in {SERVER_VARIABLE}"
)
_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")
_NUMBERS = itertools.count(1)
_WATCH = """
trap '' HUP INT TERM
cat
if read -r process < data/postmaster.pid; then
    kill -QUIT "$process"
    while kill -0 "$process"; do sleep 0.1; done
fi 2>/dev/null
cd / && rm -rf "$1"
"""
"""Outlives the test process, however that ends: its standard input ends with it, and then server and folder go."""
_IN_ENGLISH = "TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
"""As most servers are, and unlike SQLite: a, B, c."""
_ROOM = 2 << 30
_SHAPE = """
    SELECT md5(string_agg(concat(relname, attname, atttypid, attnotnull), ',' ORDER BY relname, attnum))
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND relkind IN ('r', 'i')
"""
_EMPTY = """
    DO $$ DECLARE found record; BEGIN
        SET LOCAL session_replication_role = replica; -- in any order, whatever refers to what
        FOR found IN SELECT relname, relkind FROM pg_class WHERE relnamespace = 'public'::regnamespace LOOP
            IF found.relkind = 'r' AND found.relname <> 'alembic_version' THEN
                EXECUTE format('DELETE FROM %I', found.relname);
            ELSIF found.relkind = 'S' THEN
                PERFORM setval(quote_ident(found.relname)::regclass, 1, false);
            END IF;
        END LOOP;
    END $$
"""


def binaries() -> Path | None:
    """Return the folder with `initdb` and `pg_ctl`, newest version first, or None where there is none."""
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    folders = [folder for place in _PLACES for folder in Path(place).glob("*/bin") if (folder / "initdb").exists()]
    return max(folders, key=lambda folder: (len(folder.parent.name), folder.parent.name), default=None)


_TABLES_AND_SEQUENCES = """
    SELECT relname, relkind::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S') AND relname <> 'alembic_version'
"""


@dataclass(frozen=True)
class Content:
    """What a database holds."""

    tables: dict[str, bytes]
    counts: dict[str, Any]


class Server:
    """A PostgreSQL server; databases made here are empty, or copies of a template.

    Args:
        url: of a server that runs already; with `folder` and `programs` the server is this one's to start and stop.
    """

    def __init__(self, url: URL, folder: Path | None = None, programs: Path | None = None) -> None:
        self.url, self._folder, self._programs = url, folder, programs
        self._watch: subprocess.Popen[bytes] | None = None
        self._made: list[str] = []
        self._migrated: list[str] = []
        self._shape = ""

    @property
    def is_foreign(self) -> bool:
        """Whether somebody else runs it."""
        return self._folder is None

    @classmethod
    def begin(cls, programs: Path) -> Server:
        """Make a server in a folder of its own, reachable by a socket in it, and start it."""
        # Not in pytest's folder: the server runs as another user where the tests run as root, which it refuses.
        # In memory where there is room: a new database is some megabytes, and most tests have one of their own.
        memory = Path("/dev/shm")
        roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
        folder = Path(tempfile.mkdtemp(prefix="interconn-postgres-", dir=memory if roomy else None))
        server = cls(
            URL.create("postgresql", username="interconn", database="postgres", query={"host": str(folder)}),
            folder,
            programs,
        )
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        server._run("initdb", "-D", "data", "-U", "interconn", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        hosts = "local all secretive scram-sha-256\nlocal all all trust\n"
        (folder / "data/pg_hba.conf").write_text(hosts)
        # No test cuts the power, so nothing need wait for a disk.
        options = ("listen_addresses=''", f"unix_socket_directories='{folder}'", "fsync=off", "max_connections=200")
        with (folder / "data/postgresql.conf").open("a") as configuration:
            more = ("full_page_writes=off", "shared_buffers=32MB", "wal_level=minimal", "max_wal_senders=0")
            configuration.write("\n".join((*options, *more, "max_wal_size=64MB", "autovacuum=off", "")))
        server._watch = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "watch", str(folder)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        server.start()
        return server

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._run("pg_ctl", "-D", "data", "-l", "log", "-w", "-s", "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server; `immediate` is as a crash."""
        self._run("pg_ctl", "-D", "data", "-w", "-s", "-m", mode, "stop")

    def end(self) -> None:
        """Stop for good and remove everything."""
        if self._watch is None:
            for name in self._made:
                self.drop(name)
            return
        self._watch.communicate()  # its input ends, and with it what it watches
        assert self._watch.returncode == 0, f"{self._folder} is left behind"

    def log(self) -> str:
        """Return what the server has logged."""
        assert self._folder, "a server of somebody else"
        return (self._folder / "log").read_text()

    def database(self, template: str = "", *, name: str = "") -> str:
        """Make a database and return its URL; one of no template is in a language that orders texts in its own way."""
        name = name or f"interconn_{os.getpid()}_{next(_NUMBERS)}"
        try:
            self.execute(f'CREATE DATABASE "{name}" ' + (f'TEMPLATE "{template}"' if template else _IN_ENGLISH))
        except (psycopg.errors.SyntaxError, psycopg.errors.FeatureNotSupported, psycopg.errors.InvalidParameterValue):
            self.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')  # a server before 15, or made without ICU
        self._made.append(name)
        return self.of(name)

    def lend(self, template: str) -> str:
        """Return the URL of a database like the template, which has no rows: an earlier one where there is one."""
        if self._migrated:
            return self._migrated.pop()
        url = self.database(template)
        self._shape = str(self.execute(_SHAPE, url))
        return url

    def take_back(self, url: str) -> None:
        """Take a database back, to be lent again if it is as it was, but for its rows."""
        name = make_url(url).database
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        if str(self.execute(_SHAPE, url)) != self._shape:
            self.drop(url)
            return
        self.empty(url)
        self._migrated.append(url)

    def empty(self, url: str) -> None:
        """Take all rows out of a database, and have it count from the beginning."""
        self.execute(_EMPTY, url)

    def content(self, url: str) -> Content:
        """Return the rows of a database, and where its counting stands."""
        with psycopg.connect(url) as connection:
            kinds = connection.execute(_TABLES_AND_SEQUENCES).fetchall()
            tables, counts = {}, {}
            for name, kind in kinds:
                if kind == "S":
                    counts[name] = connection.execute(f'SELECT last_value, is_called FROM "{name}"').fetchone()
                    continue
                with connection.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
                    tables[name] = b"".join(bytes(part) for part in copy)
        return Content({name: rows for name, rows in tables.items() if rows}, counts)

    def fill(self, url: str, content: Content) -> None:
        """Give an empty database with the same tables some content."""
        with psycopg.connect(url) as connection:
            connection.execute("SET session_replication_role = replica")  # in any order, whatever refers to what
            for name, rows in content.tables.items():
                with connection.cursor().copy(f'COPY "{name}" FROM STDIN') as copy:
                    copy.write(rows)
            for name, (value, used) in content.counts.items():
                connection.execute("SELECT setval(quote_ident(%s)::regclass, %s, %s)", (name, value, used))

    def of(self, name: str) -> str:
        """Return the URL of a database."""
        return self.url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url_or_name: str) -> None:
        """Remove a database, whoever still uses it."""
        name = make_url(url_or_name).database if "://" in url_or_name else url_or_name
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def execute(self, statement: str, url: str = "") -> list[tuple[Any, ...]]:
        """Run a statement as the one who may do everything, in a database or outside of all."""
        with psycopg.connect(url or self.of(self.url.database or "postgres"), autocommit=True) as connection:
            cursor = connection.execute(statement)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: str) -> None:
        assert self._folder and self._programs, "a server of somebody else"
        user: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        done = subprocess.run(
            [str(self._programs / program), *arguments],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else None,
            text=True,
            **user,
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr}"


def begin(skip: Callable[[str], Any]) -> Server:
    """Return the server that the environment names, or start one; `skip` is told why where neither can be."""
    if named := os.environ.get(SERVER_VARIABLE):
        return Server(make_url(named))
    programs = binaries()
    if programs is None:
        skip(MISSING)
        raise AssertionError(MISSING)
    return Server.begin(programs)
