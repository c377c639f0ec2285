"""What partners learn of projects, and what this node learns of theirs (MGT-5.5, MGT-5.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from interconn.api import projects as api
from interconn.api.audits import AuditKind
from interconn.api.own import OwnService, Person
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.tables import Audit
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.transitions import APPLICANT
from interconn.management.work.tables import Project
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import PeerClient
from interconn.standard import management as standard
from interconn.standard.errors import NotFound
from interconn.standard.management import (
    AuditStatus,
    ProjectDetail,
    ProjectNode,
    ProjectPage,
    ProjectSummary,
    ProjectType,
)
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page

_TAKES_PART = (AuditStatus.APPLIED, AuditStatus.APPROVED)


class ProjectInformation:
    """Serves and sends the two calls.

    Args:
        node: this node's name card.
        database: where projects are.
        client: to other nodes.
        clock: time.
        contracts: who may ask, and what the partners are called.
        audits: who was asked to take part.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        client: PeerClient,
        clock: Clock,
        contracts: Contracts,
        audits: Audits,
    ) -> None:
        self._node = node
        self._database = database
        self._client = client
        self._clock = clock
        self._contracts = contracts
        self._audits = audits

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [
            Service(standard.PROJECT_LIST, self._serve_list),
            Service(standard.PROJECT_QUERY, self._serve_query),
        ]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.PROJECT_DISCOVER, self._discover), OwnService(api.PROJECT_SHOW, self._show)]

    # --- other nodes ----------------------------------------------------------------------------------------

    async def _serve_list(self, caller: Caller, request: standard.ProjectList) -> ProjectPage:
        def work(session: Session) -> ProjectPage:
            self._contracts.require_usable(session, caller.node_id, request.contract_id)
            records, total = read_page(
                session,
                Project,
                _summaries,
                paging=request,
                order=(Project.created_at, Project.project_id, Project.initiator),
                matching=self._asked_of(caller.node_id, request.contract_id),
            )
            return ProjectPage(records=records, total=total)

        return await self._database.read(work)

    async def _serve_query(self, caller: Caller, request: standard.ProjectQuery) -> ProjectDetail:
        def work(session: Session) -> ProjectDetail:
            self._contracts.require_usable(session, caller.node_id, request.contract_id)
            asked = self._asked_of(caller.node_id, request.contract_id)
            project = session.scalar(select(Project).where(Project.project_id == request.project_id, *asked))
            if project is None:
                raise NotFound(
                    "there is no such project in which both nodes take part", where="project_id", clause="MGT-5.6"
                )
            return self._detail(session, project, caller.node_id)

        return await self._database.read(work)

    def _asked_of(self, node_id: str, contract_id: str) -> list[ColumnElement[bool]]:
        """Return what makes a project one of ours in which a node takes part under a contract.

        All that were applied for and not rejected; one whose approval has ended is still known to both.
        """
        asked = select(Audit.subject_id).where(
            Audit.node_id == node_id,
            Audit.kind == AuditKind.PROJECT.value,
            Audit.direction == APPLICANT,
            Audit.status != AuditStatus.REJECTED.value,
            Audit.content["contract_id"].as_string() == contract_id,
        )
        return [Project.initiator == self._node.node_id, Project.project_id.in_(asked)]

    def _detail(self, session: Session, project: Project, asking: str) -> ProjectDetail:
        datasets: dict[str, list[str]] = {self._node.node_id: project.datasets.get(self._node.node_id, [])}
        nodes = [ProjectNode.model_validate(self._node.information().model_dump())]
        for audit in self._audits.register.on(
            session, AuditKind.PROJECT, project.project_id, initiator=project.initiator
        ):
            if AuditStatus(audit.status) in _TAKES_PART or audit.node_id == asking:
                nodes.append(self._named(session, audit.node_id))
                datasets[audit.node_id] = [each["dataset_id"] for each in audit.content.get("datasets") or []]
        return ProjectDetail(**_members(project), nodes=nodes, datasets=datasets)

    def _named(self, session: Session, node_id: str) -> ProjectNode:
        contract = self._contracts.latest(session, node_id)
        return ProjectNode(
            address=contract.address or None,
            description=contract.description or None,
            inst_id=contract.inst_id or "unknown",  # its name card is not here yet
            institution=contract.institution or None,
            name=contract.name or node_id,
            node_id=node_id,
            system=contract.system or None,
            system_version=contract.system_version or None,
        )

    # --- this node's people ---------------------------------------------------------------------------------

    async def _discover(self, person: Person, request: api.ProjectDiscover) -> ProjectPage:
        question = standard.ProjectList(
            contract_id=self._client.partner(request.node_id).contract_id,
            page_num=request.page_num,
            page_size=request.page_size,
        )
        return await self._client.call(request.node_id, standard.PROJECT_LIST, question, trace_id=person.trace_id)

    async def _show(self, person: Person, request: api.ProjectShow) -> ProjectDetail:
        if request.node_id == self._node.node_id:
            return await self._database.read(lambda session: self._own(session, request.project_id))
        question = standard.ProjectQuery(
            contract_id=self._client.partner(request.node_id).contract_id, project_id=request.project_id
        )
        found = await self._client.call(request.node_id, standard.PROJECT_QUERY, question, trace_id=person.trace_id)
        cause = Cause.answer(request.node_id, person.trace_id)
        await self._database.write(lambda session: self._complete(session, request, found, cause))
        return found

    def _own(self, session: Session, project_id: str) -> ProjectDetail:
        project = session.get(Project, (self._node.node_id, project_id))
        if project is None:
            raise NotFound(
                f"this node created no project {project_id}", where="project_id", hint="interconn project list"
            )
        return self._detail(session, project, self._node.node_id)

    def _complete(self, session: Session, request: api.ProjectShow, found: ProjectDetail, cause: Cause) -> None:
        """Fill in what MGT-5.1 leaves out of a partner's project that was applied for here."""
        project = session.get(Project, (request.node_id, request.project_id))
        if project is None:
            return
        told = {
            "description": found.description,
            "nodes": [node.node_id for node in found.nodes],
            "datasets": {node_id: list(listed) for node_id, listed in found.datasets.items()},
        }
        if all(getattr(project, name) == value for name, value in told.items()):
            return
        for name, value in told.items():
            setattr(project, name, value)
        cause.record(
            session,
            at=self._clock.now(),
            action="project.complete",
            subject=f"project:{project.project_id}",
            partner=request.node_id,
            clause="MGT-5.6",
            details={"nodes": told["nodes"]},
        )


def _summaries(projects: Sequence[Project]) -> list[ProjectSummary]:
    return [ProjectSummary(**_members(project)) for project in projects]


def _members(project: Project) -> dict[str, Any]:
    return {
        "description": project.description,
        "name": project.name,
        "project_id": project.project_id,
        "type": ProjectType(project.type) if project.type else None,
    }
