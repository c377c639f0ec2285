"""All sessions of this node, found by token for components and by session and task for partners."""

from __future__ import annotations

import hashlib
import hmac
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from interconn.standard import headers as names
from interconn.standard.errors import TransportError
from interconn.standard.transport import PtpCode
from interconn.transport import journal
from interconn.transport.channel import Channel, Fill, Traffic
from interconn.transport.journal import Journal
from interconn.transport.limits import Limits
from interconn.transport.tables import TransportSession

log = structlog.get_logger()


class Channels:
    """The sessions in memory. Used on the event loop alone.

    Args:
        directory: where the journals are.
        limits: bounds.
    """

    def __init__(self, directory: Path, limits: Limits) -> None:
        self._directory = directory
        self._limits = limits
        self._fill = Fill()
        self._by_key: dict[tuple[str, str], Channel] = {}
        self._by_session: dict[str, dict[str, Channel]] = {}
        self._by_token: dict[bytes, Channel] = {}
        self._released: deque[tuple[int, Channel]] = deque()

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._by_key.values()))

    def get(self, session_id: str, task_id: str) -> Channel | None:
        """Return a task's session, open or released, or None."""
        return self._by_key.get((session_id, task_id))

    def load(self, rows: Iterable[TransportSession]) -> None:
        """Take up the sessions of the database and the messages of their journals; other journals are deleted."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept = set()
        for row in sorted(rows, key=lambda row: row.closed_at or 0):
            channel = self._load(row)
            if row.closed_at is not None:
                self._released.append((row.closed_at, channel))
            for party, digest in row.tokens.items():
                self._give_token(channel, party, bytes.fromhex(digest))
            if not channel.closed:
                kept.add(self._path(row.session_id, row.task_id))
        for path in self._directory.iterdir():
            if path not in kept:
                path.unlink()

    def open(self, session_id: str, task_id: str, party: str, token_digest: bytes, parties: Iterable[str]) -> None:
        """Take up a session that was opened, or opened again: the party's token and the parties are the new ones."""
        channel = self._by_key.get((session_id, task_id))
        if channel is None or channel.closed:
            if channel is not None:
                self._forget(channel)
            channel = self._add(session_id, task_id, parties)
        channel.parties = frozenset(parties)
        self._give_token(channel, party, token_digest)

    def close(self, session_id: str, task_id: str, *, now: int) -> None:
        """Free the queues of a session that was released, and refuse further use; forget those released long ago.

        Args:
            session_id: the session.
            task_id: the task.
            now: epoch milliseconds.
        """
        channel = self._by_key.get((session_id, task_id))
        if channel is not None and not channel.closed:
            channel.close()
            self._released.append((now, channel))
        while self._released and self._released[0][0] < now - self._limits.released_seconds * 1000:
            _, old = self._released.popleft()
            if self._by_key.get((old.session_id, old.task_id)) is old:
                self._forget(old)

    def stop(self) -> None:
        """Close all journals."""
        for channel in self._by_key.values():
            channel.stop()

    def of_token(self, session_id: str, token: str) -> Channel:
        """Return the open session that a component's token is for.

        Raises:
            TransportError: E0000000403 the token is missing, unknown or another session's; E0000000608 released.
        """
        digest = hashlib.sha256(token.encode()).digest()
        channel = self._by_token.get(digest)
        # The table is searched by digest, about which a guesser learns nothing; what decides is compared in
        # constant time.
        known = channel.tokens.values() if channel is not None else ()
        matches = any(hmac.compare_digest(expected, digest) for expected in known)
        if channel is None or not matches or channel.session_id != session_id:
            raise TransportError(
                "the token is missing, or is not one for this session on this node",
                ptp_code=PtpCode.FORBIDDEN,
                where=names.PTP_TOKEN,
                clause="TRN-XA-E0000000403",
                hint="A component presents config.token to its own node, with config.session_id",
            )
        channel.require_open()
        return channel

    def of_message(self, session_id: str, task_id: str, source: str, topic: str) -> Channel:
        """Return the open session that a partner's message is for.

        The tasks of a job share one session id (CTL-2.2-session) and the standard has no header for the task. Where
        the message names none it is for the task that still reads from its topic: a component releases what it reads
        as it ends, while the session stays open as long as the job runs.

        Raises:
            TransportError: E0000000602 not opened here yet; E0000000608 released; E0000000400 the message names no
                task and several are open.
        """
        if task_id:
            channel = self._by_key.get((session_id, task_id))
        else:
            of_session = self._by_session.get(session_id, {})
            opened = [found for found in of_session.values() if not found.closed]
            reading = [found for found in opened if not found.has_released(source, topic)]
            if len(reading) > 1:
                raise TransportError(
                    f"{len(reading)} tasks of this session are open here and the message names none",
                    ptp_code=PtpCode.BAD_REQUEST,
                    where=names.TASK_ID,
                    clause="CTL-2.2-session",
                    hint="Run such tasks one after the other, or give each a session of its own",
                )
            channel = next(iter([*reading, *opened, *of_session.values()]), None)
        if channel is None:
            raise TransportError(
                "the session is not open on this node",
                ptp_code=PtpCode.NO_INSTANCE,
                where=names.PTP_SESSION_ID,
                clause="TRN-XA-E0000000602",
                hint="It opens when the task starts here",
            )
        channel.require_open()
        return channel

    def _load(self, row: TransportSession) -> Channel:
        if row.closed_at is not None:
            channel = self._add(row.session_id, row.task_id, row.parties)
            channel.closed = True
            channel.traffic = Traffic(row.sent_messages, row.sent_bytes, row.received_messages, row.received_bytes)
            return channel
        path = self._path(row.session_id, row.task_id)
        contents = journal.read(path) if path.exists() else None
        channel = self._add(row.session_id, row.task_id, row.parties, journal_size=contents.size if contents else 0)
        if contents is not None:
            channel.restore(contents)
            if contents.torn_bytes:
                log.warning(
                    "journal ends in a torn record",
                    session=row.session_id,
                    task=row.task_id,
                    bytes=contents.torn_bytes,
                )
        return channel

    def _add(self, session_id: str, task_id: str, parties: Iterable[str], *, journal_size: int = 0) -> Channel:
        path = self._path(session_id, task_id)
        channel = Channel(
            session_id=session_id,
            task_id=task_id,
            parties=frozenset(parties),
            limits=self._limits,
            journal=Journal(path, session_id=session_id, task_id=task_id, size=journal_size),
            fill=self._fill,
        )
        self._by_key[session_id, task_id] = channel
        self._by_session.setdefault(session_id, {})[task_id] = channel
        return channel

    def _give_token(self, channel: Channel, party: str, digest: bytes) -> None:
        self._by_token.pop(channel.tokens.get(party, b""), None)
        channel.tokens[party] = digest
        self._by_token[digest] = channel

    def _forget(self, channel: Channel) -> None:
        for digest in channel.tokens.values():
            self._by_token.pop(digest, None)
        del self._by_key[channel.session_id, channel.task_id]
        of_session = self._by_session[channel.session_id]
        del of_session[channel.task_id]
        if not of_session:
            del self._by_session[channel.session_id]

    def _path(self, session_id: str, task_id: str) -> Path:
        # Session ids come from partners and never become part of a path.
        name = hashlib.sha256(f"{session_id}\n{task_id}".encode()).hexdigest()[:40]
        return self._directory / f"{name}.journal"
