"""Logs across the parties of a job, as far as each permits: an extension of ours (docs/policy.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from sqlalchemy.orm import Session

from interconn.api.jobs import JOB_LOGS, JOB_PARTIES, JobLogsRequest, JobParties, JobParty, PartyLogView
from interconn.api.own import OwnService, Person
from interconn.components import Components
from interconn.control import jobs
from interconn.control.flow import Party, Step
from interconn.control.initiator import SEVERITIES
from interconn.control.log_release import AskedLog, LogRelease, OwnShare
from interconn.control.partners import Partners
from interconn.control.platform import LONGEST_TEXT
from interconn.control.shares import Shares
from interconn.control.tables import Job, Task
from interconn.peers.inbound import Caller, Service
from interconn.standard.control import JobReference, TaskStatus
from interconn.standard.errors import LogWithheld, NotFound, PeerReplyInvalid, Refused
from interconn.standard.job_log import JOB_LOG_READ, PartyLog, PartyLogRead
from interconn.state.database import Database


class PartyLogs:
    """Reads this node's own logs, asks partners for theirs, and answers partners that ask.

    Args:
        database: where jobs are kept.
        components: has the logs.
        partners: the nodes.
        shares: this node's own part of jobs.
        release: says which logs a partner may read.
    """

    def __init__(
        self, *, database: Database, components: Components, partners: Partners, shares: Shares, release: LogRelease
    ) -> None:
        self._database = database
        self._components = components
        self._partners = partners
        self._shares = shares
        self._release = release
        self._one_at_a_time = asyncio.Lock()

    def services(self) -> list[Service[Any, Any]]:
        """Return what is served to other nodes."""
        return [Service(JOB_LOG_READ, self.serve)]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """Return what is served to the node's own people."""
        return [OwnService(JOB_PARTIES, self.parties), OwnService(JOB_LOGS, self.read)]

    async def parties(self, _person: Person, request: JobReference) -> JobParties:
        """Say who runs which task of a job.

        Raises:
            NotFound: the job is not known here.
        """

        def work(session: Session) -> JobParties:
            steps = self._steps(jobs.require(session, request.job_id))
            return JobParties(
                parties=[
                    JobParty(task_name=step.name, party=party.name, node_id=party.node_id)
                    for step in steps
                    for party in step.parties
                ]
            )

        return await self._database.read(work)

    async def read(self, person: Person, request: JobLogsRequest) -> PartyLogView:
        """Read the log of one party's share of a task, here or at the party.

        Raises:
            NotFound: there is no such job, task or party.
            Refused: the party does not know the call.
            PeerError: it does not answer, or does not permit it, in its own words.
        """
        asked = PartyLogRead(
            job_id=request.job_id,
            task_name=request.task_name,
            party=request.party,
            log_level=request.level,
            start=request.start,
            length=request.length,
        )

        def work(session: Session) -> Party:
            return self._find(jobs.require(session, request.job_id), asked)[1]

        party = await self._database.read(work)
        if party.node_id == self._partners.node_id:
            found = await self._lines(asked, party)
        else:
            found = await self._ask(party.node_id, asked, person.trace_id)
        return PartyLogView(node_id=party.node_id, lines=found.lines, total=found.total, ended=found.ended)

    async def serve(self, caller: Caller, request: PartyLogRead) -> PartyLog:
        """Answer a partner, as far as the policy permits.

        Raises:
            NotFound: the job is not known here, or is none of the caller's; or there is no such task or party.
            LogWithheld: the policy does not permit it.
        """

        def decide(session: Session) -> tuple[Party, str]:
            job = session.get(Job, request.job_id)
            if job is None or not jobs.concerns(job, caller.node_id):
                raise NotFound("the job is not known here", where="job_id", clause="CTL-2.3")
            step, party = self._find(job, request)
            if party.node_id != self._partners.node_id:
                raise _no_such_party(request)
            return party, self._release.withheld(
                session,
                caller,
                AskedLog(
                    job_id=job.job_id,
                    task_name=step.name,
                    party=party.name,
                    component=step.component.component_name,
                    level=SEVERITIES[request.log_level],
                    shares=list(self._own_shares(session, job)),
                ),
            )

        party, why_not = await self._database.write(decide)
        if why_not:
            raise LogWithheld(why_not, where=f"{request.task_name} {request.party}"[:200])
        async with self._one_at_a_time:  # whoever may read may not have this node do nothing else
            return await self._lines(request, party)

    async def _lines(self, asked: PartyLogRead, party: Party) -> PartyLog:
        def standing(session: Session) -> tuple[str, bool]:
            job = jobs.require(session, asked.job_id)
            for task in jobs.tasks_of(session, job.job_id):
                for lane in self._shares.lanes(session, task.task_id) if task.name == asked.task_name else ():
                    if (lane.role, lane.index) == (party.role, party.index):
                        return task.task_id, job.closed or TaskStatus(lane.status).is_final
            return "", job.closed

        task_id, ended = await self._database.read(standing)  # first, so that an end is told with the last lines
        if not task_id:
            return PartyLog(lines=[], total=0, ended=ended)
        try:
            lines, total = await self._components.logs.read(
                task_id,
                start=asked.start,
                length=asked.length,
                level=SEVERITIES[asked.log_level],
                most=LONGEST_TEXT,
                party=(party.role, party.index),
            )
        except NotFound:  # it has not been ordered yet
            return PartyLog(lines=[], total=0, ended=ended)
        return PartyLog(lines=lines, total=total, ended=ended)

    async def _ask(self, node_id: str, asked: PartyLogRead, trace_id: str) -> PartyLog:
        if self._partners.knows_extensions(node_id):
            try:
                return (await self._partners.answer(node_id, JOB_LOG_READ, asked, trace_id=trace_id)).reply
            except PeerReplyInvalid:
                pass
        raise Refused(
            f"{node_id} does not know the call for logs of its tasks",
            where="party",
            hint="The call is an extension of interconn; its people can read them",
        )

    def _own_shares(self, session: Session, job: Job) -> Iterator[OwnShare]:
        own = self._partners.node_id
        tasks: dict[str, Task] = {task.name: task for task in jobs.tasks_of(session, job.job_id)}
        for step in self._steps(job):
            nodes = {party.node_id for party in step.parties}
            if own not in nodes:
                continue
            task = tasks.get(step.name)
            lanes = self._shares.lanes(session, task.task_id) if task else []
            yield OwnShare(
                component=step.component.component_name,
                partners=frozenset(nodes - {own}),
                succeeded=bool(lanes) and all(lane.status == TaskStatus.SUCCESS for lane in lanes),
            )

    def _steps(self, job: Job) -> list[Step]:
        # Of a job that was only refused nothing is kept that could be planned.
        return [*self._shares.plan(job).steps.values()] if job.content["dag"]["components"] else []

    def _find(self, job: Job, asked: PartyLogRead) -> tuple[Step, Party]:
        for step in self._steps(job):
            for party in step.parties if step.name == asked.task_name else ():
                if party.name == asked.party:
                    return step, party
        raise _no_such_party(asked)


def _no_such_party(asked: PartyLogRead) -> NotFound:
    return NotFound(f"no {asked.party} takes part in {asked.task_name} here", where="party", clause="CTL-6.7")
