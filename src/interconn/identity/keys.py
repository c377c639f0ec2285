"""Private keys behind a key-store interface; the first store keeps them as files with tight modes."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from interconn.identity.credentials import Credential
from interconn.standard.errors import ConfigurationError, InvalidRequest
from interconn.standard.management import AuthType

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Signer(Protocol):
    """A private key that signs and never leaves its store."""

    @property
    def credential(self) -> Credential:
        """The public half."""
        ...

    def sign(self, content: bytes) -> str:
        """Return the Base64 signature over `content`."""
        ...


class KeyStore(Protocol):
    """Where a node's signing key lives: files, a PKCS#11 module, a cloud's key service."""

    def create(self, auth_type: AuthType) -> Signer:
        """Make the node's signing key."""
        ...

    def load(self) -> Signer:
        """Open the node's signing key."""
        ...


@dataclass(frozen=True)
class LocalSigner:
    """A private key held in this process."""

    credential: Credential
    _key: PrivateKey

    def __repr__(self) -> str:
        return f"LocalSigner({self.credential.fingerprint})"

    def sign(self, content: bytes) -> str:
        """Return the Base64 signature over `content`."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            raw = self._key.sign(content, ec.ECDSA(hashes.SHA256()))
        elif self.credential.auth_type is AuthType.SHA256_RSA_PSS:
            raw = self._key.sign(content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        else:
            raw = self._key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(raw).decode()


class FileKeyStore:
    """Keeps the signing key as `signing_key.pem`, readable by its owner alone, with `auth_type` beside it.

    Args:
        directory: created with mode 0700 where absent.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key_file = directory / "signing_key.pem"
        self._type_file = directory / "auth_type"

    def create(self, auth_type: AuthType) -> Signer:
        """Make the node's signing key: P-256, or RSA of 3072 bits.

        Raises:
            ConfigurationError: a key is there already.
        """
        key: PrivateKey
        if auth_type is AuthType.SHA256_ECDSA:
            key = ec.generate_private_key(ec.SECP256R1())
        else:
            key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._key_file, private_pem(key))
        write_private(self._type_file, f"{auth_type.value}\n".encode())
        return _signer(key, auth_type)

    def load(self) -> Signer:
        """Open the node's signing key.

        Raises:
            ConfigurationError: it is missing, unreadable, or readable by others.
        """
        try:
            if self._key_file.stat().st_mode & 0o077:
                raise ConfigurationError(
                    "the signing key can be read by others", where=self._key_file.name, hint="chmod 600 it"
                )
            key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
            auth_type = AuthType(self._type_file.read_text().strip())
            if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
                raise ValueError("neither RSA nor elliptic curve")
            return _signer(key, auth_type)
        except InvalidRequest as error:
            raise ConfigurationError(
                f"the signing key does not fit its auth_type: {error.message}", where=self._type_file.name
            ) from None
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: a password is needed
            raise ConfigurationError(
                f"the signing key cannot be opened: {type(error).__name__}",
                where=self._key_file.name,
                hint="Run 'interconn node init', or restore the key from a backup",
            ) from None


def private_pem(key: PrivateKey) -> bytes:
    """Return a private key as unencrypted PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read; it is never readable by others, not even for a moment.

    Raises:
        ConfigurationError: the file exists.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConfigurationError(
            "the file exists already and is not overwritten", where=path.name, hint="Choose another --home"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _signer(key: PrivateKey, auth_type: AuthType) -> LocalSigner:
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return LocalSigner(Credential.parse(auth_type, pem.decode()), key)
