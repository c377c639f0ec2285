"""Databases of an earlier schema, with content that the code of that time wrote."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from interconn.state import rows
from interconn.state.engines import database_url

FOLDER = Path(__file__).parent / "frozen"
PARTIES = ("bank", "operator")
OLDEST = "0001"


def thaw(party: str, folder: Path) -> str:
    """Return the URL of a SQLite database as it was."""
    path = folder / f"{party}-{OLDEST}.db"
    connection = sqlite3.connect(path)
    connection.executescript((FOLDER / f"schema_{OLDEST}_{party}.sql").read_text(encoding="utf-8"))
    connection.close()
    return database_url(path)


def place(party: str, url: str, folder: Path) -> None:
    """Give an empty database, of whichever kind, that content and schema."""
    dumped = folder / f"{party}-rows"
    dumped.mkdir()
    schema, _ = rows.dump(thaw(party, folder), dumped)
    rows.load(url, dumped, schema)


def content(url: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Return all rows by table."""
    folder.mkdir()
    rows.dump(url, folder)
    found = {}
    for file in folder.glob(f"*{rows.SUFFIX}"):
        columns, *lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
        found[file.stem] = [dict(zip(columns, line, strict=True)) for line in lines]
    return found
