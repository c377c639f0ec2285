"""Pre-authorisations: what a partner without a management plane may do here, as it can ask for no approval.

A person of this node says so beforehand, for one component on one data set. For partners that have a management plane
they never apply (docs/decisions/0005-permits.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api import permits as api
from interconn.api.own import Person
from interconn.api.permits import PreauthorisationView, Standing
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.tables import Preauthorisation, PreauthorisationUse
from interconn.management.permits.terms import ComponentIdentity
from interconn.standard.errors import ContractNotUsable, InvalidRequest, NotFound, PermitRefused, Refused
from interconn.standard.identifiers import new_id
from interconn.state.clock import Clock

CLAUSE: Final = "MGT-2.2-mprac-procedure"

Use = tuple[ComponentIdentity, str]
"""A component and the data set of ours that it reads, or that came to it; an empty id for one that sees none."""


class Preauthorisations:
    """Keeps pre-authorisations, checks jobs against them and counts their uses, inside transactions.

    Args:
        clock: time.
        contracts: say which partners have no management plane.
    """

    def __init__(self, *, clock: Clock, contracts: Contracts) -> None:
        self._clock = clock
        self._contracts = contracts

    # --- this node's people ---------------------------------------------------------------------------------

    def add(self, session: Session, person: Person, request: api.PreauthorisationAdd) -> Preauthorisation:
        """Allow a partner something.

        Raises:
            ContractNotUsable: there is no contract in force with it.
            Refused: it has a management plane, so its approvals count.
            InvalidRequest: it would have expired already.
        """
        if self._contracts.require_usable(session, request.node_id).management_plane:
            raise Refused(
                f"{request.node_id} has a management plane: it asks for approvals, and those count",
                where="node_id",
                hint=f"If it has none: interconn peer set {request.node_id} --without-management-plane",
            )
        now = self._clock.now()
        if request.time_limit is not None and request.time_limit <= now:
            raise InvalidRequest(
                "the pre-authorisation would have expired already",
                where="time_limit",
                hint="It is an instant in epoch milliseconds",
            )
        preauthorisation = Preauthorisation(
            preauthorisation_id=new_id("preauthorisation"),
            node_id=request.node_id,
            component=request.component,
            dataset_id=request.dataset_id,
            time_limit=request.time_limit,
            times_limit=request.times_limit,
            added_at=now,
            added_by=person.actor[:160],
            revoked_at=None,
        )
        session.add(preauthorisation)
        self._note(session, preauthorisation, Cause.person(person), "add")
        return preauthorisation

    def revoke(self, session: Session, person: Person, preauthorisation_id: str) -> Preauthorisation:
        """Take a pre-authorisation back, at once; once more changes nothing.

        Raises:
            NotFound: there is none of that id.
        """
        preauthorisation = self.named(session, preauthorisation_id)
        if preauthorisation.revoked_at is None:
            preauthorisation.revoked_at = self._clock.now()
            self._note(session, preauthorisation, Cause.person(person), "revoke")
        return preauthorisation

    def named(self, session: Session, preauthorisation_id: str) -> Preauthorisation:
        """Return a pre-authorisation by its id.

        Raises:
            NotFound: there is none.
        """
        wanted = select(Preauthorisation).where(Preauthorisation.preauthorisation_id == preauthorisation_id)
        found = session.scalar(wanted)
        if found is None:
            raise NotFound(
                f"there is no pre-authorisation {preauthorisation_id}",
                where="preauthorisation_id",
                hint="interconn preauthorisation list",
            )
        return found

    def view(self, session: Session, one: Preauthorisation) -> PreauthorisationView:
        """Return a pre-authorisation as a person sees it."""
        session.flush()
        uses = _uses(session, one)
        standing, reason = self._standing(session, one, uses)
        return PreauthorisationView(
            preauthorisation_id=one.preauthorisation_id,
            node_id=one.node_id,
            component=one.component,
            dataset_id=one.dataset_id,
            time_limit=one.time_limit,
            times_limit=one.times_limit,
            uses=uses,
            uses_left=None if one.times_limit is None else max(0, one.times_limit - uses),
            standing=standing,
            reason=reason,
            added_at=one.added_at,
            added_by=one.added_by,
        )

    # --- jobs -----------------------------------------------------------------------------------------------

    def without_management_plane(self, session: Session, node_id: str) -> bool:
        """Tell whether a person declared that a partner, under the contract now in force, has no management plane."""
        try:
            return not self._contracts.require_usable(session, node_id).management_plane
        except ContractNotUsable:
            return False

    def use(self, session: Session, node_id: str, uses: Collection[Use], job_id: str) -> list[Preauthorisation]:
        """Find a pre-authorisation for everything that a job does here and count one use of each by the job.

        One that the job uses already comes first, so that a task that begins later uses up nothing more; then the
        newest.

        Raises:
            PermitRefused: something is not covered.
        """
        session.flush()
        found = {one.number: one for use in sorted(uses) for one in [self._covering(session, node_id, use, job_id)]}
        for number in found:
            if session.get(PreauthorisationUse, (number, job_id)) is None:
                session.add(PreauthorisationUse(number=number, job_id=job_id, used_at=self._clock.now()))
        session.flush()
        return list(found.values())

    def _covering(self, session: Session, node_id: str, use: Use, job_id: str) -> Preauthorisation:
        component, dataset_id = use
        used = select(PreauthorisationUse.number).where(PreauthorisationUse.job_id == job_id)
        candidates = (
            select(Preauthorisation)
            .where(Preauthorisation.node_id == node_id, Preauthorisation.component == str(component))
            .where(Preauthorisation.revoked_at.is_(None))
            .order_by(Preauthorisation.number.in_(used).desc(), Preauthorisation.number.desc())
            .with_for_update()  # several writers of one database count one after the other
        )
        if dataset_id:
            candidates = candidates.where(Preauthorisation.dataset_id == dataset_id)
        refusal = not_preauthorised()
        for one in session.scalars(candidates):
            standing, reason = self._standing(session, one, _uses(session, one, but=job_id))
            if standing is Standing.IN_FORCE:
                return one
            refusal = PermitRefused(f"the pre-authorisation {reason}", clause=CLAUSE)
        raise refusal

    def _standing(self, session: Session, one: Preauthorisation, uses: int) -> tuple[Standing, str]:
        if one.revoked_at is not None:
            return Standing.REVOKED, "was revoked"
        if not self.without_management_plane(session, one.node_id):
            return Standing.VOID, "is void: no contract in force says that the partner has no management plane"
        if one.time_limit is not None and self._clock.now() >= one.time_limit:
            return Standing.EXPIRED, "has expired"
        if one.times_limit is not None and uses >= one.times_limit:
            return Standing.USED_UP, f"is used up ({one.times_limit} jobs)"
        return Standing.IN_FORCE, ""

    def _note(self, session: Session, one: Preauthorisation, cause: Cause, action: str) -> None:
        limits = {"time_limit": one.time_limit, "times_limit": one.times_limit}
        cause.record(
            session,
            at=self._clock.now(),
            action=f"preauthorisation.{action}",
            subject=f"preauthorisation:{one.preauthorisation_id}",
            partner=one.node_id,
            clause=CLAUSE,
            details={
                "component": one.component,
                "dataset": one.dataset_id,
                **{name: str(limit) for name, limit in limits.items() if limit is not None},
            },
        )


def not_preauthorised() -> PermitRefused:
    """Return the refusal of a job that does what nobody allowed beforehand.

    It is the same for a data set that is not there, so that nobody finds out by guessing which ones are.
    """
    return PermitRefused(
        "no pre-authorisation covers what the job does here",
        where="config.task_params",
        clause=CLAUSE,
        hint="A person of this node allows it beforehand: interconn preauthorisation add",
    )


def ids(preauthorisations: Iterable[Preauthorisation]) -> str:
    """Return their ids, as the audit trail keeps them."""
    return ",".join(sorted(one.preauthorisation_id for one in preauthorisations))


def _uses(session: Session, one: Preauthorisation, *, but: str = "") -> int:
    counted = select(func.count()).where(PreauthorisationUse.number == one.number, PreauthorisationUse.job_id != but)
    return session.scalar(counted) or 0
