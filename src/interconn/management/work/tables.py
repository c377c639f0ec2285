"""Projects, flows and proposed jobs, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Project(Table):
    """A project of this node or of a partner; its id is unique for its initiator.

    Attributes:
        nodes: who takes part; of a partner's project as far as the partner has told.
        datasets: node id to the ids of its data sets that the project uses.
    """

    __tablename__ = "projects"

    initiator: Mapped[str] = mapped_column(String(128), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    type: Mapped[str | None] = mapped_column(String(32))
    description: Mapped[str | None] = mapped_column(Text)
    nodes: Mapped[list[Any]] = mapped_column(default=list)
    datasets: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[int]

    __table_args__ = (Index("ix_projects_order", "created_at", "project_id", "initiator"),)


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

    __table_args__ = (Index("ix_flows_order", "created_at", "flow_id", "initiator"),)


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
