"""Explains what runs: jobs, tasks and transport sessions."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.state import AwaitedView, ExchangeView, Explanation
from interconn.control.conversations import Exchange
from interconn.control.standing import NOT_LAUNCHED, Awaited, Standing
from interconn.control.states import Outcome
from interconn.control.tables import Job, Task
from interconn.identity.node import NodeIdentity
from interconn.management.approvals import opinions
from interconn.management.explanations.agreements import Agreements
from interconn.management.results.results import matter, waits_for
from interconn.management.results.tables import Result
from interconn.management.results.tables import Standing as ResultStanding
from interconn.management.waiting import Whom
from interconn.transport.tables import TransportSession

NODE_HERE = "NODE_HERE"
"""This node itself has to act, beside those of `Whom`."""


class Running:
    """Explains what runs, inside transactions.

    Args:
        node: this node's name card.
        agreements: knows the last contact with a partner.

    Attributes:
        standing: tells whom jobs wait for.
    """

    def __init__(self, *, node: NodeIdentity, agreements: Agreements) -> None:
        self._node = node
        self._agreements = agreements
        self.standing = Standing(node.node_id)

    def named(self, session: Session, name: str) -> list[Explanation]:
        """Explain the job, the task or the sessions of an id."""
        explained = []
        if job := session.get(Job, name):
            explained.append(self._job(session, job))
        if task := session.get(Task, name):
            explained.append(self._task(session, task))
        sessions = session.scalars(select(TransportSession).where(TransportSession.session_id == name))
        return explained + [_session(one) for one in sessions]

    def job_of(self, session: Session, name: str) -> str:
        """Return the job that an id names, or that of the task that it names; empty where it names neither."""
        if session.get(Job, name):
            return name
        task = session.get(Task, name)
        return task.job_id if task else ""

    def _job(self, session: Session, job: Job) -> Explanation:
        awaited = [self._view(one) for one in self.standing.of_job(session, job)] + _held(session, job)
        ended = job.ended_at is not None
        outcome = f" ({job.outcome})" if job.outcome else ""
        step, command = _next_step(job, awaited)
        tasks = session.scalars(select(Task.task_id).where(Task.job_id == job.job_id).order_by(Task.created_at))
        return _waiting(
            awaited,
            Explanation(
                kind="job",
                id=job.job_id,
                what=f"a job that {job.scheduler} schedules for {job.initiator}",
                state=f"{job.status}{outcome}",
                since=job.ended_at or job.created_at,
                reason=job.reason if ended else "",
                next_step=step,
                command=command,
                related=list(tasks),
            ),
        )

    def _task(self, session: Session, task: Task) -> Explanation:
        over = task.ended_at is not None
        return _waiting(
            [] if over else [self._view(one) for one in self.standing.of_task(session, task)],
            Explanation(
                kind="task",
                id=task.task_id,
                what=f"task {task.name} of job {task.job_id}",
                state=task.status,
                since=task.ended_at or task.created_at,
                next_step="nothing: it has ended; its log tells more" if over else "wait for it; its log tells more",
                command=f"interconn job log {task.task_id}",
                related=[task.job_id],
            ),
        )

    def _view(self, one: Awaited) -> AwaitedView:
        here = one.node_id == self._node.node_id
        text = f"{'this node' if here else f'node {one.node_id}'} to {one.purpose}"
        if one.progress and (one.progress.phase or one.progress.total):
            text += f", {_progress(one)}"
        if one.exchange and one.exchange.silent:
            # Something may answer in its place, as a proxy does; `PeerReplyInvalid` says what.
            properly = " as itself" if one.exchange.outcome.startswith("the answer") else ""
            text += f"; it does not answer{properly}: {one.exchange.outcome}"
        elif one.refusing and one.exchange:
            text += f"; it refuses {one.exchange.call}: {one.exchange.outcome.removeprefix('the partner refused: ')}"
        return AwaitedView(
            node_id="" if here else one.node_id,
            waits_for=text,
            whom=NODE_HERE if here else Whom.NODE_THERE.value,
            since=one.since or None,
            task_id=one.task_id,
            silent=bool(one.exchange and one.exchange.silent),
            refusing=one.refusing,
            progress=one.progress,
            exchange=_exchange(one.exchange) if one.exchange else None,
            contact=None if here else self._agreements.contact(one.node_id),
        )


def _next_step(job: Job, awaited: list[AwaitedView]) -> tuple[str, str]:
    """Return what a person may do about a job, and the command for it."""
    first = awaited[0] if awaited else None
    if first is None:
        if job.outcome == Outcome.FAILED:
            return "see what its components wrote", f"interconn job logs {job.job_id}"
        if job.ended_at is not None:
            return "nothing: it has ended", f"interconn job show {job.job_id}"
        return "wait, or stop it", f"interconn job stop {job.job_id}"
    if first.whom == Whom.PERSON_HERE:
        return "decide: release or refuse what is held", "interconn result list"
    if job.ended_at is not None:
        return "wait: it has ended, and not everywhere yet", f"interconn job show {job.job_id}"
    if first.silent:
        return "see whether it answers at all, ask its people, or stop the job", f"interconn peer show {first.node_id}"
    if first.refusing:
        return "see to what it refuses, ask its people, or stop the job", f"interconn peer show {first.node_id}"
    if first.whom == NODE_HERE and first.task_id and NOT_LAUNCHED not in first.waits_for:
        return "see what its component writes, wait, or stop the job", f"interconn job log {first.task_id}"
    return "wait for it, or stop the job", f"interconn job stop {job.job_id}"


def _waiting(awaited: list[AwaitedView], explanation: Explanation) -> Explanation:
    """Say whom something waits for: the most telling, and all."""
    if not awaited:
        return explanation
    first, others = awaited[0], len(awaited) - 1
    return explanation.model_copy(
        update={
            "node_id": first.node_id,
            "waits_for": f"{first.waits_for} (and {others} more)" if others else first.waits_for,
            "whom": first.whom,
            "since": first.since or explanation.since,
            "exchange": first.exchange,
            "contact": first.contact,
            "awaits": awaited,
        }
    )


def _progress(one: Awaited) -> str:
    assert one.progress
    counted = f"{one.progress.done}/{one.progress.total}" if one.progress.total else ""
    return f"at {one.progress.phase or 'work'} {counted}".strip()


def _exchange(exchange: Exchange) -> ExchangeView:
    return ExchangeView(
        node_id=exchange.node_id,
        outgoing=exchange.outgoing,
        call=exchange.call,
        at=exchange.at,
        outcome=exchange.outcome,
        attempts=exchange.attempts,
        since=exchange.since,
        next_at=exchange.next_at,
    )


def _held(session: Session, job: Job) -> list[AwaitedView]:
    """Return what of a job's results waits for people here."""
    asked = select(Result).where(Result.job_id == job.job_id, Result.standing == ResultStanding.HELD.value)
    held = session.scalars(asked.order_by(Result.number)).all()
    return [
        AwaitedView(
            node_id="",
            waits_for=f"{waits_for(one, opinions.given(session, matter(one)))}: {one.reference}",
            whom=Whom.PERSON_HERE.value if one.checked else NODE_HERE,
            since=one.held_at,
        )
        for one in held
    ]


def _session(session: TransportSession) -> Explanation:
    of_task = f" for task {session.task_id}" if session.task_id else ", opened by hand"
    return Explanation(
        kind="session",
        id=session.session_id,
        what=f"a transport session between {', '.join(session.parties)}{of_task}",
        state="OPEN" if session.closed_at is None else "CLOSED",
        since=session.closed_at or session.opened_at,
        next_step="nothing: components use it while their task runs"
        if session.closed_at is None
        else "nothing: it is over",
        command="interconn session list",
        related=[session.task_id] if session.task_id else [],
    )
