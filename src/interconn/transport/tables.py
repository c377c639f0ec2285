"""Table of the transport layer: the sessions of this node."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class TransportSession(Table):
    """One task's session; kept for a while after its release, so that late calls are told of it.

    Attributes:
        session_id: the session (resolution 6).
        task_id: the task; empty for a session opened by hand.
        tokens: by party of this node (one, save where two roles meet on one node) the lower-case hex SHA-256 of
            its token; the tokens themselves are stored nowhere.
        parties: node ids that take part.
        opened_at: epoch milliseconds.
        closed_at: epoch milliseconds, or None while it is open.
    """

    __tablename__ = "transport_sessions"

    session_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    task_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    tokens: Mapped[dict[str, Any]]
    parties: Mapped[list[Any]]
    opened_at: Mapped[int]
    closed_at: Mapped[int | None] = mapped_column(default=None)
    sent_messages: Mapped[int] = mapped_column(default=0)
    sent_bytes: Mapped[int] = mapped_column(default=0)
    received_messages: Mapped[int] = mapped_column(default=0)
    received_bytes: Mapped[int] = mapped_column(default=0)
