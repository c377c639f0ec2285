"""The use of a model by a partner, in one project: applied for, approved with a permit (MGT-9.1 to MGT-9.4)."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy.orm import Session

from interconn.api import models as api
from interconn.api.audits import AuditKind, AuditView
from interconn.api.own import OwnService, Person
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import audit_view
from interconn.management.contracts.contracts import Contracts
from interconn.management.models.registry import Models
from interconn.management.models.tables import Model
from interconn.management.permits.terms import GrantTerms
from interconn.management.policy.facts import Facts
from interconn.management.work.projects import Projects
from interconn.management.work.tables import Project
from interconn.peers.inbound import Caller
from interconn.standard import management as standard
from interconn.standard.errors import ContentConflict, NotApproved
from interconn.standard.identifiers import new_id
from interconn.standard.management import AuthScope, ModelApply
from interconn.state.database import Database

_OUR_FORM: Final = re.compile(r"[0-9a-f]{64}")
"""Lower-case hex SHA-256. The standard leaves the form of a digest open, so any other form is not compared."""


class ModelUses(Subject[ModelApply]):
    """Approvals of kind MODEL.

    Args:
        node_id: this node.
        database: where audits are.
        contracts: with the partners.
        models: what there is.
        projects: in which a model may be used.
        audits: the engine.
    """

    kind = AuditKind.MODEL
    apply = standard.MODEL_APPLY
    confirm = standard.MODEL_CONFIRM
    terminate = standard.MODEL_TERMINATE
    query = standard.MODEL_STATUS

    def __init__(
        self,
        *,
        node_id: str,
        database: Database,
        contracts: Contracts,
        models: Models,
        projects: Projects,
        audits: Audits,
    ) -> None:
        self._node_id = node_id
        self._database = database
        self._contracts = contracts
        self._models = models
        self._projects = projects
        self._audits = audits

    def subject_id(self, application: ModelApply) -> str:
        """Return the model's id."""
        return application.model_id

    def receive(self, session: Session, caller: Caller, audit: Audit, application: ModelApply) -> None:
        """Take an application for a model that the applicant may know of, in a project that both approved.

        Raises:
            NotFound: there is no such model for that node.
            ContentConflict: it is another model than the applicant believes.
            NotApproved: there is no such project between the two.
        """
        self._contracts.require_usable(session, caller.node_id)
        model = self._models.known_to(session, caller.node_id, application.model_id)
        _check_same(model, application)
        self._require_project(session, caller.node_id, application.apply_project_id)

    def approve(self, session: Session, audit: Audit) -> GrantTerms:
        """Check that model and project are still there; the permit is for that project alone (MGT-9.1)."""
        application = ModelApply.model_validate(audit.content)
        _check_same(self._models.released(session, application.model_id), application)
        initiator = self._require_project(session, audit.node_id, application.apply_project_id)
        # Jobs are their project's initiator's. In a project of ours the applicant begins none, and one of its own that
        # has the same id is another project.
        users = [self._node_id] if initiator == self._node_id else [audit.node_id]
        return GrantTerms(scope=AuthScope(NODE=users, PROJECT=[application.apply_project_id]))

    def facts(self, session: Session, audit: Audit) -> Facts:
        """Return which model, for which project; a rule for data sets is asked about the model's id."""
        application = ModelApply.model_validate(audit.content)
        return Facts(
            self.kind,
            frozenset({audit.node_id}),
            datasets=frozenset({application.model_id}),
            components=None,
            projects=frozenset({application.apply_project_id}),
        )

    def _require_project(self, session: Session, node_id: str, project_id: str) -> str:
        """Return who initiated a project that is approved between this node and another."""
        if session.get(Project, (node_id, project_id)):
            return self._projects.require_approved(session, node_id, project_id).initiator
        project = session.get(Project, (self._node_id, project_id))
        between = self._projects.audits_on(session, project) if project else []
        if not any(audit.node_id == node_id and audit.in_force for audit in between):
            raise NotApproved(
                f"no project {project_id} is approved between the two nodes",
                where="apply_project_id",
                clause="MGT-9.1",
            )
        return self._node_id

    # --- this node's people ---------------------------------------------------------------------------------

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.MODEL_REQUEST, self._request)]

    async def _request(self, person: Person, request: api.ModelRequest) -> AuditView:
        def work(session: Session) -> AuditView:
            self._contracts.require_usable(session, request.node_id)
            self._require_project(session, request.node_id, request.apply_project_id)
            share = session.get(Model, request.model_id)
            application = ModelApply(
                apply_project_id=request.apply_project_id,
                audit_id=new_id("audit"),
                digest=request.digest,
                model_id=request.model_id,
                task_id=request.task_id or (share.task_id if share else "") or None,
            )
            audit = self._audits.open(session, person, self, request.node_id, application)
            return audit_view(session, audit)

        return await self._database.write(work)


def _check_same(model: Model, application: ModelApply) -> None:
    digest = application.digest or ""
    if _OUR_FORM.fullmatch(digest) and digest != model.digest:
        raise ContentConflict(
            "the digest is not that of this node's share of the model",
            where="digest",
            clause="MGT-9.1",
            hint="It is the lower-case hex SHA-256 of the file, as 'interconn model show' of its holder tells it",
        )
    if application.task_id and model.task_id and application.task_id != model.task_id:
        raise ContentConflict("another task produced the model", where="task_id", clause="MGT-9.1")
