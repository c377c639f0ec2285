"""What control asks of the layer above about logs: which of them a partner may read.

The management layer implements it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from interconn.components.task_log import Severity
from interconn.peers.inbound import Caller


@dataclass(frozen=True)
class OwnShare:
    """What this node runs for a job.

    Attributes:
        component: `componentName`.
        partners: the other nodes of the task.
        succeeded: whether it has ended well, so that it is settled which of its results are held.
    """

    component: str
    partners: frozenset[str]
    succeeded: bool


@dataclass(frozen=True)
class AskedLog:
    """A log that a partner asks for.

    Attributes:
        job_id: of the standard.
        task_name: `components[].name` of the DAG.
        party: of this node, e.g. guest.0.
        component: `componentName`.
        level: lines that matter less are not asked for.
        shares: all that this node runs for the job, as a later component may tell what an earlier one found.
    """

    job_id: str
    task_name: str
    party: str
    component: str
    level: Severity
    shares: Sequence[OwnShare]


class LogRelease(Protocol):
    """Says which logs partners may read."""

    def withheld(self, session: Session, caller: Caller, asked: AskedLog) -> str:
        """Decide, and record the decision with who asked, in a transaction.

        Returns:
            Why the log is not for the caller, as the caller may know it; empty where it is.
        """
        ...


class WithheldFromAll:
    """Gives no log to anybody: for a node without a layer above."""

    def withheld(self, session: Session, caller: Caller, asked: AskedLog) -> str:
        """See `LogRelease.withheld`."""
        return "this node gives no logs to partners"
