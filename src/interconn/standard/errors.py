"""The one exception tree of interconn, and the catalogue of its envelope codes.

Every error says what happened (`message`), where (`where`: a member, header, file or node), which clause
it breaks (`clause`) and, where there is one, what to do next (`hint`). Verifiers raise; they do not return false.

The standard defines envelope code 0 as success and names no other (MGT-2.3-envelope, CTL-2.3), so the
numbers below are ours; a number once published is never given another meaning. The transport layer has
codes of its own (TRN-XA-codes), which `TransportError` carries.
"""

from __future__ import annotations

from typing import Any, ClassVar


class InterconnError(Exception):
    """Root of all errors raised by interconn.

    Args:
        message: what happened, for a person; never holds a secret.
        where: the member, header, file or node at fault.
        clause: id of the clause of the standard that is broken.
        hint: what to do next.
    """

    code: ClassVar[int] = 50000
    http_status: ClassVar[int] = 500

    def __init__(
        self, message: str, *, where: str | None = None, clause: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.clause = clause
        self.hint = hint

    def __str__(self) -> str:
        text = self.message
        if self.where:
            text = f"{self.where}: {text}"
        if self.clause:
            text = f"{text} [{self.clause}]"
        if self.hint:
            text = f"{text}. {self.hint}"
        return text

    def to_json(self) -> dict[str, Any]:
        """Return the error as members for a machine; absent parts are left out."""
        parts = {
            "error": type(self).__name__,
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "clause": self.clause,
            "hint": self.hint,
        }
        return {name: value for name, value in parts.items() if value is not None}


# --- requests that cannot be understood (HTTP 400) -------------------------------------------------------


class InvalidRequest(InterconnError):
    """A request, message or document breaks its wire model."""

    code = 40000
    http_status = 400


class MalformedBody(InvalidRequest):
    """A body that does not parse, is too deep or is too large."""

    code = 40001


class MissingHeader(InvalidRequest):
    """A header that the standard demands is absent or unusable (MGT-2.2-headers)."""

    code = 40002


class WrongTarget(InvalidRequest):
    """A request addressed to another node (MGT-2.2-node-ids)."""

    code = 40003


class InvalidFlow(InvalidRequest):
    """A DAG or configuration that cannot be run: cycle, dangling input, unknown component, role without a node."""

    code = 40010


# --- callers that are not who they say (HTTP 401) --------------------------------------------------------


class Unauthenticated(InterconnError):
    """The caller is not proven to be who it says."""

    code = 40100
    http_status = 401


class UnknownNode(Unauthenticated):
    """No usable contract with the calling node is known."""

    code = 40101


class BadSignature(Unauthenticated):
    """A signature is missing or does not verify (MGT-2.2-auth-sign)."""

    code = 40102


class ReplayedNonce(Unauthenticated):
    """A nonce was used before by this node (MGT-2.2-replay)."""

    code = 40103


class StaleClock(Unauthenticated):
    """A timestamp lies outside the accepted window (MGT-2.2-replay)."""

    code = 40104


class BadToken(Unauthenticated):
    """A bearer or task token is missing, unknown or expired."""

    code = 40105


class CertificateRefused(Unauthenticated):
    """A certificate leads to no configured root, is not valid now, is revoked, or is not the node's own."""

    code = 40106


# --- callers that may not do this (HTTP 403) -------------------------------------------------------------


class Forbidden(InterconnError):
    """The caller is known and may not do this."""

    code = 40300
    http_status = 403


class ContractNotUsable(Forbidden):
    """The contract with the caller is not approved, expired or terminated (MGT-3-contract-state)."""

    code = 40301


class PermitRefused(Forbidden):
    """A permit is missing, foreign, used up, expired or revoked (MGT-2.2-mprac-procedure)."""

    code = 40302


class NotApproved(Forbidden):
    """A job, flow or project that has not been approved, or differs from what was (design: admission)."""

    code = 40303


class ComponentDisabled(Forbidden):
    """A component that this node can run and has disabled (MGT-6.2)."""

    code = 40304


class LogWithheld(Forbidden):
    """A log that the policy of the node does not let this partner read (docs/policy.md)."""

    code = 40305


class RoleMissing(Forbidden):
    """A person of the node itself whose roles or token do not allow the call."""

    code = 40310


# --- callers that ask too often (HTTP 429) ---------------------------------------------------------------


class TooManyRequests(InterconnError):
    """A caller asks faster than it may, or presented wrong tokens; Retry-After says when to come back."""

    code = 42910
    http_status = 429

    def __init__(self, message: str, *, retry_after_seconds: int = 1, **parts: str | None) -> None:
        super().__init__(message, **parts)
        self.retry_after_seconds = retry_after_seconds

    def to_json(self) -> dict[str, Any]:
        """Return the error as members for a machine, with the seconds to wait."""
        return {**super().to_json(), "retry_after_seconds": self.retry_after_seconds}


# --- business refusals (HTTP 200 with a code that is not 0, resolution 25) --------------------------------


class Refused(InterconnError):
    """A well-formed request that the present state does not allow."""

    code = 40900
    http_status = 200


class NotFound(Refused):
    """The thing named is not known here, or not to this caller."""

    code = 40400


class IllegalTransition(Refused):
    """A state machine does not allow this step from its present state."""

    code = 40901


class ContentConflict(Refused):
    """The id is known already with other content."""

    code = 40902


class AwaitsPerson(Refused):
    """It waits for a person of this side, e.g. to compare the fingerprint of a changed key; ask again later."""

    code = 40903


class NoLauncher(Refused):
    """A component that is known here and that this node has no way to launch: it comes as an image (CTL-5.8)."""

    code = 40904


class CapacityExceeded(Refused):
    """A configured bound would be exceeded."""

    code = 42900


# --- other nodes ------------------------------------------------------------------------------------------


class PeerError(InterconnError):
    """A call to another node did not end well. `retryable` says whether the same call may succeed later."""

    code = 50200
    http_status = 502
    retryable: bool = False


class PeerUnreachable(PeerError):
    """The other node did not answer: refused, timed out, or a gateway answered in its place."""

    code = 50201
    retryable = True


class PeerReplyInvalid(PeerError):
    """The other node's answer breaks the standard or its signature does not verify."""

    code = 50202
    retryable = True


class PeerRefused(PeerError):
    """The other node answered with a code that is not 0; `peer_code` and `peer_message` hold its words."""

    code = 50203
    http_status = 200  # its refusal, passed on: nothing failed on the way (resolution 25)
    evidence: Any = None
    """What proves the refusal to be the other node's, for the audit trail (`identity.signature.Evidence`)."""

    def __init__(self, message: str, *, peer_code: int, peer_message: str, **parts: str | None) -> None:
        super().__init__(message, **parts)
        self.peer_code = peer_code
        self.peer_message = peer_message

    @property
    def failed(self) -> bool:
        """Whether the other node failed to serve the call, as codes from 50000 on say, and so decided nothing."""
        return self.peer_code >= InterconnError.code

    def to_json(self) -> dict[str, Any]:
        """Return the error as members for a machine, with the other node's words."""
        return {**super().to_json(), "peer_code": self.peer_code, "peer_message": self.peer_message}


# --- this side --------------------------------------------------------------------------------------------


class ConfigurationError(InterconnError):
    """A configuration value or the environment of a component cannot be used."""

    code = 50001


class StorageError(InterconnError):
    """A data set cannot be read or written."""

    code = 50002


class DataError(InterconnError):
    """A table does not fit what is asked of it: wrong column, duplicate key, empty file, unknown encoding."""

    code = 40011
    http_status = 400


class ProtocolError(InterconnError):
    """The other party of an algorithm broke its protocol."""

    code = 50003


class TransportError(InterconnError):
    """A transport call failed; `ptp_code` is the standard's code (TRN-XA-codes)."""

    code = 50004
    http_status = 200

    def __init__(self, message: str, *, ptp_code: str, **parts: str | None) -> None:
        super().__init__(message, **parts)
        self.ptp_code = ptp_code

    def to_json(self) -> dict[str, Any]:
        """Return the error as members for a machine, with the transport's code."""
        return {**super().to_json(), "ptp_code": self.ptp_code}


class StateError(InterconnError):
    """The node's database cannot be read or written, e.g. because the disk is full; nothing was changed."""

    code = 50005
