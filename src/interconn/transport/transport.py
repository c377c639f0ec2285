"""The transport layer of a node: sessions, and the applications of its two listeners."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from interconn.api.node import SESSION_LIST, SESSION_OPEN, SessionList, SessionOpen, SessionOpened, SessionView
from interconn.api.own import OwnService, Person
from interconn.dialects import STANDARD_TRANSPORT
from interconn.identity.keys import OwnKeys
from interconn.identity.node import NodeIdentity
from interconn.peers.directory import PeerDirectory
from interconn.peers.inbound import Gate
from interconn.standard.identifiers import new_token
from interconn.standard.wire import Empty
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.trail import entries
from interconn.transport.channel import Channel
from interconn.transport.channels import Channels
from interconn.transport.component_app import ComponentApp
from interconn.transport.limits import Limits
from interconn.transport.node_app import NodeApp
from interconn.transport.relay import Relay
from interconn.transport.tables import TransportSession


class Transport:
    """Carries messages between the components of this node and those of its partners.

    Args:
        node: this node.
        database: where sessions are kept.
        directory: the partners.
        signer: this node's keys.
        gate: proves partners' calls and signs the answers.
        clock: time.
        tls: returns how partners' servers are trusted by now.
        journal_directory: where messages are kept until they are taken; made if absent.
        limits: bounds.

    Attributes:
        component_app: ASGI application for `/v1/interconn/chan/` on the component listener.
        node_app: ASGI application for `/v1/interconn/chan/` on the partner listener.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        directory: PeerDirectory,
        signer: OwnKeys,
        gate: Gate,
        clock: Clock,
        tls: Callable[[], ssl.SSLContext],
        journal_directory: Path,
        limits: Limits = Limits(),
    ) -> None:
        self._node = node
        self._database = database
        self._clock = clock
        self._limits = limits
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channels = Channels(journal_directory, limits)
        self._relay = Relay(node=node, signer=signer, directory=directory, clock=clock, tls=tls, limits=limits)
        self.component_app = ComponentApp(
            node_id=node.node_id,
            channels=self._channels,
            relay=self._relay,
            dialect=STANDARD_TRANSPORT,
            limits=limits,
            release=self._release,
        )
        self.node_app = NodeApp(
            node_id=node.node_id, channels=self._channels, gate=gate, directory=directory, limits=limits
        )

    async def start(self) -> None:
        """Take up the sessions of the database and the messages of their journals."""
        self._loop = asyncio.get_running_loop()
        forgotten = self._clock.now() - self._limits.released_seconds * 1000

        def work(session: Session) -> list[TransportSession]:
            session.execute(delete(TransportSession).where(TransportSession.closed_at < forgotten))
            return list(session.scalars(select(TransportSession)))

        self._channels.load(await self._database.write(work))

    async def stop(self) -> None:
        """Close journals and connections. Call it when the listeners serve no more."""
        self._loop = None
        self._channels.stop()
        await self._relay.close()

    async def renew_connections(self) -> None:
        """End the connections that were made when partners' servers were trusted otherwise."""
        await self._relay.renew_connections()

    def open_session(
        self, session: Session, *, session_id: str, task_id: str, parties: Sequence[str], party: str = ""
    ) -> str:
        """Open a task's session in the transaction of `session` and return the token of a party's component.

        May be repeated: the token returned is the party's valid one from then on, as no token is stored. A
        released session opens anew, empty. Components are served once the transaction is committed.

        Args:
            session: a database session inside `Database.write`.
            session_id: the session of the job (resolution 6).
            task_id: the task; empty for a session opened by hand.
            parties: node ids that take part; this node is one of them.
            party: the party on this node that the token is for, e.g. `guest.0`, where it plays several.
        """
        token = new_token()
        digest = hashlib.sha256(token.encode()).digest()
        row = session.get(TransportSession, (session_id, task_id))
        nodes = sorted({self._node.node_id, *parties})
        if row is None:
            row = TransportSession(session_id=session_id, task_id=task_id, tokens={})
            session.add(row)
        elif row.closed_at is not None:
            row.tokens = {}
        row.tokens, row.parties = {**row.tokens, party: digest.hex()}, nodes
        row.opened_at, row.closed_at = self._clock.now(), None
        self._after_commit(session, lambda: self._channels.open(session_id, task_id, party, digest, nodes))
        return token

    def close_session(self, session: Session, session_id: str, task_id: str) -> None:
        """Release a task's session in the transaction of `session`; repeats and unknown sessions are fine.

        What waits is dropped and calls are refused with E0000000608 once the transaction is committed. No other
        task of the session is touched.
        """
        row = session.get(TransportSession, (session_id, task_id))
        if row is None or row.closed_at is not None:
            return
        now = row.closed_at = self._clock.now()
        channel = self._channels.get(session_id, task_id)
        if channel is not None:
            traffic = channel.traffic
            row.sent_messages, row.sent_bytes = traffic.sent_messages, traffic.sent_bytes
            row.received_messages, row.received_bytes = traffic.received_messages, traffic.received_bytes
        self._after_commit(session, lambda: self._channels.close(session_id, task_id, now=now))

    def close_with(self, session: Session, node_id: str) -> int:
        """Release all open sessions in which a node has a part; return how many there were."""
        found = session.scalars(select(TransportSession).where(TransportSession.closed_at.is_(None)))
        shared = [row for row in found if node_id in row.parties]
        for row in shared:
            self.close_session(session, row.session_id, row.task_id)
        return len(shared)

    def traffic(self, task_id: str) -> dict[str, int]:
        """Return what a task sent and received through this node, messages and bytes of payload, by name.

        Counted since the node started for sessions that are open, and in whole for those that were released;
        empty where the task has no session here.
        """
        total: Counter[str] = Counter()
        for channel in self._channels:
            if channel.task_id == task_id:
                total.update(asdict(channel.traffic))
        return dict(total)

    def sessions(self) -> list[SessionView]:
        """Return all open sessions."""
        return [_view(channel) for channel in self._channels if not channel.closed]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """Return what the node's own people may ask of the transport layer."""
        return [OwnService(SESSION_OPEN, self._serve_open), OwnService(SESSION_LIST, self._serve_list)]

    async def _serve_open(self, person: Person, request: SessionOpen) -> SessionOpened:
        def work(session: Session) -> str:
            token = self.open_session(session, session_id=request.session_id, task_id="", parties=request.parties)
            entries.record(
                session,
                at=self._clock.now(),
                actor=person.actor,
                action="session.open",
                subject=request.session_id,
                clause="TRN-G5.1.1.2-session",
                trace_id=person.trace_id,
                details={"parties": request.parties},
                evidence=person.authority,
            )
            return token

        return SessionOpened(session_id=request.session_id, token=await self._database.write(work))

    async def _serve_list(self, _person: Person, _request: Empty) -> SessionList:
        return SessionList(sessions=self.sessions())

    async def _release(self, session_id: str, task_id: str) -> None:
        await self._database.write(lambda session: self.close_session(session, session_id, task_id))

    def _after_commit(self, session: Session, work: Callable[[], None]) -> None:
        # Commits happen on the writer's thread. What is scheduled there runs before whoever awaits the
        # transaction goes on, so that a session is served as soon as it is known to be open.
        def committed(_session: Session) -> None:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(work)

        event.listen(session, "after_commit", committed, once=True)


def _view(channel: Channel) -> SessionView:
    traffic = channel.traffic
    return SessionView(
        session_id=channel.session_id,
        task_id=channel.task_id,
        parties=sorted(channel.parties),
        topics=channel.topics,
        queued_messages=channel.waiting_messages,
        queued_bytes=channel.waiting_bytes,
        received_messages=traffic.received_messages,
        received_bytes=traffic.received_bytes,
        sent_messages=traffic.sent_messages,
        sent_bytes=traffic.sent_bytes,
    )
