"""Projects, flows and proposed jobs, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Project(Table):
    """A project of this node or of a partner; its id is unique for its initiator."""

    __tablename__ = "projects"

    initiator: Mapped[str] = mapped_column(String(128), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    type: Mapped[str | None] = mapped_column(String(32))
    description: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[int]


class Flow(Table):
    """A flow, whose DAG does not change once it is fixed (MGT-G2.1.1.3-dag)."""

    __tablename__ = "flows"

    initiator: Mapped[str] = mapped_column(String(128), primary_key=True)
    flow_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(128), default="")
    name: Mapped[str] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(Text)
    dag: Mapped[dict[str, Any]]
    dag_digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int]


class ProposedJob(Table):
    """A job as it was proposed: what is admitted later must equal it (design: permits)."""

    __tablename__ = "proposed_jobs"

    job_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    initiator: Mapped[str] = mapped_column(String(128))
    flow_id: Mapped[str] = mapped_column(String(128))
    project_id: Mapped[str] = mapped_column(String(128), default="")
    name: Mapped[str] = mapped_column(String(256))
    dag: Mapped[dict[str, Any]]
    config: Mapped[dict[str, Any]]
    dag_digest: Mapped[str] = mapped_column(String(64))
    config_digest: Mapped[str] = mapped_column(String(64))
    scheduler: Mapped[str] = mapped_column(String(128))
    proposed_at: Mapped[int]
