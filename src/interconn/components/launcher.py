"""Runs components as processes that outlive the node and are found again by it (CMP-G3.2.2.2-process).

What happens to one component of a task lies in one directory:

    lock          held by the supervisor while it lives
    process.json  supervisor and component: process ids with start times
    exit.json     how the component ended; there once it has
    stdout.log    the log (CMP-G4.1.1.2-stdout)
    stderr.log    what else it said
    work/         its working directory
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

from interconn.components import supervisor
from interconn.standard.errors import InterconnError

SHIPPED_COMMAND: Final = (sys.executable, "-P", "-m", "interconn.algorithms")
GRACE_SECONDS: Final = 8.0
"""Between SIGTERM and SIGKILL: long enough for a component to say that it was stopped."""
_WATCH_SECONDS: Final = 0.2
_UNSEEN: Final = 255


class Situation(Enum):
    """What has become of a component."""

    NOTHING = "nothing was launched"
    RUNNING = "its supervisor lives"
    ENDED = "it has ended"


@dataclass(frozen=True)
class Exit:
    """How a component ended (CMP-G4.1.1.2-exit).

    Attributes:
        status: exit status; 128 and the number of the signal that killed it.
        cause: what is known beyond the number.
        ended_at: epoch milliseconds; 0 where nobody saw it.
    """

    status: int
    cause: str
    ended_at: int

    @property
    def reason(self) -> str:
        """Why it is no success; empty for one."""
        if self.status == 0:
            return ""
        return f"exit status {self.status}" + (f", {self.cause}" if self.cause else "")


class ProcessLauncher:
    """Launches, finds again, awaits and stops components.

    Args:
        command: what is run, the interpreter first; the environment says which component.
        grace_seconds: between SIGTERM and SIGKILL.
    """

    def __init__(self, *, command: Sequence[str] = SHIPPED_COMMAND, grace_seconds: float = GRACE_SECONDS) -> None:
        self._command = list(command)
        self._grace = grace_seconds

    def launch(self, directory: Path, environment: Mapping[str, str]) -> None:
        """Start the component, unless it was started in this directory before. Blocks for some milliseconds.

        Args:
            directory: of this task and party; made where absent.
            environment: all variables the component gets; never put on a command line.

        Raises:
            InterconnError: no process could be started.
        """
        for folder in (directory, directory / "work", directory / "log"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(lock) or (directory / "process.json").exists() or (directory / "exit.json").exists():
                return
            order = json.dumps({"command": self._command, "environment": dict(environment)})
            subprocess.run(  # noqa: S603 - our own interpreter and file
                [sys.executable, "-I", "-S", supervisor.__file__, str(directory.absolute()), str(lock)],
                input=order.encode(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={},
                cwd=directory,
                pass_fds=(lock,),
                timeout=60,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise InterconnError(
                f"no process could be started for the component: {type(error).__name__}", where=directory.name
            ) from None
        finally:
            os.close(lock)

    def situation(self, directory: Path) -> Situation:
        """Return what has become of the component of a directory."""
        if (directory / "exit.json").exists():
            return Situation.ENDED
        try:
            lock = os.open(directory / "lock", os.O_RDWR)
        except FileNotFoundError:
            return Situation.NOTHING
        try:
            if not _try_lock(lock):
                return Situation.RUNNING
            # Nobody supervises it now, and nobody can begin to while we hold the lock.
            known = (directory / "process.json").exists() or (directory / "exit.json").exists()
            return Situation.ENDED if known else Situation.NOTHING
        finally:
            os.close(lock)

    async def wait(self, directory: Path) -> Exit:
        """Wait for the end of a component that was launched, by this process or an earlier one."""
        while self.situation(directory) is not Situation.ENDED:
            await _gone(_process(directory).get("supervisor"))
        return await asyncio.to_thread(self._read_exit, directory)

    async def stop(self, directory: Path) -> None:
        """End the component: SIGTERM to its process group, and SIGKILL when the grace has passed."""
        for number, seconds in ((signal.SIGTERM, self._grace), (signal.SIGKILL, 10.0)):
            if self.situation(directory) is not Situation.RUNNING:
                return
            _signal_group(directory, number)
            try:
                async with asyncio.timeout(seconds):
                    await self.wait(directory)
            except TimeoutError:
                continue

    def clear(self, directory: Path) -> None:
        """Remove what an ended component left in its working directory; its logs stay."""
        shutil.rmtree(directory / "work", ignore_errors=True)

    def _read_exit(self, directory: Path) -> Exit:
        try:
            content = json.loads((directory / "exit.json").read_bytes())
            return Exit(int(content["status"]), str(content["cause"]), int(content["ended_at"]))
        except FileNotFoundError:
            # Its supervisor was killed, so nobody saw the end; what may still run is not left to itself.
            _signal_group(directory, signal.SIGKILL)
            return Exit(_UNSEEN, "its end was not seen, as its supervisor was killed or the machine stopped", 0)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _process(directory: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((directory / "process.json").read_bytes())
    except FileNotFoundError:
        return {}
    return found if found["boot"] == supervisor.boot() else {}


def _signal_group(directory: Path, number: signal.Signals) -> None:
    component = _process(directory).get("component")
    if component and supervisor.start_time(component["pid"]) == component["start"]:
        try:
            os.killpg(component["pid"], number)
        except ProcessLookupError:
            return


async def _gone(process: dict[str, Any] | None) -> None:
    """Wait until a process has ended, or a little while where the system cannot tell."""
    if process is None or not hasattr(os, "pidfd_open"):
        await asyncio.sleep(_WATCH_SECONDS)
        return
    try:
        descriptor = os.pidfd_open(process["pid"])
    except OSError:
        await asyncio.sleep(0)
        return
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    try:
        if supervisor.start_time(process["pid"]) != process["start"]:
            return  # another process by now
        loop.add_reader(descriptor, ended.set)
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
