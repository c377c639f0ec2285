"""What the component layer keeps: a row a share of a task here, a component disabled, a component registered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from interconn.state.database import Table


class ComponentRun(Table):
    """One component, ordered, launched and ended.

    Attributes:
        order: what is to be run (`interconn.components.environment.Order`), without the token.
        state: ORDERED, LAUNCHED (its process is recorded) or ENDED.
        token_digest: hex SHA-256 of the token the component was given; the token itself is not kept here.
        reported: the last status the component told, empty before the first.
        reported_reason: the reason it told with FAILED.
        reported_at: when it told its outcome, epoch milliseconds.
        progress: what it told last of its progress.
        stop_reason: why it is to be stopped; empty if it is not.
        exit_status: of the process, once it has ended.
        status: SUCCESS or FAILED once it has ended, with the reason of a failure.
    """

    __tablename__ = "component_runs"

    task_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    role: Mapped[str] = mapped_column(String(64), primary_key=True)
    index: Mapped[int] = mapped_column("ordinal", primary_key=True)
    job_id: Mapped[str] = mapped_column(String(128), index=True)
    order: Mapped[dict[str, Any]] = mapped_column("content")
    state: Mapped[str] = mapped_column(String(16), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), default="")
    reported: Mapped[str] = mapped_column(String(16), default="")
    reported_reason: Mapped[str] = mapped_column(Text, default="")
    reported_at: Mapped[int | None]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stop_reason: Mapped[str] = mapped_column(Text, default="")
    exit_status: Mapped[int | None]
    status: Mapped[str] = mapped_column(String(16), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    ordered_at: Mapped[int]
    launched_at: Mapped[int | None]
    ended_at: Mapped[int | None]


class DisabledComponent(Table):
    """A component that this node can run and does not, until somebody enables it again (MGT-6.2).

    Attributes:
        name, provider, version: of its self-description; together they name one component; no longer than a key
            of an index may be on PostgreSQL.
        since: when it was disabled, epoch milliseconds.
        by: who did it, as the audit trail names a person.
        reason: why, for this node's own people.
    """

    __tablename__ = "disabled_components"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    provider: Mapped[str] = mapped_column(String(128), primary_key=True)
    version: Mapped[str] = mapped_column(String(128), primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger)
    by: Mapped[str] = mapped_column(String(160))
    reason: Mapped[str] = mapped_column(Text, default="")


class RegisteredComponent(Table):
    """A component that came after the node: an image, and what it is and needs (CTL-5.8, CTL-G3.1.1.3-register).

    Attributes:
        name, provider, version: of its self-description; together they name one component.
        image: where its image is to be had.
        description: the self-description as it came, with the members that are its maker's own.
        since: when it was registered, epoch milliseconds.
        by: who did it, as the audit trail names a person.
    """

    __tablename__ = "registered_components"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    provider: Mapped[str] = mapped_column(String(128), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    image: Mapped[str] = mapped_column(String(512))
    description: Mapped[dict[str, Any]]
    since: Mapped[int] = mapped_column(BigInteger)
    by: Mapped[str] = mapped_column(String(160))
