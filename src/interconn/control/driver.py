"""Drives a job that this node schedules, from wherever it stands to its end (CTL-G3.1.1.2-create, -start, -fail).

Each decision is committed before it is acted on, and all that is done towards others may be repeated; so a node
that was killed goes on from what the database says. Every wait ends: with an answer, with the end of the job, or
with the patience.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.control import jobs
from interconn.control.course import Course
from interconn.control.jobs import Cause
from interconn.control.last_words import LastWords
from interconn.control.partners import Partners, is_passing, words
from interconn.control.shares import Shares
from interconn.control.states import Outcome, has_ended
from interconn.control.tables import Job, Member
from interconn.control.together import Together
from interconn.control.watch import TaskWatch
from interconn.standard.control import JOB_CREATE, JOB_START, JOB_STOP, JobReference, JobStatus, PartyStop
from interconn.standard.errors import InterconnError
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database

log = structlog.get_logger()

_LOOK_SECONDS = 5.0


class Driver:
    """Carries out what the scheduler decides.

    Args:
        database: where jobs are kept.
        clock: time.
        partners: the nodes of the jobs.
        shares: this node's own part, where it has one.
    """

    def __init__(self, *, database: Database, clock: Clock, partners: Partners, shares: Shares) -> None:
        self._database = database
        self._clock = clock
        self._partners = partners
        self._shares = shares
        self._together = Together(database)
        self._watch = TaskWatch(database=database, clock=clock, partners=partners, together=self._together)
        self._last_words = LastWords(
            database=database, clock=clock, watch=self._watch, patience_seconds=partners.patience_seconds
        )

    async def drive(self, job_id: str) -> None:
        """See a job to its end."""
        stages: tuple[tuple[JobStatus, Callable[[Job], Coroutine[object, object, None]]], ...] = (
            (JobStatus.PENDING, self._create),
            (JobStatus.READY, self._decide_to_run),
            (JobStatus.RUNNING, self._run),
        )
        for status, stage in stages:
            job = await self._job(job_id)
            if job.status == status:
                await self._unless_ended(job_id, stage(job))
        reach("job.finishing")
        await self._close(await self._job(job_id))

    # --- PENDING: CTL-3.2 to all ---------------------------------------------------------------------------

    async def _create(self, job: Job) -> None:
        request = await self._database.read(lambda session: jobs.content(jobs.require(session, job.job_id)))
        waiting = await self._members(job.job_id, lambda member: not member.accepted)

        async def create(node_id: str) -> None:
            try:
                await self._partners.insist(node_id, JOB_CREATE, request, trace_id=job.trace_id)
            except InterconnError as error:
                outcome = Outcome.FAILED if is_passing(error) else Outcome.REJECTED
                raise _Given(outcome, f"{node_id}: {words(error)}") from None
            await self._mark(job.job_id, node_id, "accepted")

        try:
            await _all(create(node_id) for node_id in waiting)
        except _Given as given:
            await self._end(job.job_id, given.outcome, given.reason, JOB_CREATE.clause)
            return
        await self._move(job.job_id, JobStatus.READY, JOB_CREATE.clause)
        reach("job.ready")

    # --- READY: the scheduler judges that the job can run (CTL-3.3) -----------------------------------------

    async def _decide_to_run(self, job: Job) -> None:
        await self._move(job.job_id, JobStatus.RUNNING, JOB_START.clause)
        reach("job.started")

    # --- RUNNING: CTL-3.3 once to each node, then task after task -------------------------------------------

    async def _run(self, job: Job) -> None:
        waiting = await self._members(job.job_id, lambda member: not member.opened)

        async def start(node_id: str) -> None:
            try:
                await self._partners.insist(node_id, JOB_START, JobReference(job_id=job.job_id), trace_id=job.trace_id)
            except InterconnError as error:
                raise _Given(Outcome.FAILED, f"{node_id} did not start: {words(error)}") from None
            await self._mark(job.job_id, node_id, "opened")

        try:
            await _all(start(node_id) for node_id in waiting)
        except _Given as given:
            await self._end(job.job_id, given.outcome, given.reason, JOB_START.clause)
            return
        await Course(
            job,
            database=self._database,
            clock=self._clock,
            partners=self._partners,
            shares=self._shares,
            watch=self._watch,
            together=self._together,
        ).run()

    # --- the end: CTL-3.6 to all who may still be at it -----------------------------------------------------

    async def _close(self, job: Job) -> None:
        untold: list[str] = []
        if job.outcome != Outcome.SUCCESS:
            untold = await self._members(job.job_id, lambda member: not member.informed)
        awaited = await self._last_words.awaited(job)

        async def part(node_id: str) -> None:
            """Tell one node, and hear it: who does not answer holds up nobody else's word."""
            if node_id in untold:
                await self._inform(job, node_id)
            await self._last_words.hear(job, awaited.get(node_id, ()))

        await _all(part(node_id) for node_id in sorted({*untold, *awaited}))
        await self._database.write(lambda session: jobs.close(session, jobs.require(session, job.job_id)))
        log.info("job ended", job=job.job_id, status=job.status, outcome=job.outcome, reason=job.reason)

    async def _inform(self, job: Job, node_id: str) -> None:
        request = PartyStop(job_id=job.job_id)
        if node_id != self._partners.node_id and self._partners.knows_extensions(node_id):
            # A party of which all has succeeded would else take it for the end of a job that has.
            request.extension = {"outcome": job.outcome, "reason": job.reason}
        try:
            await self._partners.insist(node_id, JOB_STOP, request, trace_id=job.trace_id)
        except InterconnError as error:
            # It asks by itself (CTL-3.7), or gives the job up once we have been away too long.
            log.warning("could not be told to stop", partner=node_id, job=job.job_id, reason=str(error))
        await self._mark(job.job_id, node_id, "informed")

    # --- shared ---------------------------------------------------------------------------------------------

    async def _job(self, job_id: str) -> Job:
        return await self._database.read(lambda session: jobs.require(session, job_id))

    async def _members(self, job_id: str, wanted: Callable[[Member], bool]) -> list[str]:
        def read(session: Session) -> list[str]:
            members = session.scalars(select(Member).where(Member.job_id == job_id).order_by(Member.node_id))
            return [member.node_id for member in members if wanted(member)]

        return await self._database.read(read)

    async def _mark(self, job_id: str, node_id: str, answered: str) -> None:
        await self._together.write(lambda session: setattr(session.get_one(Member, (job_id, node_id)), answered, True))

    async def _move(self, job_id: str, after: JobStatus, clause: str) -> None:
        cause = self._cause(clause)

        def work(session: Session) -> None:
            job = jobs.require(session, job_id)
            if not has_ended(JobStatus(job.status)):
                jobs.move(session, job, after, cause)

        await self._database.write(work)

    async def _end(self, job_id: str, outcome: Outcome, reason: str, clause: str) -> None:
        cause = self._cause(clause)
        await self._database.write(
            lambda session: self._shares.end(session, jobs.require(session, job_id), outcome, reason, cause)
        )

    def _cause(self, clause: str) -> Cause:
        return Cause(at=self._clock.now(), actor="system", clause=clause)

    async def _unless_ended(self, job_id: str, work: Coroutine[object, object, None]) -> None:
        """Run a stage, and leave it when the job has ended meanwhile: somebody stopped it."""
        stage = asyncio.create_task(work)
        try:
            with self._database.signals.subscribe(jobs.status_topic(job_id)) as wake:
                while not stage.done():
                    if has_ended(JobStatus((await self._job(job_id)).status)):
                        break
                    woken = asyncio.create_task(wake.wait(_LOOK_SECONDS))
                    await asyncio.wait({stage, woken}, return_when=asyncio.FIRST_COMPLETED)
                    woken.cancel()
            if stage.done():
                stage.result()
        finally:
            stage.cancel()
            await asyncio.gather(stage, return_exceptions=True)


class _Given(Exception):
    """What a job comes to because of what a partner answered."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


async def _all(works: Iterable[Awaitable[None]]) -> None:
    """Do all at once; the first error ends them all and is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    if not tasks:
        return
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
