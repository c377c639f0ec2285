"""Answers that are held until there is news: our marked extension of CTL-3.7 and CTL-3.8.

The caller says what it knows and how long it would wait. One that does not ask for it is answered at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from interconn.peers.inbound import Caller
from interconn.standard import headers as names
from interconn.state.database import Database

Answer = TypeVar("Answer")

LONGEST_WAIT_SECONDS: Final = 20.0
LANES: Final = "lanes"
"""What a caller of CTL-3.7 knows begins so if it is to hear of every lane, and not of the job's state alone."""
PROGRESS_SECONDS: Final = 1.0
"""News that are no change of status are told at most that often."""


def asking(known: str, seconds: float) -> dict[str, str]:
    """Return the headers that ask for an answer to be held."""
    return {names.POLL_WAIT: str(int(seconds * 1000)), names.POLL_KNOWN: known}


def known_to(caller: Caller) -> str:
    """Return what a caller says that it knows; empty where it does not ask for an answer to be held."""
    return caller.extensions.get(names.POLL_KNOWN, "")


async def hold(
    database: Database,
    caller: Caller,
    topic: str,
    read: Callable[[], Awaitable[Answer]],
    *,
    status: Callable[[Answer], str],
) -> Answer:
    """Return what `read` returns, once that is news to the caller or its time is up.

    Args:
        database: whose signals tell of news.
        caller: whose headers say what it knows.
        topic: signal of the thing asked for.
        read: makes the answer.
        status: takes from an answer what the caller compares.
    """
    seconds = _seconds(caller.extensions.get(names.POLL_WAIT, ""))
    known = known_to(caller)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with database.signals.subscribe(topic) as wake:
        first = answer = await read()
        while status(answer) == known and (left := began + seconds - loop.time()) > 0:
            if answer != first:
                if loop.time() - began >= PROGRESS_SECONDS:
                    break
                left = min(left, began + PROGRESS_SECONDS - loop.time())
            await wake.wait(max(left, 0.0))
            answer = await read()
    return answer


def _seconds(milliseconds: str) -> float:
    if not (milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) <= 9):
        return 0.0
    return min(int(milliseconds) / 1000, LONGEST_WAIT_SECONDS)
