"""The policies that were in force, as rows: what a decision's digest stands for can be read for ever."""

from __future__ import annotations

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class PolicyVersion(Table):
    """A policy from when it was taken up; the newest is in force.

    Attributes:
        digest: hex SHA-256 of `text`.
        text: the file as it was.
    """

    __tablename__ = "policies"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    text: Mapped[str] = mapped_column(Text)
    taken_up_at: Mapped[int]
