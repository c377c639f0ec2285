"""The audit trail: every decision, appended once and chained by hashes, so that a changed entry shows.

An entry is written in the transaction of the decision it records. It holds who acted, with or for which
partner, under which clause, and the digest of the request that caused it; never a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from interconn.standard.errors import InterconnError
from interconn.standard.wire import canonical_json
from interconn.state.database import Table

GENESIS = "0" * 64


class AuditEntry(Table):
    """One decision."""

    __tablename__ = "audit_trail"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[int]  # epoch milliseconds
    actor: Mapped[str] = mapped_column(String(160))  # `person:…`, `node:…`, `rule:…` or `system`
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(160), index=True)
    partner: Mapped[str] = mapped_column(String(128), default="")
    clause: Mapped[str] = mapped_column(String(64), default="")
    trace_id: Mapped[str] = mapped_column(String(128), default="")
    request_digest: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous: Mapped[str] = mapped_column(String(64))
    chain: Mapped[str] = mapped_column(String(64))

    def link(self) -> str:
        """Return the hash over this entry and the one before it."""
        content = {
            "at": self.at, "actor": self.actor, "action": self.action, "subject": self.subject,
            "partner": self.partner, "clause": self.clause, "trace_id": self.trace_id,
            "request_digest": self.request_digest, "details": self.details, "previous": self.previous,
        }  # fmt: skip
        return hashlib.sha256(canonical_json(content)).hexdigest()


def record(
    session: Session,
    *,
    at: int,
    actor: str,
    action: str,
    subject: str,
    partner: str = "",
    clause: str = "",
    trace_id: str = "",
    request_digest: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Append an entry in the transaction of the decision it records."""
    session.flush()
    last = session.scalar(select(AuditEntry.chain).order_by(AuditEntry.number.desc()).limit(1))
    entry = AuditEntry(
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        partner=partner,
        clause=clause,
        trace_id=trace_id,
        request_digest=request_digest,
        details=details or {},
        previous=last or GENESIS,
    )
    entry.chain = entry.link()
    session.add(entry)


def verify(entries: Iterable[AuditEntry]) -> int:
    """Check the chain from its beginning and return the number of entries.

    Raises:
        InterconnError: names the first entry that was changed, removed or put elsewhere.
    """
    previous, count = GENESIS, 0
    for entry in entries:
        if entry.previous != previous or entry.link() != entry.chain:
            raise InterconnError(
                f"entry {entry.number} of the audit trail does not follow from the one before it",
                where="audit trail",
                hint="An entry was changed, removed or reordered; compare with a backup",
            )
        previous, count = entry.chain, count + 1
    return count
