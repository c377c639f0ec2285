"""Projects: nodes that work together for one aim, and each partner's approval (MGT-5.1 to MGT-5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from interconn.api import audits as api
from interconn.api.audits import AuditKind, ProjectView
from interconn.api.own import OwnService, Person
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import waits_for
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.datasets import Datasets
from interconn.management.permits.terms import GrantTerms
from interconn.management.policy.facts import Facts
from interconn.management.work.tables import Project
from interconn.peers.inbound import Caller
from interconn.standard import management as standard
from interconn.standard.errors import ContentConflict, InvalidRequest, NotApproved
from interconn.standard.identifiers import new_id
from interconn.standard.management import ProjectApply, ProjectDataset
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page


class Projects(Subject[ProjectApply]):
    """Projects of this node and of its partners.

    Args:
        node: this node's name card.
        database: where projects are.
        clock: time.
        contracts: with the partners.
        datasets: those of this node, and of partners.
        audits: the engine.
    """

    kind = AuditKind.PROJECT
    apply = standard.PROJECT_APPLY
    confirm = standard.PROJECT_CONFIRM
    terminate = standard.PROJECT_TERMINATE
    query = standard.PROJECT_STATUS

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        clock: Clock,
        contracts: Contracts,
        datasets: Datasets,
        audits: Audits,
    ) -> None:
        self._node = node
        self._database = database
        self._clock = clock
        self._contracts = contracts
        self._datasets = datasets
        self._audits = audits

    def subject_id(self, application: ProjectApply) -> str:
        """Return the project's id."""
        return application.project_id

    def receive(self, session: Session, caller: Caller, audit: Audit, application: ProjectApply) -> None:
        """Keep a partner's project; the data sets it names must be ones that the partner may know of."""
        self._contracts.require_usable(session, caller.node_id, application.contract_id)
        for dataset in application.datasets or []:
            self._datasets.visible(session, caller.node_id, dataset.dataset_id)
        if session.get(Project, (caller.node_id, application.project_id)):
            raise ContentConflict(
                f"project {application.project_id} was applied for before", where="project_id", clause="MGT-5.1"
            )
        session.add(
            Project(
                initiator=caller.node_id,
                project_id=application.project_id,
                name=application.name,
                type=application.type.value if application.type else None,
                description=None,
                nodes=[caller.node_id, self._node.node_id],
                datasets={self._node.node_id: [dataset.dataset_id for dataset in application.datasets or []]},
                created_at=self._clock.now(),
            )
        )

    def facts(self, session: Session, audit: Audit) -> Facts:
        """Return the project, and the data sets that it names."""
        application = ProjectApply.model_validate(audit.content)
        return Facts(
            kind=self.kind,
            partners=frozenset({audit.node_id}),
            datasets=frozenset(dataset.dataset_id for dataset in application.datasets or []),
            projects=frozenset({application.project_id}),
        )

    def approve(self, session: Session, audit: Audit) -> GrantTerms:
        """Return what was asked for: the project, and the data sets that may be granted with it."""
        application = ProjectApply.model_validate(audit.content)
        return GrantTerms(
            contract_id=application.contract_id,
            datasets=tuple(dataset.dataset_id for dataset in application.datasets or []),
        )

    def require_approved(self, session: Session, initiator: str, project_id: str) -> Project:
        """Return a project of a node if it is approved: by this node, or by all partners if it is our own.

        Raises:
            NotApproved: it is not known, or not approved; the message says whom it waits for.
        """
        project = session.get(Project, (initiator, project_id))
        if project is None:
            raise NotApproved(
                f"there is no project {project_id} of {initiator}", where="project_id", clause="MGT-G2.1.1.1-relations"
            )
        for audit in self.audits_on(session, project):
            if not audit.in_force:
                waits = waits_for(session, audit)
                raise NotApproved(
                    f"project {project_id} is {audit.standing} between {initiator} and {audit.node_id}"
                    if initiator == self._node.node_id
                    else f"project {project_id} is {audit.standing}",
                    where="project_id",
                    clause="MGT-5-project-audit-state",
                    hint=f"It waits for {waits}" if waits and initiator == self._node.node_id else None,
                )
        return project

    def partners(self, session: Session, project: Project) -> list[str]:
        """Return the partners of a project of ours, in the order in which they were asked."""
        return [audit.node_id for audit in self.audits_on(session, project)]

    def audits_on(self, session: Session, project: Project) -> list[Audit]:
        """Return the approvals of a project: all partners' for our own, else the one between us and its initiator."""
        return self._audits.register.on(session, self.kind, project.project_id, initiator=project.initiator)

    # --- this node's people ---------------------------------------------------------------------------------

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.PROJECT_CREATE, self._create), OwnService(api.PROJECT_LIST, self._list)]

    async def _create(self, person: Person, request: api.ProjectCreate) -> ProjectView:
        partners = list(dict.fromkeys(request.partners))
        strangers = set(request.datasets) - {*partners, self._node.node_id}
        if strangers:
            raise InvalidRequest(f"{', '.join(sorted(strangers))} is no partner of the project", where="datasets")
        datasets = {
            node_id: [await self._described(person, node_id, dataset_id) for dataset_id in dataset_ids]
            for node_id, dataset_ids in request.datasets.items()
            if node_id != self._node.node_id
        }

        def work(session: Session) -> ProjectView:
            for dataset_id in request.datasets.get(self._node.node_id, []):
                self._datasets.own(session, dataset_id)
            project = self._new(session, request)
            for node_id in partners:
                contract = self._contracts.require_usable(session, node_id)
                application = ProjectApply(
                    audit_id=new_id("audit"),
                    contract_id=contract.contract_id,
                    name=request.name,
                    project_id=project.project_id,
                    type=request.type,
                    datasets=datasets.get(node_id) or None,
                )
                self._audits.open(session, person, self, node_id, application)
            return self._view(session, project)

        return await self._database.write(work)

    async def _described(self, person: Person, node_id: str, dataset_id: str) -> ProjectDataset:
        # MGT-5.1 wants name and owner of each data set, which its holder alone can tell.
        detail = await self._datasets.ask_partner(person, node_id, dataset_id)
        return ProjectDataset(
            category=detail.category,
            count=detail.count,
            dataset_id=detail.dataset_id,
            description=detail.description,
            name=detail.name,
            owner=detail.owner,
        )

    def _new(self, session: Session, request: api.ProjectCreate) -> Project:
        project_id = request.project_id or new_id("project")
        if self._node.node_id in request.partners:
            raise InvalidRequest(
                f"{self._node.node_id} is this node, which takes part anyway", where="partners", clause="MGT-5.1"
            )
        if session.get(Project, (self._node.node_id, project_id)):
            raise ContentConflict(
                f"there is a project {project_id} already",
                where="project_id",
                clause="MGT-5.1",
                hint="Leave the id out, or choose another",
            )
        project = Project(
            initiator=self._node.node_id,
            project_id=project_id,
            name=request.name,
            type=request.type.value if request.type else None,
            description=request.description,
            nodes=[self._node.node_id, *dict.fromkeys(request.partners)],
            datasets={node_id: list(dict.fromkeys(listed)) for node_id, listed in request.datasets.items()},
            created_at=self._clock.now(),
        )
        session.add(project)
        return project

    async def _list(self, _person: Person, request: api.ProjectSearch) -> api.ProjectViews:
        def work(session: Session) -> api.ProjectViews:
            found, total = read_page(
                session,
                Project,
                lambda projects: self._views(session, projects),
                paging=request,
                order=(Project.created_at, Project.project_id, Project.initiator),
                matching=[Project.name.icontains(request.name, autoescape=True)] if request.name else [],
            )
            return api.ProjectViews(projects=found, total=total)

        return await self._database.read(work)

    def _view(self, session: Session, project: Project) -> ProjectView:
        return self._views(session, [project])[0]

    def _views(self, session: Session, projects: Sequence[Project]) -> list[ProjectView]:
        session.flush()
        keys = [(project.initiator, project.project_id) for project in projects]
        audits = self._audits.register.views_on(session, self.kind, keys)
        return [
            ProjectView(
                project_id=project.project_id,
                name=project.name,
                type=project.type,
                description=project.description,
                initiator=project.initiator,
                approved=all(audit.in_force for audit in audits[key]),
                nodes=project.nodes,
                datasets=project.datasets,
                audits=audits[key],
            )
            for key, project in zip(keys, projects, strict=True)
        ]
