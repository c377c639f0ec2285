"""The bounds that an institution sets for its own people."""

from __future__ import annotations

from dataclasses import dataclass

from interconn.access.rates import Rate

_TOKEN_RATE = Rate(per_second=200, burst=5000)
_ADDRESS_RATE = Rate(per_second=400, burst=10_000)


@dataclass(frozen=True)
class Policy:
    """Bounds of tokens and callers.

    Attributes:
        token_days: how long a token lasts where its maker says nothing.
        token_days_maximum: how long at most.
        token_rate: requests by one token.
        address_rate: requests from one address, whoever asks.
        failures: wrong presentations of a token from an address before the first refusal.
        lockout_seconds: longest refusal; the first lasts a second, and each following one twice as long.
        separate_duties: whether nobody may both manage people and decide on the use of data, and an auditor is
            nothing else.
    """

    token_days: int = 90
    token_days_maximum: int = 366
    token_rate: Rate = _TOKEN_RATE
    address_rate: Rate = _ADDRESS_RATE
    failures: int = 5
    lockout_seconds: int = 900
    separate_duties: bool = True
