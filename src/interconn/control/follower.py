"""Keeps up with the scheduler of a job that another node schedules (CTL-3.1 as initiator, CTL-3.7 as party).

The standard sends a party no word when a job ends well, and none at all if the scheduler dies. So each party asks
now and then; and one that finds its scheduler gone for longer than its patience ends the job by itself. It goes on
asking at long intervals: what the scheduler says when it is back holds for all (docs/decisions/0027-both-come-back.md).
"""

from __future__ import annotations

import structlog
from sqlalchemy.orm import Session

from interconn.api.jobs import TaskView
from interconn.control import jobs, views
from interconn.control.holding import LANES, LONGEST_WAIT_SECONDS, PROGRESS_SECONDS, asking
from interconn.control.jobs import Cause
from interconn.control.partners import Partners, is_passing, words
from interconn.control.shares import Shares
from interconn.control.states import Outcome, has_ended
from interconn.control.tables import Job
from interconn.control.watch import HELD_SECONDS
from interconn.identity.signature import Evidence
from interconn.peers.outbound import Answer
from interconn.standard.control import (
    JOB_CREATE_ALL,
    JOB_STATUS_ALL,
    JobReference,
    JobStatus,
    JobStatusReply,
    TaskStatus,
)
from interconn.standard.errors import ContractNotUsable, InterconnError, NotFound, PeerRefused
from interconn.standard.wire import validate
from interconn.state.clock import Clock
from interconn.state.database import Database, announce
from interconn.trail import entries

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_AFTER_SECONDS = 30.0
"""Between questions about a job that was given up."""
ASKED_AFTER_SECONDS = 7 * 86_400.0
"""For how long a scheduler is asked about a job that was given up."""
_WAIT_SECONDS = 15.0
_TIMEOUT_SECONDS = LONGEST_WAIT_SECONDS + 10.0


class Follower:
    """Hands a job to its scheduler, and asks it how the job stands until it has ended.

    Args:
        database: where jobs are kept.
        clock: time.
        partners: the nodes.
        shares: this node's own part.
    """

    def __init__(self, *, database: Database, clock: Clock, partners: Partners, shares: Shares) -> None:
        self._database = database
        self._clock = clock
        self._partners = partners
        self._shares = shares
        self._given_up: set[str] = set()

    def given_up(self, job_id: str) -> bool:
        """Tell whether a job was ended here because its scheduler was away, and nothing has been heard of it since."""
        return job_id in self._given_up

    async def submit(self, job_id: str) -> None:
        """Hand a job of this node's to its scheduler (CTL-3.1), or end it with the reason why not."""
        job = await self._job(job_id)
        request = await self._database.read(lambda session: jobs.content(jobs.require(session, job_id)))
        try:
            taken = await self._partners.insist(job.scheduler, JOB_CREATE_ALL, request, trace_id=job.trace_id)
        except InterconnError as error:
            outcome = Outcome.FAILED if is_passing(error) else Outcome.REJECTED
            reason = f"{job.scheduler}, which was to schedule: {words(error)}"
            clause, evidence = JOB_CREATE_ALL.clause, _proof(error)

            def end(session: Session) -> None:
                # One that gave no answer may have taken it all the same, and one that rejected it knows why: it is
                # asked what it has of it.
                jobs.require(session, job_id).submission = "ACCEPTED"
                self._end(session, job_id, outcome, reason, clause, evidence, closed=False)

            await self._database.write(end)
            return

        def work(session: Session) -> None:
            entries.attach(session, taken.evidence)
            stored = jobs.require(session, job_id)
            stored.submission = "ACCEPTED"
            cause = self._cause(stored, JOB_CREATE_ALL.clause)
            jobs.note(session, stored, "job.submitted", cause)

        await self._database.write(work)

    async def follow(self, job_id: str) -> None:
        """Ask how a job stands until it has ended, or its scheduler has been away for too long."""
        try:
            await self._follow(job_id)
        finally:
            self._given_up.discard(job_id)

    async def _follow(self, job_id: str) -> None:
        heard = self._clock.now()
        pause = FIRST_PAUSE_SECONDS
        with self._database.signals.subscribe(jobs.job_topic(job_id)) as wake:
            while True:
                job = await self._job(job_id)
                if job.closed:
                    return
                asked = self._clock.now()
                # An ended job of which only the reason is missing needs no answer but the last.
                headers = {} if has_ended(JobStatus(job.status)) else asking(job.status, _WAIT_SECONDS)
                try:
                    answer = await self._ask(job, headers)
                except InterconnError as error:
                    heard += self._partners.stood_still(asked, _TIMEOUT_SECONDS)
                    if await self._stays_away(job, error, heard):
                        return
                    longest = LONGEST_PAUSE_AFTER_SECONDS if self.given_up(job_id) else 2.0
                    self._partners.conversations.again(job.scheduler, JobReference(job_id=job_id), min(pause, longest))
                    woken = await wake.wait(min(pause, longest))  # the scheduler's own call is a reason to ask
                    pause = FIRST_PAUSE_SECONDS if woken else min(pause * 2, LONGEST_PAUSE_AFTER_SECONDS)
                    continue
                heard = self._clock.now()
                pause = min(pause, LONGEST_PAUSE_SECONDS)
                if await self._take(job_id, answer):
                    pause = FIRST_PAUSE_SECONDS
                if heard - asked < HELD_SECONDS * 1000:
                    # Not held: our own share's news are a reason to ask sooner.
                    woken = await wake.wait(pause)
                    pause = FIRST_PAUSE_SECONDS if woken else min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _stays_away(self, job: Job, error: InterconnError, heard: int) -> bool:
        """Give a job up whose scheduler has been away for too long; return whether nothing more is to be heard of it.

        A contract that is over does not come back, and a scheduler that knows of no such job will not learn of it.
        """
        unknown = isinstance(error, PeerRefused) and error.peer_code == NotFound.code
        over = isinstance(error, ContractNotUsable) or (unknown and job.ended_at is not None)
        if not over and self._clock.now() - heard < self._partners.patience_seconds * 1000:
            return False
        over |= unknown or self._clock.now() - (job.ended_at or heard) >= ASKED_AFTER_SECONDS * 1000
        await self._give_up(job.job_id, error, over)
        return over

    async def attend(self, job_id: str) -> None:
        """Keep up with every lane of a job that another node schedules, for somebody who watches; until it is closed.

        Beside `follow`, which hears of the job's state alone: so parties whose people do not look cost nothing more.
        """
        known = LANES
        while True:
            job = await self._job(job_id)
            if job.scheduling or job.closed:
                return
            if job.submission != "SENDING":
                try:
                    answer = await self._ask(job, asking(known, _WAIT_SECONDS))
                    await self._take(job_id, answer)
                    known = views.revision(answer.reply)
                except InterconnError as error:
                    log.info("the scheduler does not say how the job stands", job=job_id, reason=error.message)
            # One that holds no answer is not asked more often than one that does.
            await self._clock.sleep(PROGRESS_SECONDS)

    async def refresh(self, job_id: str) -> None:
        """Ask once, for somebody who looks at the job now; silence is no error here."""
        job = await self._job(job_id)
        if job.scheduling or job.closed or job.submission == "SENDING":
            return
        try:
            await self._take(job_id, await self._ask(job, {}, timeout=3.0))
        except InterconnError as error:
            log.info("the scheduler does not say how the job stands", job=job_id, reason=error.message)

    async def _ask(
        self, job: Job, headers: dict[str, str], timeout: float = _TIMEOUT_SECONDS
    ) -> Answer[JobStatusReply]:
        return await self._partners.answer(
            job.scheduler,
            JOB_STATUS_ALL,
            JobReference(job_id=job.job_id),
            trace_id=job.trace_id,
            headers=headers,
            timeout=timeout,
        )

    async def _take(self, job_id: str, answer: Answer[JobStatusReply]) -> bool:
        """Take note of what the scheduler says; return whether it was news."""
        reply = answer.reply
        tasks = views.told_tasks(reply)
        self._partners.conversations.told_silent(job_id, views.told_silent(reply))

        def work(session: Session) -> bool:
            entries.attach(session, answer.evidence)
            job = jobs.require(session, job_id)
            if job.closed:
                return False
            known = [validate(TaskView, each) for each in job.reported]
            told = [task.to_wire() for task in views.going_on(known, tasks)]
            news = job.reported != told
            if news:
                job.reported = told
                announce(session, jobs.lanes_topic(job_id))
            if has_ended(reply.job_status):
                self._take_end(session, job, reply)
                news = True
            return news

        return await self._database.write(work)

    def _take_end(self, session: Session, job: Job, reply: JobStatusReply) -> None:
        outcome, reason = self._outcome(job, reply)
        ended = has_ended(JobStatus(job.status))
        never_ran = not job.opened and (ended or job.status == JobStatus.PENDING)
        if outcome is Outcome.REJECTED and not never_ran:
            outcome = Outcome.FAILED
        known, told = (job.outcome, job.reason), (outcome.value, reason[: jobs.LONGEST_REASON])
        if not ended:
            self._shares.end(session, job, outcome, reason, self._cause(job, JOB_STATUS_ALL.clause))
        elif known != told and (outcome is not Outcome.SUCCESS or self._shares.outcome(session, job) is outcome):
            # CTL-3.6 came first, or the job was given up here; outcome and reason come with this answer.
            job.outcome, job.reason = told
            if outcome is Outcome.REJECTED:
                job.status = JobStatus.REJECTED.value
            jobs.note(session, job, "job.outcome", self._cause(job, JOB_STATUS_ALL.clause), outcome=outcome.value)
        # Of shares that were cut short the scheduler has yet to hear; it tells us when it is asked again.
        if all(party.status.is_final for task in views.told_tasks(reply) for party in task.parties):
            jobs.close(session, job)

    def _outcome(self, job: Job, reply: JobStatusReply) -> tuple[Outcome, str]:
        extension = reply.extension or {}
        reason = str(extension.get("reason") or "")
        if reply.job_status is JobStatus.REJECTED:
            return Outcome.REJECTED, reason or f"rejected at {job.scheduler}"
        if extension.get("outcome") in (Outcome.SUCCESS, Outcome.FAILED):
            return Outcome(extension["outcome"]), reason
        # A scheduler without our extension: the job came to what its tasks came to.
        statuses = list(reply.status.values())
        complete = len(statuses) >= len(self._shares.plan(job).steps)
        if complete and all(status is TaskStatus.SUCCESS for status in statuses):
            return Outcome.SUCCESS, ""
        return Outcome.FAILED, reason or f"ended by {job.scheduler}, which gives no reason"

    async def _give_up(self, job_id: str, error: InterconnError, over: bool) -> None:
        """End a job whose scheduler does not say how it stands, and close it where that is over for good."""
        what = f"has not answered for {round(self._partners.patience_seconds)} s"
        if isinstance(error, ContractNotUsable):
            what = "is a partner no more"
        elif isinstance(error, PeerRefused) and not error.failed:
            what = "does not say how the job stands"
        if self.given_up(job_id) and not over:
            return
        log.warning("gives up a job whose scheduler is away", job=job_id, reason=str(error))

        def work(session: Session) -> None:
            job = jobs.require(session, job_id)
            reason = f"the scheduler {job.scheduler} {what}: {words(error)}"
            self._end(session, job_id, Outcome.FAILED, reason, JOB_STATUS_ALL.clause, _proof(error), closed=over)
            announce(session, jobs.lanes_topic(job_id))

        self._given_up.add(job_id)
        await self._database.write(work)

    def _end(
        self,
        session: Session,
        job_id: str,
        outcome: Outcome,
        reason: str,
        clause: str,
        evidence: Evidence | None,
        *,
        closed: bool = True,
    ) -> None:
        entries.attach(session, evidence)
        job = jobs.require(session, job_id)
        self._shares.end(session, job, outcome, reason, self._cause(job, clause))
        if closed:
            jobs.close(session, job)

    async def _job(self, job_id: str) -> Job:
        return await self._database.read(lambda session: jobs.require(session, job_id))

    def _cause(self, job: Job, clause: str) -> Cause:
        return Cause(at=self._clock.now(), actor=f"node:{job.scheduler}", clause=clause, partner=job.scheduler)


def _proof(error: InterconnError) -> Evidence | None:
    return error.evidence if isinstance(error, PeerRefused) else None
