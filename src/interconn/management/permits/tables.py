"""What this node granted, what was used of it, and the permits that partners gave it, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Grant(Table):
    """What this node, as holder, granted: the counterpart of a permit (MGT-2.2-mprac-custody).

    The token itself is kept by its user alone; here lies its SHA-256.
    """

    __tablename__ = "grants"

    grant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    audit_number: Mapped[int] = mapped_column(ForeignKey("audits.number"), unique=True)
    contract_id: Mapped[str] = mapped_column(String(128))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    resource_type: Mapped[str] = mapped_column(String(32))
    resource_id: Mapped[str] = mapped_column(String(128), index=True)
    resource_level: Mapped[int]
    user_node_id: Mapped[str] = mapped_column(String(128), index=True)
    user_inst_id: Mapped[str] = mapped_column(String(128))
    auth_scope: Mapped[dict[str, Any]]  # empty: not restricted (MGT-4.3-auth-scope)
    time_limit: Mapped[int | None]  # epoch milliseconds (resolution 24)
    times_limit: Mapped[int | None]  # jobs admitted (resolution 24)


class AcceptedGrant(Table):
    """A grant whose permit the initiator spent at a job's audit: it covers that job."""

    __tablename__ = "accepted_grants"

    job_audit_number: Mapped[int] = mapped_column(ForeignKey("audits.number"), primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.grant_id"), primary_key=True)


class GrantUse(Table):
    """One use of a grant: one job admitted, counted once however often it is admitted again."""

    __tablename__ = "grant_uses"

    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.grant_id"), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    used_at: Mapped[int]


class Permit(Table):
    """A permit that this node, as user, was given; `token` is secret."""

    __tablename__ = "permits"

    audit_number: Mapped[int] = mapped_column(ForeignKey("audits.number"), primary_key=True)
    holder_node_id: Mapped[str] = mapped_column(String(128), index=True)
    holder_inst_id: Mapped[str] = mapped_column(String(128))
    token: Mapped[str] = mapped_column(String(512))
    resource_type: Mapped[str] = mapped_column(String(256))
    resource_id: Mapped[str] = mapped_column(String(128), index=True)
    resource_level: Mapped[int]
    time_limit: Mapped[int | None]
    times_limit: Mapped[int | None]
