"""What a caller of the transport layer is told of an error: its code and words (TRN-XA-codes)."""

from __future__ import annotations

from interconn.dialects.transport import Outcome
from interconn.standard.errors import (
    BadSignature,
    ContractNotUsable,
    Forbidden,
    InterconnError,
    InvalidRequest,
    TransportError,
    Unauthenticated,
    UnknownNode,
    WrongTarget,
)
from interconn.standard.transport import PtpCode

# The first class that fits decides.
_CODES: tuple[tuple[type[InterconnError], PtpCode], ...] = (
    (WrongTarget, PtpCode.NOT_JOINED),
    (InvalidRequest, PtpCode.BAD_REQUEST),
    (UnknownNode, PtpCode.NOT_JOINED),
    (ContractNotUsable, PtpCode.NETWORKING_DISABLED),
    (BadSignature, PtpCode.BAD_SIGNATURE),
    (Unauthenticated, PtpCode.FORBIDDEN),
    (Forbidden, PtpCode.FORBIDDEN),
)


def outcome_of(error: InterconnError) -> Outcome:
    """Return the outcome that tells of an error."""
    if isinstance(error, TransportError):
        return Outcome(str(error.ptp_code), str(error))
    for kind, code in _CODES:
        if isinstance(error, kind):
            return Outcome(code.value, str(error))
    return SYSTEM_ERROR


SYSTEM_ERROR = Outcome(
    PtpCode.SYSTEM_ERROR.value, "this node failed to serve the call. Its operator finds the trace id in the log"
)
