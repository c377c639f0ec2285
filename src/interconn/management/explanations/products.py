"""Explains what work leaves: results that a policy holds, and models."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.state import Explanation
from interconn.management.approvals import opinions
from interconn.management.approvals.tables import Audit
from interconn.management.explanations.agreements import Agreements
from interconn.management.explanations.running import NODE_HERE
from interconn.management.models.tables import Model
from interconn.management.results.holding import hidden_at
from interconn.management.results.results import matter, named, waits_for
from interconn.management.results.tables import Result, Standing
from interconn.management.transitions import PARTNER
from interconn.management.waiting import Whom
from interconn.standard.errors import InterconnError


class Products:
    """Explains results and models, inside transactions.

    Args:
        agreements: explains approvals.
    """

    def __init__(self, agreements: Agreements) -> None:
        self._agreements = agreements

    def named(self, session: Session, name: str) -> list[Explanation]:
        """Explain the model of an id, or the result of a name as `interconn result list` shows it."""
        if model := session.get(Model, name):
            return [self._model(session, model)]
        if name.count("/") in (2, 3):
            try:
                return [_result(session, named(session, name))]
            except InterconnError:
                return []
        return []

    def _model(self, session: Session, model: Model) -> Explanation:
        what = f"the model {model.name} here" + (f", which task {model.task_id} left" if model.task_id else "")
        held = hidden_at(session, model.namespace, model.stored_name)
        if held and model.removed_at is None:
            update = {"kind": "model", "id": model.model_id, "what": what, "related": [held.reference]}
            return _result(session, held).model_copy(update=update)
        asked = select(Audit).where(
            Audit.kind == AuditKind.MODEL.value, Audit.subject_id == model.model_id, Audit.direction == PARTNER
        )
        audits = list(session.scalars(asked.order_by(Audit.number)))
        if model.removed_at is not None:
            state, step = "REMOVED", ("nothing: it was removed, and its id is not used again", "")
        else:
            share = f"interconn model share {model.model_id} --to NODE"
            state, step = "REGISTERED", ("nothing: partners with which it is shared may apply for its use", share)
        thing = {"kind": "model", "id": model.model_id, "what": what, "state": state}
        return self._agreements.by_audits(session, audits, step, **thing)


def _result(session: Session, result: Result) -> Explanation:
    waiting = waits_for(result, opinions.given(session, matter(result)))
    decide = f"interconn result release {result.reference}"
    by_person = result.standing == Standing.HELD and result.checked
    if by_person:
        step = ("decide: release or refuse it", decide)
    elif waiting:
        step = ("nothing is due here; this node does that by itself", "interconn result list")
    else:
        why = f": {result.reason}" if result.reason else ""
        step = (f"nothing: that is final{why}", "")
    return Explanation(
        kind="result",
        id=result.reference,
        what=f"what {result.component} left as {result.key} in job {result.job_id}",
        state=result.standing,
        waits_for=waiting,
        whom=(Whom.PERSON_HERE.value if by_person else NODE_HERE) if waiting else "",
        since=result.decided_at or result.held_at,
        next_step=step[0],
        command=step[1],
        related=[result.job_id, result.task_id],
    )
