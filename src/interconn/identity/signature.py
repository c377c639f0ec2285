"""The strings that requests and replies between nodes are signed over (MGT-2.2-auth-sign, resolution 23).

The standard leaves `x-auth-sign` open. Ours is published in docs/signature.md with test vectors; a change
of either string needs a new first line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from interconn.identity.credentials import Credential
from interconn.identity.keys import Signer
from interconn.standard import headers as names
from interconn.standard.errors import BadSignature

REQUEST_SCHEME = "INTERCONN-1"
REPLY_SCHEME = "INTERCONN-1-REPLY"


@dataclass(frozen=True)
class SignedRequest:
    """What a request's signature covers.

    Attributes:
        method: HTTP method, upper case.
        target: raw request target: path and query exactly as sent.
        headers: all headers, names in lower case.
        body: raw body.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def content(self, credential: Credential) -> bytes:
        """Return the canonical string as bytes."""
        header = self.headers.get
        lines = (
            REQUEST_SCHEME,
            credential.auth_type.value,
            credential.fingerprint,
            self.method,
            self.target,
            header(names.SOURCE_NODE_ID, ""),
            header(names.TARGET_NODE_ID, ""),
            header(names.NONCE, ""),
            header(names.TIMESTAMP, ""),
            header(names.TRACE_ID, ""),
            header("content-type", ""),
            _hex(header(names.PERMIT_SET, "").encode()),
            _hex(_covered_lines(self.headers)),
            _hex(self.body),
        )
        return "\n".join(lines).encode()

    def sign(self, signer: Signer) -> str:
        """Return the value of x-auth-sign."""
        return signer.sign(self.content(signer.credential))

    def verify(self, credential: Credential) -> None:
        """Check x-auth-sign under the credential.

        Raises:
            BadSignature: it is missing or does not verify.
        """
        credential.verify(_presented(self.headers), self.content(credential))


@dataclass(frozen=True)
class SignedReply:
    """What a reply's signature covers: which request it answers, and all that it says."""

    source_node_id: str
    target_node_id: str
    request_nonce: str
    status: int
    content_type: str
    body: bytes

    def content(self, credential: Credential) -> bytes:
        """Return the canonical string as bytes."""
        lines = (
            REPLY_SCHEME,
            credential.auth_type.value,
            credential.fingerprint,
            self.source_node_id,
            self.target_node_id,
            self.request_nonce,
            str(self.status),
            self.content_type,
            _hex(self.body),
        )
        return "\n".join(lines).encode()

    def sign(self, signer: Signer) -> str:
        """Return the value of the reply's x-auth-sign."""
        return signer.sign(self.content(signer.credential))

    def verify(self, credential: Credential, signature: str) -> None:
        """Check the reply's x-auth-sign.

        Raises:
            BadSignature: it is missing or does not verify.
        """
        if not signature:
            raise BadSignature("the reply is not signed", where=names.AUTH_SIGN, clause="MGT-2.2-auth-sign")
        credential.verify(signature, self.content(credential))


def _presented(headers: Mapping[str, str]) -> str:
    signature = headers.get(names.AUTH_SIGN, "")
    if not signature:
        raise BadSignature("the request is not signed", where=names.AUTH_SIGN, clause="MGT-2.2-auth-sign")
    return signature


def _covered_lines(headers: Mapping[str, str]) -> bytes:
    # Our own extension headers are covered like those of the transport layer, so that nobody on the way adds one.
    prefixes = (names.PTP_PREFIX, names.EXTENSION_PREFIX)
    lines = [f"{name.lower()}:{value.strip()}" for name, value in headers.items() if name.lower().startswith(prefixes)]
    return "\n".join(sorted(lines)).encode()


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
