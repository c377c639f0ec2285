"""The holder's side: which of what it granted covers an access, and how often it was used.

A grant is valid while its audit is approved, its contract in force and its limits not reached
(docs/decisions/0005-permits.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api.permits import Standing
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.levels import WORDS, ResourceType
from interconn.management.permits.minting import token_digest
from interconn.management.permits.permit_set import PresentedPermit, read_permit_set, resource_name
from interconn.management.permits.tables import CoveredDataset, Grant, GrantUse
from interconn.management.permits.terms import LIFETIME, Access, ComponentIdentity
from interconn.standard.errors import InterconnError, PermitRefused
from interconn.standard.headers import PERMIT_SET
from interconn.standard.management import AuditStatus, AuthScope
from interconn.state.clock import Clock
from interconn.trail import entries

Ends = dict[str, str]
"""Why a contract is over, by its id; empty for one that is in force."""


class GrantLedger:
    """Checks permits that are presented and counts their uses, inside transactions.

    Args:
        node: this node's name card.
        clock: time.
        contracts: a grant is void when its contract is.
    """

    def __init__(self, *, node: NodeIdentity, clock: Clock, contracts: Contracts) -> None:
        self._node = node
        self._clock = clock
        self._contracts = contracts

    # --- checking -------------------------------------------------------------------------------------------

    def granted(self, session: Session, node_id: str, dataset_id: str) -> bool:
        """Tell whether a data set of ours is granted to a node just now, by itself or with a project."""
        with_project = select(CoveredDataset.grant_id).where(CoveredDataset.dataset_id == dataset_id)
        itself = (Grant.resource_type == ResourceType.DATASET) & (Grant.resource_id == dataset_id)
        found = select(Grant).where(Grant.user_node_id == node_id, itself | Grant.grant_id.in_(with_project))
        for grant in session.scalars(found):
            try:
                self.check_in_force(session, grant)
            except PermitRefused:
                continue
            return True
        return False

    def accept(
        self, session: Session, text: str, *, user: str, accesses: Sequence[Access], project_id: str
    ) -> list[Grant]:
        """Check that the permits presented cover what a job uses of ours, and return the grants that do.

        Ours of the highest level is held against what was presented first; any lower one that is valid and covers
        the access serves as well (MGT-2.2-mprac-highest-level, resolution 24).

        Args:
            session: of a transaction.
            text: value of x-mprac-token-set.
            user: the node that presents them, proven.
            accesses: what the job uses of ours.
            project_id: the job's project.

        Raises:
            InvalidRequest: the set is malformed.
            PermitRefused: a permit is missing, foreign, used up, expired, revoked or out of scope.
        """
        presented = {token_digest(permit.token): permit for permit in read_permit_set(text)}
        found = {}
        for access in accesses:
            grant = self._covering(session, presented, user, access, project_id)
            found[grant.grant_id] = grant
        return list(found.values())

    def _covering(
        self, session: Session, presented: Mapping[str, PresentedPermit], user: str, access: Access, project_id: str
    ) -> Grant:
        itself = (Grant.resource_type == access.resource_type) & (Grant.resource_id == access.resource_id)
        project = (Grant.resource_type == ResourceType.PROJECT) & (Grant.resource_id == project_id)
        covering = select(CoveredDataset.grant_id).where(CoveredDataset.dataset_id == access.resource_id)
        with_project = project & Grant.grant_id.in_(covering)
        wanted = itself | with_project if access.resource_type is ResourceType.DATASET else itself
        candidates = (
            select(Grant)
            .where(Grant.user_node_id == user, Grant.token_digest.in_(presented), wanted)
            .order_by(Grant.resource_level.desc(), Grant.grant_id.desc())
        )
        refusal = no_permit()
        for grant in session.scalars(candidates):
            permit = presented[grant.token_digest]
            names = (resource_name(grant.resource_type, self._node.node_id, grant.resource_id), grant.resource_id)
            if permit.name not in names or permit.level != grant.resource_level:
                continue
            try:
                self.check_usable(session, [grant])
                _check_scope(grant, access.components, project_id)
            except PermitRefused as error:
                refusal = error
                continue
            return grant
        raise refusal

    def chain(self, session: Session, *, user: str, project_id: str, flow_id: str, job_id: str) -> list[Grant]:
        """Return what was granted to a user of the project, the flow and the job that an access is part of.

        They count whether presented or not: what limits a project limits all that is done in it. An approval from
        before there were permits of its kind granted nothing that could be counted.
        """
        found: list[Grant] = []
        for resource_type, resource_id in (
            (ResourceType.PROJECT, project_id),
            (ResourceType.FLOW, flow_id),
            (ResourceType.JOB, job_id),
        ):
            newest = (
                select(Grant)
                .where(
                    Grant.user_node_id == user, Grant.resource_type == resource_type, Grant.resource_id == resource_id
                )
                .order_by(Grant.grant_id.desc())
                .limit(1)
            )
            found.extend(session.scalars(newest))
        return found

    def check_usable(self, session: Session, grants: Iterable[Grant], *, job_id: str = "") -> None:
        """Check that a job may use each of some grants, counting nothing.

        Args:
            session: of a transaction.
            grants: what it needs.
            job_id: the job, whose own use counts for nothing; empty while it has no id here.

        Raises:
            PermitRefused: one is no longer valid, or used up by other jobs.
        """
        ends: Ends = {}
        for grant in grants:
            self.check_in_force(session, grant, ends)
            _check_uses(session, grant, job_id)

    def check_in_force(self, session: Session, grant: Grant, ends: Ends | None = None) -> None:
        """Check all that does not depend on the job.

        Args:
            session: of a transaction.
            grant: to be used.
            ends: what was found of contracts already, where several grants are checked at once.

        Raises:
            PermitRefused: the grant was revoked, its contract is over, or its time is.
        """
        standing, why = self._standing(session, grant, {} if ends is None else ends)
        if standing is not Standing.IN_FORCE:
            raise refused(f"{called(grant)} {why}")

    def _standing(self, session: Session, grant: Grant, ends: Ends) -> tuple[Standing, str]:
        audit = session.get_one(Audit, grant.audit_number)
        if audit.status != AuditStatus.APPROVED:
            return Standing.REVOKED, "was revoked"
        if audit.void:
            return Standing.VOID, f"is void: {audit.void}"
        if grant.contract_id not in ends:
            ends[grant.contract_id] = self._end(session, grant)
        if end := ends[grant.contract_id]:
            return Standing.VOID, f"is void: {end}"
        if grant.time_limit is not None and self._clock.now() >= grant.time_limit:
            return Standing.EXPIRED, "has expired"
        return Standing.IN_FORCE, ""

    def _end(self, session: Session, grant: Grant) -> str:
        try:
            self._contracts.require_usable(session, grant.user_node_id, grant.contract_id)
        except InterconnError as error:
            return error.message
        return ""

    def standing(self, session: Session, grant: Grant, used: int) -> tuple[Standing, str]:
        """Return how a grant stands just now, after so many uses, and why it is not in force."""
        standing, why = self._standing(session, grant, {})
        if standing is Standing.IN_FORCE and grant.times_limit is not None and used >= grant.times_limit:
            return Standing.USED_UP, f"is used up ({grant.times_limit} jobs)"
        return standing, why

    # --- counting -------------------------------------------------------------------------------------------

    def use(self, session: Session, grants: Iterable[Grant], job_id: str) -> None:
        """Count one use of each grant by a job, in the transaction that admits it; the same job counts once.

        Raises:
            PermitRefused: one is no longer valid, or used up by other jobs.
        """
        session.flush()
        numbers = {grant.grant_id for grant in grants}
        # Where a database has several writers, each waits here for the one before it; in order, so that two jobs
        # that share several grants never wait for each other.
        locked = select(Grant).where(Grant.grant_id.in_(numbers)).order_by(Grant.grant_id).with_for_update()
        found = session.scalars(locked.execution_options(populate_existing=True)).all()
        used = set(
            session.scalars(select(GrantUse.grant_id).where(GrantUse.job_id == job_id, GrantUse.grant_id.in_(numbers)))
        )
        # Held here, the audits are read together, and not again one by one.
        audits = session.scalars(select(Audit).where(Audit.number.in_(grant.audit_number for grant in found))).all()
        ends: Ends = {}
        for grant in found:
            self.check_in_force(session, grant, ends)
            if grant.grant_id not in used:
                _check_uses(session, grant, job_id)
                session.add(GrantUse(grant_id=grant.grant_id, job_id=job_id, used_at=self._clock.now()))
                self._note_use(session, grant, job_id)
        del audits
        session.flush()

    def _note_use(self, session: Session, grant: Grant, job_id: str) -> None:
        entries.record(
            session,
            at=self._clock.now(),
            actor=f"node:{grant.user_node_id}",
            action="permit.use",
            subject=f"{grant.resource_type.lower()}:{grant.resource_id}",
            partner=grant.user_node_id,
            clause=LIFETIME,
            details={
                "job": job_id,
                "audit": session.get_one(Audit, grant.audit_number).audit_id,
                "level": grant.resource_level,
                "uses": uses(session, grant),
            },
        )


def uses(session: Session, grant: Grant, *, but: str = "") -> int:
    """Return how many jobs have used a grant, leaving one out."""
    counted = select(func.count()).where(GrantUse.grant_id == grant.grant_id, GrantUse.job_id != but)
    return session.scalar(counted) or 0


def called(grant: Grant) -> str:
    """Return what messages call the permit of a grant."""
    return f"the permit for {WORDS[ResourceType(grant.resource_type)]} {grant.resource_id}"


def no_permit() -> PermitRefused:
    """Return the refusal of a job that uses what its initiator has no permit for.

    It is the same for a data set that is not there, so that nobody finds out by guessing which ones are.
    """
    return PermitRefused(
        "no permit that was given to the job's initiator covers the data that it reads here",
        where=PERMIT_SET,
        clause="MGT-2.2-mprac-procedure",
        hint="Apply for a grant of each data set: interconn dataset request",
    )


def refused(why: str, *, clause: str = LIFETIME) -> PermitRefused:
    """Return a refusal by what the node's own ledger says of a permit."""
    return PermitRefused(why, where=PERMIT_SET, clause=clause)


def _check_scope(grant: Grant, components: Iterable[ComponentIdentity], project_id: str) -> None:
    scope = AuthScope.model_validate(grant.auth_scope)
    if scope.NODE is not None and grant.user_node_id not in scope.NODE:
        raise _out_of_scope(grant, f"node {grant.user_node_id}")
    if scope.PROJECT is not None and project_id not in scope.PROJECT:
        raise _out_of_scope(grant, f"project {project_id or '(none)'}")
    listed = scope.COMPONENT
    if listed is not None and (others := [one for one in sorted(components) if not one.named_in(listed)]):
        raise _out_of_scope(grant, f"component {', '.join(map(str, others))}")


def _out_of_scope(grant: Grant, what: str) -> PermitRefused:
    return refused(f"{called(grant)} is not for {what}", clause="MGT-4.3-auth-scope")


def _check_uses(session: Session, grant: Grant, job_id: str) -> None:
    if grant.times_limit is not None and uses(session, grant, but=job_id) >= grant.times_limit:
        raise refused(f"{called(grant)} is used up ({grant.times_limit} jobs)")
