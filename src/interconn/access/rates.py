"""How often somebody may ask: token buckets, as many as are remembered at most."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass

from interconn.state.clock import Clock

REMEMBERED = 10_000
"""Buckets kept; the one used longest ago makes room. About 2 MB at most."""


@dataclass(frozen=True)
class Rate:
    """So many a second for ever, and so many at once."""

    per_second: float
    burst: int


class Buckets:
    """One bucket a key, all of one rate.

    A key that is forgotten begins again with a full bucket, so the bound is one for each of the last
    `remembered` keys, not for all the keys in the world: memory is worth more than that.

    Args:
        rate: what each may take.
        clock: time.
        remembered: how many keys are kept.
    """

    def __init__(self, rate: Rate, clock: Clock, *, remembered: int = REMEMBERED) -> None:
        self._rate = rate
        self._clock = clock
        self._remembered = remembered
        self._levels: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: str) -> int:
        """Take one; return 0, or the whole seconds after which there will be one again."""
        now = self._clock.now()
        level, at = self._levels.pop(key, (float(self._rate.burst), now))
        # A clock that was put back fills nothing, and does not stop the bucket from filling.
        level = min(self._rate.burst, level + max(0, now - at) / 1000 * self._rate.per_second)
        taken = level >= 1
        self._levels[key] = (level - 1 if taken else level, now)
        if len(self._levels) > self._remembered:
            self._levels.popitem(last=False)
        return 0 if taken else max(1, math.ceil((1 - level) / self._rate.per_second))
