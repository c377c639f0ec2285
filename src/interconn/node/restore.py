"""Making a node again from a backup, on this machine or another."""

from __future__ import annotations

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
from interconn.node.archive import (
    FORMAT,
    HOME,
    MANIFEST,
    SEALED_KEYS,
    SIGNATURE,
    TABLES,
    Archive,
    Manifest,
    check_signature,
    unpack_keys,
)
from interconn.node.backup import key_files
from interconn.node.restored import NOTICE, Restored
from interconn.node.setup import Home
from interconn.standard.errors import ConfigurationError
from interconn.standard.identifiers import new_token
from interconn.state import rows

SQLITE: Final = "sqlite"
_OPENED: Final = "opened"
"""Folder for the keys that were sealed, until they are proven."""


def restore(
    source: Path,
    root: Path,
    *,
    passphrase: str | None = None,
    keys_from: Path | None = None,
    database: str = "",
    signed_by: str = "",
) -> Restored:
    """Make a node from a backup; the home is there whole, or not at all.

    Args:
        source: the backup.
        root: the home, which must not exist or be empty.
        passphrase: opens the keys in the backup.
        keys_from: a home that holds the node's keys, instead.
        database: `sqlite`, or the URL of an empty PostgreSQL database without a password; as configured where empty.
        signed_by: fingerprint of a former key of the node, where the backup is older than its present keys.

    Raises:
        ConfigurationError: the backup is not whole, not one, or not this node's, the home or database is in use, or
            keys are missing.
    """
    root = root.absolute()
    if root.exists() and any(root.iterdir()):
        raise ConfigurationError("the directory is not empty", where=str(root), hint="Choose another --home")
    partial = root.with_name(f".{root.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(mode=0o700, parents=True)
        return _restore(source, root, partial, passphrase, keys_from, database, signed_by)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise ConfigurationError(f"the backup cannot be read: {error}", where=str(source)) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _restore(
    source: Path,
    root: Path,
    partial: Path,
    passphrase: str | None,
    keys_from: Path | None,
    database: str,
    signed_by: str,
) -> Restored:
    archive = Archive(source)
    keys = keys_from.absolute() if keys_from else partial / _OPENED
    manifest = _proven(archive, source, keys, signed_by, None if keys_from else passphrase)
    archive.unpack(partial, manifest)
    home = Home(partial / HOME)
    for folder in (home.root, home.database.parent, home.journal, home.storage, home.tasks, home.running):
        folder.mkdir(mode=0o700, exist_ok=True)
    _choose_database(home, database)
    configured = settings.load(home.root)
    _put_keys(home, keys, configured)
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


def _proven(archive: Archive, source: Path, keys: Path, signed_by: str, passphrase: str | None) -> Manifest:
    """Return the manifest, once it is known to be this node's; lay down the keys that were sealed into the backup.

    Args:
        archive: the backup.
        source: its file, for messages.
        keys: a folder for the node's keys: there already, or to be made of the sealed ones.
        signed_by: as for `restore`.
        passphrase: opens the keys in the backup; None where they are there already.
    """
    head = archive.head()
    manifest = _manifest(head.get(MANIFEST, b""), source)
    if passphrase is not None and SEALED_KEYS in head:
        unpack_keys(unseal(head[SEALED_KEYS], passphrase), keys)
    store = Home(keys).key_store()
    if not Home(keys).keys.is_dir():
        raise ConfigurationError(
            "the node's keys are missing",
            where="keys",
            hint="Give --passphrase-file for the keys in the backup, or --keys-from with a home that has them"
            if SEALED_KEYS in head
            else "The backup holds none: give --keys-from with a home that has them",
        )
    known = {fingerprint: signer.credential for fingerprint, signer in store.all().items()}
    check_signature(head[MANIFEST], head.get(SIGNATURE, b""), known, signed_by)
    return manifest


def _manifest(content: bytes, source: Path) -> Manifest:
    try:
        said: dict[str, Any] = json.loads(content)
        if said["format"] != FORMAT:
            raise ConfigurationError(
                f"the backup is of format {said['format']}, which this version does not know",
                where=str(source),
                hint=f"It was made by interconn {said.get('version')}: restore it with that one, and upgrade",
            )
        return Manifest(**said)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigurationError("this is no backup of a node, or not all of one", where=str(source)) from None


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


def _put_keys(home: Home, keys: Path, configured: settings.Settings) -> None:
    old = Home(keys)
    for path in key_files(old, configured):
        copy = home.root / path.relative_to(old.root)
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(copy, path.read_bytes())
    home.keys.chmod(0o700)
