"""The published test vectors, and signers and credentials made of their keys."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from interconn.identity.credentials import Credential
from interconn.identity.keys import LocalSigner, open_key
from interconn.identity.signature import SignedReply, SignedRequest
from interconn.standard.management import AuthType

DOCUMENTS = Path(__file__).parents[2] / "docs"
VECTORS: dict[str, Any] = json.loads((DOCUMENTS / "vectors/signature.json").read_text())


@cache
def signer(name: str) -> LocalSigner:
    """The signer of a key of the vectors: rsa, ecdsa, rsa-pss, sm2 or cert."""
    found = VECTORS["keys"][name]
    return LocalSigner(credential(name), open_key(AuthType(found["auth_type"]), found["private_key"].encode()))


@cache
def credential(name: str) -> Credential:
    """The public half of a key of the vectors."""
    found = VECTORS["keys"][name]
    return Credential.parse(AuthType(found["auth_type"]), found.get("certificate", found["public_key"]))


def request_of(case: dict[str, Any]) -> SignedRequest:
    """The request of a vector as a node receives it."""
    headers = {name.lower(): value for name, value in case["headers"].items()}
    return SignedRequest(case["method"], case["target"], headers, case["body"].encode())


def reply_of(case: dict[str, Any]) -> SignedReply:
    """The reply of a vector as the asking node receives it."""
    request = request_of(VECTORS["requests"][case["request"]])
    return SignedReply(request, case["node_id"], case["status"], case["content_type"], case["body"].encode())
