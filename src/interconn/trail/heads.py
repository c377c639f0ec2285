"""Signed heads of an audit trail and their receipts: making them, and checking them anywhere (docs/signature.md)."""

from __future__ import annotations

import hashlib
from typing import Final

from interconn.identity.credentials import Credential
from interconn.identity.keys import Signer
from interconn.standard.errors import BadSignature
from interconn.standard.trail import Head, Receipt

HEAD_SCHEME: Final = "INTERCONN-1-HEAD"
RECEIPT_SCHEME: Final = "INTERCONN-1-HEAD-RECEIPT"


def sign_head(signer: Signer, *, node_id: str, number: int, chain: str, time: int) -> Head:
    """Return the head of a trail, signed."""
    credential = signer.credential
    content = _head_content(credential, node_id=node_id, number=number, chain=chain, time=time)
    return Head(
        node_id=node_id,
        number=number,
        chain=chain,
        time=time,
        auth_type=credential.auth_type,
        auth_credential=credential.pem,
        fingerprint=credential.fingerprint,
        signature=signer.sign(content),
    )


def check_head(head: Head) -> Credential:
    """Check a head's signature under the key that it names, and return that key; whose key it is is not asked here.

    Raises:
        BadSignature, InvalidRequest: it does not verify, or the key is none.
    """
    credential = _credential(head)
    content = _head_content(credential, node_id=head.node_id, number=head.number, chain=head.chain, time=head.time)
    credential.verify(head.signature, content)
    return credential


def sign_receipt(signer: Signer, *, holder: str, head: Head, received_at: int, contradicts: bool) -> Receipt:
    """Return the receipt of a head, signed by who holds it."""
    credential = signer.credential
    digest = hashlib.sha256(head.signature.encode()).hexdigest()
    draft = Receipt(
        holder=holder,
        node_id=head.node_id,
        number=head.number,
        chain=head.chain,
        time=head.time,
        head_digest=digest,
        received_at=received_at,
        contradicts=contradicts,
        auth_type=credential.auth_type,
        auth_credential=credential.pem,
        fingerprint=credential.fingerprint,
        signature="unsigned",
    )
    return draft.model_copy(update={"signature": signer.sign(_receipt_content(credential, draft))})


def check_receipt(receipt: Receipt) -> Credential:
    """Check a receipt's signature under the key that it names, and return that key; raises as `check_head` does."""
    credential = _credential(receipt)
    credential.verify(receipt.signature, _receipt_content(credential, receipt))
    return credential


def _head_content(credential: Credential, *, node_id: str, number: int, chain: str, time: int) -> bytes:
    return "\n".join(
        [HEAD_SCHEME, credential.auth_type.value, credential.fingerprint, node_id, str(number), chain, str(time)]
    ).encode()


def _receipt_content(credential: Credential, receipt: Receipt) -> bytes:
    return "\n".join(
        [
            RECEIPT_SCHEME,
            credential.auth_type.value,
            credential.fingerprint,
            receipt.holder,
            receipt.node_id,
            str(receipt.number),
            receipt.chain,
            str(receipt.time),
            receipt.head_digest,
            str(receipt.received_at),
            "contradicts" if receipt.contradicts else "accepted",
        ]
    ).encode()


def _credential(signed: Head | Receipt) -> Credential:
    credential = Credential.parse(signed.auth_type, signed.auth_credential)
    if credential.fingerprint != signed.fingerprint:
        raise BadSignature("the fingerprint is not that of the key beside it", where="fingerprint")
    return credential
