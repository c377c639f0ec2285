"""A restored node says so: in its audit trail, in its warnings, and by refusing whatever was sent before.

What was decided after the backup is forgotten here and not at partners, so nobody should learn of it by surprise.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.node.setup import Home
from interconn.state.outbox import count_waiting
from interconn.trail.entries import AuditEntry, record

NOTICE: Final = "restored.json"
RESTORED: Final = "node.restored"


@dataclass(frozen=True)
class Restored:
    """That a node was restored, and of when it is.

    Attributes:
        made_at: of the backup, epoch milliseconds; what was decided later is forgotten here, and not at partners.
        restored_at: epoch milliseconds.
    """

    node_id: str
    made_at: int
    restored_at: int


def notice(home: Home) -> Restored | None:
    """Return that this node was restored, until a person has compared it with its partners and removed the notice."""
    try:
        return Restored(**json.loads((home.database.parent / NOTICE).read_bytes()))
    except FileNotFoundError:
        return None


def warning(restored: Restored) -> str:
    """Return what people are told for as long as the notice is there."""
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(restored.made_at / 1000))
    return (
        f"restored from a backup of {made}: partners may be ahead, and uses of permits counted since are forgotten; "
        f"compare with each (interconn state diff NODE), then remove state/{NOTICE} and restart"
    )


def tell(session: Session, restored: Restored, now: int) -> None:
    """Enter the restoration into the audit trail, once."""
    subject = f"node:{restored.node_id}"
    earlier = select(AuditEntry.details).where(AuditEntry.action == RESTORED, AuditEntry.subject == subject)
    if any(details.get("restored_at") == restored.restored_at for details in session.scalars(earlier)):
        return
    record(
        session,
        at=now,
        actor="system",
        action=RESTORED,
        subject=subject,
        details={
            "backup_made_at": restored.made_at,
            "restored_at": restored.restored_at,
            "entries": session.scalar(select(func.count()).select_from(AuditEntry)) or 0,
            "messages_sent_again": count_waiting(session),
        },
    )
