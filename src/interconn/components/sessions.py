"""What components need of the transport layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm import Session


class Sessions(Protocol):
    """Sessions of tasks, as the transport layer keeps them."""

    def open_session(
        self, session: Session, *, session_id: str, task_id: str, parties: Sequence[str], party: str
    ) -> str:
        """Open a task's session in a transaction and return the token by which one component uses it.

        Args:
            session: of the transaction.
            session_id: as the component knows it.
            task_id: the task; sessions of different tasks never mix.
            parties: node ids that may take part.
            party: role and index that the component plays; a later token of the same party replaces this one.
        """
        ...

    def close_session(self, session: Session, session_id: str, task_id: str) -> None:
        """End a task's session in a transaction; what it still holds is dropped, and its tokens are void."""
        ...

    def traffic(self, task_id: str) -> Mapping[str, int]:
        """Return how much passed for a task: counters by name, e.g. `sent_bytes`."""
        ...
