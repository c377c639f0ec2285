"""People and programs that watch jobs: what is news of a job is looked up once for all of them."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from interconn.api.jobs import JOB_WATCH, JobEvent, JobView
from interconn.api.own import OwnStream, Person
from interconn.control import jobs
from interconn.control.facts import Facts
from interconn.control.follower import Follower
from interconn.control.tables import Job
from interconn.standard.control import JobReference
from interconn.standard.errors import TooManyRequests
from interconn.state.clock import Clock
from interconn.state.database import Database

log = structlog.get_logger()

MOST_WATCHERS: Final = 256
"""At once, on one node; each is a connection that stays."""
MOST_OF_ONE_TOKEN: Final = 32
SHORTEST_PAUSE_SECONDS: Final = 0.1
"""Between two looks at a job; news that come faster are told together."""
SHARE_OF_TIME: Final = 5
"""At most one part in so many of the time is spent with looking, however large a job is."""
LOOK_SECONDS: Final = 5.0
"""A job is looked at so often even where nothing has announced itself: a result that is released, say."""
MOST_REMEMBERED: Final = 64
"""Jobs of which the facts are kept when nobody watches any more, so that who comes again is told what is new."""


class Watchers:
    """Serves those who watch jobs.

    Args:
        database: where jobs are kept.
        clock: time.
        follower: keeps up with the schedulers of jobs while somebody watches.
        view: returns a job as the node's own people see it.
    """

    def __init__(
        self, *, database: Database, clock: Clock, follower: Follower, view: Callable[[str], Awaitable[JobView]]
    ) -> None:
        self._database = database
        self._clock = clock
        self._follower = follower
        self._view = view
        self._watched: OrderedDict[str, _Watched] = OrderedDict()
        self._tokens: Counter[str] = Counter()

    def own_streams(self) -> list[OwnStream[Any]]:
        """Return what is served to the node's own people and systems."""
        return [OwnStream(JOB_WATCH, self.open)]

    async def open(self, person: Person, request: JobReference, last_event_id: str) -> Watcher:
        """Let somebody watch a job, from where they left off.

        Raises:
            NotFound: the job is not known here.
            TooManyRequests: too many watch already.
        """
        if self._tokens.total() >= MOST_WATCHERS or self._tokens[person.token_id] >= MOST_OF_ONE_TOKEN:
            raise TooManyRequests(
                "too many watch jobs at once", hint="Close one, or ask with 'interconn job show'", retry_after_seconds=5
            )
        self._tokens[person.token_id] += 1
        try:
            await self._database.read(lambda session: jobs.require(session, request.job_id))
            watched = self._watched.setdefault(request.job_id, _Watched())
            self._watched.move_to_end(request.job_id)
            watched.watchers += 1
        except BaseException:
            self._leave(person.token_id)
            raise
        if watched.looking is None and not watched.facts.ended:
            watched.looked.clear()
            watched.looking = asyncio.create_task(self._look(request.job_id, watched))

        def closed() -> None:
            self._leave(person.token_id)
            watched.watchers -= 1
            if watched.watchers == 0:
                watched.stop()
                self._forget_some()

        watcher = Watcher(watched, last_event_id, closed)
        try:
            await watched.looked.wait()  # what stands there now is told first, and tells what is news
        except BaseException:
            watcher.close()
            raise
        return watcher

    def _leave(self, token_id: str) -> None:
        self._tokens[token_id] -= 1
        if not self._tokens[token_id]:
            del self._tokens[token_id]

    def _forget_some(self) -> None:
        idle = [job_id for job_id, watched in self._watched.items() if not watched.watchers]
        for job_id in idle[: max(0, len(idle) - MOST_REMEMBERED)]:
            del self._watched[job_id]

    async def _look(self, job_id: str, watched: _Watched) -> None:
        """Look at a job whenever something of it has changed, until it has ended or nobody watches."""
        attending = asyncio.create_task(self._follower.attend(job_id))
        try:
            with self._database.signals.subscribe(jobs.job_topic(job_id), jobs.lanes_topic(job_id)) as wake:
                while not watched.facts.ended:
                    began = self._clock.now()
                    await self._take(job_id, watched)
                    spent = (self._clock.now() - began) / 1000
                    await self._clock.sleep(max(SHORTEST_PAUSE_SECONDS, spent * (SHARE_OF_TIME - 1)))
                    await wake.wait(LOOK_SECONDS)
        finally:
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)

    async def _take(self, job_id: str, watched: _Watched) -> None:
        try:
            job = await self._database.read(lambda session: jobs.require(session, job_id))
            view = await self._view(job_id)
        except Exception:
            log.exception("a watched job cannot be looked at", job=job_id)
            return
        finally:
            watched.looked.set()
        if watched.facts.take(view, ended=_is_over(job, view) or self._follower.given_up(job.job_id)):
            watched.tell()


class _Watched:
    """A job that is watched, or was until lately."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.watchers = 0
        self.looking: asyncio.Task[None] | None = None
        self.looked = asyncio.Event()
        self._waiting: set[asyncio.Event] = set()

    def tell(self) -> None:
        """Wake all who wait for news."""
        for event in self._waiting:
            event.set()

    async def changed(self, number: int, seconds: float) -> None:
        """Wait until the facts have gone beyond a number, or the time is up."""
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            if self.facts.number == number and not self.facts.ended:
                async with asyncio.timeout(seconds):
                    await event.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(event)

    def stop(self) -> None:
        """Look no more."""
        if self.looking:
            self.looking.cancel()
            self.looking = None


class Watcher:
    """One who watches a job, and what they have been told.

    Args:
        watched: the job.
        last_event_id: of the last event that they have.
        closed: called once, when they leave.
    """

    def __init__(self, watched: _Watched, last_event_id: str, closed: Callable[[], None]) -> None:
        self._watched = watched
        self._last_event_id = last_event_id
        self._number = -1
        self._closed: Callable[[], None] | None = closed

    def over(self) -> bool:
        """Return whether they know all there will ever be."""
        return self._watched.facts.ended and self._known() == self._watched.facts.number

    async def news(self, seconds: float) -> Sequence[JobEvent]:
        """Return what is news to them, waiting for it so long at most."""
        known = self._known()
        await self._watched.changed(known, seconds)
        self._number = self._watched.facts.number
        return self._watched.facts.after(known)

    def close(self) -> None:
        """Forget them."""
        closed, self._closed = self._closed, None
        if closed:
            closed()

    def _known(self) -> int:
        return self._watched.facts.number_of(self._last_event_id) if self._number < 0 else self._number


def _is_over(job: Job, view: JobView) -> bool:
    """A party that does not schedule knows outcome, reason and all shares once the scheduler's last word is in."""
    return bool(view.outcome) and (job.scheduling or job.closed)
