"""Answers the node's question how the task stands (CMP-3.2.1), where the node has named a port for it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

from interconn.sdk.environment import Environment
from interconn.sdk.log import log
from interconn.standard.control import ComponentStatus

QUERY: Final = "/v1/platform/algorithm/task/query"
_MAXIMUM_BODY: Final = 64 * 1024
_IDLE_SECONDS: Final = 30


class ControlListener:
    """Listens while the work runs; afterwards the last callback and the exit status tell the outcome.

    It gives status and role of a task to whoever knows the task's id, and nothing else. A port that cannot be had
    is no reason to fail: the callback tells the same.

    Args:
        environment: tells port, task and role.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int | None:
        """The port listened on."""
        return self._server.server_address[1] if self._server else None

    def reply(self, body: bytes) -> dict[str, Any]:
        """Return the answer to a query: status and role at the top level and inside data (resolution 20)."""
        try:
            task_id = json.loads(body)["task_id"]
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"code": 40000, "msg": "task_id is missing", "data": {}}
        if task_id != self._environment.task_id:
            return {"code": 40400, "msg": "the task is not run here", "data": {}}
        members = {"status": ComponentStatus.RUNNING.value, "role": self._environment.roles[0]}
        return {"code": 0, "msg": "success", **members, "data": members}

    def __enter__(self) -> Self:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _IDLE_SECONDS

            def do_POST(self) -> None:
                length = self.headers.get("Content-Length", "")
                if self.path != QUERY or not length.isdecimal() or int(length) > _MAXIMUM_BODY:
                    self.send_error(404 if self.path != QUERY else 400)
                    return
                reply = json.dumps(listener.reply(self.rfile.read(int(length)))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has it so
                """Keep requests out of the log."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        port = self._environment.control_port or 0
        try:
            self._server = Server(("", port), Handler)
        except OSError:
            log("WARNING", "the control port cannot be had", port=port)
            return self
        threading.Thread(target=self._server.serve_forever, name="control", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
