"""An in-process stand-in for the component listeners of all nodes of a test: push, pop, peek, release, callback.

It does what our node does towards a component (TRN-3.2.1 to TRN-3.2.4, resolutions 11 to 13, message ids), with all
nodes behind one port: the token tells whose component calls. Everything that passes is recorded.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from interconn.standard import headers
from interconn.standard.protobuf import ptp_pb2
from interconn.standard.transport import PEEK, POP, PUSH, RELEASE, PtpCode

CALLBACK = "/v1/platform/schedule/task/callback"
REQUIRED = (
    headers.PTP_TECH_PROVIDER_CODE,
    headers.PTP_TRACE_ID,
    headers.PTP_TOKEN,
    headers.PTP_SESSION_ID,
    headers.PTP_TARGET_NODE_ID,
    headers.PTP_TOPIC,
)
Queue = tuple[str, str, str, str]  # session, source node, target node, topic


@dataclass
class Call:
    """One request that came in."""

    path: str
    headers: dict[str, str]
    body: bytes


Forced = int | PtpCode | str | None
"""What to answer instead: a status, a code, "drop", or nothing special."""


@dataclass
class FakeTransport:
    """The listeners of some nodes.

    Attributes:
        tokens: task token to node id.
        intercept: called with each call before it is served; what it returns is answered instead: a status to
            fail with, a code to answer, or "drop" to serve the call and cut the line before the answer.
        calls: all requests, in order.
        callbacks: bodies of the status reports, in order.
        pushed: payloads taken in, by topic.
        given: message ids handed out by pop and peek, with repetitions.
        acknowledged: message ids that may be forgotten.
    """

    tokens: dict[str, str]
    intercept: Callable[[Call], Forced] = lambda call: None
    calls: list[Call] = field(default_factory=list)
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    pushed: dict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    given: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queues: dict[Queue, deque[tuple[str, bytes]]] = defaultdict(deque)
        self._known: set[str] = set()
        self._released: set[Queue] = set()
        self._changed = threading.Condition()
        self._stopping = False
        self._server: ThreadingHTTPServer | None = None
        self.port = 0

    @property
    def address(self) -> str:
        """host:port, as in system.transport."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the port used before if there was one."""
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def setup(self) -> None:
                super().setup()
                fake._connections.add(self.connection)

            def do_POST(self) -> None:
                fake._serve(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class has it so
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a cut line is part of many a test

        self._stopping = False
        self._connections: set[Any] = set()
        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def stop(self) -> None:
        """Go away: the port is closed, lines are cut, what was taken in is kept."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            for connection in list(self._connections):
                connection.close()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        names = {name.lower(): value for name, value in handler.headers.items()}
        call = Call(handler.path.partition("?")[0], names, body)
        self.calls.append(call)
        forced = self.intercept(call)
        if isinstance(forced, PtpCode):
            reply = ptp_pb2.TransportOutbound(code=forced, message="forced")
        elif isinstance(forced, int):
            return self._answer(handler, forced, b"")
        elif call.path == CALLBACK:
            self.callbacks.append({"token": names.get(headers.PTP_TOKEN), **json.loads(body)})
            return self._answer(handler, 200, b'{"code":0,"msg":"success","data":{}}')
        else:
            reply = self._transport(call)
        if forced == "drop":
            handler.close_connection = True
            handler.connection.close()
            return None
        return self._answer(handler, 200, reply.SerializeToString())

    def _transport(self, call: Call) -> ptp_pb2.TransportOutbound:
        missing = [name for name in REQUIRED if name not in call.headers]
        own = self.tokens.get(call.headers.get(headers.PTP_TOKEN, ""))
        if missing or call.headers.get("content-type") != "application/x-protobuf":
            return ptp_pb2.TransportOutbound(code=PtpCode.BAD_REQUEST, message=f"missing {missing}")
        if own is None:
            return ptp_pb2.TransportOutbound(code=PtpCode.FORBIDDEN, message="token")
        session, far = call.headers[headers.PTP_SESSION_ID], call.headers[headers.PTP_TARGET_NODE_ID]
        topic = call.headers[headers.PTP_TOPIC]
        if call.path == PUSH:
            return self._push((session, own, far, topic), call)
        queue = (session, far, own, topic)
        with self._changed:
            taken = call.headers.get(headers.MESSAGE_TAKEN)
            if taken and self._queues[queue] and self._queues[queue][0][0] == taken:
                self._queues[queue].popleft()
                self.acknowledged.append(taken)
            if call.path == RELEASE:
                self._released.add(queue)
                self._queues.pop(queue, None)
                self._changed.notify_all()
                return ptp_pb2.TransportOutbound(code=PtpCode.SUCCESS)
            if call.path == POP:
                inbound = ptp_pb2.PopInbound.FromString(call.body)
                assert inbound.topic == topic
                assert 1 <= inbound.timeout <= 25
                self._changed.wait_for(
                    lambda: self._queues[queue] or queue in self._released or self._stopping, inbound.timeout
                )
            else:
                assert call.path == PEEK
            if queue in self._released:
                return ptp_pb2.TransportOutbound(code=PtpCode.SESSION_RELEASED)
            if not self._queues[queue]:
                return ptp_pb2.TransportOutbound(code=PtpCode.SUCCESS)
            message_id, payload = self._queues[queue][0]
            self.given.append(message_id)
        return ptp_pb2.TransportOutbound(code=PtpCode.SUCCESS, payload=payload, metadata={"message-id": message_id})

    def _push(self, queue: Queue, call: Call) -> ptp_pb2.TransportOutbound:
        inbound = ptp_pb2.PushInbound.FromString(call.body)
        assert inbound.topic == queue[3]
        with self._changed:
            if queue in self._released:
                return ptp_pb2.TransportOutbound(code=PtpCode.SESSION_RELEASED)
            client_id = call.headers.get(headers.MESSAGE_ID, uuid.uuid4().hex)
            if client_id not in self._known:
                self._known.add(client_id)
                self.pushed[queue[3]].append(inbound.payload)
                self._queues[queue].append((uuid.uuid4().hex, inbound.payload))
                self._changed.notify_all()
        return ptp_pb2.TransportOutbound(code=PtpCode.SUCCESS)

    @staticmethod
    def _answer(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
