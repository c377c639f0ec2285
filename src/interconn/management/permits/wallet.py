"""The user's side: the permits that partners gave this node, and which of them it presents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.management.approvals.tables import Audit
from interconn.management.permits.levels import WORDS, ResourceType
from interconn.management.permits.permit_set import PresentedPermit, bounded, resource_name, write_permit_set
from interconn.management.permits.tables import Permit
from interconn.management.permits.terms import Access
from interconn.management.transitions import APPLICANT
from interconn.standard.errors import PermitRefused
from interconn.standard.management import AuditStatus, ResourcePermit
from interconn.state.clock import Clock


class PermitWallet:
    """Keeps permits and presents them, inside transactions. Their tokens are nowhere else.

    Args:
        node_id: this node.
        clock: time.
    """

    def __init__(self, *, node_id: str, clock: Clock) -> None:
        self._node_id = node_id
        self._clock = clock

    def keep(self, session: Session, audit: Audit, permit: ResourcePermit) -> None:
        """Keep a permit that came with the confirm of an audit of ours; a later one takes its place.

        Raises:
            PermitRefused: it is not the holder's to give, not for this node, for something else, or of no level.
        """
        given = (permit.resource_node_id, permit.request_node_id, permit.resource_id)
        if given != (audit.node_id, self._node_id, audit.subject_id):
            raise PermitRefused(
                "the permit names another holder, user or resource than the audit",
                where="resource_permit",
                clause="MGT-2.2-permit",
            )
        if permit.resource_level < 0:
            raise PermitRefused(
                "a level below 0 cannot be written in a permit set",
                where="resource_permit.resource_level",
                clause="MGT-2.2-token-set",
            )
        session.merge(
            Permit(
                audit_number=audit.number,
                holder_node_id=permit.resource_node_id,
                holder_inst_id=permit.resource_inst_id,
                token=permit.token,
                resource_type=permit.resource_type,
                resource_id=permit.resource_id,
                resource_level=permit.resource_level,
                time_limit=permit.time_limit,
                times_limit=permit.times_limit,
            )
        )

    def present(self, session: Session, holder: str, accesses: Sequence[Access], *, project_id: str) -> str:
        """Return the permit set to present to a holder: for each access the highest permit that may cover it first.

        Lower ones and others of the same level follow: they differ in scope and in what is left of them, and only the
        holder can tell which one covers (MGT-2.2-mprac-highest-level). Empty when nothing of the holder's is used.

        Raises:
            PermitRefused: for one access this node holds no permit that is still good.
        """
        named = self._named_in_project(session, holder, project_id)
        ranked = [
            self._held(session, holder, access, project_id if access.resource_id in named else "")
            for access in sorted(accesses, key=lambda access: (access.resource_type, access.resource_id))
        ]
        return write_permit_set(bounded(ranked))

    def _named_in_project(self, session: Session, holder: str, project_id: str) -> set[str]:
        """Return the data sets that our application for a project named to a holder: its permit may cover them."""
        application = select(Audit).where(
            Audit.kind == AuditKind.PROJECT,
            Audit.subject_id == project_id,
            Audit.node_id == holder,
            Audit.direction == APPLICANT,
            Audit.status == AuditStatus.APPROVED,
            Audit.void == "",
        )
        return {
            dataset["dataset_id"]
            for audit in session.scalars(application)
            for dataset in audit.content.get("datasets") or []
        }

    def _held(self, session: Session, holder: str, access: Access, covering_project: str) -> list[PresentedPermit]:
        # By the audit's kind and not by the permit's type, whose words the standard leaves to each holder.
        itself = (Audit.kind == access.resource_type.value) & (Audit.subject_id == access.resource_id)
        if covering_project and access.resource_type is ResourceType.DATASET:
            itself |= (Audit.kind == AuditKind.PROJECT.value) & (Audit.subject_id == covering_project)
        found = (
            select(Permit, Audit.kind)
            .join(Audit, Audit.number == Permit.audit_number)
            .where(Permit.holder_node_id == holder, Audit.status == AuditStatus.APPROVED.value, itself)
            .where(Audit.void == "")
            .where(Permit.time_limit.is_(None) | (Permit.time_limit > self._clock.now()))
            .order_by(Permit.resource_level.desc(), Permit.audit_number.desc())
        )
        good = [
            PresentedPermit(resource_name(kind, holder, permit.resource_id), permit.resource_level, permit.token)
            for permit, kind in session.execute(found)
        ]
        if good:
            return good
        what = WORDS[access.resource_type]
        raise PermitRefused(
            f"this node holds no valid permit of {holder} for {what} {access.resource_id}",
            where="config.task_params",
            clause="MGT-2.2-mprac-procedure",
            hint=f"Apply for one: interconn {access.resource_type.lower()} request",
        )
