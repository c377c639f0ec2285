"""Time as a dependency, so that hours of retry can be tested in milliseconds."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What the node asks of time."""

    def now(self) -> int:
        """Return the time of day in epoch milliseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the time of day in epoch milliseconds."""
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        await asyncio.sleep(seconds)
