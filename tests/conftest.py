"""What every test shares. Fixtures of one subject live beside its tests."""

import gc
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from interconn.state import schema
from interconn.state.engines import database_url
from tests import postgres
from tests.databases import DATABASES, KINDS

# How long an example takes depends on the machine, and a test must not; --timeout stops what hangs.
settings.register_profile("interconn", deadline=None, print_blob=True)
settings.load_profile("interconn")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=KINDS,
        default=KINDS[0],
        help="what nodes in one process keep their state in (tests/management, tests/control, tests/peers)",
    )


def pytest_configure(config: pytest.Config) -> None:
    DATABASES.kind = config.getoption("--database")


def pytest_collection_finish() -> None:
    # What importing and collecting made stays until the process ends. Looking through it for garbage again and again
    # would take a seventh of the time of all tests.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    DATABASES.end()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the working copy."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def postgres_server() -> postgres.Server:
    """A PostgreSQL server of this test process; without PostgreSQL the test is skipped."""
    return DATABASES.server


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> str:
    """Name of a database with the newest schema, to copy."""
    return DATABASES.template


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with the newest schema, to copy."""
    path = tmp_path_factory.mktemp("template") / "state.db"
    schema.upgrade(database_url(path))
    return path


@pytest.fixture(params=KINDS)
def kind_of_database(request: pytest.FixtureRequest) -> str:
    """Each kind of database in turn: a test that asks for a database by the fixtures below runs on both."""
    return str(request.param)


@pytest.fixture
def empty_database(kind_of_database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a database without a schema, of each kind in turn."""
    if kind_of_database == "sqlite":
        yield database_url(tmp_path / "empty.db")
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    url = server.database()
    yield url
    server.drop(url)


@pytest.fixture
def new_database(kind_of_database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], str]]:
    """Makes as many databases with the newest schema as a test needs, of each kind in turn; returns the URL of each."""
    if kind_of_database == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        paths = (tmp_path / ("state.db" if number == 0 else f"state-{number}.db") for number in itertools.count())
        yield lambda: database_url(shutil.copyfile(template, next(paths)))
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name: str = request.getfixturevalue("postgres_template")
    lent: list[str] = []

    def lend() -> str:
        lent.append(server.lend(name))
        return lent[-1]

    yield lend
    for url in lent:
        server.take_back(url)


@pytest.fixture
def migrated_database(new_database: Callable[[], str]) -> str:
    """URL of a database with the newest schema, of each kind in turn."""
    return new_database()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what share of the calls made up from the OpenAPI documents succeeded, by listener."""
    told = [
        (name, counted)
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        for name, counted in report.user_properties
        if name.startswith("openapi ")
    ]
    for name, counted in sorted(told, key=lambda pair: pair[0]):
        calls = counted.get("calls", 0) or 1
        shares = ", ".join(f"{counted.get(what, 0) / calls:.0%} {what}" for what in ("2xx", "code 0"))
        terminalreporter.write_line(f"{name}: {counted.get('calls', 0)} calls, {shares}")
