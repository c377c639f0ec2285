"""Approvals that one node asks of another, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Audit(Table):
    """An approval that one node asks of another (MGT-4-dataset-audit-state and its like).

    Attributes:
        audit_id: made by the applicant; unique here, so that a person who names it means one audit.
        node_id: the other side.
        subject_id: id of the data set, project, flow or job.
        content: the application as it was sent.
        content_digest: over `content`; the same id with other content is refused.
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
