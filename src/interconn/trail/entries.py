"""The entries of the audit trail: every decision, appended once, in the transaction of the decision it records.

An entry holds who acted, with or for which partner, under which clause, the digest of the request that caused it
and what proves that request; never a secret. The database refuses to change or to remove one. Whoever may alter
the schema can take that refusal away: the heads that partners hold show it (`heads`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import String, event, select, text
from sqlalchemy import Table as SchemaTable
from sqlalchemy.orm import Mapped, Session, mapped_column

from interconn.identity.signature import Evidence
from interconn.standard.errors import InterconnError
from interconn.state.database import Table, announce
from interconn.trail.chain import GENESIS, VERSION, link
from interconn.trail.evidence import REQUEST, kept, request_of

TRAIL_TOPIC: Final = "audit-trail"
"""Signal: the trail has grown."""


class AuditEntry(Table):
    """One decision.

    Attributes:
        version: of what its hash covers (`chain.MEMBERS`).
        at: epoch milliseconds.
        actor: `person:…`, `node:…`, `rule:…` or `system`.
        evidence: what proves the cause, as `evidence.kept` makes it; empty where nothing was signed.
        previous: hash of the entry before.
        chain: hash of this one.
    """

    __tablename__ = "audit_trail"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(default=VERSION, server_default="1")
    at: Mapped[int]
    actor: Mapped[str] = mapped_column(String(160))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(160), index=True)
    partner: Mapped[str] = mapped_column(String(128), default="")
    clause: Mapped[str] = mapped_column(String(64), default="")
    trace_id: Mapped[str] = mapped_column(String(128), default="")
    request_digest: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    previous: Mapped[str] = mapped_column(String(64))
    chain: Mapped[str] = mapped_column(String(64))

    def members(self) -> dict[str, Any]:
        """Return the entry as it is hashed, exported and verified."""
        return {
            "number": self.number, "version": self.version, "at": self.at, "actor": self.actor,
            "action": self.action, "subject": self.subject, "partner": self.partner, "clause": self.clause,
            "trace_id": self.trace_id, "request_digest": self.request_digest, "details": self.details,
            "evidence": self.evidence, "previous": self.previous, "chain": self.chain,
        }  # fmt: skip

    def link(self) -> str:
        """Return the hash over this entry and the one before it."""
        return link(self.members())


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
    evidence: Evidence | Mapping[str, Any] | None = None,
) -> None:
    """Append an entry in the transaction of the decision it records.

    Args:
        evidence: what proves the cause, or how a person was known (`api.own.Person.authority`); where none is given
            and another node is the actor, what `attach` named.
    """
    session.flush()
    newest = select(AuditEntry.number, AuditEntry.chain).order_by(AuditEntry.number.desc()).limit(1)
    last = session.execute(newest).one_or_none()
    if evidence is None and actor.startswith("node:"):
        evidence = session.info.get("evidence")
    if isinstance(evidence, Evidence) and evidence.kind == REQUEST and not request_digest:
        trace_id, request_digest = request_of(evidence)
    entry = AuditEntry(
        number=last.number + 1 if last else 1,
        version=VERSION,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        partner=partner,
        clause=clause,
        trace_id=trace_id,
        request_digest=request_digest,
        details=details or {},
        evidence=kept(evidence) if isinstance(evidence, Evidence) else dict(evidence or {}),
        previous=last.chain if last else GENESIS,
    )
    entry.chain = entry.link()
    session.add(entry)
    announce(session, TRAIL_TOPIC)


def attach(session: Session, evidence: Evidence | None) -> None:
    """Name what proves the answer that a transaction takes note of: its entries by another node keep it."""
    session.info["evidence"] = evidence


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


_REFUSAL: Final = "the audit trail is append-only"
APPEND_ONLY: Final = {
    "sqlite": [
        f"CREATE TRIGGER audit_trail_no_{step.lower()} BEFORE {step} ON audit_trail "
        f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        for step in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE FUNCTION audit_trail_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$",
        "CREATE TRIGGER audit_trail_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_trail "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_trail_append_only()",
    ],
}
"""What has the database refuse to change or remove an entry, as the migration does."""


def _protect(table: SchemaTable, connection: Any, **_: Any) -> None:
    for statement in APPEND_ONLY.get(connection.dialect.name, []):
        connection.execute(text(statement))


event.listen(AuditEntry.__table__, "after_create", _protect)
