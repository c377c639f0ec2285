"""A partner's credential: a public key or a certificate, and the way it signs (MGT-3.1, resolution 18)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from interconn.identity import armour
from interconn.identity.sm2 import Sm2PublicKey
from interconn.standard.errors import BadSignature, ConfigurationError, InvalidRequest
from interconn.standard.management import AuthType

MINIMUM_RSA_BITS = 2048
MAXIMUM_RSA_BITS = 8192
LONGEST_CHAIN: Final = 8
"""Certificates that a credential may hold."""
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | Sm2PublicKey


@dataclass(frozen=True)
class Credential:
    """A public key with its auth_type.

    Attributes:
        auth_type: how signatures by this key are made.
        pem: the public key as PEM (SubjectPublicKeyInfo); for CERT the certificates, the key's own first.
        fingerprint: lower-case hex SHA-256 of the DER SubjectPublicKeyInfo, of a certificate its key's: so a renewed
            certificate of the same key has the fingerprint that a person compared.
        chain: the certificates of `pem`, for CERT only. Whether they are to be trusted is not asked here:
            `interconn.identity.trust`.
    """

    auth_type: AuthType
    pem: str
    fingerprint: str
    _key: PublicKey
    chain: tuple[x509.Certificate, ...] = ()

    @classmethod
    def parse(cls, auth_type: AuthType, text: str) -> Credential:
        """Read a credential as it came: PEM, or the bare Base64 of a public key's DER (MGT-3.1).

        Raises:
            InvalidRequest: it is no public key or certificate, or one that does not fit auth_type, or a weak one, or
                auth_type is not to be had on this machine.
        """
        if auth_type is AuthType.SM3_SM2:
            return cls._of_sm2(text)
        chain = _load_chain(text) if auth_type is AuthType.CERT else ()
        key = _certified_key(chain[0]) if chain else _load(text)
        check_strength(auth_type, key)
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        if chain:
            pem = b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain)
        return cls(auth_type, pem.decode(), hashlib.sha256(der).hexdigest(), key, chain)

    @classmethod
    def _of_sm2(cls, text: str) -> Credential:
        try:
            key = Sm2PublicKey.parse(armour.read("PUBLIC KEY", text) if _is_pem(text) else _bare_der(text))
        except ValueError as error:
            raise _unfit(f"SM3_SM2 needs a key on the curve sm2p256v1: {error}") from None
        except ConfigurationError as error:
            raise InvalidRequest(error.message, where="auth_type", clause="MGT-3.1", hint=error.hint) from None
        return cls(AuthType.SM3_SM2, key.pem, hashlib.sha256(key.der).hexdigest(), key)

    def verify(self, signature: str, content: bytes) -> None:
        """Check a Base64 signature over `content`.

        Raises:
            BadSignature: it does not verify.
        """
        try:
            raw = base64.b64decode(signature, validate=True)
            if isinstance(self._key, Sm2PublicKey):
                if not self._key.verify(raw, content):
                    raise InvalidSignature
            elif isinstance(self._key, ec.EllipticCurvePublicKey):
                self._key.verify(raw, content, ec.ECDSA(hashes.SHA256()))
            elif self.auth_type is AuthType.SHA256_RSA_PSS:
                self._key.verify(raw, content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
            else:
                self._key.verify(raw, content, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, binascii.Error, ValueError):
            raise BadSignature(
                "the signature does not verify",
                where="x-auth-sign",
                clause="MGT-2.2-auth-sign",
                hint="Compare key fingerprints with the partner, and the signed string with docs/signature.md",
            ) from None

    def weakens(self, former: Credential) -> bool:
        """Return whether this credential promises less than a former one: no authority, or fewer bits of RSA."""
        if former.auth_type is AuthType.CERT and self.auth_type is not AuthType.CERT:
            return True
        if not isinstance(self._key, rsa.RSAPublicKey) or not isinstance(former._key, rsa.RSAPublicKey):
            return False
        return self._key.key_size < former._key.key_size


def check_strength(auth_type: AuthType, key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> None:
    """Check that a key fits its auth_type and is strong.

    Raises:
        InvalidRequest: it does not or is not.
    """
    if isinstance(key, ec.EllipticCurvePublicKey):
        if auth_type not in (AuthType.SHA256_ECDSA, AuthType.CERT):
            raise _unfit(f"{auth_type} needs an RSA key")
        if not isinstance(key.curve, ec.SECP256R1):
            raise _unfit(f"{auth_type} needs a key on the curve P-256")
    elif auth_type is AuthType.SHA256_ECDSA:
        raise _unfit("SHA256_ECDSA needs a key on the curve P-256")
    elif not MINIMUM_RSA_BITS <= key.key_size <= MAXIMUM_RSA_BITS:
        raise _unfit(f"an RSA key needs {MINIMUM_RSA_BITS} to {MAXIMUM_RSA_BITS} bits")
    elif not 65537 <= key.public_numbers().e < 2**32:
        # A small exponent is weak; a large one makes each check of a signature as dear as signing.
        raise _unfit("the public exponent of an RSA key must be 65537 or somewhat larger")


def require_fingerprint(expected: str, credential: Credential) -> None:
    """Compare a fingerprint that a person received out of band with the credential's.

    Colons, blanks, an upper case and a leading `SHA256:` are tolerated.

    Raises:
        BadSignature: it is another key.
    """
    if not hmac.compare_digest(_bare(expected).encode(), credential.fingerprint.encode()):
        raise BadSignature(
            "the fingerprint given is not that of the partner's key",
            where="fingerprint",
            hint="Ask the partner for the output of 'interconn node fingerprint' by telephone, not by e-mail",
        )


def read_fingerprint(text: str) -> str:
    """Return a fingerprint as a person gives it in its one form: lower-case hex.

    Raises:
        InvalidRequest: it is none.
    """
    bare = _bare(text)
    if not re.fullmatch(r"[0-9a-f]{64}", bare):
        raise InvalidRequest(
            "a fingerprint has 64 hexadecimal digits",
            where="fingerprint",
            hint="It is what 'interconn node status' prints at the partner",
        )
    return bare


def _bare(fingerprint: str) -> str:
    return re.sub(r"[\s:]", "", re.sub(r"^\s*sha256:", "", fingerprint, flags=re.IGNORECASE)).lower()


def _load(text: str) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    try:
        if _is_pem(text):
            key = serialization.load_pem_public_key(text.encode())
        else:
            key = serialization.load_der_public_key(_bare_der(text))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _unfit("it is neither a PEM nor a Base64 DER public key") from None
    return _of_known_kind(key)


def _load_chain(text: str) -> tuple[x509.Certificate, ...]:
    try:
        chain = tuple(x509.load_pem_x509_certificates(text.encode()))
    except ValueError:
        raise _unfit("it is no PEM certificate") from None
    if len(chain) > LONGEST_CHAIN:
        raise _unfit(f"it holds more than {LONGEST_CHAIN} certificates")
    return chain


def _certified_key(certificate: x509.Certificate) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    try:
        return _of_known_kind(certificate.public_key())
    except (ValueError, UnsupportedAlgorithm):
        raise _unfit("the certificate's key is of an unknown kind") from None


def _of_known_kind(key: object) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise _unfit("only RSA and elliptic-curve keys are known")
    return key


def _is_pem(text: str) -> bool:
    return "-----BEGIN" in text


def _bare_der(text: str) -> bytes:
    return base64.b64decode("".join(text.split()), validate=True)


def _unfit(why: str) -> InvalidRequest:
    return InvalidRequest(why, where="auth_credential", clause="MGT-3.1")
