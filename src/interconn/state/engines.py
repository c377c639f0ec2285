"""Opening a database by its URL: SQLite or PostgreSQL, and nothing above needs to know which."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from interconn.standard.errors import ConfigurationError
from interconn.state.sqlite import Sqlite
from interconn.state.standing import Standing


class Backend(Protocol):
    """What differs between databases."""

    @property
    def engine(self) -> Engine:
        """The engine."""
        ...

    def begin(self, session: Session, *, write: bool) -> None:
        """Begin a transaction; a writer has its turn when this returns."""
        ...

    def warnings(self) -> list[str]:
        """Return what a person should know about this database."""
        ...

    def forget(self) -> None:
        """Remove what was deleted from the files, as far as the database can."""
        ...

    def stop_waiting(self) -> None:
        """Wait for a server that is away no longer; transactions that are under way end as they may."""
        ...

    def close(self) -> None:
        """Close the database, once nothing is under way any more."""
        ...


OPTIONS: Final[dict[str, Any]] = {
    "json_serializer": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
    "hide_parameters": True,  # errors end up in the log, and the values of a statement may be permits and tokens
}


def open_backend(url: str, *, standing: Standing | None = None, migrating: bool = False) -> Backend:
    """Open a database.

    Args:
        url: SQLAlchemy URL, `sqlite:///…` or `postgresql://…`.
        standing: told whenever a server is found away or back.
        migrating: the schema is going to be changed.

    Raises:
        ConfigurationError: the URL cannot be used; the message shows none of it, as it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "the URL of the database cannot be read",
            where="state.database",
            hint="It is like postgresql://user@host:5432/database; percent-encode what is special in a password",
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return Sqlite(parsed, OPTIONS, migrating=migrating)
    if parsed.get_backend_name() != "postgresql":
        raise ConfigurationError(
            f"{parsed.get_backend_name()} is no database that interconn works with",
            where="state.database",
            hint="Use SQLite (leave it empty) or PostgreSQL",
        )
    if "@" in (parsed.host or ""):  # the rest of a password; the driver's error would show it
        raise ConfigurationError(
            "the password in the URL of the database holds an @",
            where="state.database",
            hint="Write %40 for it, or keep the password in a file: PGPASSFILE",
        )
    try:
        from interconn.state.postgresql import Postgresql
    except ImportError:
        raise ConfigurationError(
            "the driver for PostgreSQL is not installed",
            where="state.database",
            hint="Install interconn[postgresql] where the node is installed (docs/operations.md says how)",
        ) from None
    return Postgresql(parsed, OPTIONS, standing=standing, migrating=migrating)


def database_url(path: Path) -> str:
    """Return the URL of a SQLite database at `path`."""
    return f"sqlite:///{path}"
