"""Results that are held, or were, as rows."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class Standing(StrEnum):
    """How a result stands."""

    HELD = "HELD"
    RELEASED = "RELEASED"
    REFUSED = "REFUSED"


class Result(Table):
    """An output of a share of a task that a `[[release]]` of the policy matched when it ended.

    Attributes:
        task_name: `components[].name` of the DAG.
        role, index: this node's share.
        key: name of the output.
        rules: names of the tables `[[release]]` that matched.
        policy: digest of the policy in force when it was held; later ones change nothing about it.
        approval, four_eyes: who has to release it: a person, or two.
        minimum_rows: with fewer rows it is refused.
        erase: its data is erased if it is refused, once its job has ended.
        checked: the number of its rows was looked at, or does not matter.
        standing: see `Standing`.
    """

    __tablename__ = "results"
    __table_args__ = (UniqueConstraint("task_id", "role", "ordinal", "output"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(String(128), index=True)
    task_id: Mapped[str] = mapped_column(String(128), index=True)
    task_name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(64))
    index: Mapped[int] = mapped_column("ordinal")
    key: Mapped[str] = mapped_column("output", String(257))
    component: Mapped[str] = mapped_column(String(128))
    category: Mapped[str] = mapped_column(String(64))
    namespace: Mapped[str] = mapped_column(String(200))
    stored_name: Mapped[str] = mapped_column(String(200))
    partners: Mapped[list[Any]]
    rules: Mapped[list[Any]]
    policy: Mapped[str] = mapped_column(String(64))
    approval: Mapped[bool]
    four_eyes: Mapped[bool]
    minimum_rows: Mapped[int | None]
    erase: Mapped[bool]
    checked: Mapped[bool] = mapped_column(default=False)
    standing: Mapped[str] = mapped_column(String(16), index=True)
    decided_by: Mapped[str] = mapped_column(String(160), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    trace_id: Mapped[str] = mapped_column(String(256), default="")
    held_at: Mapped[int]
    decided_at: Mapped[int | None]
    erased_at: Mapped[int | None]

    @property
    def party(self) -> str:
        """Role and index, e.g. guest.0."""
        return f"{self.role}.{self.index}"

    @property
    def reference(self) -> str:
        """As a person names it."""
        return f"{self.job_id}/{self.task_name}/{self.party}/{self.key}"
