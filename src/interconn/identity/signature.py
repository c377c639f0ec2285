"""The strings that requests and replies between nodes are signed over (MGT-2.2-auth-sign, resolution 23).

The standard leaves `x-auth-sign` open. Ours is published in docs/signature.md with test vectors; a change
of either string needs a new first line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from interconn.identity.credentials import Credential
from interconn.identity.keys import Signer
from interconn.standard import headers as names
from interconn.standard.errors import BadSignature, InvalidRequest

REQUEST_SCHEME = "INTERCONN-1"
REPLY_SCHEME = "INTERCONN-1-REPLY"
KEY_SCHEME = "INTERCONN-1-KEY"
_BLANKS = " \t"

_COVERED = frozenset({*names.REQUIRED_SIGNED, names.PERMIT_SET, names.AUTH_SIGN, "content-type"})
# Our own extension headers are covered like those of the transport layer, so that nobody on the way adds one.
_COVERED_PREFIXES = (names.PTP_PREFIX, names.EXTENSION_PREFIX)


def covers(name: str) -> bool:
    """Return whether a signature depends on the header `name` (lower case), which may then occur only once."""
    return name in _COVERED or name.startswith(_COVERED_PREFIXES)


@dataclass(frozen=True)
class Evidence:
    """What proves that another node said something: enough to check it again years later, without that node.

    Attributes:
        kind: `request` or `reply`.
        content: the canonical string that is signed; its last line is the digest of the body.
        signature: as it came, Base64.
        credential: the key under which the signature was checked.
        body: raw body; may hold a secret.
    """

    kind: str
    content: str
    signature: str
    credential: Credential
    body: bytes = field(repr=False)


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

    @cached_property
    def body_digest(self) -> str:
        """Lower-case hex SHA-256 of the body."""
        return _hex(self.body)

    def header(self, name: str) -> str:
        """Return a header's value as it is signed: without blanks around it, empty where absent."""
        return self.headers.get(name, "").strip(" \t")

    def content(self, credential: Credential) -> bytes:
        """Return the canonical string as bytes.

        Raises:
            InvalidRequest: a covered part holds something other than printable ASCII.
        """
        return _canonical(
            REQUEST_SCHEME,
            credential.auth_type.value,
            credential.fingerprint,
            self.method,
            self.target,
            self.header(names.SOURCE_NODE_ID),
            self.header(names.TARGET_NODE_ID),
            self.header(names.NONCE),
            self.header(names.TIMESTAMP),
            self.header(names.TRACE_ID),
            self.header("content-type"),
            _hex(_printable(self.header(names.PERMIT_SET))),
            _hex(self._covered_lines()),
            self.body_digest,
        )

    def sign(self, signer: Signer) -> str:
        """Return the value of x-auth-sign."""
        return signer.sign(self.content(signer.credential))

    def verify(self, credential: Credential) -> Evidence:
        """Check x-auth-sign under the credential, and return what proves it.

        Raises:
            BadSignature: it is missing or does not verify.
            InvalidRequest: a covered part holds something other than printable ASCII.
        """
        signature = self.header(names.AUTH_SIGN)
        if not signature:
            raise BadSignature("the request is not signed", where=names.AUTH_SIGN, clause="MGT-2.2-auth-sign")
        content = self.content(credential)
        credential.verify(signature, content)
        return Evidence("request", content.decode(), signature, credential, self.body)

    def _covered_lines(self) -> bytes:
        covered = [(name, value) for name, value in self.headers.items() if name.startswith(_COVERED_PREFIXES)]
        return _canonical(*sorted([f"{name}:{value.strip(_BLANKS)}" for name, value in covered]))


@dataclass(frozen=True)
class SignedReply:
    """What a reply's signature covers: which request it answers, whole, and all that it says.

    The nonce alone would not do: a request that needs no signature, sent by somebody in between under the same
    nonce, would be answered with a proof that fits the partner's own request.

    Attributes:
        request: the request that is answered.
        node_id: the node that answers.
        status: HTTP status.
        content_type: the reply's Content-Type as sent.
        body: raw body.
    """

    request: SignedRequest
    node_id: str
    status: int
    content_type: str
    body: bytes

    def content(self, credential: Credential) -> bytes:
        """Return the canonical string as bytes.

        Raises:
            InvalidRequest: a covered part holds something other than printable ASCII.
        """
        return _canonical(
            REPLY_SCHEME,
            credential.auth_type.value,
            credential.fingerprint,
            self.node_id,
            self.request.header(names.SOURCE_NODE_ID),
            self.request.header(names.NONCE),
            self.request.method,
            self.request.target,
            self.request.body_digest,
            str(self.status),
            self.content_type.strip(" \t"),
            _hex(self.body),
        )

    def sign(self, signer: Signer) -> str:
        """Return the value of the reply's x-auth-sign."""
        return signer.sign(self.content(signer.credential))

    def verify(self, credential: Credential, signature: str) -> Evidence:
        """Check the reply's x-auth-sign, and return what proves it.

        Raises:
            BadSignature: it is missing or does not verify.
        """
        if not signature:
            raise BadSignature("the reply is not signed", where=names.AUTH_SIGN, clause="MGT-2.2-auth-sign")
        try:
            content = self.content(credential)
        except InvalidRequest as error:
            raise BadSignature(error.message, where=names.AUTH_SIGN, clause="MGT-2.2-auth-sign") from None
        credential.verify(signature.strip(" \t"), content)
        return Evidence("reply", content.decode(), signature.strip(" \t"), credential, self.body)


@dataclass(frozen=True)
class KeyProof:
    """What proves that the sender of node/update holds the new key that its body names (MGT-3.4).

    It travels in a header that the request's own signature covers, and so is bound to nonce and body by that one.

    Attributes:
        new: the new credential.
        signed_with: fingerprint of the key that signs the request.
        source: the node whose key it is.
        target: the node that is told.
        contract_id: the contract under which it is told.
    """

    new: Credential
    signed_with: str
    source: str
    target: str
    contract_id: str

    def content(self) -> bytes:
        """Return the canonical string as bytes."""
        return _canonical(
            KEY_SCHEME,
            self.new.auth_type.value,
            self.new.fingerprint,
            self.signed_with,
            self.source,
            self.target,
            self.contract_id,
        )

    def verify(self, signature: str) -> None:
        """Check the header x-interconn-key-proof.

        Raises:
            BadSignature: it is not the new key's signature.
        """
        try:
            self.new.verify(signature.strip(_BLANKS), self.content())
        except BadSignature:
            raise BadSignature(
                "the new key did not sign this change", where=names.KEY_PROOF, clause="MGT-3.4",
                hint="Compare the signed string with docs/signature.md",
            ) from None  # fmt: skip


def _canonical(*lines: str) -> bytes:
    # Looked at as one text: this runs four times a message.
    _printable("".join(lines))
    return "\n".join(lines).encode()


def _printable(text: str) -> bytes:
    # A line feed would make one string of two requests; other bytes arrive differently decoded at each server.
    if not (text.isascii() and text.isprintable()):
        raise InvalidRequest(
            "what is signed may hold printable ASCII only", where=names.AUTH_SIGN, clause="MGT-2.2-auth-sign"
        )
    return text.encode()


def _hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
