"""The audit trail read for an export: entries and gaps page by page, then heads and receipts."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.standard.errors import InvalidRequest, Refused
from interconn.trail import document
from interconn.trail.chain import GENESIS
from interconn.trail.entries import AuditEntry
from interconn.trail.keeping import KeptHead, KeptReceipt

LARGEST_ANSWER: Final = 4 * 1024 * 1024
"""Characters of evidence after which a page ends early: a body may have 8 MiB."""


def bounds(session: Session, *, since: int | None, until: int | None, newest: int) -> tuple[int, int, str]:
    """Return numbers of the first and last entry between two instants, and the hash of the entry before the first.

    Args:
        session: of the database.
        since, until: epoch milliseconds, both included; None for no bound.
        newest: number of the newest entry to be considered.
    """
    first, last = 1, newest
    if since is not None:
        found = session.scalar(select(func.min(AuditEntry.number)).where(AuditEntry.at >= since))
        first = found if found is not None else newest + 1
    if until is not None:
        found = session.scalar(select(func.max(AuditEntry.number)).where(AuditEntry.at <= until))
        last = min(newest, found or 0)
    before = session.get(AuditEntry, first - 1)
    return first, last, before.chain if before else GENESIS


def entries(
    session: Session, first: int, last: int, *, size: int, partner: str | None
) -> tuple[list[dict[str, Any]], int | None]:
    """Return records of a page of entries, and the number to go on with.

    Raises:
        Refused: an entry is missing in the database.
    """
    found = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.number >= first, AuditEntry.number <= last)
        .order_by(AuditEntry.number)
        .limit(size)
        .execution_options(yield_per=100)
    )
    records: list[dict[str, Any]] = []
    expected, characters = first, 0
    for entry in found:
        if entry.number != expected:
            raise Refused(
                f"entry {expected} of the audit trail is missing in the database",
                where="audit trail",
                hint="Export what is before it with --until, and hold it against what partners hold",
            )
        expected += 1
        if partner is None or entry.partner == partner:
            records.append({"record": document.ENTRY, **entry.members()})
            characters += sum(len(str(entry.evidence.get(part, ""))) for part in ("body", "signed", "content"))
        elif records and records[-1]["record"] == document.OMITTED:
            records[-1] |= {"to": entry.number, "chain": entry.chain}
        else:
            gap = {"from": entry.number, "to": entry.number, "previous": entry.previous, "chain": entry.chain}
            records.append({"record": document.OMITTED, **gap})
        if characters > LARGEST_ANSWER:
            break
    if expected == first <= last:
        raise Refused(f"entry {first} of the audit trail is missing in the database", where="audit trail")
    return records, expected if expected <= last else None


def kept(session: Session, after: str, *, size: int, node_id: str) -> tuple[list[dict[str, Any]], str | None]:
    """Return records of heads, then of receipts, and where to go on.

    Raises:
        InvalidRequest: `after` is none of what was returned.
    """
    kind, _, place = (after or "heads-0").partition("-")
    if kind not in ("heads", "receipts") or not (place.isascii() and place.isdigit()):
        raise InvalidRequest("it is none of the places that were named", where="after")
    if kind == "heads":
        heads = list(
            session.scalars(select(KeptHead).where(KeptHead.id > int(place)).order_by(KeptHead.id).limit(size))
        )
        records = [_head(head, node_id) for head in heads]
        return records, f"heads-{heads[-1].id}" if len(heads) == size else "receipts-0"
    receipts = list(
        session.scalars(select(KeptReceipt).where(KeptReceipt.id > int(place)).order_by(KeptReceipt.id).limit(size))
    )
    records = [{"record": document.RECEIPT, **one.content, "kept_at": one.kept_at} for one in receipts]
    return records, f"receipts-{receipts[-1].id}" if len(receipts) == size else None


def _head(head: KeptHead, node_id: str) -> dict[str, Any]:
    if head.node_id == node_id:
        return {"record": document.HEAD, **head.content}
    told = {"kept_at": head.kept_at, "contradicts": head.contradicts, "settled_at": head.settled_at}
    return {"record": document.HELD, **head.content, **told}
