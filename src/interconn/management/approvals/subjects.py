"""What can be subject to approval: each kind says how an application is checked and what an approval brings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.management.approvals.tables import Audit
from interconn.management.permits.terms import GrantTerms
from interconn.management.policy.facts import Facts
from interconn.peers.inbound import Caller
from interconn.standard.endpoint import Endpoint
from interconn.standard.management import AuditConfirm, AuditReference, StatusReply
from interconn.standard.wire import Empty, WireModel

Application = TypeVar("Application", bound=WireModel)


@dataclass(frozen=True)
class Limits:
    """What persons or a rule set on approval; it may only tighten what was asked for.

    Attributes:
        time_limit: when the approval ends, epoch milliseconds.
        times_limit: how many jobs may be admitted under it.
        grant_datasets: grant the data sets that a project's application names along with the project.
    """

    time_limit: int | None = None
    times_limit: int | None = None
    grant_datasets: bool = False


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

    def approve(self, session: Session, audit: Audit) -> GrantTerms:
        """Check once more before a partner's application is approved, and return what it asks the permit to be."""
        return GrantTerms()

    def ended(self, session: Session, audit: Audit) -> None:
        """Take back what an approval brought, here and now: it was revoked by one of the two sides."""

    def present_again(self, session: Session, audit: Audit) -> str:
        """Return the permits that go with an application of ours when it is repeated (x-mprac-token-set)."""
        return ""
