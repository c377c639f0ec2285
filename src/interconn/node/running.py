"""Only one process works on a home: the node itself, or who migrates its database."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator

from interconn.node.setup import Home
from interconn.standard.errors import ConfigurationError


@contextlib.contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Keep every other process off this home for as long as the context lasts.

    Raises:
        ConfigurationError: one is there already.
    """
    home.running.mkdir(mode=0o700, exist_ok=True)
    with (home.running / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                "this node is running already", where=str(home.root), hint="See 'interconn node status'"
            ) from None
        yield
