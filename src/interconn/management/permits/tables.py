"""What this node granted, what was used of it, the permits that partners gave it, and pre-authorisations, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Grant(Table):
    """What this node, as holder, granted: the counterpart of a permit (MGT-2.2-mprac-custody).

    The token itself is kept by its user alone; here lies its SHA-256.

    Attributes:
        auth_scope: where it may be used; empty: anywhere (MGT-4.3-auth-scope).
        time_limit: instant at which it ends, epoch milliseconds (resolution 24).
        times_limit: jobs that may be admitted under it (resolution 24).
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
    auth_scope: Mapped[dict[str, Any]]
    time_limit: Mapped[int | None]
    times_limit: Mapped[int | None]


class CoveredDataset(Table):
    """A data set that was granted together with a project: the project's permit covers it, within that project."""

    __tablename__ = "covered_datasets"

    grant_id: Mapped[int] = mapped_column(ForeignKey("grants.grant_id"), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(String(128), primary_key=True, index=True)


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


class Preauthorisation(Table):
    """What a person of this node allows a partner without a management plane, which can ask for no approval.

    Attributes:
        node_id: the partner.
        component: provider and name, with a slash between them.
        dataset_id: of this node; the component may read it, or what came of it in the same job.
        times_limit: jobs that may be admitted under it.
        revoked_at: epoch milliseconds; None while it stands.
    """

    __tablename__ = "preauthorisations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    preauthorisation_id: Mapped[str] = mapped_column(String(128), unique=True)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    component: Mapped[str] = mapped_column(String(257))
    dataset_id: Mapped[str] = mapped_column(String(128))
    time_limit: Mapped[int | None]
    times_limit: Mapped[int | None]
    added_at: Mapped[int]
    added_by: Mapped[str] = mapped_column(String(160))
    revoked_at: Mapped[int | None]


class PreauthorisationUse(Table):
    """One use of a pre-authorisation: one job admitted, counted once however often it is admitted again."""

    __tablename__ = "preauthorisation_uses"

    number: Mapped[int] = mapped_column(ForeignKey("preauthorisations.number"), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    used_at: Mapped[int]


class PreauthorisedJob(Table):
    """A job of a partner without a management plane, as it was admitted: it does not change afterwards.

    Attributes:
        node_id: its initiator, the partner that the pre-authorisations are for.
    """

    __tablename__ = "preauthorised_jobs"

    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    node_id: Mapped[str] = mapped_column(String(128), index=True)
    scheduler: Mapped[str] = mapped_column(String(128))
    dag_digest: Mapped[str] = mapped_column(String(64))
    config_digest: Mapped[str] = mapped_column(String(64))
    admitted_at: Mapped[int]
