"""The books of all sides of some jobs, compared: job by job, task by task, share by share.

Each node keeps in its database what it believes of a job. When all is done the books must agree, nothing may still
be under way, and nothing may lie about. What is said here is read from the databases alone, so it holds for nodes
that are stopped as for nodes that run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.tables import ComponentRun
from interconn.control.tables import Job, Lane, Task
from interconn.standard.control import TaskStatus
from interconn.standard.identifiers import session_of_job
from interconn.transport.tables import TransportSession

ENDED: Final = "ENDED"


@dataclass(frozen=True)
class Book:
    """What a node's database says of its jobs.

    Attributes:
        node_id: whose it is.
        jobs: by job id.
        tasks: by task id.
        lanes: by task id and party, e.g. guest.0.
        runs: components, by task id and party.
        sessions: of the transport, those that are open.
    """

    node_id: str
    jobs: Mapping[str, Job]
    tasks: Mapping[str, Task]
    lanes: Mapping[tuple[str, str], Lane]
    runs: Mapping[tuple[str, str], ComponentRun]
    sessions: Sequence[TransportSession]


@dataclass
class Ledger:
    """The comparison.

    Attributes:
        outcomes: how many jobs came to what, by the scheduler's book.
        differing: what two books say differently, in words.
        hung: what has not ended on some node, in words.
        left_behind: what outlived its job, in words.
        tasks, shares: how many were compared.
    """

    outcomes: Counter[str]
    differing: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    tasks: int = 0
    shares: int = 0

    @property
    def clean(self) -> bool:
        """Whether the books agree, and all is done."""
        return not (self.differing or self.hung or self.left_behind)

    def lines(self) -> Iterator[str]:
        """Return the ledger as people read it: totals first, then each fault."""
        outcomes = ", ".join(f"{outcome or 'none'} {count}" for outcome, count in sorted(self.outcomes.items()))
        yield f"jobs {self.outcomes.total()} ({outcomes}), tasks {self.tasks}, shares {self.shares}"
        yield f"differing {len(self.differing)}, hung {len(self.hung)}, left behind {len(self.left_behind)}"
        for title, found in (("differs", self.differing), ("hangs", self.hung), ("left behind", self.left_behind)):
            yield from (f"{title}: {line}" for line in found)


def read(session: Session, node_id: str) -> Book:
    """Read a node's book."""
    return Book(
        node_id=node_id,
        jobs={job.job_id: job for job in session.scalars(select(Job))},
        tasks={task.task_id: task for task in session.scalars(select(Task))},
        lanes={(lane.task_id, lane.party): lane for lane in session.scalars(select(Lane))},
        runs={(run.task_id, f"{run.role}.{run.index}"): run for run in session.scalars(select(ComponentRun))},
        sessions=session.scalars(select(TransportSession).where(TransportSession.closed_at.is_(None))).all(),
    )


def compare(books: Iterable[Book]) -> Ledger:
    """Compare the books of all nodes of some jobs."""
    kept = list(books)
    schedulers = {job_id: book for book in kept for job_id, job in book.jobs.items() if job.scheduling}
    ledger = Ledger(Counter(book.jobs[job_id].outcome for job_id, book in schedulers.items()))
    ledger.differing.extend(
        f"{job_id}: {book.node_id} knows it and nobody schedules it"
        for book in kept
        for job_id, job in book.jobs.items()
        if job_id not in schedulers and job.submission
    )
    for book in kept:
        _see_what_hangs(ledger, book)
        for job_id in book.jobs:
            if job_id in schedulers:
                _compare_job(ledger, schedulers[job_id], book, job_id)
    for job_id, scheduler in schedulers.items():
        _compare_tasks(ledger, scheduler, kept, job_id)
    return ledger


def _see_what_hangs(ledger: Ledger, book: Book) -> None:
    for job in book.jobs.values():
        if not job.closed:
            ledger.hung.append(f"{job.job_id}: {job.status} at {book.node_id}")
    for (task_id, party), lane in book.lanes.items():
        if not TaskStatus(lane.status).is_final:
            ledger.hung.append(f"{task_id} {party}: {lane.status} at {book.node_id}")
    for (task_id, party), run in book.runs.items():
        if run.state != ENDED:
            ledger.hung.append(f"{task_id} {party}: its component is {run.state} at {book.node_id}")
    ended = {session_of_job(job.job_id): job for job in book.jobs.values() if job.closed}
    for session in book.sessions:
        if session.session_id in ended:
            ledger.left_behind.append(f"{session.session_id} {session.task_id}: an open session at {book.node_id}")


def _compare_job(ledger: Ledger, scheduler: Book, book: Book, job_id: str) -> None:
    theirs, own = scheduler.jobs[job_id], book.jobs[job_id]
    for what in ("outcome", "reason", "dag_digest", "config_digest"):
        if getattr(theirs, what) != getattr(own, what):
            ledger.differing.append(
                f"{job_id}: {what} is {getattr(theirs, what)!r} at {scheduler.node_id}, which schedules it, and"
                f" {getattr(own, what)!r} at {book.node_id}"
            )


def _compare_tasks(ledger: Ledger, scheduler: Book, books: list[Book], job_id: str) -> None:
    names: Counter[str] = Counter()
    for task in scheduler.tasks.values():
        if task.job_id == job_id:
            names[task.name] += 1
            ledger.tasks += 1
    ledger.differing.extend(f"{job_id}: {name} has {count} tasks" for name, count in names.items() if count > 1)
    for book in books:
        for task in book.tasks.values():
            known = scheduler.tasks.get(task.task_id)
            if task.job_id == job_id and (known is None or known.name != task.name):
                ledger.differing.append(
                    f"{job_id}: {task.task_id} is {task.name} at {book.node_id} and not at its scheduler"
                )
        for key, lane in book.lanes.items():
            if key[0] not in scheduler.tasks or scheduler.tasks[key[0]].job_id != job_id:
                continue
            if lane.node_id == book.node_id:
                _compare_lane(ledger, scheduler, book, key)


def _compare_lane(ledger: Ledger, scheduler: Book, book: Book, key: tuple[str, str]) -> None:
    ledger.shares += 1
    own, theirs, run = book.lanes[key], scheduler.lanes.get(key), book.runs.get(key)
    if theirs is None or theirs.status != own.status:
        told = theirs.status if theirs else "unknown"
        ledger.differing.append(
            f"{key[0]} {key[1]}: {own.status} at {book.node_id} and {told} at {scheduler.node_id}, which schedules it"
        )
    if run and run.state == ENDED and run.status != own.status:
        ledger.differing.append(
            f"{key[0]} {key[1]}: {own.status} at {book.node_id}, where its component came to {run.status}"
        )
