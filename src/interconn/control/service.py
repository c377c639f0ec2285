"""The control layer as the node composes it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api.own import OwnService, OwnStream
from interconn.components import Components
from interconn.control import jobs
from interconn.control.admission import Admission, DataCatalogue
from interconn.control.callbacks import Callbacks
from interconn.control.conversations import Conversations
from interconn.control.driver import Driver
from interconn.control.follower import Follower
from interconn.control.initiator import Initiator
from interconn.control.log_release import LogRelease, WithheldFromAll
from interconn.control.participant import Participant
from interconn.control.partners import Partners
from interconn.control.party_logs import PartyLogs
from interconn.control.pictures import JobPictures
from interconn.control.platform import Platform
from interconn.control.release import ResultRelease, ShownAtOnce
from interconn.control.scheduler import Scheduler
from interconn.control.shares import Shares
from interconn.control.standing import Standing
from interconn.control.stopping import Stopping
from interconn.control.tables import Job
from interconn.control.watchers import Watchers
from interconn.identity.node import NodeIdentity
from interconn.peers.delivery import Correspondent
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import PeerClient
from interconn.standard.errors import InterconnError
from interconn.state.clock import Clock
from interconn.state.database import Database

log = structlog.get_logger()

PATIENCE_SECONDS = 45.0
"""How long a partner may be away before a job is given up."""
_LOOK_SECONDS = 5.0


class Control:
    """Runs jobs: as scheduler, as participant, as initiator.

    Args:
        node: this node.
        database: where jobs are kept.
        client: to other nodes.
        clock: time.
        components: runs components; it reports to this layer from now on.
        admission: says whether a job was approved.
        catalogue: says where data sets lie.
        release: says which results are held; none where it is left out.
        logs: says which logs partners may read; none where it is left out.
        patience_seconds: how long a partner may be away before a job is given up.

    Attributes:
        stopping: ends jobs for the layer above.
        standing: tells whom jobs wait for.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        client: PeerClient,
        clock: Clock,
        components: Components,
        admission: Admission,
        catalogue: DataCatalogue,
        release: ResultRelease | None = None,
        logs: LogRelease | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._node_id = node.node_id
        self._database = database
        self._conversations = Conversations(clock)
        partners = Partners(
            node_id=node.node_id,
            client=client,
            clock=clock,
            patience_seconds=patience_seconds,
            conversations=self._conversations,
        )
        release = release or ShownAtOnce()
        shares = Shares(
            node=node,
            clock=clock,
            components=components,
            catalogue=catalogue,
            partners=partners,
            release=release,
        )
        self._participant = Participant(
            node_id=node.node_id,
            database=database,
            clock=clock,
            admission=admission,
            descriptions=components.registry,
            shares=shares,
        )
        self._scheduler = Scheduler(
            node_id=node.node_id,
            database=database,
            clock=clock,
            admission=admission,
            descriptions=components.registry,
            shares=shares,
            conversations=self._conversations,
        )
        self.stopping = Stopping(scheduler=self._scheduler, shares=shares)
        self._driver = Driver(database=database, clock=clock, partners=partners, shares=shares)
        self._follower = Follower(database=database, clock=clock, partners=partners, shares=shares)
        self.standing = Standing(node.node_id, conversations=self._conversations, follower=self._follower)
        self._initiator = Initiator(
            node_id=node.node_id,
            database=database,
            clock=clock,
            components=components,
            admission=admission,
            scheduler=self._scheduler,
            follower=self._follower,
            partners=partners,
            shares=shares,
            release=release,
        )
        self._pictures = JobPictures(database=database, admission=admission, registry=components.registry)
        self._watchers = Watchers(database=database, clock=clock, follower=self._follower, view=self._initiator.view)
        self._callbacks = Callbacks(database=database, clock=clock, partners=partners)
        self._platform = Platform(database=database, components=components, initiator=self._initiator)
        self._party_logs = PartyLogs(
            database=database,
            components=components,
            partners=partners,
            shares=shares,
            release=logs or WithheldFromAll(),
        )
        partners.serve_here(self.services())
        self._seen_to: dict[tuple[str, str], asyncio.Task[None]] = {}

    def services(self) -> list[Service[Any, Any]]:
        """Return what is served to other nodes."""
        served = [*self._participant.services(), *self._scheduler.services()]
        # Who asks for a log says nothing of where the job stands.
        return [*(Service(one.endpoint, self._noted(one)) for one in served), *self._party_logs.services()]

    def _noted(self, service: Service[Any, Any]) -> Callable[[Caller, Any], Awaitable[Any]]:
        """Return a handler that takes note of who has called, for who asks with whom there was an exchange."""

        async def handle(caller: Caller, request: Any) -> Any:
            if caller.node_id == self._node_id:
                return await service.handle(caller, request)
            try:
                reply = await service.handle(caller, request)
            except InterconnError as error:
                self._conversations.heard(caller.node_id, service.endpoint.name, request, error)
                raise
            self._conversations.heard(caller.node_id, service.endpoint.name, request)
            return reply

        return handle

    def correspondents(self) -> list[Correspondent]:
        """Who speaks through the outbox."""
        return [self._callbacks]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """Return what is served to the node's own people and systems."""
        return [
            *self._initiator.own_services(),
            *self._pictures.own_services(),
            *self._platform.own_services(),
            *self._party_logs.own_services(),
        ]

    def own_streams(self) -> list[OwnStream[Any]]:
        """Return what is served to them as events."""
        return self._watchers.own_streams()

    def count_jobs(self, session: Session) -> dict[str, int]:
        """Return the number of jobs by status."""
        rows = session.execute(select(Job.status, func.count()).group_by(Job.status))
        return {row[0]: row[1] for row in rows}

    async def run(self) -> None:
        """See to all jobs that have not ended, until cancelled."""
        pushing = asyncio.create_task(self._callbacks.run())
        with self._database.signals.subscribe(jobs.JOBS) as wake:
            try:
                while True:
                    for kind, job_id, work in await self._database.read(self._unfinished):
                        self._see_to(kind, job_id, work)
                    await wake.wait(_LOOK_SECONDS)
            finally:
                tasks = [pushing, *self._seen_to.values()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _unfinished(self, session: Session) -> list[tuple[str, str, Callable[[str], Coroutine[Any, Any, None]]]]:
        found: list[tuple[str, str, Callable[[str], Coroutine[Any, Any, None]]]] = []
        columns = select(Job.job_id, Job.scheduling, Job.submission)
        for job_id, scheduling, submission in session.execute(
            columns.where(Job.closed.is_(False)).order_by(Job.created_at)
        ):
            if scheduling:
                found.append(("drive", job_id, self._driver.drive))
            elif submission == "SENDING":
                found.append(("submit", job_id, self._follower.submit))
            else:
                found.append(("follow", job_id, self._follower.follow))
        return found

    def _see_to(self, kind: str, job_id: str, work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        key = (kind, job_id)
        if key not in self._seen_to:
            self._seen_to[key] = asyncio.create_task(self._safely(key, work))

    async def _safely(self, key: tuple[str, str], work: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        try:
            await work(key[1])
        except Exception:
            # What stands in the database is taken up again at the next look.
            log.exception("a job is not seen to", job=key[1], work=key[0])
            await asyncio.sleep(1.0)
        finally:
            del self._seen_to[key]
