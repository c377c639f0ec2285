"""What can be subject to approval: each kind says how an application is checked and what an approval brings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.management.approvals.tables import Audit
from interconn.management.policy.facts import Facts
from interconn.peers.inbound import Caller
from interconn.standard.endpoint import Endpoint
from interconn.standard.management import AuditConfirm, AuditReference, ResourcePermit, StatusReply
from interconn.standard.wire import Empty, WireModel

Application = TypeVar("Application", bound=WireModel)


@dataclass(frozen=True)
class Limits:
    """Limits that persons or a rule set on approval; they may only tighten what was asked for."""

    time_limit: int | None = None
    times_limit: int | None = None


class Subject(ABC, Generic[Application]):
    """One kind of approval. The engine (`audits`) does all that the kinds have in common."""

    kind: ClassVar[AuditKind]
    apply: ClassVar[Endpoint[Any, Empty]]
    confirm: ClassVar[Endpoint[AuditConfirm, Empty]]
    terminate: ClassVar[Endpoint[AuditReference, Empty]]
    query: ClassVar[Endpoint[AuditReference, StatusReply]]

    @abstractmethod
    def subject_id(self, application: Application) -> str:
        """Return the id of what is to be approved."""

    @abstractmethod
    def receive(self, session: Session, caller: Caller, audit: Audit, application: Application) -> None:
        """Check an application of a partner and keep what it brings; what it raises leaves no trace."""

    def facts(self, session: Session, audit: Audit) -> Facts:
        """Return what a partner's application is about, as far as a policy may ask."""
        return Facts(self.kind, frozenset({audit.node_id}))

    def approve(self, session: Session, audit: Audit, limits: Limits) -> ResourcePermit | None:
        """Check once more before a partner's application is approved, and mint the permit if there is one."""
        return None

    def ended(self, session: Session, audit: Audit) -> None:
        """Take back what an approval brought, here and now: it was revoked by one of the two sides."""

    def approve_again(self, session: Session, audit: Audit) -> ResourcePermit | None:
        """Return the permit to send when the applicant repeats an application that was approved."""
        return None
