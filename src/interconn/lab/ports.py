"""Ports that no other lab of this machine takes between their choice and their use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from interconn.standard.errors import ConfigurationError

# Below the range from which Linux, macOS and BSD take the ports of outgoing connections, so that a node that is
# started again finds its port free.
FIRST, LAST = 20_000, 31_999
HOST = "127.0.0.1"


@contextlib.contextmanager
def reserved(count: int) -> Iterator[list[int]]:
    """Reserve free ports among all labs of this user until the nodes that use them listen.

    Raises:
        ConfigurationError: there are not enough.
    """
    folder = Path(tempfile.gettempdir()) / f"interconn-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    candidates = list(range(FIRST, LAST + 1))
    secrets.SystemRandom().shuffle(candidates)
    with contextlib.ExitStack() as locks:
        found: list[int] = []
        for port in candidates:
            if len(found) == count:
                break
            if _lock(folder / str(port), locks) and _is_free(port):
                found.append(port)
        if len(found) < count:
            raise ConfigurationError(f"no {count} free ports between {FIRST} and {LAST} on {HOST}")
        yield found


def _lock(path: Path, locks: contextlib.ExitStack) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    locks.callback(os.close, descriptor)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
