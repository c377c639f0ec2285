"""The schema of a node's database, looked at and changed while the node does not run."""

from __future__ import annotations

from pathlib import Path

from interconn.node.running import only_one
from interconn.node.settings import load
from interconn.node.setup import Home
from interconn.state import schema


def standing(root: Path) -> tuple[str | None, str]:
    """Return the schema that the database of a home has, and the newest that this version knows.

    Raises:
        ConfigurationError: there is no node, or its database cannot be opened.
    """
    home = Home(root.absolute())
    return schema.current(home.database_url(load(home.root).state)), schema.HEAD


def migrate(root: Path, revision: str) -> str:
    """Bring the database of a home to a schema, and return it.

    Raises:
        ConfigurationError: the node runs, or one of the two schemas is not known to this version.
    """
    home = Home(root.absolute())
    settings = load(home.root)
    with only_one(home):
        schema.migrate(home.database_url(settings.state), revision)
    return revision
