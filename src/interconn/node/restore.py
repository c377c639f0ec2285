"""Making a node again from a backup, on this machine or another."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import time
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from interconn.identity.key_files import write_private
from interconn.identity.sealing import unseal
from interconn.node import settings
from interconn.node.backup import FORMAT, HOME, MANIFEST, SEALED_KEYS, TABLES, Manifest, key_files
from interconn.node.restored import NOTICE, Restored
from interconn.node.setup import Home
from interconn.standard.errors import ConfigurationError
from interconn.standard.identifiers import new_token
from interconn.state import rows

SQLITE: Final = "sqlite"


def restore(
    source: Path, root: Path, *, passphrase: str | None = None, keys_from: Path | None = None, database: str = ""
) -> Restored:
    """Make a node from a backup; the home is there whole, or not at all.

    Args:
        source: the backup.
        root: the home, which must not exist or be empty.
        passphrase: opens the keys in the backup.
        keys_from: a home that holds the node's keys, instead.
        database: `sqlite`, or the URL of an empty PostgreSQL database without a password; as configured where empty.

    Raises:
        ConfigurationError: the backup is not whole or not one, the home or database is in use, or keys are missing.
    """
    root = root.absolute()
    if root.exists() and any(root.iterdir()):
        raise ConfigurationError("the directory is not empty", where=str(root), hint="Choose another --home")
    partial = root.with_name(f".{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(mode=0o700, parents=True)
        return _restore(source, root, partial, passphrase, keys_from, database)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ConfigurationError(f"the backup cannot be read: {error}", where=str(source)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _restore(
    source: Path, root: Path, partial: Path, passphrase: str | None, keys_from: Path | None, database: str
) -> Restored:
    manifest = _unpack(source, partial)
    home = Home(partial / HOME)
    for folder in (home.root, home.database.parent, home.journal, home.storage, home.tasks, home.running):
        folder.mkdir(mode=0o700, exist_ok=True)
    _choose_database(home, database)
    configured = settings.load(home.root)
    _put_keys(partial, home, configured, manifest, passphrase, keys_from)
    write_private(home.admin_token, f"{new_token()}\n".encode())
    counts = rows.load(home.database_url(configured.state), partial / TABLES, manifest.schema)
    if counts != manifest.rows:
        raise ConfigurationError("the backup holds fewer or more rows than it says", where=str(source))
    restored = Restored(manifest.node_id, manifest.made_at, time.time_ns() // 1_000_000)
    (home.database.parent / NOTICE).write_text(json.dumps(asdict(restored)))
    if root.exists():
        root.rmdir()
    home.root.replace(root)
    return restored


def _unpack(source: Path, target: Path) -> Manifest:
    """Unpack a backup and hold each part against its digest."""
    with tarfile.open(source, mode="r:gz") as archive:
        archive.extractall(target, filter="data")
    try:
        said: dict[str, Any] = json.loads((target / MANIFEST).read_bytes())
        if said["format"] != FORMAT:
            raise ConfigurationError(
                f"the backup is of format {said['format']}, which this version does not know",
                where=str(source),
                hint=f"It was made by interconn {said.get('version')}",
            )
        manifest = Manifest(**said)
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigurationError("this is no backup of a node, or not all of one", where=str(source)) from None
    found = {str(path.relative_to(target)): path for path in target.rglob("*") if path.is_file()}
    del found[MANIFEST]
    for name in sorted({*found, *manifest.files}):
        if name not in found or name not in manifest.files or _digest(found[name]) != manifest.files[name]:
            raise ConfigurationError(f"{name} was changed, added or removed", where=str(source))
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _choose_database(home: Home, database: str) -> None:
    if not database:
        return
    if database != SQLITE and make_url(database).password is not None:
        raise ConfigurationError(
            "a password does not belong on a command line, where everybody on the machine can read it",
            where="database",
            hint="Keep it in a file (PGPASSFILE), or give the URL in INTERCONN_STATE__DATABASE",
        )
    sections = tomllib.loads(home.configuration.read_text(encoding="utf-8"))
    state = {name: value for name, value in sections.pop("state", {}).items() if not name.startswith("database")}
    if database != SQLITE:
        state["database"] = database
    settings.write(home.configuration, {**sections, **({"state": state} if state else {})})


def _put_keys(
    partial: Path,
    home: Home,
    configured: settings.Settings,
    manifest: Manifest,
    passphrase: str | None,
    keys_from: Path | None,
) -> None:
    if keys_from is not None:
        old = Home(keys_from.absolute())
        for path in key_files(old, configured):
            copy = home.root / path.relative_to(old.root)
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(copy, path.read_bytes())
    elif manifest.with_keys and passphrase is not None:
        packed = io.BytesIO(unseal((partial / SEALED_KEYS).read_bytes(), passphrase))
        with tarfile.open(fileobj=packed) as archive:
            archive.extractall(home.root, filter="data")
        home.keys.chmod(0o700)
    if not home.keys.is_dir() or not key_files(home, configured):
        raise ConfigurationError(
            "the node's keys are missing",
            where="keys",
            hint="Give --passphrase-file for the keys in the backup, or --keys-from with a home that has them"
            if manifest.with_keys
            else "The backup holds none: give --keys-from with a home that has them",
        )
