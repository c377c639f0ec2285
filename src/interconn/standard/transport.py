"""Paths and codes of the transport layer (TRN-2.2, TRN-3.2, TRN-XA-codes)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

CHANNEL_PREFIX: Final = "/v1/interconn/chan/"
"""All calls of the transport layer lie below it."""
PUSH: Final = "/v1/interconn/chan/push"
POP: Final = "/v1/interconn/chan/pop"
PEEK: Final = "/v1/interconn/chan/peek"
RELEASE: Final = "/v1/interconn/chan/release"
INVOKE: Final = "/v1/interconn/chan/invoke"
TRANSPORT: Final = "/v1/interconn/chan/transport"

DEFAULT_POP_TIMEOUT: Final = 120.0  # seconds (TRN-3.2.2, resolution 11)
TRANSPARENT: Final = "1"  # value of x-ptp-version that selects transparent mode (TRN-5.2.1)


class PtpCode(StrEnum):
    """The 24 codes of the transport layer (TRN-XA-codes)."""

    SUCCESS = "E0000000000"
    NOT_FOUND = "E0000000404"
    SYSTEM_ERROR = "E0000000500"
    LOOP = "E0000000503"
    BAD_REQUEST = "E0000000400"
    FORBIDDEN = "E0000000403"
    UNKNOWN = "E0000000520"
    INCOMPATIBLE = "E0000000600"
    TIMEOUT = "E0000000601"
    NO_INSTANCE = "E0000000602"
    BAD_CERTIFICATE = "E0000000603"
    LICENCE_EXPIRED = "E0000000604"
    TERM_EXPIRED = "E0000000605"
    NETWORKING_DISABLED = "E0000000606"
    NOT_CONNECTED = "E0000000607"
    SESSION_RELEASED = "E0000000608"
    TOO_LARGE = "E0000000413"
    NOT_PERMITTED = "E0000000614"
    BAD_SIGNATURE = "E0000000615"
    UNDECODABLE = "E0000000616"
    VERSION_MISMATCH = "E0000000617"
    NOT_JOINED = "E0000000618"
    BAD_ADDRESS = "E0000000619"
    BUFFER_FULL = "E0000000700"
