"""Wake-ups inside one process: something committed that somebody may wait for.

A signal carries nothing and may be missed; whoever waits looks at the database again. Losing one costs
a little time, never correctness.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict


class Signals:
    """Named wake-ups, bound to one event loop."""

    def __init__(self) -> None:
        self._waiters: dict[str, set[asyncio.Event]] = defaultdict(set)

    def notify(self, topic: str) -> None:
        """Wake everybody who waits for the topic. Call it on the event loop."""
        for event in self._waiters.get(topic, ()):
            event.set()

    def subscribe(self, *topics: str) -> Subscription:
        """Return a subscription; whatever is notified from now on will end its next wait at once."""
        return Subscription(self._waiters, topics)


class Subscription:
    """A standing wait for some topics; use it as a context manager."""

    def __init__(self, waiters: dict[str, set[asyncio.Event]], topics: tuple[str, ...]) -> None:
        self._waiters = waiters
        self._topics = topics
        self._event = asyncio.Event()

    def __enter__(self) -> Subscription:
        for topic in self._topics:
            self._waiters[topic].add(self._event)
        return self

    def __exit__(self, *_: object) -> None:
        for topic in self._topics:
            events = self._waiters[topic]
            events.discard(self._event)
            if not events:
                del self._waiters[topic]

    async def wait(self, timeout: float) -> bool:
        """Wait until notified or `timeout` seconds have passed; return whether notified."""
        try:
            # Not `wait_for`: up to Python 3.11 it swallows a cancellation that meets the notification.
            async with asyncio.timeout(timeout):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True
