"""The time of tests: it passes only while everything waits, and never while a thread works."""

import asyncio
import threading
from typing import Any

import pytest

from tests.virtual_time import NothingCanHappen, VirtualClock, VirtualLoop


def run(work: Any) -> Any:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work())


def test_a_year_of_sleep_passes_at_once_and_in_order() -> None:
    woken: list[tuple[str, int]] = []

    async def work() -> None:
        clock = VirtualClock()
        began = clock.now()

        async def sleeper(name: str, seconds: float) -> None:
            await clock.sleep(seconds)
            woken.append((name, clock.now() - began))

        await asyncio.gather(sleeper("year", 365 * 86_400), sleeper("second", 1), sleeper("hour", 3600))

    run(work)
    assert woken == [("second", 1_000), ("hour", 3_600_000), ("year", 365 * 86_400_000)]


def test_while_a_thread_works_no_wait_ends() -> None:
    async def work() -> tuple[bool, int]:
        clock = VirtualClock()
        began, go_on = clock.now(), threading.Event()
        waiting = asyncio.create_task(clock.sleep(1))
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().run_in_executor, None, go_on.set)
        await asyncio.to_thread(go_on.wait, 30)
        return waiting.done(), clock.now() - began

    done, passed = run(work)
    assert not done and passed <= 2


def test_a_timeout_ends_a_wait_that_nothing_else_ends() -> None:
    async def work() -> int:
        clock = VirtualClock()
        began = clock.now()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400):
                await asyncio.Event().wait()
        return clock.now() - began

    assert run(work) == 86_400_000


def test_what_would_wait_for_ever_says_so() -> None:
    with pytest.raises(NothingCanHappen):
        run(asyncio.Event().wait)
    # The runner closes the loop, whose last tasks it cancels.


def test_work_that_was_cancelled_before_it_began_holds_time_up_no_longer() -> None:
    async def work() -> int:
        clock = VirtualClock()
        began, go_on = clock.now(), threading.Event()
        loop = asyncio.get_running_loop()
        busy = [loop.run_in_executor(None, go_on.wait, 30) for _ in range(8)]
        queued = loop.run_in_executor(None, go_on.wait, 30)
        queued.cancel()
        go_on.set()
        await asyncio.gather(*busy)
        await clock.sleep(60)
        return clock.now() - began

    assert run(work) >= 60_000
