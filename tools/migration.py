"""Write the next migration from the difference between the newest schema and the tables of all layers.

    .venv/bin/python tools/migration.py "what changed"

Read what it wrote before you commit it, and set HEAD in interconn/state/schema.py.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

import interconn.node.node  # noqa: F401 - imports the tables of all layers
from interconn.state import schema
from interconn.state.database import Table


def main() -> None:
    versions = sorted((schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    number = f"{len(versions) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        configuration = Config()
        configuration.set_main_option("script_location", str(schema.MIGRATIONS))
        configuration.set_main_option("file_template", "%%(rev)s_%%(slug)s")
        configuration.attributes["url"] = f"sqlite:///{Path(folder) / 'empty.db'}"
        configuration.attributes["metadata"] = Table.metadata
        command.upgrade(configuration, "head")
        command.revision(configuration, sys.argv[1], autogenerate=True, rev_id=number)


if __name__ == "__main__":
    main()
