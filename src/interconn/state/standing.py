"""Whether the database answers, as it was last seen from any thread."""

from __future__ import annotations

import threading
import time


class Standing:
    """Since when the database has been away, and why."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: float | None = None
        self._reason = ""

    def away(self, reason: str) -> None:
        """Note that the database does not answer."""
        with self._lock:
            if self._since is None:
                self._since = time.monotonic()
            self._reason = reason

    def back(self) -> None:
        """Note that it answers."""
        with self._lock:
            self._since, self._reason = None, ""

    def seconds_away(self) -> float:
        """Return for how long it has been away; 0 while it is there."""
        with self._lock:
            return 0.0 if self._since is None else time.monotonic() - self._since

    @property
    def trouble(self) -> str:
        """Why it cannot be used, empty while it can."""
        with self._lock:
            return self._reason
