"""The address in `system.storage` (CMP-4.1-s3, CMP-4.1-hdfs, CMP-4.1-file)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

from interconn.standard.errors import StorageError

DEFAULT_BUCKET: Final = "storage"  # resolution 16
DEFAULT_REGION: Final = "us-east-1"
"""What services of one's own, which have no regions, take."""


@dataclass(frozen=True)
class StorageAddress:
    """A parsed storage address. The password is never shown.

    Attributes:
        scheme: file, s3 or hdfs.
        path: absolute directory of a file address, else None.
        host: server of s3 and hdfs.
        port: port of s3 and hdfs.
        username: user of s3 and hdfs.
        password: password of s3 and hdfs.
        container: bucket of s3, first-level directory of hdfs.
        tls: whether s3 is spoken over TLS; the standard's form says nothing of it: our extension `tls=true`.
        region: of s3; our extension, for services that look at it.
    """

    scheme: str
    path: Path | None = None
    host: str | None = None
    port: int | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    container: str | None = None
    tls: bool = False
    region: str = DEFAULT_REGION


def parse_storage_address(text: str) -> StorageAddress:
    """Parse a storage address.

    Raises:
        StorageError: another scheme than file, s3 or hdfs, or a part that is missing; the message holds no
            part of the address, which may carry a password.
    """
    scheme, separator, rest = text.strip().partition("://")
    scheme = scheme.lower()
    if not separator:
        raise _fault("the storage address has no scheme", "CMP-4", "Write file:///directory, for example.")
    if scheme == "file":
        return StorageAddress("file", path=_file_path(rest))
    if scheme not in ("s3", "hdfs"):
        raise _fault("the storage address has an unknown scheme", "CMP-4", "Use file, s3 or hdfs.")
    clause = f"CMP-4.1-{scheme}"
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _fault("host or port of the storage address is malformed", clause) from None
    if not host or not port:
        raise _fault("the storage address lacks host or port", clause)
    members = dict(parse_qsl(parts.query, keep_blank_values=True))
    container = members.get("bucket", DEFAULT_BUCKET) if scheme == "s3" else members.get("dir")
    return StorageAddress(
        scheme,
        host=host,
        port=port,
        username=members.get("username"),
        password=members.get("password"),
        container=container,
        tls=members.get("tls", "").lower() == "true",
        region=members.get("region") or DEFAULT_REGION,
    )


def _file_path(rest: str) -> Path:
    # RFC 8089 allows the host localhost; the text of the standard writes doubled slashes, which mean one.
    path = unquote(rest.removeprefix("localhost") if rest.startswith("localhost/") else rest)
    if not path.startswith("/") or "\0" in path:
        raise _fault("the file address names no absolute directory", "CMP-4.1-file", "Write file:///directory.")
    return Path("/" + path.lstrip("/"))


def _fault(message: str, clause: str, hint: str | None = None) -> StorageError:
    return StorageError(message, where="system.storage", clause=clause, hint=hint)
