"""What follows from the end of an approval or of a contract, in the transaction of that end.

The states of approvals stand when their contract ends (MGT-3.3); what they allowed is void all the same, and does not
come back with a later contract.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.control import jobs
from interconn.control.stopping import Stopping
from interconn.management.approvals.tables import AUDIT_TOPIC, Audit
from interconn.management.causes import Cause
from interconn.management.contracts.tables import Contract
from interconn.management.permits.tables import AcceptedGrant, Grant
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.transitions import PARTNER
from interconn.standard.management import AuditStatus
from interconn.state.clock import Clock
from interconn.state.database import announce, erase
from interconn.state.outbox import OutboxMessage

TERMINATION_CLAUSE = "MGT-3.3"


class PartnerSessions(Protocol):
    """Sessions of the transport layer."""

    def close_with(self, session: Session, node_id: str) -> int:
        """Close all sessions in which a node has a part, and return how many there were."""
        ...


class Consequences:
    """Makes void what an end leaves without ground.

    Args:
        node_id: this node.
        clock: time.
        policy: says whether jobs that run are stopped when an approval ends.
    """

    def __init__(self, *, node_id: str, clock: Clock, policy: PolicyKeeper) -> None:
        self._node_id = node_id
        self._clock = clock
        self._policy = policy
        self._stopping: Stopping | None = None
        self._sessions: PartnerSessions | None = None

    def reach(self, stopping: Stopping, sessions: PartnerSessions) -> None:
        """Say what runs jobs and carries messages; both are made after this layer."""
        self._stopping = stopping
        self._sessions = sessions

    def approval_ended(self, session: Session, audit: Audit, cause: Cause, clause: str, *, ours: bool) -> None:
        """Stop the jobs that an approval allowed, if the policy says so; else their next task is refused.

        Args:
            session: of the transaction in which it ends.
            audit: the approval.
            cause: who ended it.
            clause: by which call.
            ours: whether this side ended it.
        """
        mode = self._policy.in_force.policy.termination.stop_running_jobs
        if self._stopping is None or mode == "never" or (mode == "own" and not ours):
            return
        # Every node of the job will read it: it names nodes, never persons.
        who = self._node_id if ours else audit.node_id
        reason = f"the approval of {audit.kind.lower()} {audit.subject_id} was ended by {who}"
        for job_id in _jobs_allowed_by(session, audit):
            self._stopping.stop(session, job_id, reason, self._control_cause(cause, clause, audit.node_id))

    def contract_ended(self, session: Session, contract: Contract, cause: Cause) -> None:
        """Make void all under a contract that was terminated or has expired; once is enough.

        Applications and approvals under it are closed, their messages withdrawn with the permits in them, and, if no
        other contract with that node is in force, jobs in which it has a part are stopped and its sessions closed.

        Args:
            session: of the transaction in which it ends.
            contract: the contract.
            cause: who ended it.
        """
        if contract.wound_up_at is not None:
            return
        now = contract.wound_up_at = self._clock.now()
        how = f"was terminated by {self._who(cause)}" if contract.status == AuditStatus.TERMINATED else "has expired"
        reason = f"contract {contract.contract_id} between {self._node_id} and {contract.node_id} {how}"
        closed = self._close_audits(session, contract, reason)
        withdrawn = _withdraw(session, contract.node_id, closed, reason)
        stopped: list[str] = []
        sessions = 0
        if not _others_in_force(session, contract, now):
            if self._stopping:
                control_cause = self._control_cause(cause, TERMINATION_CLAUSE, contract.node_id)
                stopped = self._stopping.stop_with(session, contract.node_id, reason, control_cause)
            if self._sessions:
                sessions = self._sessions.close_with(session, contract.node_id)
        cause.record(
            session,
            at=now,
            action="contract.wound_up",
            subject=f"contract:{contract.contract_id}",
            partner=contract.node_id,
            clause=TERMINATION_CLAUSE,
            details={
                "reason": reason,
                "approvals": closed,
                "messages": withdrawn,
                "jobs": stopped,
                "sessions": sessions,
            },
        )
        announce(session, AUDIT_TOPIC)

    def _who(self, cause: Cause) -> str:
        return cause.actor.removeprefix("node:") if cause.actor.startswith("node:") else self._node_id

    def _close_audits(self, session: Session, contract: Contract, reason: str) -> list[str]:
        open_ones = select(Audit).where(
            Audit.node_id == contract.node_id,
            Audit.contract_id.in_((contract.contract_id, "")),
            Audit.status.in_((AuditStatus.APPLIED.value, AuditStatus.APPROVED.value)),
            Audit.void == "",
        )
        closed = list(session.scalars(open_ones.order_by(Audit.number)))
        for audit in closed:
            audit.void = reason
        return [audit.audit_id for audit in closed]

    def _control_cause(self, cause: Cause, clause: str, partner: str) -> jobs.Cause:
        return jobs.Cause(
            at=self._clock.now(),
            actor=cause.actor[:160],
            clause=clause,
            partner=partner,
            request_digest=cause.request_digest,
        )


def _jobs_allowed_by(session: Session, audit: Audit) -> list[str]:
    """Return the jobs that rest on an approval itself: the one approved, or those that read the data set granted."""
    if audit.kind == AuditKind.JOB:
        return [audit.subject_id]
    if audit.kind != AuditKind.DATASET or audit.direction != PARTNER:
        return []  # projects and flows allow new jobs; the data that a job reads elsewhere its holder guards
    readers = (
        select(Audit.subject_id)
        .join(AcceptedGrant, AcceptedGrant.job_audit_number == Audit.number)
        .join(Grant, Grant.grant_id == AcceptedGrant.grant_id)
        .where(Grant.audit_number == audit.number)
    )
    return sorted(set(session.scalars(readers)))


def _others_in_force(session: Session, contract: Contract, now: int) -> bool:
    others = select(Contract).where(
        Contract.node_id == contract.node_id,
        Contract.number != contract.number,
        Contract.status == AuditStatus.APPROVED.value,
    )
    return any(other.expired_time is None or now < other.expired_time for other in session.scalars(others))


def _withdraw(session: Session, node_id: str, references: Iterable[str], reason: str) -> int:
    """Send no more of what waits about some approvals, and leave no permit in it; return how much that was."""
    wanted = set(references)
    waiting = select(OutboxMessage).where(OutboxMessage.node_id == node_id, OutboxMessage.state == "WAITING")
    count = 0
    for message in session.scalars(waiting):
        if message.reference in wanted:
            message.state, message.permits, message.last_error = "REFUSED", "", f"withdrawn: {reason}"
            if "resource_permit" in message.body:
                message.body = {name: value for name, value in message.body.items() if name != "resource_permit"}
            erase(session)
            count += 1
    return count
