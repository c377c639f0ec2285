"""What control asks of the layer above about results: which of them this node's people may not have yet.

The management layer implements it. A result is one output of one share of a task that has ended well on this node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

Share = tuple[str, str, int]
"""Task, role and index of a share."""


@dataclass(frozen=True)
class EndedShare:
    """A share of a task that has ended well on this node.

    Attributes:
        job_id, task_id: of the standard.
        task_name: `components[].name` of the DAG.
        role, index: played here.
        component: `componentName`.
        partners: the other nodes of the task.
        outputs: by name, with category, namespace and name in storage.
    """

    job_id: str
    task_id: str
    task_name: str
    role: str
    index: int
    component: str
    partners: Sequence[str]
    outputs: Mapping[str, Mapping[str, Any]]


class ResultRelease(Protocol):
    """Says which results are held."""

    def ended(self, session: Session, share: EndedShare) -> None:
        """Take note, in the transaction that records the end of a share, of what it leaves."""
        ...

    def held(self, session: Session, task_ids: Collection[str]) -> Mapping[Share, Mapping[str, str]]:
        """Return which results of some tasks are not to be shown: by share and name, with how each stands."""
        ...


class ShownAtOnce:
    """Holds nothing: for a node without a layer above."""

    def ended(self, session: Session, share: EndedShare) -> None:
        """See `ResultRelease.ended`."""

    def held(self, session: Session, task_ids: Collection[str]) -> Mapping[Share, Mapping[str, str]]:
        """See `ResultRelease.held`."""
        return {}
