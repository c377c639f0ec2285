"""The messages that wait in one task's session: queues by source and topic, bounded, journalled."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from interconn.standard.errors import TransportError
from interconn.standard.transport import PtpCode
from interconn.state.crash_points import reach
from interconn.transport.journal import IDENTITY_BYTES, NO_IDENTITY, Contents, Journal, Message
from interconn.transport.limits import Limits

log = structlog.get_logger()


@dataclass
class Traffic:
    """What passed through a session on this node: messages and bytes of payload."""

    sent_messages: int = 0
    sent_bytes: int = 0
    received_messages: int = 0
    received_bytes: int = 0


@dataclass
class Fill:
    """Payload that waits here in all sessions together, bytes."""

    waiting_bytes: int = 0


@dataclass(slots=True)
class _Queue:
    messages: deque[Message] = field(default_factory=deque)
    waiters: deque[asyncio.Future[None]] = field(default_factory=deque)
    released: bool = False


class Channel:
    """One task's session on this node.

    Not thread-safe: used on the node's event loop alone.

    Attributes:
        tokens: by party on this node the SHA-256 of its component's token.
        closed: whether it has been released.

    Args:
        session_id: the session.
        task_id: the task; empty for a session opened by hand.
        parties: node ids that take part.
        limits: bounds.
        journal: where received messages are kept.
        fill: what waits in all sessions.
    """

    def __init__(
        self,
        *,
        session_id: str,
        task_id: str,
        parties: frozenset[str],
        limits: Limits,
        journal: Journal,
        fill: Fill,
    ) -> None:
        self.session_id = session_id
        self.task_id = task_id
        self.parties = parties
        self.tokens: dict[str, bytes] = {}
        self.closed = False
        self.traffic = Traffic()
        self.waiting_messages = 0
        self.waiting_bytes = 0
        self._limits = limits
        self._journal = journal
        self._fill = fill
        self._queues: dict[tuple[str, str], _Queue] = {}
        self._identities: dict[bytes, None] = {}
        self._handed_out: dict[int, Message] = {}
        self._next_number = 1
        self._compacted_size = 0

    @property
    def topics(self) -> int:
        """How many queues hold messages."""
        return sum(1 for queue in self._queues.values() if queue.messages)

    def restore(self, contents: Contents) -> None:
        """Take up what a journal holds."""
        self._next_number = contents.next_number
        for identity in contents.identities[-self._limits.remembered_ids :]:
            self._identities[identity] = None
        for key in contents.released:
            self._queue(key).released = True
        for message in contents.messages.values():
            self._queue((message.source, message.topic)).messages.append(message)
            self._count(1, len(message.payload))

    def accept(self, source: str, topic: str, message_id: str, payload: bytes) -> bool:
        """Keep a message for the component, durably; False where it is a repeat of one received before.

        Args:
            source: the node that sent it, proven.
            topic: its topic.
            message_id: the sender's id of it, or empty.
            payload: its content.

        Raises:
            TransportError: E0000000608 released, E0000000403 no party of the session, E0000000413 larger than the
                whole buffer, E0000000700 the buffer or the disk is full.
        """
        self.require_open()
        self.require_party(source)
        key = (source, topic)
        queue = self._queues.get(key)
        if queue is not None and queue.released:
            raise _released("this topic has been released")
        identity = _identity(source, topic, message_id) if message_id else NO_IDENTITY
        if identity in self._identities:
            return False
        self._require_room(len(payload))
        message = Message(self._next_number, source, topic, identity, payload)
        try:
            self._journal.record_message(message)
        except OSError as error:
            log.error("journal cannot be written", session=self.session_id, reason=error.strerror)
            raise _full("this node's disk takes no more messages") from None
        self._next_number += 1
        if message_id:
            self._remember(identity)
        reach("transport.accepted")
        queue = queue or self._queue(key)
        queue.messages.append(message)
        self._count(1, len(payload))
        self.traffic.received_messages += 1
        self.traffic.received_bytes += len(payload)
        _wake(queue)
        return True

    def hand_out(self, source: str, topic: str, *, acknowledging: bool) -> Message | None:
        """Return the next message of a queue, or None.

        Args:
            source: the node whose message is wanted.
            topic: the topic.
            acknowledging: the component will say when it has it (`acknowledge`), and until then is given it again;
                otherwise the message leaves the queue now and `cross_out` is called once the reply is on its way.

        Raises:
            TransportError: E0000000608, released.
        """
        self.require_open()
        queue = self._queues.get((source, topic))
        if queue is None:
            return None
        if queue.released:
            raise _released("this topic has been released")
        if not queue.messages:
            return None
        if acknowledging:
            return queue.messages[0]
        message = queue.messages.popleft()
        self._count(-1, -len(message.payload))
        self._handed_out[message.number] = message
        return message

    def acknowledge(self, source: str, topic: str, taken: str) -> None:
        """Forget the message at the head of a queue if it is the one numbered `taken`; others were forgotten before."""
        queue = self._queues.get((source, topic))
        if queue is not None and queue.messages and str(queue.messages[0].number) == taken:
            message = queue.messages.popleft()
            self._count(-1, -len(message.payload))
            self.cross_out(message)

    def cross_out(self, message: Message) -> None:
        """Note durably that a message was taken."""
        reach("transport.taken")
        self._handed_out.pop(message.number, None)
        if self.closed:
            return
        self._write(lambda: self._journal.record_taken(message.number))
        self._tidy(message.source, message.topic)
        self._compact()

    async def wait(self, source: str, topic: str, begin: Callable[[asyncio.Future[None]], None]) -> None:
        """Wait until a queue may have a message, is released, or `begin`'s timer or watch ends the wait.

        Args:
            source: the node whose message is wanted.
            topic: the topic.
            begin: is given the future whose completion ends the wait.
        """
        queue = self._queue((source, topic))
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiters.append(waiter)
        try:
            begin(waiter)
            await waiter
        finally:
            queue.waiters.remove(waiter)
            if queue.messages:
                _wake(queue)  # a wake-up that came too late for this waiter is the next one's
            self._tidy(source, topic)

    def release(self, source: str, topic: str) -> None:
        """Give up one queue with what is in it (TRN-3.2.4)."""
        self.require_open()
        queue = self._queue((source, topic))
        if queue.released:
            return
        self._write(lambda: self._journal.record_released(source, topic))
        queue.released = True
        self._count(-len(queue.messages), -sum(len(message.payload) for message in queue.messages))
        queue.messages.clear()
        _wake_all(queue)
        self._compact()

    def close(self) -> None:
        """Give up the session with all that waits in it, at once."""
        self.closed = True
        self._count(-self.waiting_messages, -self.waiting_bytes)
        for queue in self._queues.values():
            queue.messages.clear()
            _wake_all(queue)
        self._queues.clear()
        self._identities.clear()
        self._journal.discard()

    def stop(self) -> None:
        """Close the file; what waits is kept for the next start."""
        self._journal.close()

    def require_open(self) -> None:
        """Raise E0000000608 if the session has been released."""
        if self.closed:
            raise _released("the session has been released")

    def has_released(self, source: str, topic: str) -> bool:
        """Tell whether this node's component reads no more from a topic of a partner."""
        queue = self._queues.get((source, topic))
        return queue is not None and queue.released

    def require_party(self, node_id: str) -> None:
        """Raise E0000000403 if a node is no party of the session."""
        if node_id not in self.parties:
            raise TransportError(
                "that node is no party of this session",
                ptp_code=PtpCode.FORBIDDEN,
                where=node_id,
                clause="TRN-XA-E0000000403",
                hint="The parties of a task are those of its job",
            )

    def _require_room(self, size: int) -> None:
        limits = self._limits
        if size > limits.session_bytes:
            raise TransportError(
                f"a message may have at most {limits.session_bytes} bytes here",
                ptp_code=PtpCode.TOO_LARGE,
                where="payload",
                clause="TRN-XA-E0000000413",
            )
        if self.waiting_messages >= limits.session_messages or self.waiting_bytes + size > limits.session_bytes:
            raise _full(f"{self.waiting_messages} messages, {self.waiting_bytes} bytes, wait for the component already")
        if self._fill.waiting_bytes + size > limits.node_bytes:
            raise _full("the messages of all sessions fill this node")

    def _remember(self, identity: bytes) -> None:
        self._identities[identity] = None
        if len(self._identities) > self._limits.remembered_ids:
            del self._identities[next(iter(self._identities))]

    def _queue(self, key: tuple[str, str]) -> _Queue:
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue()
        return queue

    def _tidy(self, source: str, topic: str) -> None:
        # Some components use a topic a message: empty queues must not pile up.
        queue = self._queues.get((source, topic))
        if queue is not None and not (queue.messages or queue.waiters or queue.released):
            del self._queues[(source, topic)]

    def _count(self, messages: int, size: int) -> None:
        self.waiting_messages += messages
        self.waiting_bytes += size
        self._fill.waiting_bytes += size

    def _compact(self) -> None:
        grown = self._journal.size - self._compacted_size
        if grown <= self._limits.journal_slack_bytes or (self.waiting_messages and grown <= self._compacted_size):
            return
        waiting = [message for queue in self._queues.values() for message in queue.messages]
        kept = sorted([*waiting, *self._handed_out.values()], key=lambda message: message.number)
        released = [key for key, queue in self._queues.items() if queue.released]
        self._write(lambda: self._journal.rewrite(self._next_number, self._identities, released, kept))
        self._compacted_size = self._journal.size

    def _write(self, work: Callable[[], None]) -> None:
        try:
            work()
        except OSError as error:
            # Only a crossing-out is lost: after a restart the component would be given the message again.
            log.error("journal cannot be written", session=self.session_id, reason=error.strerror)


def _identity(source: str, topic: str, message_id: str) -> bytes:
    content = f"{source}\n{topic}\n{message_id}".encode()
    return hashlib.blake2b(content, digest_size=IDENTITY_BYTES).digest()


def _wake(queue: _Queue) -> None:
    for waiter in queue.waiters:
        if not waiter.done():
            waiter.set_result(None)
            return


def _wake_all(queue: _Queue) -> None:
    for waiter in queue.waiters:
        if not waiter.done():
            waiter.set_result(None)


def _released(message: str) -> TransportError:
    return TransportError(message, ptp_code=PtpCode.SESSION_RELEASED, clause="TRN-XA-E0000000608")


def _full(message: str) -> TransportError:
    return TransportError(
        f"the message buffer is full: {message}",
        ptp_code=PtpCode.BUFFER_FULL,
        clause="TRN-XA-E0000000700",
        hint="Push again when the receiving component has read some",
    )
