"""Models of this node, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Model(Table):
    """A model, or this node's share of one; where it lies is never told to others (MGT-G2.1.1.1-model).

    Attributes:
        task_id, job_id, project_id: what produced it; empty for one that was ready made.
        parties: the nodes that hold it jointly, each a share of its own.
        digest: of this node's share (`storage.digests`).
        size: of it, bytes.
        source: name of the file it was taken from; empty for one that a task yielded.
        removed_at: it is gone; the row stays, so that its id is not used again.
        erased: its bytes are gone from storage too.
    """

    __tablename__ = "models"

    model_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    algorithm: Mapped[str] = mapped_column(String(512), default="")
    task_id: Mapped[str] = mapped_column(String(128), default="")
    job_id: Mapped[str] = mapped_column(String(128), default="")
    project_id: Mapped[str] = mapped_column(String(128), default="")
    parties: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    namespace: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[int]
    removed_at: Mapped[int | None]
    erased: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (Index("ix_models_order", "created_at", "model_id"),)


class ModelReader(Table):
    """A partner with which a model is shared: it may apply for its use, as those may that hold it jointly."""

    __tablename__ = "model_readers"

    model_id: Mapped[str] = mapped_column(ForeignKey("models.model_id"), primary_key=True)
    node_id: Mapped[str] = mapped_column(String(128), primary_key=True)
