"""What an entry keeps to prove what another node said: signed string, signature, key and body, and no secret."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from interconn.identity.credentials import Credential
from interconn.identity.signature import REPLY_SCHEME, REQUEST_SCHEME, Evidence
from interconn.standard.errors import BadSignature, InvalidRequest
from interconn.standard.management import AuthType
from interconn.standard.wire import parse_json

SECRET: Final = re.compile(r"(^|_)(tokens?|password|secret|private_?key)$", re.IGNORECASE)
"""Names of members that are never kept; a permit's is `token` (MGT-2.2-permit)."""
PERSON: Final = "person"
REQUEST: Final = "request"
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


def check(entry: Mapping[str, Any], *, node_id: str) -> tuple[str, str] | None:
    """Check what an entry keeps as proof: the signature, and that what was signed is what the entry tells of.

    Args:
        entry: members of an entry of version 2 or later.
        node_id: whose trail it is.

    Returns:
        The node that signed and the fingerprint of its key; None where the entry keeps nothing that can be checked.

    Raises:
        InvalidRequest, BadSignature: it proves nothing, or something else.
    """
    evidence = entry["evidence"]
    if not evidence or evidence.get("kind") == PERSON or WITHHELD_TARGET in evidence.get("withheld", ()):
        return None
    try:
        credential = Credential.parse(AuthType(evidence["auth_type"]), evidence["credential"])
        content, signature = str(evidence["signed"]), str(evidence["signature"])
        lines = content.split("\n")
        signer, addressee, body_digest = _parties(evidence["kind"], lines)
    except (KeyError, ValueError, IndexError):
        raise InvalidRequest("the evidence is not complete", where="evidence") from None
    credential.verify(signature, content.encode())
    if lines[1:3] != [credential.auth_type.value, credential.fingerprint]:
        raise BadSignature("the signed string names another key", where="evidence.signed")
    if credential.fingerprint != evidence["fingerprint"]:
        raise BadSignature("the fingerprint is not that of the key", where="evidence.fingerprint")
    if addressee != node_id:
        raise BadSignature(f"it was addressed to {addressee}", where="evidence.signed")
    if entry["actor"] != f"node:{signer}"[:160]:
        raise BadSignature(f"it was signed by {signer}", where="evidence.signed")
    if "body" in evidence and hashlib.sha256((evidence["body"] or "").encode()).hexdigest() != body_digest:
        raise BadSignature("the body kept is not the one that was signed", where="evidence.body")
    # Older nodes named no request in what they noted of a partner's trail: nothing is said there that could differ.
    if evidence["kind"] == REQUEST and entry["request_digest"] not in ("", body_digest):
        raise BadSignature("the digest of the request is not the one that was signed", where="request_digest")
    return signer, credential.fingerprint


def request_of(evidence: Evidence) -> tuple[str, str]:
    """Return trace id and digest of the body of the request that a proof is of, as its signed string names them."""
    lines = evidence.content.split("\n")
    return lines[9], lines[13]


def _parties(kind: str, lines: list[str]) -> tuple[str, str, str]:
    if kind == REQUEST and lines[0] == REQUEST_SCHEME and len(lines) == 14:
        return lines[5], lines[6], lines[13]
    if kind == "reply" and lines[0] == REPLY_SCHEME and len(lines) == 12:
        return lines[3], lines[4], lines[11]
    raise ValueError
