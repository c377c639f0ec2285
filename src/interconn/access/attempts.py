"""Wrong presentations of tokens: what they lead to, in bounded memory. Why so: docs/decisions/0011-access.md."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from interconn.access.rates import Buckets, Rate
from interconn.standard.errors import TooManyRequests
from interconn.state.clock import Clock

REMEMBERED = 10_000
"""Pairs of address and token id kept. About 3 MB at most."""
FORGOTTEN_SECONDS = 3600
"""After so long without another wrong presentation, a pair begins anew."""
EVERYBODY = Rate(per_second=10, burst=200)
"""Wrong presentations by all the world before they are answered late."""
LATE_SECONDS = 2.0
LATE_AT_ONCE = 64
"""How many may be made to wait; more would make our memory theirs."""
NOTED = Rate(per_second=1 / 60, burst=20)
"""Entries in the audit trail about wrong presentations: a flood must not bury what matters, nor fill the disk."""


@dataclass
class Failures:
    """Wrong presentations of one token from one address, since the last right one."""

    count: int
    at: int
    refused_until: int = 0


class Attempts:
    """Remembers wrong presentations.

    Args:
        clock: time.
        failures: how many are allowed before the first refusal.
        lockout_seconds: longest refusal.
    """

    def __init__(self, clock: Clock, *, failures: int, lockout_seconds: int) -> None:
        self._clock = clock
        self._allowed = failures
        self._longest = lockout_seconds
        self._pairs: OrderedDict[tuple[str, str], Failures] = OrderedDict()
        self._everybody = Buckets(EVERYBODY, clock, remembered=1)
        self._noted = Buckets(NOTED, clock, remembered=1)
        self._late = 0
        self.unnoted = 0

    def __len__(self) -> int:
        return len(self._pairs)

    def require_patience(self, address: str, token_id: str) -> None:
        """Check, before anything is compared, that a token is not refused from an address just now.

        Raises:
            TooManyRequests: it is; the right token too, but from that address alone.
        """
        known = self._pairs.get((address, token_id))
        now = self._clock.now()
        if known and now < known.refused_until:
            raise TooManyRequests(
                "wrong tokens came from here under this token's id, so it is refused from here for a while",
                where="authorization",
                hint="It works from elsewhere; here another token does, or patience",
                retry_after_seconds=math.ceil((known.refused_until - now) / 1000),
            )

    def failed(self, address: str, token_id: str) -> bool:
        """Remember a wrong presentation; return whether it is worth an entry in the audit trail."""
        now = self._clock.now()
        pair = (address, token_id)
        known = self._pairs.pop(pair, None)
        if known is None or now - known.at > FORGOTTEN_SECONDS * 1000:
            known = Failures(0, now)
        known.count, known.at = known.count + 1, now
        beyond = known.count - self._allowed
        if beyond >= 0:
            seconds = min(self._longest, 2 ** min(beyond, 30))
            known.refused_until = now + seconds * 1000
        self._pairs[pair] = known
        if len(self._pairs) > REMEMBERED:
            self._pairs.popitem(last=False)
        return (known.count == 1 or beyond >= 0) and self.worth_noting()

    def worth_noting(self) -> bool:
        """Return whether the audit trail may take another entry about a refusal; count it where not."""
        if self._noted.take(""):
            self.unnoted += 1
            return False
        return True

    def succeeded(self, address: str, token_id: str) -> None:
        """Forget the wrong presentations of a token from an address where it was then presented rightly."""
        self._pairs.pop((address, token_id), None)

    async def slow_down(self) -> None:
        """Answer a wrong presentation late while there are too many in all; the right ones do not come here."""
        if self._everybody.take("") and self._late < LATE_AT_ONCE:
            self._late += 1
            try:
                await self._clock.sleep(LATE_SECONDS)
            finally:
                self._late -= 1
