"""Heads of audit trails as partners exchange them: an extension of ours, marked as such (docs/audit-trail.md)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from interconn.standard.endpoint import Endpoint
from interconn.standard.identifiers import Identifier
from interconn.standard.management.terms import AuthType
from interconn.standard.patterns import pattern
from interconn.standard.wire import Int64, WireModel

Digest = Annotated[str, Field(pattern=pattern(r"^[0-9a-f]{64}$", "a digest has 64 hexadecimal digits, in lower case"))]
Signature = Annotated[
    str,
    Field(min_length=1, max_length=4096, pattern=pattern(r"^[A-Za-z0-9+/=]+$", "a signature is in standard Base64")),
]
Number = Annotated[Int64, Field(ge=0)]


class Head(WireModel):
    """Where a node's audit trail ends: the signature binds the node to all entries up to there.

    Attributes:
        node_id: whose trail it is.
        number: of the newest entry; 0 while there is none.
        chain: the hash of that entry, which covers all before it.
        time: when the head was made, epoch milliseconds; never before that of an earlier head.
        auth_type, auth_credential, fingerprint: the key that signed.
        signature: over the canonical string of a head (docs/signature.md).
    """

    node_id: Identifier
    number: Number
    chain: Digest
    time: Number
    auth_type: AuthType
    auth_credential: str = Field(min_length=1, max_length=65_536)
    fingerprint: Digest
    signature: Signature


class Receipt(WireModel):
    """A partner's word that it holds a head of ours.

    Attributes:
        holder: who holds it, and signed this.
        node_id, number, chain, time: of the head.
        head_digest: hex SHA-256 of the head's signature.
        received_at: by the holder's clock, epoch milliseconds.
        contradicts: whether it contradicts a head that the holder has from before.
    """

    holder: Identifier
    node_id: Identifier
    number: Number
    chain: Digest
    time: Number
    head_digest: Digest
    received_at: Number
    contradicts: bool
    auth_type: AuthType
    auth_credential: str = Field(min_length=1, max_length=65_536)
    fingerprint: Digest
    signature: Signature


class HeadTaken(WireModel):
    """The answer to a head: its receipt, and the answering node's own newest head."""

    receipt: Receipt
    head: Head


TRAIL_HEAD: Final = Endpoint(
    "trail.head", "extension", "POST", "/v1/interconn/extension/trail/head", Head, HeadTaken,
    "Give a partner the signed head of this node's audit trail, for its receipt and its own head.",
)  # fmt: skip
