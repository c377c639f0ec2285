"""Identifiers: their accepted shape, and fresh ones as the standard writes them (CTL-G3.2.3-ids, resolution 7)."""

from __future__ import annotations

import secrets
import uuid
from typing import Annotated

from pydantic import StringConstraints

from interconn.standard.patterns import pattern

PATTERN = pattern(r"^[A-Za-z0-9_.\-]*[A-Za-z0-9_\-][A-Za-z0-9_.\-]*$", 'an id is of letters, digits, "_", "." and "-"')
MAXIMUM_LENGTH = 128

Identifier = Annotated[str, StringConstraints(pattern=PATTERN, max_length=MAXIMUM_LENGTH)]
"""An id as accepted from anybody: letters, digits, `_`, `.`, `-`, at most 128 characters (resolution 7).

Not of dots alone: ids become names of folders, and `..` would lead out of them.
"""


def new_job_id() -> str:
    """Return `job-` and 32 lower-case hex digits (CTL-G3.2.3-ids)."""
    return f"job-{uuid.uuid4().hex}"


def new_task_id() -> str:
    """Return `task_` and 32 lower-case hex digits (CTL-G3.2.3-ids)."""
    return f"task_{uuid.uuid4().hex}"


def session_of_job(job_id: str) -> str:
    """Return the session id that the standard gives a job's communication (CTL-2.2-session)."""
    return f"session_{job_id}"


def new_id(kind: str) -> str:
    """Return a fresh id of our own, e.g. `contract-…`, `audit-…`, `project-…`."""
    return f"{kind}-{uuid.uuid4().hex}"


def new_nonce() -> str:
    """Return a nonce of 128 random bits (MGT-2.2-replay)."""
    return secrets.token_hex(16)


def new_token() -> str:
    """Return a secret of 256 bits, free of comma and slash so that it fits a permit set (MGT-2.2-token-set)."""
    return secrets.token_urlsafe(32)
