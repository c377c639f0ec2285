"""The check that two tables have the same keys in the same order."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import Final

from interconn.algorithms.link import Channel
from interconn.standard.errors import ProtocolError

NONCE_BYTES: Final = 32


def check_alignment(channel: Channel, rank: int, keys: Iterable[bytes]) -> None:
    """Check with the other party, on both sides at once, that both have these keys in this order.

    Args:
        channel: of a link of two parties.
        rank: the own rank.
        keys: the key of each row.

    Raises:
        ProtocolError: they differ, or the peer sends no digest.
    """
    nonces = channel.all_gather(secrets.token_bytes(NONCE_BYTES))
    if any(len(nonce) != NONCE_BYTES for nonce in nonces):
        raise ProtocolError("the peer's nonce has another size", where="alignment")
    rows = hmac.new(b"".join(nonces), digestmod=hashlib.sha256)
    for key in keys:
        rows.update(len(key).to_bytes(8, "big"))
        rows.update(key)
    secret = rows.digest()

    def digest_of(side: int) -> bytes:
        return hmac.digest(secret, side.to_bytes(8, "big"), "sha256")

    digests = channel.all_gather(digest_of(rank))
    if not all(hmac.compare_digest(digest, digest_of(side)) for side, digest in enumerate(digests)):
        raise ProtocolError(
            "the two tables do not have the same keys in the same order",
            where="alignment",
            hint="Give both parties the aligned tables of one intersection, and the same key columns.",
        )
