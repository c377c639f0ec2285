"""What an entry keeps to prove what another node said: signed string, signature, key and body, and no secret."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from interconn.identity.signature import Evidence
from interconn.standard.errors import InvalidRequest
from interconn.standard.wire import parse_json

SECRET: Final = re.compile(r"(^|_)(tokens?|password|secret|private_?key)$", re.IGNORECASE)
"""Names of members that are never kept; a permit's is `token` (MGT-2.2-permit)."""
WITHHELD_TARGET: Final = "signed"


def kept(evidence: Evidence) -> dict[str, Any]:
    """Return what the audit trail keeps of a proof.

    A body that carries a secret is kept by its digest, which the signed string holds anyway, and by its content
    without the secret; `withheld` names what is left out. One that is no JSON is kept by its digest alone.
    """
    found: dict[str, Any] = {
        "kind": evidence.kind,
        "auth_type": evidence.credential.auth_type.value,
        "credential": evidence.credential.pem,
        "fingerprint": evidence.credential.fingerprint,
    }
    if _secret_in_target(evidence.content):
        digest = hashlib.sha256(evidence.content.encode()).hexdigest()
        return found | {"withheld": [WITHHELD_TARGET], "signed_digest": digest}
    found |= {"signed": evidence.content, "signature": evidence.signature}
    try:
        text = evidence.body.decode()
        content = parse_json(evidence.body) if text else None
    except (UnicodeDecodeError, InvalidRequest):
        return found | {"withheld": ["body"]}
    if withheld := list(_secrets(content, "")):
        return found | {"withheld": withheld, "content": _without_secrets(content)}
    return found | {"body": text}


def _secrets(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            if SECRET.search(name):
                yield f"{path}{name}"
            else:
                yield from _secrets(part, f"{path}{name}.")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _secrets(part, f"{path}{place}.")


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_secrets(part) for name, part in value.items() if not SECRET.search(name)}
    if isinstance(value, list):
        return [_without_secrets(part) for part in value]
    return value


def _secret_in_target(content: str) -> bool:
    queries = [line.partition("?")[2] for line in content.split("\n") if line.startswith("/")]
    return any(SECRET.search(name) for query in queries for name, _ in parse_qsl(query, keep_blank_values=True))
