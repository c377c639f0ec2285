"""How an entry of the audit trail is hashed; published in docs/audit-trail.md, and never changed for entries that are.

Each entry names the version of its content. What is hashed is the canonical JSON of that content, the hash of the
entry before it included, so that no entry can be changed, removed, put elsewhere or added without all later hashes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from interconn.standard.errors import InvalidRequest
from interconn.standard.wire import canonical_json

GENESIS: Final = "0" * 64
"""What the first entry follows."""

VERSION: Final = 2
"""Of the content of new entries; 1 is of trails that were begun before evidence was kept."""

MEMBERS: Final[Mapping[int, tuple[str, ...]]] = {
    1: (
        "at", "actor", "action", "subject", "partner", "clause", "trace_id", "request_digest", "details", "previous",
    ),
    2: (
        "version", "number", "at", "actor", "action", "subject", "partner", "clause", "trace_id", "request_digest",
        "details", "evidence", "previous",
    ),
}  # fmt: skip
"""What the hash of an entry covers, by version."""


def link(entry: Mapping[str, Any]) -> str:
    """Return the hash over an entry and the one before it: lower-case hex SHA-256.

    Args:
        entry: its members; those that its version does not cover do not count.

    Raises:
        InvalidRequest: its version is not known, or it lacks a member.
    """
    members = MEMBERS.get(entry.get("version", 0))
    if members is None:
        raise InvalidRequest("the entry is of a version that is not known here", where="version")
    if missing := [name for name in members if name not in entry]:
        raise InvalidRequest(f"the entry lacks {', '.join(missing)}", where="entry")
    return hashlib.sha256(canonical_json({name: entry[name] for name in members})).hexdigest()
