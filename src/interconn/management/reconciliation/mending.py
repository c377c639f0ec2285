"""Mends a difference by legal steps alone: takes over what the partner decided, or says again what we have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.approvals.tables import Audit
from interconn.management.causes import Cause
from interconn.management.contracts.applications import Applications
from interconn.management.contracts.standing import CONTRACT
from interconn.management.contracts.tables import Contract
from interconn.management.contracts.verdicts import Verdicts
from interconn.management.reconciliation.judgement import Mend
from interconn.management.reconciliation.matters import Matter
from interconn.standard.management import AuditStatus

_STEPS = {Mend.APPLY_AGAIN: "apply", Mend.CONFIRM_AGAIN: "confirm", Mend.TERMINATE_AGAIN: "terminate"}


class Mending:
    """Takes the steps, inside transactions.

    Args:
        applications: for contracts, ours.
        verdicts: on contracts.
        audits: the engine.
        subjects: the kinds of audits there are.
    """

    def __init__(
        self,
        *,
        applications: Applications,
        verdicts: Verdicts,
        audits: Audits,
        subjects: Mapping[AuditKind, Subject[Any]],
    ) -> None:
        self._applications = applications
        self._verdicts = verdicts
        self._audits = audits
        self._subjects = subjects

    def mend(self, session: Session, matter: Matter, mend: Mend, there: AuditStatus | None, cause: Cause) -> None:
        """Take one step.

        Args:
            session: of a transaction.
            matter: what differs.
            mend: how it is mended.
            there: the state that the partner named, for `ADOPT`.
            cause: the partner, whose answer it was, or the person who asked for the step.
        """
        if matter.kind == CONTRACT:
            self._mend_contract(session, session.get_one(Contract, matter.number), mend, there, cause)
            return
        audit = session.get_one(Audit, matter.number)
        subject = self._subjects[AuditKind(matter.kind)]
        if mend is Mend.ADOPT:
            assert there
            self._audits.adopt(session, subject, audit, there, cause)
        elif mend is not Mend.NONE:
            self._audits.repeat(session, subject, audit, _STEPS[mend], cause)

    def _mend_contract(
        self, session: Session, contract: Contract, mend: Mend, there: AuditStatus | None, cause: Cause
    ) -> None:
        if mend is Mend.ADOPT:
            assert there
            self._verdicts.adopt(session, contract, there, cause)
        elif mend is Mend.APPLY_AGAIN:
            self._applications.repeat(session, contract, cause)
        elif mend is not Mend.NONE:
            self._verdicts.repeat(session, contract, _STEPS[mend], cause)
