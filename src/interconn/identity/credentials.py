"""A partner's credential: a public key and the way it signs (MGT-3.1, resolution 18)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from interconn.standard.errors import BadSignature, InvalidRequest
from interconn.standard.management import AuthType

MINIMUM_RSA_BITS = 2048
MAXIMUM_RSA_BITS = 8192
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


@dataclass(frozen=True)
class Credential:
    """A public key with its auth_type.

    Attributes:
        auth_type: how signatures by this key are made.
        pem: the public key as PEM (SubjectPublicKeyInfo).
        fingerprint: lower-case hex SHA-256 of the DER SubjectPublicKeyInfo.
    """

    auth_type: AuthType
    pem: str
    fingerprint: str
    _key: PublicKey

    @classmethod
    def parse(cls, auth_type: AuthType, text: str) -> Credential:
        """Read a credential as it came: PEM, or the bare Base64 of the DER (MGT-3.1).

        Raises:
            InvalidRequest: it is no public key, or one that does not fit auth_type, or a weak one.
        """
        key = _load(text)
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        if auth_type is AuthType.SHA256_ECDSA:
            if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
                raise _unfit("SHA256_ECDSA needs a key on the curve P-256")
        elif not isinstance(key, rsa.RSAPublicKey):
            raise _unfit(f"{auth_type} needs an RSA key")
        elif not MINIMUM_RSA_BITS <= key.key_size <= MAXIMUM_RSA_BITS:
            raise _unfit(f"an RSA key needs {MINIMUM_RSA_BITS} to {MAXIMUM_RSA_BITS} bits")
        elif not 65537 <= key.public_numbers().e < 2**32:
            # A small exponent is weak; a large one makes each check of a signature as dear as signing.
            raise _unfit("the public exponent of an RSA key must be 65537 or somewhat larger")
        return cls(auth_type, pem.decode(), hashlib.sha256(der).hexdigest(), key)

    def verify(self, signature: str, content: bytes) -> None:
        """Check a Base64 signature over `content`.

        Raises:
            BadSignature: it does not verify.
        """
        try:
            raw = base64.b64decode(signature, validate=True)
            if isinstance(self._key, ec.EllipticCurvePublicKey):
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


def _load(text: str) -> PublicKey:
    try:
        if "-----BEGIN" in text:
            key = serialization.load_pem_public_key(text.encode())
        else:
            key = serialization.load_der_public_key(base64.b64decode("".join(text.split()), validate=True))
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        raise _unfit("it is neither a PEM nor a Base64 DER public key") from None
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise _unfit("only RSA and elliptic-curve keys are known")
    return key


def _unfit(why: str) -> InvalidRequest:
    return InvalidRequest(why, where="auth_credential", clause="MGT-3.1")
