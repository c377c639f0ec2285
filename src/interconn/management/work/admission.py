"""Admission: a job runs here only as it was approved, sent by the scheduler that it names.

Why, and what is counted when, is in docs/decisions/0005-permits.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.control.flow import config_digest, dag_digest
from interconn.control.tables import Job
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import waits_for
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.permits import Permits
from interconn.management.work.jobs import Jobs
from interconn.management.work.preauthorised import PreauthorisedJobs
from interconn.management.work.tables import ProposedJob
from interconn.standard.control import JobCreate, PlatformJobCreate
from interconn.standard.errors import InterconnError, NotApproved, NotFound
from interconn.standard.flow import Config, Dag

_PROPOSALS_LOOKED_AT: Final = 100
"""Of equal jobs that have not been run, those proposed first."""


class JobAdmission:
    """What the control layer asks before it runs a job; `interconn.control.admission.Admission`.

    Args:
        node: this node's name card.
        contracts: with the initiators.
        permits: counts uses.
        audits: the approvals.
        jobs: the proposals.
        preauthorised: admits the jobs of partners that can propose none.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        contracts: Contracts,
        permits: Permits,
        audits: Audits,
        jobs: Jobs,
        preauthorised: PreauthorisedJobs,
    ) -> None:
        self._node = node
        self._contracts = contracts
        self._permits = permits
        self._audits = audits
        self._jobs = jobs
        self._preauthorised = preauthorised

    def proposed(self, session: Session, job_id: str) -> JobCreate:
        """Return a job that this node proposed and that all parties have approved, ready to be run.

        Raises:
            NotFound: this node proposed no such job.
            NotApproved: an approval is missing; the message says whose.
        """
        job = session.get(ProposedJob, job_id)
        if job is None or job.initiator != self._node.node_id:
            raise NotFound(f"this node proposed no job {job_id}", where="job_id", hint="interconn job propose")
        self._check_all_approved(session, job)
        return _as_created(job)

    def planned(self, session: Session, job_id: str) -> JobCreate | None:
        """Return a job that was proposed, by this node or to it, whoever has approved it; None where there is none."""
        job = session.get(ProposedJob, job_id)
        return _as_created(job) if job else None

    def awaiting(self, session: Session, content: PlatformJobCreate) -> JobCreate | None:
        """Return a job that this node proposed with just this content and that has not been run, as it was proposed.

        One that all parties have approved goes before, and then the one proposed first; None where there is none.
        """
        run = exists().where(Job.job_id == ProposedJob.job_id)
        wanted = select(ProposedJob).where(
            ProposedJob.initiator == self._node.node_id,
            ProposedJob.dag_digest == dag_digest(content.dag),
            # A proposal holds every member that the standard has; who runs it may leave out empty ones as before.
            ProposedJob.config_digest.in_(
                [config_digest(each) for each in (content.config, content.config.completed())]
            ),
            ~run,
        )
        if content.flow_id:
            wanted = wanted.where(ProposedJob.flow_id == content.flow_id)
        order = (ProposedJob.proposed_at, ProposedJob.job_id)
        waiting = session.scalars(wanted.order_by(*order).limit(_PROPOSALS_LOOKED_AT)).all()
        approved = (job for job in waiting if self._is_approved_by_all(session, job))
        found = next(approved, waiting[0] if waiting else None)
        return _as_created(found) if found else None

    def admit(
        self, session: Session, job: JobCreate, *, scheduler: str, digests: tuple[str, str] | None = None
    ) -> None:
        """Let this node take part in a job, and use up one access of each permit that it needs.

        Called in the transaction that stores the job; the same job again uses up nothing more.

        Raises:
            NotApproved: it was not approved here, or job id, flow, DAG, configuration or scheduler differ.
            PermitRefused: a permit is used up, expired or revoked.
            ComponentDisabled: it would run what this node has disabled.
        """
        proposed = session.get(ProposedJob, job.job_id) is not None
        if self._preauthorised.answers(session, job, scheduler=scheduler, proposed=proposed):
            self._preauthorised.admit(session, job, scheduler=scheduler, digests=digests)
            return
        approved = self._approved(session, job, caller=scheduler, digests=digests)
        self._check_flow(session, approved)
        if scheduler != approved.scheduler:
            raise NotApproved(
                f"the approved configuration names {approved.scheduler} as scheduler, not {scheduler}",
                where="x-source-node-id",
                clause="CTL-3.2",
            )
        self._jobs.require_runnable(session, approved)
        if approved.initiator == self._node.node_id:
            return
        self._use(session, approved)

    def preauthorised(self, session: Session, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some jobs that were admitted by pre-authorisation instead of approval."""
        return self._preauthorised.among(session, job_ids)

    def admit_as_scheduler(self, session: Session, job: JobCreate, *, caller: str) -> None:
        """Let this node schedule a job for its initiator; what its people limited counts here too.

        Raises:
            NotApproved: it was not approved here, differs from what was, or another node is to schedule it.
            PermitRefused: the approval of its project, its flow or itself is used up, expired or revoked.
        """
        approved = self._approved(session, job, caller=caller)
        if caller != approved.initiator:
            raise NotApproved(f"{caller} did not initiate job {job.job_id}", where="x-source-node-id", clause="CTL-3.1")
        if approved.scheduler != self._node.node_id:
            raise NotApproved(
                f"the approved configuration names {approved.scheduler} as scheduler, not this node",
                where="config.job_params.common.scheduler",
                clause="CTL-3.1",
            )
        if approved.initiator != self._node.node_id:
            self._use(session, approved)

    def _approved(
        self, session: Session, job: JobCreate, *, caller: str, digests: tuple[str, str] | None = None
    ) -> ProposedJob:
        approved = session.get(ProposedJob, job.job_id)
        # Whether there is such a job is nobody's business but its parties'.
        if approved is None or caller not in _parties(approved):
            raise NotApproved(f"job {job.job_id} was not proposed to this node", where="job_id", clause="MGT-8.1")
        if approved.initiator == self._node.node_id:
            self._check_all_approved(session, approved)
        else:
            self._check_contract(session, approved.initiator)
            audit = self._audit_of(session, approved)
            if not audit.in_force:
                raise NotApproved(
                    f"job {job.job_id} is {audit.standing} here", where="job_id", clause="MGT-8-job-audit-state"
                )
        dag, config = digests or (dag_digest(job.dag), config_digest(job.config))
        for member, given, expected in (
            ("dag", dag, approved.dag_digest),
            ("config", config, approved.config_digest),
            # Optional in CTL-3.2, but a job must not be filed under a flow that was not approved for it.
            ("flow_id", job.flow_id or approved.flow_id, approved.flow_id),
        ):
            if given != expected:
                raise NotApproved(
                    f"the job's {member} differs from what was approved", where=member, clause="MGT-G2.1.2-handdown"
                )
        return approved

    def _use(self, session: Session, approved: ProposedJob) -> None:
        grants = self._jobs.needed(session, approved, self._audit_of(session, approved))
        self._permits.ledger.use(session, grants, approved.job_id)

    def _check_flow(self, session: Session, job: ProposedJob) -> None:
        # A project or flow that was revoked allows no run, and a run that has begun no further task.
        own = job.initiator == self._node.node_id
        self._jobs.require_flow(session, job, _parties(job) - {self._node.node_id} if own else set())

    def _audit_of(self, session: Session, job: ProposedJob) -> Audit:
        for audit in self._audits.register.on(session, AuditKind.JOB, job.job_id, initiator=job.initiator):
            return audit
        raise NotApproved(f"job {job.job_id} was not proposed to this node", where="job_id", clause="MGT-8.1")

    def _check_all_approved(self, session: Session, job: ProposedJob) -> None:
        audits = self._audits.register.on(session, AuditKind.JOB, job.job_id, initiator=job.initiator)
        # One that was refused is told before one that is still awaited: no more approvals help then.
        for audit in sorted(audits, key=lambda audit: bool(waits_for(session, audit))):
            if not audit.in_force:
                waits = waits_for(session, audit)
                raise NotApproved(
                    f"job {job.job_id} is {audit.standing} at {audit.node_id}",
                    where="job_id",
                    clause="MGT-8-job-audit-state",
                    # Why may be for the initiator's eyes alone, and this may be told to the scheduler.
                    hint=f"It waits for {waits}" if waits else "'interconn audit list' of the initiator shows why",
                )

    def _is_approved_by_all(self, session: Session, job: ProposedJob) -> bool:
        try:
            self._check_all_approved(session, job)
        except NotApproved:
            return False
        return True

    def _check_contract(self, session: Session, node_id: str) -> None:
        try:
            self._contracts.require_usable(session, node_id)
        except InterconnError as error:
            raise NotApproved(
                f"the contract with the initiator {node_id} is not in force: {error.message}",
                where="config.initiator",
                clause="MGT-3-contract-state",
            ) from None


def _parties(job: ProposedJob) -> set[str]:
    players: dict[str, list[str]] = job.config["role"]
    return {job.initiator, job.scheduler, *(node for nodes in players.values() for node in nodes)}


def _as_created(job: ProposedJob) -> JobCreate:
    return JobCreate(
        job_id=job.job_id,
        flow_id=job.flow_id,
        dag=Dag.model_validate(job.dag),
        config=Config.model_validate(job.config),
    )
