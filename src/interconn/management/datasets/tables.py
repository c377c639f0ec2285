"""Data sets of this node, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Dataset(Table):
    """A data set of this node; where it lies is never told to others (MGT-G2.1.1.1-dataset)."""

    __tablename__ = "datasets"

    dataset_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    description: Mapped[str | None] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    count: Mapped[int]
    key_columns: Mapped[list[Any]]
    label_columns: Mapped[list[Any]]
    column_metas: Mapped[list[Any]]
    namespace: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(200))
    published: Mapped[bool] = mapped_column(default=False)
    findings: Mapped[list[Any]]
    added_at: Mapped[int]

    __table_args__ = (UniqueConstraint("namespace", "stored_name"),)
