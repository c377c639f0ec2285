"""Approvals that one node asks of another, as rows."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.standard.management import AuditStatus
from interconn.state.database import Table

AUDIT_TOPIC: Final = "audits"
"""Announced with every change of an audit."""


class Audit(Table):
    """An approval that one node asks of another (MGT-4-dataset-audit-state and its like).

    Attributes:
        audit_id: made by the applicant; unique here, so that a person who names it means one audit.
        node_id: the other side.
        subject_id: id of the data set, project, flow or job.
        content: the application as it was sent.
        content_digest: over `content`; the same id with other content is refused.
        contract_id: under which it was applied for; empty where that was before it was kept.
        policy: digest of the policy in force when it was decided.
        evaluated: digest of the last policy whose rules were asked about it.
        void: why it counts no more although its state stands, as that of its contract's end does not change it.
        permitless: its approval was confirmed without a permit, which the standard leaves to the partner.
    """

    __tablename__ = "audits"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    audit_id: Mapped[str] = mapped_column(String(128), unique=True)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    kind: Mapped[str] = mapped_column(String(16), index=True)
    subject_id: Mapped[str] = mapped_column(String(128), index=True)
    direction: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), index=True)
    content: Mapped[dict[str, Any]]
    content_digest: Mapped[str] = mapped_column(String(64))
    trace_id: Mapped[str] = mapped_column(String(256))
    applied_at: Mapped[int]
    decided_at: Mapped[int | None]
    decided_by: Mapped[str] = mapped_column(String(160), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    contract_id: Mapped[str] = mapped_column(String(128), default="")
    policy: Mapped[str] = mapped_column(String(64), default="")
    evaluated: Mapped[str] = mapped_column(String(64), default="")
    void: Mapped[str] = mapped_column(Text, default="")
    permitless: Mapped[bool] = mapped_column(default=False)

    @property
    def in_force(self) -> bool:
        """Whether it is approved, and nothing has made that void."""
        return self.status == AuditStatus.APPROVED and not self.void

    @property
    def standing(self) -> str:
        """The state, and why it counts no more if it does not."""
        return f"{self.status}, but {self.void}" if self.void else self.status


class Opinion(Table):
    """One person's approval, or a rule's, of what needs two before it is decided.

    Attributes:
        matter: what it is about, e.g. `audit:17`.
        actor: `person:…` or `rule:…`; somebody has one opinion on a matter.
        policy: digest of the policy in force when it was given.
        time_limit, times_limit: limits that this one would set on a permit.
        grant_datasets: whether this one would grant a project's data sets along with it.
    """

    __tablename__ = "opinions"

    matter: Mapped[str] = mapped_column(String(200), primary_key=True)
    actor: Mapped[str] = mapped_column(String(160), primary_key=True)
    policy: Mapped[str] = mapped_column(String(64), default="")
    time_limit: Mapped[int | None]
    times_limit: Mapped[int | None]
    grant_datasets: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str] = mapped_column(Text, default="")
    given_at: Mapped[int]
