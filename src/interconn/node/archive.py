"""The file of a backup: who signed it, and reading it as what a stranger may have made.

Whoever can write to where backups lie could otherwise put a file of their own in the place of one: with another
policy, another partner's key, a file that lands outside the home, or one that fills the disk.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

from interconn.identity.credentials import Credential
from interconn.identity.keys import Signer
from interconn.standard.errors import BadSignature, ConfigurationError, InterconnError
from interconn.standard.management import AuthType

FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.signature"
TABLES: Final = "tables"
SEALED_KEYS: Final = "keys.sealed"
HOME: Final = "home"
SCHEME: Final = "INTERCONN-1-BACKUP"

LARGEST_MANIFEST: Final = 256 * 1024 * 1024
"""Bytes; it names each file, and there may be a hundred thousand data sets."""
LARGEST_KEYS: Final = 16 * 1024 * 1024
LARGEST_SIGNATURE: Final = 256 * 1024
MOST_MEMBERS: Final = 2_000_000
_LARGEST_NAME: Final = 64 * 1024
_NAMES_OF_MEMBERS: Final = (
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
)  # fmt: skip
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    Attributes:
        made_at: epoch milliseconds; the database's rows are of this moment.
        schema: that the rows belong to.
        rows: their number by table.
        files: SHA-256 of everything else in the backup, by its name there.
        sizes: bytes of the same.
    """

    format: int
    version: str
    node_id: str
    inst_id: str
    made_at: int
    schema: str
    with_data: bool
    with_keys: bool
    rows: dict[str, int]
    files: dict[str, str]
    sizes: dict[str, int]

    def to_bytes(self) -> bytes:
        """Return it as it stands in the file."""
        return json.dumps(asdict(self), indent=1).encode()


def sign(signer: Signer, manifest: bytes) -> bytes:
    """Return what stands beside a manifest: who made the backup."""
    credential = signer.credential
    return json.dumps(
        {
            "auth_type": credential.auth_type.value,
            "auth_credential": credential.pem,
            "fingerprint": credential.fingerprint,
            "signature": signer.sign(_signed(credential, manifest)),
        }
    ).encode()


def check_signature(manifest: bytes, signature: bytes, known: Mapping[str, Credential], signed_by: str) -> None:
    """Check that a manifest is signed by a key that the restored node will have, or by one that a person named.

    Args:
        manifest, signature: as they stand in the file.
        known: the node's keys, by fingerprint.
        signed_by: fingerprint that a person knows to be a former key of the node; empty for none.

    Raises:
        ConfigurationError: it is signed by nobody, or by somebody else.
    """
    try:
        said = json.loads(signature)
        fingerprint = str(said["fingerprint"])
        credential = known.get(fingerprint)
        if credential is None and signed_by and fingerprint == signed_by:
            credential = Credential.parse(AuthType(said["auth_type"]), str(said["auth_credential"]))
            if credential.fingerprint != fingerprint:
                raise BadSignature("the fingerprint is not that of the key beside it")
        if credential is not None:
            credential.verify(str(said["signature"]), _signed(credential, manifest))
    except (ValueError, KeyError, TypeError, RecursionError, InterconnError):
        raise ConfigurationError(
            "the backup is not signed, or was changed after it was signed", where=SIGNATURE
        ) from None
    if credential is None:
        raise ConfigurationError(
            "the backup is signed with a key that is not among the node's keys",
            where=SIGNATURE,
            hint="If it was made before the node changed its key, name the former one: --signed-by FINGERPRINT. "
            "Otherwise somebody else made it",
        )


class Archive:
    """A backup's file, read in passes from its beginning; nothing in it is believed before it is checked.

    Args:
        source: the file.
    """

    def __init__(self, source: Path) -> None:
        self._source = source

    def head(self) -> dict[str, bytes]:
        """Return manifest, signature and sealed keys, as far as they are there.

        Raises:
            ConfigurationError: a member is not what a backup has.
        """
        bounds = {MANIFEST: LARGEST_MANIFEST, SIGNATURE: LARGEST_SIGNATURE, SEALED_KEYS: LARGEST_KEYS}
        found: dict[str, bytes] = {}
        with self._members() as members:
            for member, content in members:
                if member.name in bounds:
                    if member.name in found:
                        raise self._fault(member.name, "is there twice")
                    if member.size > bounds[member.name]:
                        raise self._fault(member.name, "is larger than it can be")
                    found[member.name] = content.read()
        return found

    def unpack(self, target: Path, manifest: Manifest) -> None:
        """Lay down what the manifest names, and refuse all else.

        Raises:
            ConfigurationError: something is not as the manifest says, missing, or there twice.
        """
        seen: set[str] = set()
        with self._members() as members:
            for member, content in members:
                if member.name in (MANIFEST, SIGNATURE):
                    continue
                if member.name in seen:
                    raise self._fault(member.name, "is there twice")
                if manifest.sizes.get(member.name) != member.size or member.name not in manifest.files:
                    raise self._fault(member.name, "was changed, added or removed")
                seen.add(member.name)
                if _lay_down(target / member.name, content) != manifest.files[member.name]:
                    raise self._fault(member.name, "was changed, added or removed")
        for name in sorted(manifest.files.keys() - seen):
            raise self._fault(name, "was changed, added or removed")

    @contextmanager
    def _members(self) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
        with tarfile.open(self._source, mode="r|gz", tarinfo=_Member) as archive:
            yield self._checked(archive)

    def _checked(self, archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
        count = 0
        while (member := archive.next()) is not None:
            archive.members = []  # type: ignore[attr-defined] # gone through once; nobody asks for them again
            count += 1
            if count > MOST_MEMBERS:
                raise self._fault("", "holds more files than a node has")
            if fault := _fault_of(member):
                raise self._fault(member.name, fault)
            content = archive.extractfile(member)
            assert content is not None  # it is a regular file
            yield member, content

    def _fault(self, name: str, what: str) -> ConfigurationError:
        shown = ascii(name[:200])[1:-1] if name else "the backup"
        return ConfigurationError(f"{shown} {what}", where=str(self._source))


def unpack_keys(packed: bytes, target: Path) -> None:
    """Lay down the keys that were sealed into a backup; raises as `Archive.unpack` does."""
    with tarfile.open(fileobj=io.BytesIO(packed), tarinfo=_Member) as archive:
        for member in archive:
            if fault := _fault_of(member, top=None):
                raise ConfigurationError(f"{ascii(member.name[:200])[1:-1]} {fault}", where=SEALED_KEYS)
            content = archive.extractfile(member)
            assert content is not None
            _lay_down(target / member.name, content)


class _Member(tarfile.TarInfo):
    """A member whose name is not read to any length: names are read whole, before anything is known of them."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in _NAMES_OF_MEMBERS and self.size > _LARGEST_NAME:
            raise tarfile.ReadError("a name is longer than any can be")
        return super()._proc_member(archive)  # type: ignore[misc] # is there, and not told of


def _fault_of(member: tarfile.TarInfo, top: frozenset[str] | None = frozenset({TABLES, HOME})) -> str:
    """Return what is wrong with a member, by its head; empty if nothing is."""
    # What is declared sparse is small in the file and of any size on disk.
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        return "is no plain file"
    parts = member.name.split("/")
    if "\0" in member.name or any(part in ("", ".", "..") for part in parts):
        return "is a name that leads elsewhere"
    if top is not None and parts[0] not in top and member.name not in (MANIFEST, SIGNATURE, SEALED_KEYS):
        return "is nothing that a backup holds"
    return ""


def _lay_down(path: Path, content: IO[bytes]) -> str:
    """Write a new file and return its SHA-256."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as file:
        while block := content.read(_BLOCK):
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _signed(credential: Credential, manifest: bytes) -> bytes:
    digest = hashlib.sha256(manifest).hexdigest()
    return "\n".join([SCHEME, credential.auth_type.value, credential.fingerprint, digest]).encode()
