"""Nodes as processes: started in a session of their own, recognised, awaited, stopped."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import urllib3

from interconn.client.home import LISTENERS
from interconn.lab.record import NodeRecord
from interconn.standard.errors import ConfigurationError, InterconnError

START_SECONDS = 30.0
STOP_SECONDS = 15.0
LOG_LINES = 12
_POLL_SECONDS = 0.03


def start(home: Path, log: Path, environment: Mapping[str, str] | None = None) -> int:
    """Start a node that outlives this process, and return its process id.

    Args:
        home: the node's directory, absolute.
        log: where its output is appended.
        environment: variables beside those of this process.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # What configures a node of the person who runs the lab must not configure the lab's nodes.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INTERCONN_")}
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", "interconn", "node", "run", "--home", str(home)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={**inherited, **(environment or {})},
            start_new_session=True,
        )
    # The process is waited for by id (`is_running` reaps it); the object's end must not warn that it still runs.
    process.returncode = 0
    return process.pid


def is_running(pid: int, home: Path) -> bool:
    """Tell whether a process lives and is the node of that home, and not another that got its id since."""
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)
    command = _command(pid)
    return command is not None and command.endswith(f" run --home {home}")


def running_pid(node: NodeRecord) -> int | None:
    """Return the process of a node, also of one that a person started again; None where it does not run."""
    pids = [node.pid]
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        pids.append(int(json.loads((node.directory / LISTENERS).read_text())["pid"]))
    return next((pid for pid in pids if pid and is_running(pid, node.directory)), None)


def wait_ready(node: NodeRecord, seconds: float = START_SECONDS) -> None:
    """Wait until a node serves.

    Raises:
        ConfigurationError: its process ended; the message holds the last lines of its log.
        InterconnError: it is not ready in time.
    """
    pool = urllib3.PoolManager(timeout=2.0, retries=False)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
            if pool.request("GET", f"{node.admin_url}/readyz").status == 200:
                return
        if not is_running(node.pid, node.directory):
            raise ConfigurationError(
                f"the node ended while it started; its last words:\n{last_lines(node.log)}", where=node.node_id
            )
        time.sleep(_POLL_SECONDS)
    raise InterconnError(
        f"the node was not ready within {seconds:.0f} s; its last words:\n{last_lines(node.log)}", where=node.node_id
    )


def stop(nodes: list[NodeRecord], seconds: float = STOP_SECONDS) -> list[str]:
    """Stop nodes, and kill those that do not stop in time.

    Returns:
        Ids of those that ran.
    """
    running = {node.node_id: pid for node in nodes if (pid := running_pid(node))}
    homes = {node.node_id: node.directory for node in nodes}
    for pid in running.values():
        _signal(pid, signal.SIGTERM)
    left = dict(running)
    deadline = time.monotonic() + seconds
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = {node_id: pid for node_id, pid in left.items() if is_running(pid, homes[node_id])}
    for node in nodes:
        if node.node_id in left:
            kill(node)
    return list(running)


def kill(node: NodeRecord) -> None:
    """End a node as a power cut would, and return once it is gone."""
    while pid := running_pid(node):
        _signal(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def last_lines(log: Path, lines: int = LOG_LINES) -> str:
    """Return the end of a log, indented; says so where there is none."""
    try:
        text = log.read_text(errors="replace").strip()
    except OSError:
        text = ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:]) or "    (nothing)"


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _command(pid: int) -> str | None:
    """Return the command line of a living process."""
    if Path("/proc/self/cmdline").exists():
        try:
            while True:
                raw = Path(f"/proc/{pid}/cmdline").read_bytes()
                if raw:
                    return raw.decode(errors="replace").rstrip("\0").replace("\0", " ")
                # Empty in a process that has ended and nobody has waited for, and for a moment in a new one.
                state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
                if state in "ZX":
                    return None
                time.sleep(_POLL_SECONDS)
        except OSError:
            return None
    found = subprocess.run(  # noqa: S603 - nothing of another makes its arguments
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],  # noqa: S607 - where ps lies differs
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.rstrip() or None
