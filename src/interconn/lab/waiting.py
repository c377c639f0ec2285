"""Waiting for what another party has yet to do, with an error that says whom it was waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from interconn.standard.errors import InterconnError

Found = TypeVar("Found")

PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.03


def wait_for(look: Callable[[], Found | None], awaited: str, *, seconds: float = PATIENCE_SECONDS) -> Found:
    """Look again and again until something is found, and return it.

    Args:
        look: returns None while there is nothing.
        awaited: what is waited for and from whom, for the error.
        seconds: longest wait.

    Raises:
        InterconnError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise InterconnError(f"waited {seconds:.0f} s in vain for {awaited}")
        time.sleep(POLL_SECONDS)
    return found
