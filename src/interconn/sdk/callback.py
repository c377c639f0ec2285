"""Reports the component's status to its own node (CTL-4.1)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

import urllib3

from interconn.sdk.environment import Environment
from interconn.sdk.log import log
from interconn.standard import headers
from interconn.standard.control import ComponentStatus

FINAL_SECONDS: Final = 60.0
"""How long a node that is away is waited for with the last word; the exit status tells it the same."""
PROGRESS_INTERVAL: Final = 1.0
_TIMEOUT: Final = urllib3.Timeout(connect=5.0, read=10.0)


class StatusReporter:
    """Posts RUNNING, progress, and SUCCESS or FAILED. Progress is our marked extension and never holds up the work.

    Args:
        environment: tells address, task, role and token; without an address nothing is sent.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._pool = urllib3.PoolManager(retries=False)
        self._progress: dict[str, Any] | None = None
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._send_progress, name="progress", daemon=True)

    def start(self) -> None:
        """Report RUNNING, and progress from now on."""
        self._post(ComponentStatus.RUNNING, {}, seconds=10.0)
        self._thread.start()

    def progress(self, phase: str, done: int, total: int | None) -> None:
        """Note how far the work is; what is noted faster than it can be sent is passed over."""
        with self._wake:
            self._progress = {"phase": phase, "done": done, "total": total}
            self._wake.notify()

    def finish(self, status: ComponentStatus, extension: Mapping[str, Any], *, seconds: float = FINAL_SECONDS) -> None:
        """Report the outcome, with the progress that was noted last, after all other."""
        with self._wake:
            self._stopped = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout=15.0)
        with self._wake:
            last, self._progress = self._progress, None
        self._post(status, {**extension, "progress": last} if last else extension, seconds=seconds)

    def _send_progress(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._progress is not None or self._stopped)
                if self._stopped:
                    return
                progress, self._progress = self._progress, None
            self._post(ComponentStatus.RUNNING, {"progress": progress}, seconds=0.0)
            with self._wake:
                self._wake.wait_for(lambda: self._stopped, timeout=PROGRESS_INTERVAL)

    def _post(self, status: ComponentStatus, extension: Mapping[str, Any], *, seconds: float) -> None:
        environment = self._environment
        if environment.callback is None:
            return
        message: dict[str, Any] = {
            "task_id": environment.task_id,
            "status": status.value,
            "role": environment.roles[0],
        }
        if extension:
            message["extension"] = dict(extension)
        fields = {
            "Content-Type": "application/json",
            headers.PTP_TOKEN: environment.token,
            headers.PTP_TRACE_ID: environment.trace_id,
        }
        deadline = time.monotonic() + seconds
        pause = 0.1
        while True:
            try:
                response = self._pool.request(
                    "POST", environment.callback, body=json.dumps(message), headers=fields, timeout=_TIMEOUT
                )
                outcome = f"status {response.status}"
                if response.status < 500:
                    if response.status >= 300:
                        log("WARNING", "the node refuses the status report", outcome=outcome)
                    return
            except urllib3.exceptions.HTTPError as error:
                outcome = type(error).__name__
            if time.monotonic() + pause > deadline:
                if seconds:
                    log("WARNING", "the node takes no status report", status=status.value, outcome=outcome)
                return
            time.sleep(pause)
            pause = min(pause * 2, 2.0)
