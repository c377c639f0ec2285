"""Messages on their way; which of them are due, and in what order, is in tests/state/test_outbox.py."""

from __future__ import annotations

from interconn.state.outbox import OutboxMessage
from tests.repositories.contract import Repository


class TestOutbox(Repository):
    tables = (OutboxMessage,)
