"""Time that passes only while everything waits: hours of retry in milliseconds, and the same on a loaded machine.

A loop asks the selector to wait until its next timer is due. Here nobody waits: if nothing is under way in a thread,
the loop's time jumps to that timer at once. While a thread works (every transaction does) no time passes but the
millisecond that each piece of such work is said to take, so neither the speed of the machine nor of its disk decides
which of two waits ends first. What would wait for ever says
so at once, instead of hanging until the test is ended.

All waits of the product go by the loop's time (`asyncio.sleep`, `asyncio.timeout`, `loop.time`), so it needs no seam
for this but the clock it is given. Real sockets and processes have a time of their own: tests with these use the
machine's.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

BEGINNING = 1_800_000_000
"""The time of day, in epoch seconds, at which every loop begins."""
WORK_SECONDS = 0.001
"""What a piece of work in a thread takes, so that what is written later has a later time."""


class NothingCanHappen(Exception):
    """Everything waits, and nothing of it for time to pass: a test, or what it tests, would hang here."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps from one timer to the next.

    Attributes:
        in_threads: pieces of work under way in threads, the results of which the loop has not yet.
    """

    def __init__(self) -> None:
        self._passed = 0.0
        self.in_threads = 0
        super().__init__(_Leaping(self))
        self._clock_resolution = 1e-6
        self.set_default_executor(ThreadPoolExecutor(8, thread_name_prefix="virtual"))

    def time(self) -> float:
        """Return the seconds that have passed since the loop began."""
        return self._passed

    def leap(self, seconds: float) -> None:
        """Let time pass at once."""
        self._passed += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run something in a thread; until its result is here no time passes."""
        if executor is None:
            executor = self._default_executor  # type: ignore[attr-defined]
        work: Future[Any] = executor.submit(func, *args)
        self.in_threads += 1
        result = asyncio.wrap_future(work, loop=self)
        work.add_done_callback(self._told)  # after the callback of `wrap_future`: the result comes first
        return result

    def _told(self, _work: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            self.call_soon_threadsafe(self._one_less)

    def _one_less(self) -> None:
        self.in_threads -= 1
        self.leap(WORK_SECONDS)

    async def shutdown_default_executor(self, *args: Any, **options: Any) -> None:
        """Wait for the threads, which tell it outside of `run_in_executor`."""
        self.in_threads += 1
        try:
            await super().shutdown_default_executor(*args, **options)
        finally:
            self.in_threads -= 1


class _Leaping(selectors.DefaultSelector):
    """Waits for threads, never for time."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if self._loop.in_threads:
            return super().select(None)
        events = super().select(0)
        if not events:
            if timeout is None:
                raise NothingCanHappen("everything waits, and nothing of it for a time")
            self._loop.leap(timeout)
        return events


class VirtualClock:
    """The clock that goes with the running loop; may be asked from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> int:
        return round((BEGINNING + self._loop.time()) * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def until(condition: Callable[[], Any], *, seconds: float = 86_400.0) -> None:
    """Let time pass until a condition holds; a day is long enough for anything."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - it may be anything
            await asyncio.sleep(0.05)
