"""People and tokens as rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from interconn.state.database import Table


class User(Table):
    """A person, or a system that acts as one.

    Attributes:
        name: as the audit trail names it; never given to another.
        datasets: the data sets that a data owner answers for; null for all.
        disabled_at: since when it is kept out, epoch milliseconds.
    """

    __tablename__ = "users"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    description: Mapped[str] = mapped_column(Text, default="")
    roles: Mapped[list[Any]]
    datasets: Mapped[list[Any] | None]
    created_at: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(160))
    disabled_at: Mapped[int | None]
    tokens: Mapped[list[Token]] = relationship(back_populates="user", order_by="Token.created_at")


class Token(Table):
    """A token by its public id and its digest; the token itself is nowhere.

    Attributes:
        digest: hex SHA-256 of the whole token.
        roles: the part of the person's roles that it may use; null for all.
        last_used_at: to the minute, epoch milliseconds.
    """

    __tablename__ = "tokens"

    token_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_name: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(Text, default="")
    roles: Mapped[list[Any] | None]
    read_only: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(160))
    expires_at: Mapped[int | None]
    last_used_at: Mapped[int | None]
    revoked_at: Mapped[int | None]
    user: Mapped[User] = relationship(back_populates="tokens")
