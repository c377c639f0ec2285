"""The schema of the database: which revision it has, and bringing it to ours with alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.exc import OperationalError

from interconn.standard.errors import ConfigurationError

HEAD: Final = "0002"
"""Newest revision in `migrations/versions`; a test holds it against the folder."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def current(url: str) -> str | None:
    """Return the revision of a database, or None if it has no schema yet.

    Raises:
        ConfigurationError: the database cannot be opened.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)
    except OperationalError as error:
        raise ConfigurationError(f"the database cannot be opened: {error.orig}", where="state.database") from None
    finally:
        engine.dispose()


def upgrade(url: str) -> None:
    """Bring a database to the newest schema.

    Raises:
        ConfigurationError: the database is of a newer version of interconn.
    """
    found = current(url)
    if found == HEAD:
        return  # the usual start; alembic need not even be imported
    if found is not None and found > HEAD:
        raise ConfigurationError(
            f"the database has schema {found}, newer than this version's {HEAD}",
            where="state.database",
            hint="Run the newer version of interconn, or restore the backup made before the upgrade",
        )
    from alembic import command
    from alembic.config import Config

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["url"] = url
    command.upgrade(configuration, "head")
