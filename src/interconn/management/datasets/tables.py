"""Data sets of this node, as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Dataset(Table):
    """A data set of this node; where it lies is never told to others (MGT-G2.1.1.1-dataset).

    Attributes:
        published: shown to partners.
        for_all: to all of them; otherwise to those that `DatasetReader` names.
        source: name of the file it was taken from.
        purpose: what it is kept for; told to nobody.
    """

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
    for_all: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(Text, default="")
    purpose: Mapped[str] = mapped_column(Text, default="")
    findings: Mapped[list[Any]]
    added_at: Mapped[int]

    __table_args__ = (
        UniqueConstraint("namespace", "stored_name"),
        Index("ix_datasets_order", "added_at", "dataset_id"),
        # A page of MGT-4.1 is found on this index alone, whoever asks.
        Index("ix_datasets_published", "published", "added_at", "dataset_id", "for_all"),
    )


class DatasetReader(Table):
    """A partner to which a data set is shown by name."""

    __tablename__ = "dataset_readers"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.dataset_id"), primary_key=True)
    node_id: Mapped[str] = mapped_column(String(128), primary_key=True)

    __table_args__ = (Index("ix_dataset_readers_node_id", "node_id", "dataset_id"),)


class RemovedDataset(Table):
    """A data set that was removed: its id is not used again, as grants and approvals of old name it.

    Attributes:
        erased: its rows are gone from storage too.
    """

    __tablename__ = "removed_datasets"

    dataset_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    namespace: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(200))
    removed_at: Mapped[int]
    erased: Mapped[bool] = mapped_column(default=False, index=True)
