"""Flows: templates of jobs, whose DAG does not change once it is fixed (MGT-7.1, MGT-7.2, MGT-7.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import audits as api
from interconn.api.audits import AuditKind, FlowView
from interconn.api.own import OwnService, Person
from interconn.api.pictures import Picture
from interconn.control.flow import (
    Descriptions,
    Party,
    check_dag,
    config_digest,
    dag_digest,
    draw_dag,
    plan,
    remarks_on,
    remarks_on_config,
)
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import waits_for
from interconn.management.permits.terms import GrantTerms
from interconn.management.policy.facts import NOTHING, UNBOUNDED, Facts, components_of, partners_of, roles_of
from interconn.management.work.projects import Projects
from interconn.management.work.runnable import require_runnable
from interconn.management.work.tables import Flow
from interconn.peers.inbound import Caller
from interconn.standard import management as standard
from interconn.standard.control import JobCreate
from interconn.standard.errors import (
    ComponentDisabled,
    ContentConflict,
    InvalidRequest,
    NoLauncher,
    NotApproved,
    NotFound,
)
from interconn.standard.flow import Config, Dag, DagComponent
from interconn.standard.identifiers import new_id, new_job_id
from interconn.standard.management import FlowApply
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page


class Flows(Subject[FlowApply]):
    """Flows of this node and of its partners.

    Args:
        node: this node's name card.
        database: where flows are.
        clock: time.
        projects: that flows belong to.
        audits: the engine.
        descriptions: of the components that flows are made of.
    """

    kind = AuditKind.FLOW
    apply = standard.FLOW_APPLY
    confirm = standard.FLOW_CONFIRM
    terminate = standard.FLOW_TERMINATE
    query = standard.FLOW_STATUS

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        clock: Clock,
        projects: Projects,
        audits: Audits,
        descriptions: Descriptions,
    ) -> None:
        self._node = node
        self._database = database
        self._clock = clock
        self._projects = projects
        self._audits = audits
        self._descriptions = descriptions

    def subject_id(self, application: FlowApply) -> str:
        """Return the flow's id."""
        return application.flow_id

    def receive(self, session: Session, caller: Caller, audit: Audit, application: FlowApply) -> None:
        """Keep a partner's flow, of a project that is approved; a flow may come without one (MGT-7.1)."""
        if application.project_id:
            self._projects.require_approved(session, caller.node_id, application.project_id)
        self._check_runnable(application.dag, application.config)
        self._keep(session, caller.node_id, application)

    def facts(self, session: Session, audit: Audit) -> Facts:
        """Return what the flow is made of; parties and data come with its jobs where it brings no configuration."""
        application = FlowApply.model_validate(audit.content)
        own, config = self._node.node_id, application.config
        return Facts(
            kind=self.kind,
            partners=frozenset({audit.node_id}) | (partners_of(config, own) if config else NOTHING),
            datasets=UNBOUNDED,
            components=components_of(application.dag),
            projects=frozenset({application.project_id} if application.project_id else ()),
            roles=roles_of(config, own) if config else UNBOUNDED,
        )

    def approve(self, session: Session, audit: Audit) -> GrantTerms:
        """Check that the flow's project is still approved."""
        flow = session.get_one(Flow, (audit.node_id, audit.subject_id))
        if flow.project_id:
            self._projects.require_approved(session, audit.node_id, flow.project_id)
        return GrantTerms()

    def require_approved(self, session: Session, initiator: str, flow_id: str, nodes: set[str]) -> Flow:
        """Return a flow of a node if it and its project are approved: by this node, or by `nodes` if it is our own.

        Raises:
            NotApproved: it is not known, or not approved; the message says whom it waits for.
        """
        flow = session.get(Flow, (initiator, flow_id))
        if flow is None:
            raise NotApproved(
                f"there is no flow {flow_id} of {initiator}", where="flow_id", clause="MGT-G2.1.1.1-relations"
            )
        if flow.project_id:
            self._projects.require_approved(session, initiator, flow.project_id)
        own = initiator == self._node.node_id
        audits = {audit.node_id: audit for audit in self.audits_on(session, flow)}
        for node_id in sorted(nodes) if own else [initiator]:
            audit = audits.get(node_id)
            if audit is None:
                raise NotApproved(
                    f"{node_id} was not asked to approve flow {flow_id}",
                    where="flow_id",
                    clause="MGT-7-flow-audit-state",
                    hint="All parties of a job, its scheduler too, have to be partners of the project",
                )
            if not audit.in_force:
                waits = waits_for(session, audit) if own else ""
                raise NotApproved(
                    f"flow {flow_id} is {audit.standing} at {node_id if own else self._node.node_id}"
                    + (f": {audit.reason}" if own and audit.reason else ""),
                    where="flow_id",
                    clause="MGT-7-flow-audit-state",
                    hint=f"It waits for {waits}" if waits else None,
                )
        return flow

    def audits_on(self, session: Session, flow: Flow) -> list[Audit]:
        """Return the approvals of a flow: all partners' for our own, else the one between us and its initiator."""
        return self._audits.register.on(session, self.kind, flow.flow_id, initiator=flow.initiator)

    def _keep(self, session: Session, initiator: str, application: FlowApply) -> Flow:
        if session.get(Flow, (initiator, application.flow_id)):
            raise ContentConflict(
                f"there is a flow {application.flow_id} already: a changed flow is a new one",
                where="flow_id",
                clause="MGT-G2.1.1.3-dag",
            )
        flow = Flow(
            initiator=initiator,
            flow_id=application.flow_id,
            project_id=application.project_id or "",
            name=application.name,
            description=application.description,
            dag=application.dag.to_wire(),
            dag_digest=dag_digest(application.dag),
            created_at=self._clock.now(),
        )
        session.add(flow)
        return flow

    def _check_runnable(self, dag: Dag, config: Config | None) -> None:
        # Parties and their data may come with the jobs only; what they cannot mend is refused here.
        if config is None:
            check_dag(dag, self._descriptions)
        else:
            plan(JobCreate(job_id=new_job_id(), dag=dag, config=config), self._descriptions)

    # --- this node's people ---------------------------------------------------------------------------------

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.FLOW_CREATE, self._create),
            OwnService(api.FLOW_LINT, self._lint),
            OwnService(api.FLOW_PICTURE, self._picture),
            OwnService(api.FLOW_DRAWN, self._drawn),
            OwnService(api.FLOW_LIST, self._list),
        ]

    async def _create(self, person: Person, request: api.FlowCreate) -> FlowView:
        self._check_runnable(request.dag, request.config)

        def work(session: Session) -> FlowView:
            project = self._projects.require_approved(session, self._node.node_id, request.project_id)
            flow_id = request.flow_id or new_id("flow")
            application = FlowApply(
                audit_id=new_id("audit"),
                dag=request.dag,
                config=request.config.completed() if request.config else None,
                description=request.description,
                flow_id=flow_id,
                name=request.name,
                project_id=request.project_id,
            )
            flow = self._keep(session, self._node.node_id, application)
            for node_id in self._projects.partners(session, project):
                asked = application.model_copy(update={"audit_id": new_id("audit")})
                self._audits.open(session, person, self, node_id, asked)
            return self._view(session, flow)

        return await self._database.write(work)

    async def _lint(self, _person: Person, request: api.FlowLint) -> api.FlowPlan:
        found = check_dag(request.dag, self._descriptions)
        remarks = remarks_on(found)
        if request.config is None:
            steps = [_step(component, upstream, ()) for component, _, upstream in found]
            return api.FlowPlan(steps=steps, dag_digest=dag_digest(request.dag), remarks=remarks)
        planned = plan(JobCreate(job_id=new_job_id(), dag=request.dag, config=request.config), self._descriptions)
        remarks += remarks_on_config(request.config, planned.steps.keys())
        try:
            await self._database.read(lambda session: require_runnable(session, planned, self._node.node_id))
        except (ComponentDisabled, NoLauncher) as error:
            remarks.append(error.message)
        return api.FlowPlan(
            scheduler=request.config.scheduler(),
            steps=[_step(step.component, step.upstream, step.parties) for step in planned.steps.values()],
            resources={party.name: limits.stated() for party, limits in planned.resources.items() if limits.stated()},
            dag_digest=dag_digest(request.dag),
            config_digest=config_digest(request.config),
            remarks=remarks,
        )

    async def _picture(self, _person: Person, request: api.FlowPicture) -> Picture:
        check_dag(request.dag, self._descriptions)
        return Picture(svg=draw_dag(request.dag, request.title))

    async def _drawn(self, _person: Person, request: api.FlowReference) -> Picture:
        wanted = select(Flow).where(Flow.flow_id == request.flow_id).order_by(Flow.initiator)
        if request.initiator:
            wanted = wanted.where(Flow.initiator == request.initiator)
        found = await self._database.read(lambda session: list(session.scalars(wanted)))
        if not found:
            raise NotFound("there is no such flow", where="flow_id", hint="interconn flow list")
        if len(found) > 1:
            initiators = ", ".join(flow.initiator for flow in found)
            raise InvalidRequest(f"there are several flows of that id: of {initiators}", where="initiator")
        [flow] = found
        return Picture(svg=draw_dag(Dag.model_validate(flow.dag), flow.name))

    async def _list(self, _person: Person, request: api.FlowSearch) -> api.FlowViews:
        matching = []
        if request.name:
            matching.append(Flow.name.icontains(request.name, autoescape=True))
        if request.project_id:
            matching.append(Flow.project_id == request.project_id)

        def work(session: Session) -> api.FlowViews:
            found, total = read_page(
                session,
                Flow,
                lambda flows: self._views(session, flows),
                paging=request,
                order=(Flow.created_at, Flow.flow_id, Flow.initiator),
                matching=matching,
            )
            return api.FlowViews(flows=found, total=total)

        return await self._database.read(work)

    def _view(self, session: Session, flow: Flow) -> FlowView:
        return self._views(session, [flow])[0]

    def _views(self, session: Session, flows: Sequence[Flow]) -> list[FlowView]:
        session.flush()
        keys = [(flow.initiator, flow.flow_id) for flow in flows]
        audits = self._audits.register.views_on(session, self.kind, keys)
        return [
            FlowView(
                flow_id=flow.flow_id,
                project_id=flow.project_id,
                name=flow.name,
                initiator=flow.initiator,
                digest=flow.dag_digest,
                approved=all(audit.in_force for audit in audits[key]),
                dag=Dag.model_validate(flow.dag),
                audits=audits[key],
            )
            for key, flow in zip(keys, flows, strict=True)
        ]


def _step(component: DagComponent, upstream: Iterable[str], parties: Iterable[Party]) -> api.FlowStep:
    return api.FlowStep(
        name=component.name,
        component=f"{component.component_name} {component.version}",
        after=sorted(upstream),
        parties=[f"{party.name} {party.node_id}" for party in parties],
    )
