"""Multiplies batches of points on all cores.

Python holds its lock while it calls the curve, so threads would not help: two gave 32,000 points a second where one
gave 35,000. Each worker process gets its share of every batch through a pipe, and ends when the pipe does.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Final, Self

from interconn.algorithms.ecdh_psi.suite import Suite
from interconn.standard.errors import ProtocolError

WORTH_WORKERS: Final = 50_000
"""Multiplications below which starting processes costs more than it saves."""
_SHARE: Final = 256  # points; less is not worth a pipe


class Multiplier:
    """Multiplies points by one secret. Safe to use from several threads.

    Args:
        suite: the curve.
        key: the secret.
        expected: about how many multiplications there will be.
        workers: worker processes; by default one a core this process may use, none for few points.
    """

    def __init__(self, suite: Suite, key: bytes, *, expected: int, workers: int | None = None) -> None:
        if workers is None:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            workers = cores if cores > 1 and expected >= WORTH_WORKERS else 0
        self._suite = suite
        self._key = key
        self._lock = threading.Lock()
        self._pipes: list[Connection] = []
        context = multiprocessing.get_context("spawn")  # this process has threads, which do not survive a fork
        for _ in range(workers):
            here, there = context.Pipe()
            try:
                context.Process(target=_serve, args=(there, suite, key), daemon=True).start()
            except OSError:
                here.close()  # where no process may be started, the work is done here
                break
            finally:
                there.close()
            self._pipes.append(here)

    def multiply(self, points: bytes) -> bytes:
        """Return each point multiplied by the secret, in the same order.

        Raises:
            ProtocolError: see `Suite.multiply`.
        """
        size = self._suite.point_bytes
        count = len(points) // size
        if not self._pipes or count < 2 * _SHARE:
            return self._suite.multiply(self._key, points)
        step = max(-(-count // len(self._pipes)), _SHARE) * size
        shares = [points[at : at + step] for at in range(0, len(points), step)]
        with self._lock:
            for pipe, share in zip(self._pipes, shares, strict=False):
                pipe.send_bytes(share)
            products = [pipe.recv_bytes() for pipe, _ in zip(self._pipes, shares, strict=False)]
        if not all(products):
            raise ProtocolError("a point of small order was received", where="enc", clause="ALG-PSI-5.1")
        return b"".join(products)

    def close(self) -> None:
        """End the workers."""
        for pipe in self._pipes:
            pipe.close()
        self._pipes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _serve(pipe: Connection, suite: Suite, key: bytes) -> None:
    """The body of a worker: an empty answer means a point that must be refused."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            points = pipe.recv_bytes()
        except (EOFError, OSError):
            return
        try:
            pipe.send_bytes(suite.multiply(key, points))
        except ProtocolError:
            pipe.send_bytes(b"")
        except OSError:
            return
