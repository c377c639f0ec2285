"""Nonces and the clock window: a request is served once (MGT-2.2-replay).

Nonces live in a file of their own, because every request writes one and none belongs to a decision: a
commit there costs some ten microseconds, in the main database a disk flush. A killed process loses none
(the operating system has them); after a loss of power the newest may be gone, so a node that finds itself
in another boot of the machine than at its last start refuses whatever was stamped before it came up in this
one (docs/decisions/0006-nonces.md).
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from interconn.standard import headers as names
from interconn.standard.errors import InvalidRequest, ReplayedNonce, StaleClock

DEFAULT_WINDOW_SECONDS = 300
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class NonceStore:
    """Remembers the nonces of the accepted window.

    Args:
        path: file of the store.
        window_seconds: how far a caller's clock may be off, each way.
        now: epoch milliseconds at start.
        restored: the node was restored from a backup, which holds no nonces: at its first start, what was sent before
            is refused, as it may have been served already.
    """

    def __init__(
        self, path: Path, *, now: int, window_seconds: int = DEFAULT_WINDOW_SECONDS, restored: bool = False
    ) -> None:
        self._window = window_seconds * 1000
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(
            """
            PRAGMA journal_mode=WAL;
            PRAGMA synchronous=NORMAL;
            CREATE TABLE IF NOT EXISTS nonces (
                node_id TEXT NOT NULL, nonce TEXT NOT NULL, expires INTEGER NOT NULL,
                PRIMARY KEY (node_id, nonce)) WITHOUT ROWID;
            CREATE INDEX IF NOT EXISTS nonces_by_expiry ON nonces (expires);
            CREATE TABLE IF NOT EXISTS boots (id TEXT NOT NULL, refuse_before INTEGER NOT NULL);
            """
        )
        self._next_sweep = 0
        self._refuse_before = self._first_start_in_this_boot(now, restored)

    def accept(self, node_id: str, nonce: str, timestamp: int, now: int) -> None:
        """Take note of a nonce.

        Raises:
            StaleClock: the timestamp lies outside the window.
            ReplayedNonce: the node used this nonce before.
            InvalidRequest: the nonce is not usable as one.
        """
        if abs(now - timestamp) > self._window:
            raise StaleClock(
                f"the timestamp is {abs(now - timestamp) / 1000:.0f} s "
                f"{'behind' if timestamp < now else 'ahead of'} this node's clock",
                where=names.TIMESTAMP,
                clause="MGT-2.2-replay",
                hint=f"Timestamps are epoch milliseconds within {self._window // 1000} s; check both clocks (NTP)",
            )
        if timestamp < self._refuse_before:
            raise StaleClock(
                "the request was made before this machine's last start",
                where=names.TIMESTAMP,
                clause="MGT-2.2-replay",
                hint="Send it again",
            )
        if not 8 <= len(nonce) <= 128:
            raise InvalidRequest("a nonce has 8 to 128 characters", where=names.NONCE, clause="MGT-2.2-replay")
        with self._lock:
            self._sweep(now)
            try:
                self._connection.execute(
                    "INSERT INTO nonces VALUES (?, ?, ?)", (node_id, nonce, timestamp + 2 * self._window)
                )
            except sqlite3.IntegrityError:
                raise ReplayedNonce(
                    "this nonce was used before", where=names.NONCE, clause="MGT-2.2-replay", hint="Use a fresh one"
                ) from None

    def count(self) -> int:
        """Return how many nonces are remembered."""
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM nonces").fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _sweep(self, now: int) -> None:
        if now >= self._next_sweep:
            self._connection.execute("DELETE FROM nonces WHERE expires < ?", (now,))
            self._next_sweep = now + 60_000

    def _first_start_in_this_boot(self, now: int, restored: bool) -> int:
        current = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else None
        row = self._connection.execute("SELECT id, refuse_before FROM boots").fetchone()
        if row and row[0] == current:
            return int(row[1])  # a second start in one boot must not forget what the first refused
        # The first start of a node has nothing to forget; where boots cannot be told apart, each start counts as one.
        refuse_before = now if row or restored else 0
        self._connection.execute("BEGIN")
        self._connection.execute("DELETE FROM boots")
        self._connection.execute("INSERT INTO boots VALUES (?, ?)", (current or "unknown", refuse_before))
        self._connection.execute("COMMIT")
        return refuse_before
