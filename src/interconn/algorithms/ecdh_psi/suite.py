"""Suites of curve, hash, mapping to the curve and point format (ALG-HS-suites)."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from interconn.standard.errors import ProtocolError

KEY_BYTES: Final = 32


class Suite(Protocol):
    """Maps items to points and multiplies points. A batch at a time, so that a native kernel can take its place."""

    @property
    def point_bytes(self) -> int:
        """Size of a serialised point."""

    def new_key(self) -> bytes:
        """Return a fresh secret."""

    def hash_to_points(self, items: Iterable[bytes]) -> bytes:
        """Return the points of items, one after the other (ALG-2.3-framing)."""

    def multiply(self, key: bytes, points: bytes) -> bytes:
        """Return each point multiplied by the secret, in the same order.

        Raises:
            ProtocolError: a point whose multiple tells nothing of the secret, such as one of small order.
        """


class Curve25519Sha256:
    """<CURVE_25519, SHA_256, DIRECT_HASH_AS_POINT_X, UNCOMPRESSED>: the hash is the little-endian u coordinate.

    Multiplication is X25519 of RFC 7748 with its clamped secret.
    """

    point_bytes = 32

    def new_key(self) -> bytes:
        """See `Suite.new_key`."""
        return os.urandom(KEY_BYTES)

    def hash_to_points(self, items: Iterable[bytes]) -> bytes:
        """See `Suite.hash_to_points`."""
        sha256 = hashlib.sha256
        return b"".join([sha256(item).digest() for item in items])

    def multiply(self, key: bytes, points: bytes) -> bytes:
        """See `Suite.multiply`."""
        exchange = X25519PrivateKey.from_private_bytes(key).exchange
        point = X25519PublicKey.from_public_bytes
        try:
            return b"".join([exchange(point(points[at : at + 32])) for at in range(0, len(points), 32)])
        except ValueError:
            # RFC 7748, section 6.1: an all-zero result means a point of small order.
            raise ProtocolError("a point of small order was received", where="enc", clause="ALG-PSI-5.1") from None
