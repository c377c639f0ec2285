"""Keys that leave the node's machine are sealed by a passphrase: scrypt makes a key of it for AES-256-GCM."""

from __future__ import annotations

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from interconn.standard.errors import ConfigurationError

MAGIC: Final = b"INTERCONN-SEALED-1\n"
SHORTEST_PASSPHRASE: Final = 12
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_COST: Final = 2**17  # of scrypt with r=8: 128 MiB and some tenths of a second for each guess


def seal(content: bytes, passphrase: str) -> bytes:
    """Return the content so that only who knows the passphrase can read it, and nobody can change it.

    Raises:
        ConfigurationError: the passphrase is too short to be worth the name.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise ConfigurationError(
            f"the passphrase has fewer than {SHORTEST_PASSPHRASE} characters",
            where="passphrase",
            hint="Keys are worth guessing for; take several words",
        )
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    return MAGIC + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, content, MAGIC)


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """Return what was sealed.

    Raises:
        ConfigurationError: the passphrase is another one, or the content was changed.
    """
    body = sealed.removeprefix(MAGIC)
    salt, nonce, rest = body[:_SALT_BYTES], body[_SALT_BYTES:][:_NONCE_BYTES], body[_SALT_BYTES + _NONCE_BYTES :]
    try:
        if not sealed.startswith(MAGIC) or len(rest) < _SALT_BYTES:
            raise InvalidTag
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, rest, MAGIC)
    except InvalidTag:
        raise ConfigurationError(
            "the keys do not open: the passphrase is another one, or they were changed", where="passphrase"
        ) from None


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_COST, r=8, p=1).derive(passphrase.encode())
