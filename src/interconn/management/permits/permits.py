"""Permits: the holder keeps what it granted, the user keeps the token (MGT-2.2-mprac-custody).

A grant holds the SHA-256 of its permit's token. It is bound to a data set, a level, a contract and a user, and is
valid while its audit is approved, its contract in force and its limits not reached
(docs/decisions/0005-permits.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.identity.node import NodeIdentity
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.permit_set import (
    PresentedPermit,
    dataset_name,
    read_permit_set,
    write_permit_set,
)
from interconn.management.permits.tables import Grant, GrantUse, Permit
from interconn.standard.errors import InterconnError, PermitRefused, Refused
from interconn.standard.headers import PERMIT_SET
from interconn.standard.identifiers import new_token
from interconn.standard.management import AuditStatus, AuthScope, DatasetApply, ResourcePermit
from interconn.state.clock import Clock

DATASET: Final = "DATASET"
DATASET_LEVEL: Final = 1
"""Resource level of a data set; a larger number is higher (resolution 24)."""
MAXIMUM_PRESENTED: Final = 4
"""Permits presented for one data set, newest first: a header has its bounds."""


class Permits:
    """Mints, keeps, presents, checks and counts permits, inside transactions.

    Args:
        node: this node's name card.
        clock: time.
        contracts: a grant is void when its contract is.
    """

    def __init__(self, *, node: NodeIdentity, clock: Clock, contracts: Contracts) -> None:
        self._node = node
        self._clock = clock
        self._contracts = contracts

    # --- the holder -----------------------------------------------------------------------------------------

    def mint(
        self,
        session: Session,
        audit: Audit,
        application: DatasetApply,
        *,
        time_limit: int | None,
        times_limit: int | None,
    ) -> ResourcePermit:
        """Grant a data set to the applicant of an audit and return the permit, whose token is kept nowhere here."""
        contract = self._contracts.require_usable(session, audit.node_id, application.contract_id)
        if not contract.inst_id:
            raise Refused(
                f"the institution of {audit.node_id} is not known yet, and a permit names it",
                where="request_inst_id",
                clause="MGT-2.2-permit",
                hint="interconn peer show asks the partner for its name card",
            )
        scope = application.auth_scope.to_wire() if application.auth_scope else {}
        grant = Grant(
            audit_number=audit.number,
            contract_id=application.contract_id,
            token_digest="",
            resource_type=DATASET,
            resource_id=application.dataset_id,
            resource_level=DATASET_LEVEL,
            user_node_id=audit.node_id,
            user_inst_id=contract.inst_id,
            auth_scope=scope,
            time_limit=time_limit,
            times_limit=times_limit,
        )
        session.add(grant)
        return self._with_token(grant)

    def mint_again(self, session: Session, audit: Audit) -> ResourcePermit | None:
        """Give the permit of an audit a new token, as the user says that it never got the old one."""
        grant = session.scalar(select(Grant).where(Grant.audit_number == audit.number))
        return self._with_token(grant) if grant else None

    def _with_token(self, grant: Grant) -> ResourcePermit:
        token = new_token()
        grant.token_digest = _digest(token)
        return ResourcePermit(
            token=token,
            resource_level=grant.resource_level,
            resource_type=grant.resource_type,
            resource_id=grant.resource_id,
            resource_node_id=self._node.node_id,
            resource_inst_id=self._node.inst_id,
            request_node_id=grant.user_node_id,
            request_inst_id=grant.user_inst_id,
            time_limit=grant.time_limit,
            times_limit=grant.times_limit,
        )

    def granted(self, session: Session, node_id: str, dataset_id: str) -> bool:
        """Tell whether a data set of ours is granted to a node just now."""
        found = select(Grant).where(Grant.user_node_id == node_id, Grant.resource_id == dataset_id)
        for grant in session.scalars(found):
            try:
                self.check_in_force(session, grant)
            except PermitRefused:
                continue
            return True
        return False

    def accept(
        self, session: Session, text: str, *, user: str, datasets: Mapping[str, set[str]], project_id: str
    ) -> list[Grant]:
        """Check that the permits presented cover what a job reads of ours, and return their grants.

        Args:
            session: of a transaction.
            text: value of x-mprac-token-set.
            user: the node that presents them, proven.
            datasets: each data set of ours that the job reads, with the components that read it.
            project_id: the job's project.

        Raises:
            PermitRefused: one is missing, foreign, used up, expired, revoked or out of scope.
        """
        presented = read_permit_set(text)
        return [
            self._covering(session, presented, user, dataset_id, components, project_id)
            for dataset_id, components in sorted(datasets.items())
        ]

    def _covering(
        self,
        session: Session,
        presented: Iterable[PresentedPermit],
        user: str,
        dataset_id: str,
        components: set[str],
        project_id: str,
    ) -> Grant:
        names = (dataset_name(self._node.node_id, dataset_id), dataset_id)
        refusal = no_permit()
        # The highest level counts; a lower one that covers the data set serves too (MGT-2.2-mprac-highest-level).
        for permit in sorted(presented, key=lambda permit: -permit.level):
            if permit.name not in names:
                continue
            grant = session.scalar(select(Grant).where(Grant.token_digest == _digest(permit.token)))
            bound = (user, dataset_id, permit.level)
            if grant is None or (grant.user_node_id, grant.resource_id, grant.resource_level) != bound:
                continue
            try:
                self.check_in_force(session, grant)
                self._check_scope(grant, components, project_id)
                self._check_uses(session, grant, "")
            except PermitRefused as error:
                refusal = error
                continue
            return grant
        raise refusal

    def use(self, session: Session, grant: Grant, job_id: str) -> None:
        """Count one use of a grant by a job, in the transaction that admits it; the same job counts once.

        Raises:
            PermitRefused: the grant is no longer valid, or used up by other jobs.
        """
        self.check_in_force(session, grant)
        session.flush()
        if session.get(GrantUse, (grant.grant_id, job_id)) is None:
            self._check_uses(session, grant, job_id)
            session.add(GrantUse(grant_id=grant.grant_id, job_id=job_id, used_at=self._clock.now()))

    def check_in_force(self, session: Session, grant: Grant) -> None:
        """Check all that does not depend on the job.

        Raises:
            PermitRefused: the grant was revoked, its contract is over, or its time is.
        """
        what = f"the permit for data set {grant.resource_id}"
        if session.get_one(Audit, grant.audit_number).status != AuditStatus.APPROVED:
            raise _refused(f"{what} was revoked")
        try:
            self._contracts.require_usable(session, grant.user_node_id, grant.contract_id)
        except InterconnError as error:
            raise _refused(f"{what} is void: {error.message}") from None
        if grant.time_limit is not None and self._clock.now() >= grant.time_limit:
            raise _refused(f"{what} has expired")

    def _check_scope(self, grant: Grant, components: set[str], project_id: str) -> None:
        scope = AuthScope.model_validate(grant.auth_scope)
        what = f"the permit for data set {grant.resource_id}"
        if scope.NODE is not None and grant.user_node_id not in scope.NODE:
            raise _refused(f"{what} is not for node {grant.user_node_id}", clause="MGT-4.3-auth-scope")
        if scope.PROJECT is not None and project_id not in scope.PROJECT:
            raise _refused(f"{what} is not for project {project_id or '(none)'}", clause="MGT-4.3-auth-scope")
        if scope.COMPONENT is not None and (others := components - set(scope.COMPONENT)):
            raise _refused(f"{what} is not for component {', '.join(sorted(others))}", clause="MGT-4.3-auth-scope")

    def _check_uses(self, session: Session, grant: Grant, job_id: str) -> None:
        if grant.times_limit is None:
            return
        others = select(func.count()).where(GrantUse.grant_id == grant.grant_id, GrantUse.job_id != job_id)
        if (session.scalar(others) or 0) >= grant.times_limit:
            raise _refused(f"the permit for data set {grant.resource_id} is used up ({grant.times_limit} jobs)")

    # --- the user -------------------------------------------------------------------------------------------

    def keep(self, session: Session, audit: Audit, permit: ResourcePermit) -> None:
        """Keep a permit that came with the confirm of an audit of ours; a later one takes its place.

        Raises:
            PermitRefused: it is not the holder's to give, not for this node, or for something else.
        """
        given = (permit.resource_node_id, permit.request_node_id, permit.resource_id)
        if given != (audit.node_id, self._node.node_id, audit.subject_id):
            raise PermitRefused(
                "the permit names another holder, user or resource than the audit",
                where="resource_permit",
                clause="MGT-2.2-permit",
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

    def present(self, session: Session, holder: str, dataset_ids: Iterable[str]) -> str:
        """Return the permit set to present to a holder: for each data set the permits of the highest level.

        There may be several of that level, of other scopes or used up; only the holder can tell which one covers.

        Raises:
            PermitRefused: for one of them this node holds no permit that is still good.
        """
        return write_permit_set(
            permit for dataset_id in sorted(dataset_ids) for permit in self._held(session, holder, dataset_id)
        )

    def _held(self, session: Session, holder: str, dataset_id: str) -> list[PresentedPermit]:
        found = (
            select(Permit)
            .join(Audit, Audit.number == Permit.audit_number)
            .where(
                Permit.holder_node_id == holder,
                Permit.resource_id == dataset_id,
                Permit.resource_type == DATASET,
                Audit.status == AuditStatus.APPROVED.value,
            )
            .order_by(Permit.resource_level.desc(), Permit.audit_number.desc())
        )
        now = self._clock.now()
        good = [one for one in session.scalars(found) if one.time_limit is None or one.time_limit > now]
        if good:
            highest = [one for one in good if one.resource_level == good[0].resource_level]
            name = dataset_name(holder, dataset_id)
            return [PresentedPermit(name, one.resource_level, one.token) for one in highest[:MAXIMUM_PRESENTED]]
        raise PermitRefused(
            f"this node holds no valid permit of {holder} for data set {dataset_id}",
            where="config.task_params",
            clause="MGT-2.2-mprac-procedure",
            hint="Apply for one: interconn dataset request",
        )


def no_permit() -> PermitRefused:
    """Return the refusal of a job that reads what its initiator has no permit for.

    It is the same for a data set that is not there, so that nobody finds out by guessing which ones are.
    """
    return PermitRefused(
        "no permit that was given to the job's initiator covers the data that it reads here",
        where=PERMIT_SET,
        clause="MGT-2.2-mprac-procedure",
        hint="Apply for a grant of each data set: interconn dataset request",
    )


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _refused(why: str, *, clause: str = "MGT-2.2-permit-lifetime") -> PermitRefused:
    return PermitRefused(why, where=PERMIT_SET, clause=clause)
