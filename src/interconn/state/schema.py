"""The schema of the database: which revision it has, and bringing it to ours with alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from interconn.standard.errors import ConfigurationError
from interconn.state.engines import open_backend

HEAD: Final = "0018"
"""Newest revision in `migrations/versions`; a test holds it against the folder."""

MIGRATIONS: Final = Path(__file__).parent / "migrations"


def current(url: str) -> str | None:
    """Return the revision of a database, or None if it has no schema yet.

    Raises:
        ConfigurationError: the database cannot be opened.
    """
    engine = open_backend(url).engine
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
            return None if found is None else str(found)
    except DBAPIError as error:
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
    migrate(url, HEAD)


def migrate(url: str, revision: str) -> None:
    """Bring a database to a schema, newer or older than the one it has.

    What an older schema has no place for is lost: back up before.

    Raises:
        ConfigurationError: this version knows no such schema, or the database has one that it does not know.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    configuration = Config()
    configuration.set_main_option("script_location", str(MIGRATIONS))
    configuration.attributes["url"] = url
    known = sorted(script.revision for script in ScriptDirectory.from_config(configuration).walk_revisions())
    found = current(url)
    for named in (revision, found):
        if named is not None and named not in known:
            raise ConfigurationError(
                f"this version of interconn knows no schema {named}",
                where="state.database",
                hint=f"It knows {', '.join(known)}",
            )
    if found is None or found <= revision:
        command.upgrade(configuration, revision)
    else:
        command.downgrade(configuration, revision)
