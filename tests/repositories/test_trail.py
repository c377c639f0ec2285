"""The audit trail, heads and receipts; what becomes of an entry that is changed is in tests/trail."""

from __future__ import annotations

from interconn.trail.entries import AuditEntry
from interconn.trail.keeping import KeptHead, KeptReceipt
from tests.repositories.contract import Repository


class TestTrail(Repository):
    tables = (
        AuditEntry,
        KeptHead,
        KeptReceipt,
    )
