"""The process of a node, from its home to the signal that ends it."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from interconn.node import logs
from interconn.node.node import Node
from interconn.node.running import only_one
from interconn.node.settings import Settings, load
from interconn.node.setup import Home


def run(home: Path) -> None:
    """Run the node at `home` until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: it cannot be started; the message says why.
    """
    place = Home(home.absolute())
    settings = load(place.root)
    logs.configure(settings.log.level, settings.node.node_id)
    with only_one(place), asyncio.Runner(loop_factory=_event_loop) as runner:
        runner.run(_run(place, settings))


async def _run(home: Home, settings: Settings) -> None:
    node = Node(home, settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await node.start()
    await stop.wait()
    await node.stop()


def _event_loop() -> asyncio.AbstractEventLoop:
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    import uvloop

    return uvloop.new_event_loop()
