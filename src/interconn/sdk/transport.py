"""Client of the own node's component listener: push, pop, peek, release (TRN-3.2.1 to TRN-3.2.4) over HTTP/1.1.

A node that is away for a while is waited for. Towards our own node every message arrives once: a push keeps its
message id however often it is repeated, and a pop acknowledges the message received before it, which the node
gives again until then.
"""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import urllib3
from google.protobuf.message import DecodeError, Message

from interconn.sdk.environment import Environment, Party
from interconn.standard import headers
from interconn.standard.errors import TransportError
from interconn.standard.protobuf import ptp_pb2
from interconn.standard.transport import PEEK, POP, PUSH, RELEASE, PtpCode

PROVIDER: Final = "interconn"
CONTENT_TYPE: Final = "application/x-protobuf"
LONGEST_POLL: Final = 25.0
"""Seconds one pop may block; gateways cut connections that are idle for 30 or 60."""
RETRY_SECONDS: Final = 120.0
MESSAGE_ID: Final = "message-id"
"""Metadata member by which our node names the message it gives."""

_NOTHING_YET: Final = (PtpCode.SUCCESS, PtpCode.NOT_FOUND, PtpCode.TIMEOUT)
_PASSING: Final = (PtpCode.BUFFER_FULL, PtpCode.NOT_CONNECTED, PtpCode.NO_INSTANCE)
_PASSING_STATUS: Final = (502, 503, 504)
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
_CHANCE = secrets.SystemRandom()


@dataclass
class Traffic:
    """What went over the wire, in payload bytes and messages."""

    sent_bytes: int = 0
    sent_messages: int = 0
    received_bytes: int = 0
    received_messages: int = 0


class TransportClient:
    """Sends and receives messages of one task. Safe to use from several threads.

    Args:
        address: the component listener, e.g. http://127.0.0.1:7305.
        session_id: the task's session.
        token: the task's token.
        trace_id: id of the call chain.
        retry_seconds: how long a node that is away or full is waited for.
    """

    def __init__(
        self, address: str, *, session_id: str, token: str, trace_id: str, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._address = address.rstrip("/")
        self._headers = {
            "Content-Type": CONTENT_TYPE,
            headers.PTP_TECH_PROVIDER_CODE: PROVIDER,
            headers.PTP_TRACE_ID: trace_id,
            headers.PTP_TOKEN: token,
            headers.PTP_SESSION_ID: session_id,
        }
        self._retry_seconds = retry_seconds
        self._pool = urllib3.PoolManager(maxsize=8, block=False, retries=False)
        self._taken: dict[tuple[str, str], str] = {}
        self._queue_locks: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()
        self.traffic = Traffic()

    @classmethod
    def of(cls, environment: Environment, *, retry_seconds: float = RETRY_SECONDS) -> TransportClient:
        """Return a client set up from the environment (CMP-3.3.1, CMP-3.3.2)."""
        return cls(
            environment.transport,
            session_id=environment.session_id,
            token=environment.token,
            trace_id=environment.trace_id,
            retry_seconds=retry_seconds,
        )

    def push(self, peer: Party, topic: str, payload: bytes) -> None:
        """Send one message; returns when the node has it.

        Raises:
            TransportError: refused, or the node stayed away or full for longer than `retry_seconds`.
        """
        body = ptp_pb2.PushInbound(topic=topic, payload=payload)
        extra = {headers.MESSAGE_ID: uuid.uuid4().hex}
        self._call(PUSH, peer, topic, body, extra=extra, timeout=60.0, accepted=(PtpCode.SUCCESS,))
        with self._lock:
            self.traffic.sent_bytes += len(payload)
            self.traffic.sent_messages += 1

    def pop(self, peer: Party, topic: str, *, timeout: float) -> bytes | None:
        """Receive the next message.

        Args:
            peer: the party whose message is wanted.
            topic: the queue.
            timeout: seconds to wait; rounded up to whole seconds on the wire (resolution 11).

        Returns:
            The message, or None when none came in time.

        Raises:
            TransportError: refused, or the node stayed away for longer than `retry_seconds`.
        """
        deadline = time.monotonic() + timeout
        while True:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return self.peek(peer, topic)
            seconds = max(1, round(min(remaining, LONGEST_POLL)))
            body = ptp_pb2.PopInbound(topic=topic, timeout=seconds)
            message = self._receive(f"{POP}?timeout={seconds}", peer, topic, body, seconds + 15.0)
            if message is not None:
                return message

    def peek(self, peer: Party, topic: str) -> bytes | None:
        """Receive the next message if there is one, without waiting; it is taken away (resolution 22).

        Raises:
            TransportError: as for `pop`.
        """
        return self._receive(PEEK, peer, topic, ptp_pb2.PeekInbound(topic=topic), 30.0)

    def release(self, peer: Party, topic: str, *, timeout: int = 10) -> None:
        """Acknowledge the last message of a queue and give the queue up, with what is still in it (TRN-3.2.4).

        Raises:
            TransportError: refused, or the node stayed away for longer than `timeout` seconds.
        """
        body = ptp_pb2.ReleaseInbound(topic=topic, timeout=timeout)
        accepted = (PtpCode.SUCCESS, PtpCode.SESSION_RELEASED, PtpCode.NOT_FOUND)
        path = f"{RELEASE}?timeout={timeout}"
        extra = self._taken_header(peer, topic)
        self._call(path, peer, topic, body, extra=extra, timeout=30.0, accepted=accepted, patience=float(timeout))
        with self._lock:
            self._taken.pop((peer.node_id, topic), None)

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self, path: str, peer: Party, topic: str, body: Message, timeout: float) -> bytes | None:
        queue = (peer.node_id, topic)
        with self._lock:
            lock = self._queue_locks.setdefault(queue, threading.Lock())
        with lock:  # two pops at once would acknowledge each other's messages
            extra = self._taken_header(peer, topic)
            reply = self._call(path, peer, topic, body, extra=extra, timeout=timeout, accepted=_NOTHING_YET)
            message_id = reply.metadata.get(MESSAGE_ID, "")
            if message_id and message_id == extra.get(headers.MESSAGE_TAKEN):
                return None  # given again though acknowledged: a node that restarted in between
            if not reply.payload and not message_id:
                return None
            if message_id:
                self._taken[queue] = message_id
        with self._lock:
            self.traffic.received_bytes += len(reply.payload)
            self.traffic.received_messages += 1
        return reply.payload

    def _taken_header(self, peer: Party, topic: str) -> dict[str, str]:
        # Sent from the first pop on, empty: without the header the node would not give a message again.
        return {headers.MESSAGE_TAKEN: self._taken.get((peer.node_id, topic), "")}

    def _call(
        self,
        path: str,
        peer: Party,
        topic: str,
        body: Message,
        *,
        extra: Mapping[str, str],
        timeout: float,
        accepted: tuple[PtpCode, ...],
        patience: float | None = None,
    ) -> ptp_pb2.TransportOutbound:
        fields = {**self._headers, headers.PTP_TARGET_NODE_ID: peer.node_id, headers.PTP_TOPIC: topic, **extra}
        if peer.inst_id:
            fields[headers.PTP_TARGET_INST_ID] = peer.inst_id
        payload = body.SerializeToString()
        deadline = time.monotonic() + (self._retry_seconds if patience is None else patience)
        pause = _FIRST_PAUSE
        while True:
            reply = self._attempt(path, fields, payload, timeout)
            if reply.code in accepted:
                return reply
            if reply.code not in _PASSING or time.monotonic() + pause > deadline:
                raise TransportError(
                    reply.message or "refused",
                    ptp_code=reply.code,
                    where=f"{path.partition('?')[0]} {topic}".strip(),
                    clause=f"TRN-XA-{reply.code}",
                )
            # Jitter keeps the threads and parties that wait for one node from coming all at once.
            time.sleep(pause * _CHANCE.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _attempt(
        self, path: str, fields: Mapping[str, str], payload: bytes, timeout: float
    ) -> ptp_pb2.TransportOutbound:
        """Call once; what went wrong below the protocol comes back as the code that means it."""
        try:
            response = self._pool.request(
                "POST",
                f"{self._address}{path}",
                body=payload,
                headers=fields,
                timeout=urllib3.Timeout(connect=10.0, read=timeout),
            )
        except urllib3.exceptions.HTTPError as error:
            return _outcome(PtpCode.NOT_CONNECTED, f"the node does not answer ({type(error).__name__})")
        if response.status in _PASSING_STATUS:
            return _outcome(PtpCode.NOT_CONNECTED, f"the node answers with status {response.status}")
        try:
            reply = ptp_pb2.TransportOutbound.FromString(response.data)
        except DecodeError:
            reply = ptp_pb2.TransportOutbound()
        if not reply.code.startswith("E"):
            return _outcome(PtpCode.UNDECODABLE, f"the answer, status {response.status}, is no TransportOutbound")
        return reply


def _outcome(code: PtpCode, message: str) -> ptp_pb2.TransportOutbound:
    return ptp_pb2.TransportOutbound(code=code, message=message)
