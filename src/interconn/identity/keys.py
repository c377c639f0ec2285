"""Private keys behind a key-store interface: one that a node signs with, and others beside it while keys change."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from interconn.identity.credentials import Credential
from interconn.identity.sm2 import Sm2PrivateKey
from interconn.standard.errors import ConfigurationError
from interconn.standard.management import AuthType

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | Sm2PrivateKey


class Signer(Protocol):
    """A private key that signs and never leaves its store."""

    @property
    def credential(self) -> Credential:
        """The public half."""
        ...

    def sign(self, content: bytes) -> str:
        """Return the Base64 signature over `content`."""
        ...


class OwnKeys(Protocol):
    """This node's keys: which one a partner knows it by, and the newest, which everybody new is told."""

    @property
    def newest(self) -> Signer:
        """The key for whoever does not know this node yet."""
        ...

    def toward(self, node_id: str) -> Signer:
        """The key by which a node knows this one: what it is sent and answered is signed with it."""
        ...

    def find(self, fingerprint: str) -> Signer:
        """The key of a fingerprint, or the newest where there is none of it any more."""
        ...


@dataclass(frozen=True)
class Certified:
    """A private key with its certificates, as an institution's own authority made them (auth_type CERT).

    Attributes:
        private_key: PEM, PKCS#8 or traditional, not encrypted; secret.
        certificates: PEM, the key's own certificate first, then those of intermediate authorities.
    """

    private_key: bytes
    certificates: bytes

    def __repr__(self) -> str:
        return "Certified(...)"


class KeyStore(Protocol):
    """Where a node's signing keys live: files, a PKCS#11 module, a cloud's key service."""

    def create(self, auth_type: AuthType, certified: Certified | None = None) -> Signer:
        """Make the node's first key, or for CERT take the one given."""
        ...

    def load(self) -> Signer:
        """Open the key that the node signs with."""
        ...

    def add(self, auth_type: AuthType, certified: Certified | None = None) -> Signer:
        """Make, or take, another key beside it."""
        ...

    def all(self) -> dict[str, Signer]:
        """Open every key, by fingerprint, the one that the node signs with first."""
        ...

    def promote(self, fingerprint: str) -> None:
        """Make a key the one that the node signs with; the one before it stays beside it."""
        ...

    def erase(self, fingerprint: str) -> None:
        """Remove a key for good; a repetition does nothing."""
        ...

    def certify(self, fingerprint: str, certificates: str) -> Signer:
        """Put new certificates, PEM, in the place of those of a CERT key."""
        ...

    def request(self, node_id: str) -> bytes:
        """Make a certificate signing request, PEM, for the key that the node signs with."""
        ...


@dataclass(frozen=True)
class LocalSigner:
    """A private key held in this process; alone it is all of a node's own keys."""

    credential: Credential
    _key: PrivateKey

    def __repr__(self) -> str:
        return f"LocalSigner({self.credential.fingerprint})"

    def sign(self, content: bytes) -> str:
        """Return the Base64 signature over `content`."""
        if isinstance(self._key, Sm2PrivateKey):
            raw = self._key.sign(content)
        elif isinstance(self._key, ec.EllipticCurvePrivateKey):
            raw = self._key.sign(content, ec.ECDSA(hashes.SHA256()))
        elif self.credential.auth_type is AuthType.SHA256_RSA_PSS:
            raw = self._key.sign(content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        else:
            raw = self._key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(raw).decode()

    @property
    def newest(self) -> Signer:
        """This key."""
        return self

    def toward(self, node_id: str) -> Signer:
        """This key."""
        return self

    def find(self, fingerprint: str) -> Signer:
        """This key."""
        return self

    def sign_request(self, request: x509.CertificateSigningRequestBuilder) -> bytes:
        """Return a certificate signing request, PEM.

        Raises:
            ConfigurationError: certificates of such a key are not spoken here.
        """
        if isinstance(self._key, Sm2PrivateKey):
            raise ConfigurationError(
                "certificates of SM2 keys are not spoken here", where="auth_type", hint="CERT has P-256 or RSA keys"
            )
        return request.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def generate(auth_type: AuthType) -> PrivateKey:
    """Make a private key for an auth_type: SM2, P-256, or RSA of 3072 bits; by the system's random numbers.

    Raises:
        ConfigurationError: SM2 is not to be had on this machine.
    """
    if auth_type is AuthType.SM3_SM2:
        return Sm2PrivateKey.generate()
    if auth_type in (AuthType.SHA256_ECDSA, AuthType.CERT):
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=3072)


def open_key(auth_type: AuthType, pem: bytes) -> PrivateKey:
    """Read a private key, PEM.

    Raises:
        ValueError, TypeError, UnsupportedAlgorithm: it is none, or of another kind, or under a password.
        ConfigurationError: SM2 is not to be had on this machine.
    """
    if auth_type is AuthType.SM3_SM2:
        return Sm2PrivateKey.parse(pem)
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise ValueError("neither RSA nor elliptic curve")
    return key


def signer_of(key: PrivateKey, auth_type: AuthType, certificates: str = "") -> LocalSigner:
    """Put a private key together with its credential.

    Raises:
        InvalidRequest: key or certificates do not fit auth_type.
        ConfigurationError: the first certificate is not this key's.
    """
    if isinstance(key, Sm2PrivateKey):
        return LocalSigner(Credential.parse(auth_type, key.public_key().pem), key)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
    credential = Credential.parse(auth_type, certificates if auth_type is AuthType.CERT else pem)
    if auth_type is AuthType.CERT:
        own = credential.chain[0].public_key().public_bytes(serialization.Encoding.PEM, spki).decode()
        if own != pem:
            raise ConfigurationError(
                "the certificate is not that of the private key", where="certificate",
                hint="The key's own certificate comes first in the file",
            )  # fmt: skip
    return LocalSigner(credential, key)


def read_certified(certified: Certified) -> LocalSigner:
    """Read a private key and its certificates as they were given.

    Raises:
        ConfigurationError: they cannot be read, or do not belong together.
        InvalidRequest: the key is weak, or the certificates do not fit.
    """
    try:
        return signer_of(
            open_key(AuthType.CERT, certified.private_key), AuthType.CERT, certified.certificates.decode("ascii")
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: a password is needed
        raise ConfigurationError(
            f"the private key or its certificate cannot be read: {type(error).__name__}",
            where="private key",
            hint="Both are PEM; the key has no password",
        ) from None


def private_pem(key: PrivateKey) -> bytes:
    """Return a private key as unencrypted PKCS#8 PEM."""
    if isinstance(key, Sm2PrivateKey):
        return key.pem
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
