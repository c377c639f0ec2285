"""Drives a job that this node schedules, from wherever it stands to its end (CTL-G3.1.1.2-create, -start, -fail).

Each decision is committed before it is acted on, and all that is done towards others may be repeated; so a node
that was killed goes on from what the database says. Every wait ends: with an answer, with the end of the job, or
with the patience.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.control import jobs
from interconn.control.jobs import Cause
from interconn.control.last_words import LastWords
from interconn.control.partners import Partners, is_passing
from interconn.control.shares import Shares
from interconn.control.states import Outcome, has_ended
from interconn.control.tables import Job, Lane, Member, Task
from interconn.control.watch import TaskWatch
from interconn.standard.control import (
    JOB_CREATE,
    JOB_START,
    JOB_STOP,
    TASK_START,
    JobReference,
    JobStatus,
    JobStop,
    TaskStart,
    TaskStatus,
)
from interconn.standard.errors import InterconnError
from interconn.standard.identifiers import new_task_id
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database

log = structlog.get_logger()

_LOOK_SECONDS = 5.0


_Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class _Step:
    """What one look at a running job gives: whether it has ended, and what is to be done towards others, by name."""

    ended: bool = False
    assigned: bool = False
    works: Mapping[str, _Work] = field(default_factory=dict)


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
        self._watch = TaskWatch(database=database, clock=clock, partners=partners)
        self._last_words = LastWords(
            database=database, clock=clock, watch=self._watch, patience_seconds=partners.patience_seconds
        )

    async def drive(self, job_id: str) -> None:
        """See a job to its end."""
        stages: tuple[tuple[JobStatus, Callable[[Job], Coroutine[Any, Any, None]]], ...] = (
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
        request = jobs.content(job)
        waiting = await self._members(job.job_id, lambda member: not member.accepted)

        async def create(node_id: str) -> None:
            try:
                await self._partners.insist(node_id, JOB_CREATE, request, trace_id=job.trace_id)
            except InterconnError as error:
                outcome = Outcome.FAILED if is_passing(error) else Outcome.REJECTED
                raise _Given(outcome, f"{node_id}: {error}") from None
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
                raise _Given(Outcome.FAILED, f"{node_id} did not start: {error}") from None
            await self._mark(job.job_id, node_id, "opened")

        try:
            await _all(start(node_id) for node_id in waiting)
        except _Given as given:
            await self._end(job.job_id, given.outcome, given.reason, JOB_START.clause)
            return
        await self._run_tasks(job)

    async def _run_tasks(self, job: Job) -> None:
        under_way: dict[str, asyncio.Task[None]] = {}
        try:
            with self._database.signals.subscribe(jobs.job_topic(job.job_id)) as wake:
                while True:
                    step = await self._database.write(lambda session: self._advance(session, job.job_id))
                    if step.ended:
                        return
                    if step.assigned:
                        reach("task.assigned")
                    for name, work in step.works.items():
                        if name not in under_way or under_way[name].done():
                            under_way[name] = asyncio.create_task(work())
                    await wake.wait(_LOOK_SECONDS)
                    for name in [name for name, task in under_way.items() if task.done()]:
                        under_way.pop(name).result()  # an error of our own ends this drive, which then begins again
        finally:
            for task in under_way.values():
                task.cancel()
            await asyncio.gather(*under_way.values(), return_exceptions=True)

    def _advance(self, session: Session, job_id: str) -> _Step:
        """End the job if its tasks say so; else give ids to what may begin, and say what is to be done."""
        job = jobs.require(session, job_id)
        tasks = jobs.tasks_of(session, job_id)
        if has_ended(JobStatus(job.status)) or self._conclude(session, job, tasks):
            return _Step(ended=True)
        succeeded = frozenset(task.name for task in tasks if task.status == TaskStatus.SUCCESS)
        begun = frozenset(task.name for task in tasks) | frozenset(job.stopped)
        steps = self._shares.plan(job).ready(succeeded, begun)
        now = self._clock.now()
        tasks += [jobs.add_task(session, job, new_task_id(), step.name, step.parties, now) for step in steps]
        works: dict[str, _Work] = {
            f"task {task.task_id}": partial(self._see_to, job, task) for task in tasks if task.ended_at is None
        }
        for stop in job.stops:
            for member in session.scalars(select(Member).where(Member.job_id == job_id)):
                if member.node_id not in stop["informed"]:
                    name = stop["task_name"]
                    works[f"stop {name} {member.node_id}"] = partial(self._stop_from, job, name, member.node_id)
        return _Step(assigned=bool(steps), works=works)

    def _conclude(self, session: Session, job: Job, tasks: list[Task]) -> bool:
        """End the job if its tasks say so; return whether it has ended."""
        for task in tasks:
            if task.status == TaskStatus.FAILED and task.name not in job.stopped:
                cause = self._cause("CTL-G3.1.1.2-fail")
                self._shares.end(session, job, Outcome.FAILED, _first_failure(session, task), cause)
                return True
        if any(task.ended_at is None for task in tasks):
            return False
        succeeded = {task.name for task in tasks if task.status == TaskStatus.SUCCESS}
        missing = set(self._shares.plan(job).steps) - succeeded
        if missing - set(job.stopped):
            return False
        outcome = Outcome.FAILED if missing else Outcome.SUCCESS
        reason = "; ".join(f"{stop['task_name']}: {stop['reason']}" for stop in job.stops) if missing else ""
        self._shares.end(session, job, outcome, reason, self._cause("CTL-3.7-job-states"))
        return True

    async def _see_to(self, job: Job, task: Task) -> None:
        """Start a task at all who take part and gather how it ends (CTL-3.4, CTL-3.8)."""
        lanes = await self._database.read(lambda session: jobs.lanes_of(session, task.task_id))
        by_node: dict[str, set[str]] = {}
        for lane in lanes:
            by_node.setdefault(lane.node_id, set()).add(lane.role)

        async def at(node_id: str, roles: set[str]) -> None:
            try:
                if node_id not in task.told:
                    request = TaskStart(task_id=task.task_id, job_id=job.job_id, task_name=task.name)
                    await self._partners.insist(node_id, TASK_START, request, trace_id=job.trace_id)
                    await self._mark_told(task.task_id, node_id)
                await _all(self._watch.follow(job, task.task_id, node_id, role) for role in sorted(roles))
            except InterconnError as error:
                await self._give_up(task.task_id, node_id, str(error))

        await _all(at(node_id, roles) for node_id, roles in by_node.items())
        reach("task.gathered")

    async def _give_up(self, task_id: str, node_id: str, reason: str) -> None:
        now = self._clock.now()

        def work(session: Session) -> None:
            task = session.get_one(Task, task_id)
            for lane in jobs.lanes_of(session, task_id):
                if lane.node_id == node_id:
                    jobs.move_lane(session, task, lane, TaskStatus.FAILED, now, reason=reason)

        await self._database.write(work)

    async def _stop_from(self, job: Job, task_name: str, node_id: str) -> None:
        request = JobStop(job_id=job.job_id, task_name=task_name)
        try:
            await self._partners.insist(node_id, JOB_STOP, request, trace_id=job.trace_id)
        except InterconnError as error:
            log.warning("could not be told to stop", partner=node_id, job=job.job_id, reason=str(error))

        def work(session: Session) -> None:
            stored = jobs.require(session, job.job_id)
            stored.stops = [
                {**stop, "informed": [*stop["informed"], node_id]} if stop["task_name"] == task_name else stop
                for stop in stored.stops
            ]

        await self._database.write(work)

    # --- the end: CTL-3.6 to all who may still be at it -----------------------------------------------------

    async def _close(self, job: Job) -> None:
        if job.outcome != Outcome.SUCCESS:
            await _all(
                self._inform(job, node_id) for node_id in await self._members(job.job_id, lambda one: not one.informed)
            )
        await self._last_words.hear(job)

        def work(session: Session) -> None:
            jobs.require(session, job.job_id).closed = True

        await self._database.write(work)
        log.info("job ended", job=job.job_id, status=job.status, outcome=job.outcome, reason=job.reason)

    async def _inform(self, job: Job, node_id: str) -> None:
        try:
            await self._partners.insist(node_id, JOB_STOP, JobStop(job_id=job.job_id), trace_id=job.trace_id)
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
        await self._database.write(lambda session: setattr(session.get_one(Member, (job_id, node_id)), answered, True))

    async def _mark_told(self, task_id: str, node_id: str) -> None:
        def work(session: Session) -> None:
            task = session.get_one(Task, task_id)
            task.told = sorted({*task.told, node_id})

        await self._database.write(work)

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

    async def _unless_ended(self, job_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Run a stage, and leave it when the job has ended meanwhile: somebody stopped it."""
        stage = asyncio.create_task(work)
        try:
            with self._database.signals.subscribe(jobs.job_topic(job_id)) as wake:
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


def _first_failure(session: Session, task: Task) -> str:
    lanes: list[Lane] = [lane for lane in jobs.lanes_of(session, task.task_id) if lane.status == TaskStatus.FAILED]
    first = min(lanes, key=lambda lane: lane.ended_at or 0)
    return f"{task.name} failed at {first.node_id} ({first.party}): {first.reason or 'no reason is given'}"


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
