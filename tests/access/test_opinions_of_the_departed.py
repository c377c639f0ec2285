"""Two persons decide: one who is kept out before the second came is none of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import people
from interconn.management.approvals import opinions
from interconn.management.approvals.opinions import Decider
from interconn.management.approvals.tables import Audit
from interconn.management.causes import Cause
from interconn.trail.entries import AuditEntry
from tests.access.conftest import Staffed


def within(staffed: Staffed, work: Callable[[Session], Any]) -> Any:
    return staffed.node.wait(staffed.node.node.database.write(work))


def applied(session: Session, audit_id: str, status: str) -> Audit:
    audit = Audit(
        audit_id=audit_id,
        node_id="operator",
        kind="PROJECT",
        subject_id="p",
        direction="PARTNER",
        status=status,
        content={},
        content_digest="",
        trace_id="t",
        applied_at=1,
        decided_at=None,
    )
    session.add(audit)
    session.flush()
    return audit


@pytest.mark.parametrize(
    ("row", "members", "left"),
    [
        (people.USER_DISABLE, {}, 0),
        (people.USER_ROLES, {"roles": ["operator"]}, 0),
        (people.USER_ROLES, {"roles": ["approver", "operator"]}, 1),
    ],
    ids=["kept out", "approver no more", "given a role more"],
)
def test_an_opinion_of_somebody_who_is_trusted_with_less_counts_no_more(
    staffed: Staffed, row: Any, members: dict[str, Any], left: int
) -> None:
    name = f"cat-{row.name.rpartition('.')[2]}-{left}"
    staffed.node.data(people.USER_ADD, name=name, roles=["approver"])

    def give(session: Session) -> list[str]:
        matters = [
            opinions.of_audit(applied(session, f"{name}-{status}", status)) for status in ("APPLIED", "APPROVED")
        ]
        for matter in matters:
            cause = Cause(f"person:{name}", "t")
            opinions.give(
                session, matter, Decider(cause), 1, time_limit=None, times_limit=None, grant_datasets=False, reason=""
            )
        return matters

    open_, decided = within(staffed, give)
    staffed.node.data(row, name=name, **members)
    assert len(within(staffed, lambda session: opinions.given(session, open_))) == left
    assert len(within(staffed, lambda session: opinions.given(session, decided))) == 1  # who decided stays known
    taken_back = select(AuditEntry.subject).where(AuditEntry.action == "opinion.taken_back")
    found = within(staffed, lambda session: list(session.scalars(taken_back)))
    assert (open_ in found, decided in found) == (left == 0, False)
