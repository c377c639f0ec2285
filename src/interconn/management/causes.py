"""Who caused a change, for the audit trail: a person of this node, another node, or this node itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.identity.signature import Evidence
from interconn.peers.inbound import Caller
from interconn.trail import entries


@dataclass(frozen=True)
class Cause:
    """Who acted, in which chain of calls, by which request, and what proves it."""

    actor: str
    trace_id: str
    request_digest: str = ""
    evidence: Evidence | dict[str, Any] | None = None

    @classmethod
    def person(cls, person: Person) -> Cause:
        """A person of this node asked for it."""
        return cls(person.actor, person.trace_id, evidence=person.authority)

    @classmethod
    def caller(cls, caller: Caller) -> Cause:
        """Another node's call brought it."""
        return cls(f"node:{caller.node_id}", caller.trace_id, caller.request_digest, caller.evidence)

    @classmethod
    def system(cls) -> Cause:
        """This node did it by itself, as it follows from what was decided before."""
        return cls("system", "")

    @classmethod
    def answer(cls, node_id: str, trace_id: str, evidence: Evidence | None = None) -> Cause:
        """Another node's answer to a call of ours brought it; to a message of the outbox, its proof is known."""
        return cls(f"node:{node_id}", trace_id, evidence=evidence)

    def record(
        self,
        session: Session,
        *,
        at: int,
        action: str,
        subject: str,
        partner: str,
        clause: str,
        details: dict[str, Any] | None = None,
    ) -> None:
        """Append to the audit trail in the transaction of the change."""
        entries.record(
            session,
            at=at,
            actor=self.actor[:160],
            action=action,
            subject=subject,
            partner=partner,
            clause=clause,
            trace_id=self.trace_id[:128],
            request_digest=self.request_digest,
            details=details,
            evidence=self.evidence,
        )
