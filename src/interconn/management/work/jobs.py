"""Proposed jobs: each party approves what it will take part in, and the initiator spends its permits (MGT-8)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import audits as api
from interconn.api.audits import AuditKind, JobProposal
from interconn.api.own import OwnService, Person
from interconn.components import runnable
from interconn.components.environment import MODEL_MEMBER
from interconn.control.flow import Descriptions, config_digest, dag_digest, plan
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import audit_views
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import Catalogue
from interconn.management.models.registry import Models
from interconn.management.permits.ledger import no_permit
from interconn.management.permits.levels import ResourceType
from interconn.management.permits.permits import Permits
from interconn.management.permits.tables import AcceptedGrant, Grant
from interconn.management.permits.terms import Access, ComponentIdentity, GrantTerms
from interconn.management.policy.facts import Facts, components_of, partners_of, roles_of
from interconn.management.work.flows import Flows
from interconn.management.work.runnable import own_descriptions, require_runnable
from interconn.management.work.sources import sources_of
from interconn.management.work.tables import Flow, ProposedJob
from interconn.peers.inbound import Caller
from interconn.standard import management as standard
from interconn.standard.control import JobCreate
from interconn.standard.errors import (
    ContentConflict,
    ContractNotUsable,
    InterconnError,
    InvalidFlow,
    NotApproved,
    NotFound,
    PermitRefused,
)
from interconn.standard.flow import Config, Dag
from interconn.standard.identifiers import new_id, new_job_id
from interconn.standard.management import JobApply
from interconn.standard.self_description import SelfDescription
from interconn.state.clock import Clock
from interconn.state.database import Database

_JOBS_KEPT: Final = 256
"""Jobs of which is kept in memory what this node runs for them."""


class Jobs(Subject[JobApply]):
    """Jobs as proposed, by this node and by its partners.

    Args:
        node: this node's name card.
        database: where proposals are.
        clock: time.
        contracts: with the parties.
        flows: that jobs are runs of.
        catalogue: this node's data sets.
        models: this node's models.
        permits: presented by the initiator, checked by the holder.
        audits: the engine.
        descriptions: of the components that flows are made of.
    """

    kind = AuditKind.JOB
    apply = standard.JOB_APPLY
    confirm = standard.JOB_CONFIRM
    terminate = standard.JOB_TERMINATE
    query = standard.JOB_STATUS  # ours: the standard has none, and nothing relies on it (MGT-8-job-audit-state)

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        clock: Clock,
        contracts: Contracts,
        flows: Flows,
        catalogue: Catalogue,
        models: Models,
        permits: Permits,
        audits: Audits,
        descriptions: Descriptions,
    ) -> None:
        self._node = node
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._flows = flows
        self._catalogue = catalogue
        self._models = models
        self._permits = permits
        self._audits = audits
        self._descriptions = descriptions
        self._run_here: dict[tuple[str, str, str], list[SelfDescription]] = {}

    def subject_id(self, application: JobApply) -> str:
        """Return the job's id."""
        return application.job_id

    # --- a partner proposes ---------------------------------------------------------------------------------

    def receive(self, session: Session, caller: Caller, audit: Audit, application: JobApply) -> None:
        """Check a partner's job against its flow, our contracts and our grants, and keep it."""
        config = application.conf
        if config.initiator.node_id != caller.node_id:
            raise InvalidFlow("a job is proposed by its initiator", where="conf.initiator", clause="MGT-G2.1.1.3-conf")
        planned = plan(JobCreate(job_id=application.job_id, dag=application.dag, config=config), self._descriptions)
        involved = {*config.nodes(), config.scheduler()}
        if self._node.node_id not in involved:
            raise InvalidFlow("this node has no part in the job", where="conf.role", clause="MGT-G2.1.1.3-conf")
        flow = self._flows.require_approved(session, caller.node_id, application.flow_id, set())
        self._check_like_flow(application.dag, flow.dag_digest)
        if application.project_id and application.project_id != flow.project_id:
            raise NotApproved("the flow belongs to another project", where="project_id", clause="MGT-8.1")
        self._check_contracts(session, involved - {caller.node_id})
        require_runnable(session, planned, self._node.node_id)
        self._permits.ledger.check_usable(session, self._chain(session, caller.node_id, flow, application.job_id))
        grants = self._permits.ledger.accept(
            session,
            caller.permits,
            user=caller.node_id,
            accesses=self._own_accesses(session, application.dag, config),
            project_id=flow.project_id,
        )
        self._keep(session, application, flow.project_id)
        session.add_all(AcceptedGrant(job_audit_number=audit.number, grant_id=grant.grant_id) for grant in grants)

    def approve(self, session: Session, audit: Audit) -> GrantTerms:
        """Check that flow, contracts and permits still hold, and that what it runs here is not disabled by now."""
        job = session.get_one(ProposedJob, audit.subject_id)
        self.require_runnable(session, job)
        flow = self._flows.require_approved(session, audit.node_id, job.flow_id, set())
        grants = [*self._chain(session, audit.node_id, flow, job.job_id), *self._accepted(session, audit)]
        self._permits.ledger.check_usable(session, grants, job_id=job.job_id)
        return GrantTerms()

    def facts(self, session: Session, audit: Audit) -> Facts:
        """Return who takes part in the job, what it reads here and what it is made of."""
        job = session.get_one(ProposedJob, audit.subject_id)
        dag, config, own = Dag.model_validate(job.dag), Config.model_validate(job.config), self._node.node_id
        return Facts(
            kind=self.kind,
            partners=partners_of(config, own),
            datasets=frozenset(access.resource_id for access in self._own_accesses(session, dag, config)),
            components=components_of(dag),
            projects=frozenset({job.project_id} if job.project_id else ()),
            roles=roles_of(config, own),
        )

    def require_flow(self, session: Session, job: ProposedJob, nodes: set[str]) -> None:
        """Check that the flow of a job, and its project, are still approved; raises as `Flows.require_approved`."""
        self._flows.require_approved(session, job.initiator, job.flow_id, nodes)

    def require_runnable(self, session: Session, job: ProposedJob) -> None:
        """Check that this node can launch, and has not disabled, what the job has it run; asked at each of its tasks.

        Raises:
            ComponentDisabled, NoLauncher: names the first that it does not run.
        """
        key = (job.job_id, job.dag_digest, job.config_digest)
        if key not in self._run_here:
            dag, config = Dag.model_validate(job.dag), Config.model_validate(job.config)
            planned = plan(JobCreate(job_id=job.job_id, dag=dag, config=config), self._descriptions)
            own = own_descriptions(planned, self._node.node_id)
            while len(self._run_here) >= _JOBS_KEPT:
                del self._run_here[next(iter(self._run_here))]
            self._run_here[key] = own
        runnable.require_runnable(session, self._run_here[key])

    def needed(self, session: Session, job: ProposedJob, audit: Audit) -> list[Grant]:
        """Return the grants of which a job of a partner uses up one access each (docs/decisions/0005-permits.md).

        Those of its project, flow and own approval, and those whose permits were spent at the job's audit.
        """
        chain = self._permits.ledger.chain(
            session, user=job.initiator, project_id=job.project_id, flow_id=job.flow_id, job_id=job.job_id
        )
        return [*chain, *self._accepted(session, audit)]

    def _chain(self, session: Session, user: str, flow: Flow, job_id: str) -> list[Grant]:
        return self._permits.ledger.chain(
            session, user=user, project_id=flow.project_id, flow_id=flow.flow_id, job_id=job_id
        )

    def present_again(self, session: Session, audit: Audit) -> str:
        """Return the permits for what the job uses of the partner's; one of them may have been renewed since.

        Without those that it takes the application goes all the same: a partner that has it needs no permit again.
        """
        job = session.get_one(ProposedJob, audit.subject_id)
        dag, config = Dag.model_validate(job.dag), Config.model_validate(job.config)
        accesses = _accesses_of(dag, config, audit.node_id)
        try:
            return self._permits.wallet.present(session, audit.node_id, accesses, project_id=job.project_id)
        except PermitRefused:
            return ""

    def _accepted(self, session: Session, audit: Audit) -> list[Grant]:
        found = select(Grant).join(AcceptedGrant, AcceptedGrant.grant_id == Grant.grant_id)
        return list(session.scalars(found.where(AcceptedGrant.job_audit_number == audit.number)))

    def _own_accesses(self, session: Session, dag: Dag, config: Config) -> list[Access]:
        """Return what the job uses of ours, with the components that use it."""
        reads: dict[tuple[ResourceType, str], set[ComponentIdentity]] = defaultdict(set)
        for component, source in sources_of(dag, config, self._node.node_id):
            try:
                resource = self._found(session, source)
            except NotFound:
                raise no_permit() from None
            reads[resource].add(ComponentIdentity.of(component))
        return [Access(*resource, frozenset(components)) for resource, components in sorted(reads.items())]

    def _found(self, session: Session, source: Mapping[str, Any]) -> tuple[ResourceType, str]:
        """Return what of ours a job's parameters refer to; raises NotFound as catalogue and registry do."""
        if MODEL_MEMBER in source:
            return ResourceType.MODEL, self._models.own(session, str(source[MODEL_MEMBER])).model_id
        return ResourceType.DATASET, self._catalogue.find(session, source).dataset_id

    def _check_contracts(self, session: Session, nodes: set[str]) -> None:
        for node_id in sorted(nodes - {self._node.node_id}):
            try:
                self._contracts.require_usable(session, node_id)
            except InterconnError:
                raise ContractNotUsable(
                    f"the job gives a role to {node_id}, with which this node has no contract in force",
                    where="conf.role",
                    clause="MGT-G2.1.1.3-conf",
                ) from None

    def _check_like_flow(self, dag: Dag, flow_digest: str) -> None:
        if dag_digest(dag) != flow_digest:
            raise NotApproved(
                "the job's DAG differs from that of its approved flow", where="dag", clause="MGT-G2.1.1.3-dag"
            )

    def _keep(self, session: Session, application: JobApply, project_id: str) -> ProposedJob:
        if session.get(ProposedJob, application.job_id):
            raise ContentConflict(f"job {application.job_id} was proposed before", where="job_id", clause="MGT-8.1")
        job = ProposedJob(
            job_id=application.job_id,
            initiator=application.conf.initiator.node_id,
            flow_id=application.flow_id,
            project_id=project_id,
            name=application.name,
            dag=application.dag.to_wire(),
            config=application.conf.to_wire(),
            dag_digest=dag_digest(application.dag),
            config_digest=config_digest(application.conf),
            scheduler=application.conf.scheduler(),
            proposed_at=self._clock.now(),
        )
        session.add(job)
        return job

    # --- this node proposes ---------------------------------------------------------------------------------

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.JOB_PROPOSE, self._propose)]

    async def _propose(self, person: Person, request: api.JobPropose) -> JobProposal:
        return await self._database.write(lambda session: self._propose_in(session, person, request))

    def _propose_in(self, session: Session, person: Person, request: api.JobPropose) -> JobProposal:
        config, own = request.config.completed(), self._node.node_id
        if config.initiator.node_id != own:
            raise InvalidFlow(
                f"this node, {own}, proposes only jobs that it initiates",
                where="config.initiator",
                clause="MGT-G2.1.1.3-conf",
                hint=f"The configuration names {config.initiator.node_id}",
            )
        others = {*config.nodes(), config.scheduler()} - {own}
        self._check_contracts(session, others)
        flow = self._flows.require_approved(session, own, request.flow_id, others)
        dag = Dag.model_validate(flow.dag)
        job_id = new_job_id()
        planned = plan(JobCreate(job_id=job_id, dag=dag, config=config), self._descriptions)
        require_runnable(session, planned, own)
        for _, source in sources_of(dag, config, own):
            self._found(session, source)
        application = JobApply(
            audit_id=new_id("audit"),
            job_id=job_id,
            flow_id=flow.flow_id,
            name=request.name,
            project_id=flow.project_id,
            dag=dag,
            conf=config,
        )
        job = self._keep(session, application, flow.project_id)
        for node_id in sorted(others):
            permits = self._permits.wallet.present(
                session, node_id, _accesses_of(dag, config, node_id), project_id=flow.project_id
            )
            asked = application.model_copy(update={"audit_id": new_id("audit")})
            self._audits.open(session, person, self, node_id, asked, permits=permits)
        return self.view(session, job)

    def view(self, session: Session, job: ProposedJob) -> JobProposal:
        """Return a proposal as a person sees it."""
        session.flush()
        audits = self._audits.register.on(session, self.kind, job.job_id, initiator=job.initiator)
        return JobProposal(
            job_id=job.job_id,
            flow_id=job.flow_id,
            project_id=job.project_id,
            name=job.name,
            initiator=job.initiator,
            approved=all(audit.in_force for audit in audits),
            dag_digest=job.dag_digest,
            config_digest=job.config_digest,
            audits=audit_views(session, audits),
        )


def _accesses_of(dag: Dag, config: Config, holder: str) -> list[Access]:
    """Return what a job uses of a partner's, as far as this node can tell: what is named by its id."""
    named = {
        (kind, str(source[member]))
        for _, source in sources_of(dag, config, holder)
        for kind, member in ((ResourceType.DATASET, "dataset_id"), (ResourceType.MODEL, MODEL_MEMBER))
        if source.get(member)
    }
    return [Access(*resource) for resource in sorted(named)]
