"""A backup of a node, made while it runs: one file, whole or not at all, that says what it holds and of when.

It holds the database's rows of one moment, data sets, the journal of messages under way, configuration and what the
node trusts. Not in it: nonces (docs/decisions/0006-nonces.md), working directories of tasks, the admin token, and
keys, unless a passphrase is given that seals them (docs/decisions/0012-postgresql.md). It is signed by the node.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import interconn
from interconn.identity.sealing import seal
from interconn.node.archive import FORMAT, HOME, MANIFEST, SEALED_KEYS, SIGNATURE, TABLES, Manifest, sign
from interconn.node.settings import Settings, load
from interconn.node.setup import Home
from interconn.standard.errors import ConfigurationError
from interconn.state import rows

_LEFT_OUT: Final = ("run", "tasks", "keys", "admin.token")
_DATABASE_FILES: Final = ("node.db", "nonces.db")


def back_up(root: Path, target: Path, *, data: bool = True, passphrase: str | None = None) -> Manifest:
    """Write a backup of the node at `root`, whether it runs or not.

    Args:
        root: the node's home.
        target: the file, which must not exist.
        data: whether the data sets go with it.
        passphrase: seals the keys, which are left out without one.

    Raises:
        ConfigurationError: there is no node, its database cannot be read, or the file cannot be written.
    """
    home, settings = Home(root.absolute()), load(root.absolute())
    if target.exists():
        raise ConfigurationError("the file exists already", where=str(target), hint="Choose another name")
    partial = target.with_name(f"{target.name}.partial")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.absolute().parent) as scratch:
            made_at = time.time_ns() // 1_000_000
            tables = Path(scratch)
            schema, counts = rows.dump(home.database_url(settings.state), tables)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
                    writer = _Writer(archive)
                    for table in sorted(tables.iterdir()):
                        writer.add_file(f"{TABLES}/{table.name}", table)
                    for path in _files(home, settings, data=data):
                        writer.add_file(f"{HOME}/{path.relative_to(home.root)}", path)
                    if passphrase is not None:
                        writer.add(SEALED_KEYS, seal(_pack_keys(home, settings), passphrase))
                    manifest = Manifest(
                        FORMAT,
                        interconn.__version__,
                        settings.node.node_id,
                        settings.node.inst_id,
                        made_at,
                        schema,
                        data,
                        passphrase is not None,
                        counts,
                        dict(writer.digests),
                        dict(writer.sizes),
                    )
                    signer = home.key_store().load()
                    writer.add(MANIFEST, manifest.to_bytes())
                    writer.add(SIGNATURE, sign(signer, manifest.to_bytes()))
                file.flush()
                os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise ConfigurationError(f"the backup cannot be written: {error.strerror}", where=str(target)) from None
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def key_files(home: Home, settings: Settings) -> list[Path]:
    """Return the files with what only this node may know of its identity."""
    files = [home.root / settings.partner.private_key, home.own_authority.with_suffix(".key")]
    if home.keys.is_dir():
        files += [path for path in home.keys.rglob("*") if path.is_file()]
    return sorted(path for path in files if path.is_file() and path.is_relative_to(home.root))


class _Writer:
    """Adds to an archive, and remembers digest and size of each part."""

    def __init__(self, archive: tarfile.TarFile) -> None:
        self._archive = archive
        self.digests: dict[str, str] = {}
        self.sizes: dict[str, int] = {}

    def add(self, name: str, content: bytes) -> None:
        self._add(name, len(content), io.BytesIO(content))

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as it is; one that grows meanwhile is taken as long as it was, one that has gone is left out."""
        try:
            source = path.open("rb")
        except FileNotFoundError:
            return
        with source, tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy)
            size = copy.tell()
            copy.seek(0)
            self._add(name, size, copy)

    def _add(self, name: str, size: int, content: IO[bytes]) -> None:
        digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type] # is read alone
        content.seek(0)
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, 0o600, int(time.time())
        self._archive.addfile(member, content)
        self.digests[name], self.sizes[name] = digest, size


def _files(home: Home, settings: Settings, *, data: bool) -> Iterator[Path]:
    secret = {*key_files(home, settings)}
    if settings.state.database_file:
        secret.add(home.root / settings.state.database_file)
    for path in sorted(home.root.rglob("*")):
        relative = path.relative_to(home.root)
        if not path.is_file() or path.is_symlink() or path in secret or relative.parts[0] in _LEFT_OUT:
            continue
        if path.parent == home.database.parent and path.name.startswith(_DATABASE_FILES):
            continue
        if not data and path.is_relative_to(home.storage):
            continue
        yield path


def _pack_keys(home: Home, settings: Settings) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in key_files(home, settings):
            archive.add(path, str(path.relative_to(home.root)))
    return packed.getvalue()
