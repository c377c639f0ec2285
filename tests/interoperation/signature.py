"""Signing and verifying, written from docs/signature.md alone: another vendor's hand."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fingerprint(key: PublicKey) -> str:
    return digest(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


@dataclass(frozen=True)
class Credential:
    """A node's public key and how it signs with it (auth_credential, auth_type)."""

    auth_type: str
    key: PublicKey

    @classmethod
    def of_wire(cls, auth_type: str, text: str) -> "Credential":
        loaded = (
            serialization.load_pem_public_key(text.encode())
            if text.lstrip().startswith("-----BEGIN")
            else serialization.load_der_public_key(base64.b64decode(text, validate=True))
        )
        assert isinstance(loaded, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
        return cls(auth_type, loaded)

    @property
    def pem(self) -> str:
        return self.key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.key)

    def verifies(self, signature: str, content: bytes) -> bool:
        try:
            raw = base64.b64decode(signature, validate=True)
            if isinstance(self.key, ec.EllipticCurvePublicKey):
                self.key.verify(raw, content, ec.ECDSA(hashes.SHA256()))
            elif self.auth_type == "SHA256_RSA":
                self.key.verify(raw, content, padding.PKCS1v15(), hashes.SHA256())
            else:
                self.key.verify(raw, content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key and its auth_type."""

    auth_type: str
    key: Key

    @classmethod
    def fresh(cls, auth_type: str) -> "Signer":
        if auth_type == "SHA256_ECDSA":
            return cls(auth_type, ec.generate_private_key(ec.SECP256R1()))
        return cls(auth_type, rsa.generate_private_key(65537, 2048))

    @property
    def credential(self) -> Credential:
        return Credential(self.auth_type, self.key.public_key())

    def sign(self, content: bytes) -> str:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            raw = self.key.sign(content, ec.ECDSA(hashes.SHA256()))
        elif self.auth_type == "SHA256_RSA":
            raw = self.key.sign(content, padding.PKCS1v15(), hashes.SHA256())
        else:
            raw = self.key.sign(content, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        return base64.b64encode(raw).decode()


def lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value.strip(" \t") for name, value in headers}


def request_string(credential: Credential, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The fourteen lines; `headers` in lower case, as `lower` makes them."""
    extra = sorted(f"{name}:{value}" for name, value in headers.items() if name.startswith(("x-ptp-", "x-interconn-")))
    lines = ["INTERCONN-1", credential.auth_type, credential.fingerprint, method, target]
    for name in ("x-source-node-id", "x-target-node-id", "x-nonce", "x-timestamp", "x-trace-id", "content-type"):
        lines.append(headers.get(name, ""))
    lines.append(digest(headers.get("x-mprac-token-set", "").encode()))
    lines.append(digest("\n".join(extra).encode()))
    lines.append(digest(body))
    return "\n".join(lines).encode()


@dataclass(frozen=True)
class Asked:
    """What of a request its reply is bound to."""

    source: str
    nonce: str
    method: str
    target: str
    body: bytes


def reply_string(
    credential: Credential, node_id: str, asked: Asked, status: int, content_type: str, body: bytes
) -> bytes:
    """The twelve lines."""
    return "\n".join(
        [
            "INTERCONN-1-REPLY",
            credential.auth_type,
            credential.fingerprint,
            node_id,
            asked.source,
            asked.nonce,
            asked.method,
            asked.target,
            digest(asked.body),
            f"{status:03d}",
            content_type.strip(" \t"),
            digest(body),
        ]
    ).encode()
