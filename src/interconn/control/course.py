"""The tasks of one running job: they get ids as their inputs are there, are started at all who take part, and followed.

What was decided stands in the database; what may begin next is kept in memory and made anew from there by every drive.
So a look reads what has changed since the last one, and not the whole job (docs/decisions/0024-room-and-turns.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.callback import reason_text
from interconn.control import jobs
from interconn.control.flow import Step
from interconn.control.jobs import Cause
from interconn.control.partners import Partners, is_passing, words
from interconn.control.readiness import Readiness
from interconn.control.shares import Shares
from interconn.control.states import Outcome, has_ended
from interconn.control.tables import Job, Lane, Member, Task
from interconn.control.together import Together
from interconn.control.watch import Followed, TaskWatch
from interconn.standard.control import JOB_STOP, TASK_START, JobStatus, PartyStop, TaskStart, TaskStatus
from interconn.standard.errors import InterconnError
from interconn.standard.flow import SyncType
from interconn.standard.identifiers import new_task_id
from interconn.state.clock import Clock
from interconn.state.crash_points import reach
from interconn.state.database import Database

log = structlog.get_logger()

MOST_SHARES: Final = 1000
"""Shares of one job under way at once: each holds a question open at its party."""
_LOOK_SECONDS: Final = 5.0
_GRACE_SECONDS: Final = 30.0
"""Between the deadline of a share and its being given up here, in which its own node stops it and says why."""


@dataclass(frozen=True)
class _Seen:
    """What a look finds: the job, and the tasks of which something was heard."""

    status: JobStatus
    stopped: Collection[str]
    untold: Collection[tuple[str, str]]
    tasks: Collection[Task]


class Course:
    """Runs the tasks of a job to the end of the last.

    Args:
        job: RUNNING, opened by all its nodes.
        database: where jobs are kept.
        clock: time.
        partners: the nodes of the job.
        shares: this node's own part, where it has one.
        watch: follows tasks.
        together: writes what comes at the same time.
    """

    def __init__(
        self,
        job: Job,
        *,
        database: Database,
        clock: Clock,
        partners: Partners,
        shares: Shares,
        watch: TaskWatch,
        together: Together,
    ) -> None:
        self._job = job
        self._database = database
        self._clock = clock
        self._partners = partners
        self._shares = shares
        self._watch = watch
        self._together = together
        self._open: dict[str, Task] = {}
        self._touched: set[str] = set()
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._error: BaseException | None = None
        self._topic = f"course:{job.job_id}"

    async def run(self) -> None:
        """Run the tasks that are left, until the job has ended."""
        topics = (self._topic, jobs.status_topic(self._job.job_id))
        try:
            with self._database.signals.subscribe(*topics) as wake:
                readiness = await self._database.read(self._resume)
                while not await self._look(readiness):
                    await wake.wait(_LOOK_SECONDS)
        finally:
            under_way = list(self._under_way.values())
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _resume(self, session: Session) -> Readiness:
        tasks = jobs.tasks_of(session, self._job.job_id)
        succeeded = {task.name for task in tasks if task.status == TaskStatus.SUCCESS}
        self._open = {task.task_id: task for task in tasks if task.ended_at is None}
        self._touched = {task.task_id for task in tasks if task.status == TaskStatus.FAILED}
        self._plan = self._shares.plan(jobs.require(session, self._job.job_id))
        return Readiness(self._plan, {task.name for task in tasks}, succeeded)

    async def _look(self, readiness: Readiness) -> bool:
        """Take note of what has changed, and decide and do what follows; return whether the job has ended."""
        if self._error:
            raise self._error  # of our own: this drive ends with it, and then begins again
        touched, self._touched = self._touched, set()
        seen = await self._database.read(lambda session: self._see(session, touched))
        if has_ended(seen.status):
            return True
        failed = ""
        for task in seen.tasks:
            if task.ended_at is not None:
                self._open.pop(task.task_id, None)
            if task.status == TaskStatus.SUCCESS:
                readiness.succeed(task.name)
            elif task.status == TaskStatus.FAILED and task.name not in seen.stopped:
                failed = failed or task.task_id
        if failed:
            return await self._together.write(lambda session: self._fail(session, failed))
        room = MOST_SHARES - sum(len(self._plan.steps[task.name].parties) for task in self._open.values())
        steps = readiness.take(room, seen.stopped)
        if steps:
            now = self._clock.now()
            added = await self._together.write(lambda session: self._assign(session, steps, now))
            self._open |= {task.task_id: task for task in added}
            reach("task.assigned")
        elif not self._open and (missing := readiness.missing()) <= set(seen.stopped):
            return await self._together.write(lambda session: self._finish(session, missing))
        for task in self._open.values():
            if task.task_id not in self._touched:  # else it may be seen to already: the next look tells
                self._do(f"task {task.task_id}", partial(self._see_to, task))
        for name, node_id in seen.untold:
            self._do(f"stop {name} {node_id}", partial(self._stop_from, name, node_id))
        return False

    def _see(self, session: Session, touched: Collection[str]) -> _Seen:
        job = jobs.require(session, self._job.job_id)
        tasks = list(session.scalars(select(Task).where(Task.task_id.in_(touched)))) if touched else []
        members = session.scalars(select(Member.node_id).where(Member.job_id == job.job_id)).all() if job.stops else []
        untold = [
            (stop["task_name"], node_id) for stop in job.stops for node_id in members if node_id not in stop["informed"]
        ]
        return _Seen(JobStatus(job.status), frozenset(job.stopped), untold, tasks)

    def _do(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if name not in self._under_way:
            self._under_way[name] = asyncio.create_task(work())
            self._under_way[name].add_done_callback(partial(self._done, name))

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        del self._under_way[name]
        if not task.cancelled():
            self._error = self._error or task.exception()
        self._database.signals.notify(self._topic)

    # --- what is decided, each in a transaction -------------------------------------------------------------

    def _assign(self, session: Session, steps: list[Step], now: int) -> list[Task]:
        job = jobs.require(session, self._job.job_id)
        if has_ended(JobStatus(job.status)):
            return []
        begin = [step for step in steps if step.name not in job.stopped]
        return [jobs.add_task(session, job, new_task_id(), step.name, step.parties, now)[0] for step in begin]

    def _fail(self, session: Session, task_id: str) -> bool:
        job, task = jobs.require(session, self._job.job_id), session.get_one(Task, task_id)
        if task.name in job.stopped:
            return False
        self._shares.end(session, job, Outcome.FAILED, _first_failure(session, task), self._cause("CTL-G3.1.1.2-fail"))
        return True

    def _finish(self, session: Session, missing: Collection[str]) -> bool:
        job = jobs.require(session, self._job.job_id)
        outcome = Outcome.FAILED if missing else Outcome.SUCCESS
        reason = "; ".join(f"{stop['task_name']}: {stop['reason']}" for stop in job.stops) if missing else ""
        self._shares.end(session, job, outcome, reason, self._cause("CTL-3.7-job-states"))
        return True

    # --- what is done towards the parties -------------------------------------------------------------------

    async def _see_to(self, task: Task) -> None:
        """Start a task at all who take part, one node after the other, and gather how it ends (CTL-3.4, CTL-3.8).

        A node is asked once those before it, by their ids, have room for their shares; so no two jobs can wait for
        each other's rooms (docs/decisions/0024-room-and-turns.md).
        """
        by_node: dict[str, set[str]] = {}
        for party in self._plan.steps[task.name].parties:
            by_node.setdefault(party.node_id, set()).add(party.role)
        told = set(task.told)
        following: list[asyncio.Task[None]] = []
        try:
            for node_id in sorted(by_node):
                fresh = node_id not in told
                waits = not fresh
                if fresh:
                    request = TaskStart(task_id=task.task_id, job_id=self._job.job_id, task_name=task.name)
                    try:
                        answer = await self._partners.insist(node_id, TASK_START, request, trace_id=self._job.trace_id)
                    except InterconnError as error:
                        await self._give_up(task, node_id, error)
                        continue
                    told.add(node_id)
                    if waiting := reason_text((answer.reply.extension or {}).get("waiting")):
                        await self._note_waiting(task, node_id, waiting)
                        waits = True
                for role in sorted(by_node[node_id]):
                    following.append(asyncio.create_task(self._follow(task, node_id, role, fresh)))
                if waits:
                    await self._admitted(task, node_id)
            if told != set(task.told):
                ready = {node_id for node_id in told if self._partners.knows_extensions(node_id)}
                now = self._clock.now()
                await self._together.write(partial(_mark_told, task_id=task.task_id, told=told, ready=ready, now=now))
            await asyncio.gather(*following)
        finally:
            for each in following:
                each.cancel()
            await asyncio.gather(*following, return_exceptions=True)
        reach("task.gathered")
        self._touch(task.task_id)

    async def _note_waiting(self, task: Task, node_id: str, reason: str) -> None:
        if node_id == self._partners.node_id:
            return  # it has written that down itself
        now = self._clock.now()

        def work(session: Session) -> None:
            stored = session.get_one(Task, task.task_id)
            for lane in jobs.lanes_at(session, task.task_id, node_id):
                jobs.move_lane(session, stored, lane, TaskStatus.READY, now, reason=reason)

        await self._together.write(work)

    async def _admitted(self, task: Task, node_id: str) -> None:
        """Wait until a node that has said that it has no room has some, or its shares have ended."""
        with self._database.signals.subscribe(jobs.lane_topic(task.task_id, node_id)) as wake:
            while await self._database.read(partial(_waits, task_id=task.task_id, node_id=node_id)):
                await wake.wait(_LOOK_SECONDS)

    async def _follow(self, task: Task, node_id: str, role: str, fresh: bool) -> None:
        try:
            ended = await self._watch.follow(
                Followed(task.task_id, node_id, role, self._job.trace_id),
                calls_back=self._plan.config.sync_type() is SyncType.CALLBACK,
                until=self._deadline(task, node_id, role),
                fresh=fresh,
            )
        except InterconnError as error:
            await self._give_up(task, node_id, error)
        else:
            if ended is TaskStatus.FAILED:
                self._touch(task.task_id)

    def _deadline(self, task: Task, node_id: str, role: str) -> int | None:
        """Return by when a share must have ended, epoch milliseconds; its own node is let say so first."""
        parties = [
            party for party in self._plan.steps[task.name].parties if (party.node_id, party.role) == (node_id, role)
        ]
        seconds = [
            self._plan.deadlines[key] for party in parties if (key := (task.name, party)) in self._plan.deadlines
        ]
        return task.created_at + round((max(seconds) + _GRACE_SECONDS) * 1000) if seconds else None

    async def _give_up(self, task: Task, node_id: str, error: InterconnError) -> None:
        """Give up the shares of a node that refuses, or that has been silent for too long.

        Silence ends the job, and not the shares: what they came to, the node may still tell (`last_words`).
        """
        reason, now, cause = words(error), self._clock.now(), self._cause("CTL-G3.1.1.2-fail")

        def work(session: Session) -> None:
            stored, job = session.get_one(Task, task.task_id), jobs.require(session, self._job.job_id)
            known = jobs.lanes_at(session, task.task_id, node_id)
            lanes = [lane for lane in known if not TaskStatus(lane.status).is_final]
            if lanes and is_passing(error) and stored.name not in job.stopped:
                failed = f"{stored.name} failed at {node_id} ({lanes[0].party}): {reason}"
                self._shares.end(session, job, Outcome.FAILED, failed, cause)
                return
            for lane in lanes:
                jobs.move_lane(session, stored, lane, TaskStatus.FAILED, now, reason=reason)

        await self._together.write(work)
        self._touch(task.task_id)

    async def _stop_from(self, task_name: str, node_id: str) -> None:
        request = PartyStop(job_id=self._job.job_id, task_name=task_name)
        try:
            await self._partners.insist(node_id, JOB_STOP, request, trace_id=self._job.trace_id)
        except InterconnError as error:
            log.warning("could not be told to stop", partner=node_id, job=self._job.job_id, reason=str(error))

        def work(session: Session) -> None:
            stored = jobs.require(session, self._job.job_id)
            stored.stops = [
                {**stop, "informed": [*stop["informed"], node_id]} if stop["task_name"] == task_name else stop
                for stop in stored.stops
            ]

        await self._together.write(work)

    # --- shared ---------------------------------------------------------------------------------------------

    def _touch(self, task_id: str) -> None:
        """Say that something has been heard of a task; the next look reads it."""
        self._touched.add(task_id)
        self._database.signals.notify(self._topic)

    def _cause(self, clause: str) -> Cause:
        return Cause(at=self._clock.now(), actor="system", clause=clause)


def _waits(session: Session, *, task_id: str, node_id: str) -> bool:
    lanes = jobs.lanes_at(session, task_id, node_id)
    return any(lane.status == TaskStatus.READY and lane.reason for lane in lanes)


def _mark_told(session: Session, *, task_id: str, told: Collection[str], ready: Collection[str], now: int) -> None:
    """Take note of who was told of a task; one of our own kind that has taken it is ready, and need not say so."""
    task = session.get_one(Task, task_id)
    task.told = sorted(told)
    lanes = jobs.lanes_of(session, task_id)
    for lane in lanes:
        if lane.node_id in ready and lane.status == TaskStatus.PENDING:
            jobs.move_lane(session, task, lane, TaskStatus.READY, now, beside=lanes)


def _first_failure(session: Session, task: Task) -> str:
    lanes: list[Lane] = [lane for lane in jobs.lanes_of(session, task.task_id) if lane.status == TaskStatus.FAILED]
    first = min(lanes, key=lambda lane: lane.ended_at or 0)
    return f"{task.name} failed at {first.node_id} ({first.party}): {first.reason or 'no reason is given'}"
