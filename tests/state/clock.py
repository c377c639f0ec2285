"""A clock that goes only when it is told to."""

from __future__ import annotations

import asyncio


class VirtualClock:
    """Time as a test wants it; `sleep` lets it pass at once."""

    def __init__(self, now: int = 1_767_225_600_000) -> None:
        self.time = now

    def now(self) -> int:
        """Return the time of day in epoch milliseconds."""
        return self.time

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""
        self.time += int(seconds * 1000)
        await asyncio.sleep(0)
