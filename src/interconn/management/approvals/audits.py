"""The one approval engine: data sets, projects, flows, jobs and models are applied for, decided and confirmed here.

Every function runs inside a transaction, which holds the transition, its entry in the audit trail and its message
to the other side. The states are those of `transitions` (MGT-4-dataset-audit-state, MGT-5-project-audit-state,
MGT-7-flow-audit-state, MGT-8-job-audit-state, MGT-9-model-audit-state).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.management.approvals.register import Register
from interconn.management.approvals.subjects import Limits, Subject
from interconn.management.approvals.tables import AUDIT_TOPIC, Audit
from interconn.management.causes import Cause
from interconn.management.consequences import Consequences
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.permits import Permits
from interconn.management.permits.tables import Permit
from interconn.management.transitions import APPLICANT, PARTNER, STEP_OF, Step, advance, path
from interconn.management.waiting import mail_about, on_its_way, was_taken
from interconn.peers.inbound import Caller
from interconn.standard.errors import ContentConflict, IllegalTransition, PermitRefused
from interconn.standard.management import AuditConfirm, AuditReference, AuditStatus, ResourcePermit, Verdict
from interconn.standard.wire import WireModel, digest
from interconn.state import outbox
from interconn.state.clock import Clock
from interconn.state.database import announce


class Audits:
    """Keeps audits and moves them.

    Args:
        node_id: this node.
        clock: time.
        contracts: an audit is decided under a contract in force.
        permits: keeps those that come with a confirm.
        consequences: of the end of an approval.

    Attributes:
        register: in which audits are found.
    """

    def __init__(
        self, *, node_id: str, clock: Clock, contracts: Contracts, permits: Permits, consequences: Consequences
    ) -> None:
        self.register = Register(node_id)
        self._clock = clock
        self._contracts = contracts
        self._permits = permits
        self._consequences = consequences

    # --- this node applies ----------------------------------------------------------------------------------

    def open(
        self,
        session: Session,
        person: Person,
        subject: Subject[Any],
        node_id: str,
        application: Any,
        *,
        permits: str = "",
    ) -> Audit:
        """Apply for an approval: commit the audit and the message that asks for it."""
        audit = self._new(subject, application, node_id, APPLICANT, person.trace_id)
        audit.contract_id = self._contracts.require_usable(session, node_id).contract_id
        session.add(audit)
        self._send(session, audit, subject.apply.name, audit.content, permits=permits)
        self.note(session, audit, Cause.person(person), "apply", subject.apply.clause)
        return audit

    def apply_again(self, session: Session, person: Person, subject: Subject[Any], audit: Audit) -> None:
        """Repeat an application of ours, as its verdict or its permit is not here: the partner confirms once more.

        The permit comes with a new token, and the former one dies. What waits in the outbox is not sent twice.

        Raises:
            IllegalTransition: the partner applied, or the approval is over.
        """
        if audit.direction != APPLICANT or audit.status not in (AuditStatus.APPLIED, AuditStatus.APPROVED):
            raise IllegalTransition(
                f"audit {audit.audit_id} is {audit.status} and was applied for by "
                f"{'this node' if audit.direction == APPLICANT else audit.node_id}: there is no permit to ask for",
                clause="MGT-4-lost-callback",
            )
        self.repeat(session, subject, audit, "apply", Cause.person(person))

    def confirm(self, session: Session, subject: Subject[Any], caller: Caller, request: AuditConfirm) -> None:
        """Take the partner's verdict on an application of ours; the same verdict again may add a permit.

        Raises:
            NotFound: there is no such audit with that node.
            IllegalTransition: the caller is not the side that decides, or decided otherwise before.
            PermitRefused: the permit is for something else.
        """
        audit = self.register.between(session, subject, caller.node_id, request.audit_id)
        if audit.direction != APPLICANT:
            raise IllegalTransition(
                f"audit {audit.audit_id} was applied for by {caller.node_id}, so this node decides on it",
                clause=subject.confirm.clause,
            )
        following = advance(
            audit.status, STEP_OF[request.status], what=f"audit {audit.audit_id}", clause=subject.confirm.clause
        )
        if request.resource_permit and request.status is Verdict.REJECTED:
            raise PermitRefused("a rejection brings no permit", where="resource_permit", clause="MGT-2.2-permit")
        cause = Cause.caller(caller)
        if request.resource_permit:
            self._permits.wallet.keep(session, audit, request.resource_permit)
        audit.permitless = request.status is Verdict.APPROVED and request.resource_permit is None
        if following:
            self.settle(session, audit, following, cause, "confirm", subject.confirm.clause)
        elif request.resource_permit:
            self.note(session, audit, cause, "permit", subject.confirm.clause)

    def adopt(self, session: Session, subject: Subject[Any], audit: Audit, there: AuditStatus, cause: Cause) -> None:
        """Take over the state that the other side names, as if it had called (MGT-4-lost-callback).

        A verdict is taken from the side that decides alone; the end of an approval from either. The answer brings no
        permit: one that is not here is asked for by the same application again.
        """
        steps, clause = path(audit.status, there), subject.query.clause
        if not steps or (audit.direction == PARTNER and steps[0] is not Step.TERMINATE):
            return
        for step in steps:
            following = advance(audit.status, step, what=f"audit {audit.audit_id}", clause=clause)
            assert following
            self.settle(session, audit, following, cause, "adopt", clause)
        if steps[-1] is Step.TERMINATE:
            subject.ended(session, audit)
            self._consequences.approval_ended(session, audit, cause, clause, ours=False)
        elif audit.in_force and audit.direction == APPLICANT and session.get(Permit, audit.number) is None:
            self.repeat(session, subject, audit, "apply", cause)

    def repeat(self, session: Session, subject: Subject[Any], audit: Audit, step: str, cause: Cause) -> None:
        """Say again what the partner has forgotten or never taken, unless something is on its way to it.

        `step` is apply for an application of ours, confirm for what was decided here, terminate for what is over.
        """
        if on_its_way(mail_about(session, audit.node_id, audit.audit_id)):
            return
        if step == "apply":
            permits = subject.present_again(session, audit)
            self._send(session, audit, subject.apply.name, audit.content, permits=permits)
            self.note(session, audit, cause, "apply_again", subject.apply.clause)
        elif step == "confirm":
            # The former token is kept nowhere here, so the permit gets a new one.
            approved = audit.status == AuditStatus.APPROVED
            permit = self._permits.mint.anew(session, audit) if approved else None
            self.send_verdict(session, subject, audit, Verdict(audit.status), permit)
            self.note(session, audit, cause, "confirm_again", subject.confirm.clause)
        else:
            reference = AuditReference(audit_id=audit.audit_id)
            self._send(session, audit, subject.terminate.name, reference.to_wire(), insists=True)
            self.note(session, audit, cause, "terminate_again", subject.terminate.clause)

    def turned_away(self, session: Session, subject: Subject[Any], audit: Audit, reason: str, cause: Cause) -> None:
        """Take note that the partner would not even take the application.

        One that it has taken before is not undone by refusing its repetition: what it believes is asked for.
        """
        if was_taken(mail_about(session, audit.node_id, audit.audit_id), subject.apply.name):
            self.note(session, audit, cause, "repeat_refused", subject.apply.clause, reason=reason)
        elif audit.direction == APPLICANT and audit.status == AuditStatus.APPLIED:
            audit.reason = reason
            self.settle(session, audit, AuditStatus.REJECTED, cause, "refused", subject.apply.clause)

    # --- a partner applies ----------------------------------------------------------------------------------

    def receive(self, session: Session, subject: Subject[Any], caller: Caller, application: Any) -> None:
        """Keep an application of a partner; the same one again changes nothing and is confirmed again.

        Raises:
            ContentConflict: the audit id is known with other content.
        """
        audit = self._new(subject, application, caller.node_id, PARTNER, caller.trace_id)
        known = session.scalar(select(Audit).where(Audit.audit_id == audit.audit_id))
        if known:
            self._receive_again(session, subject, known, audit, caller)
            return
        audit.contract_id = self._contracts.require_usable(session, caller.node_id).contract_id
        session.add(audit)
        session.flush()
        subject.receive(session, caller, audit, application)
        self.note(session, audit, Cause.caller(caller), "receive", subject.apply.clause)

    def _receive_again(
        self, session: Session, subject: Subject[Any], known: Audit, audit: Audit, caller: Caller
    ) -> None:
        same = (audit.node_id, audit.kind, PARTNER, audit.content_digest)
        if (known.node_id, known.kind, known.direction, known.content_digest) != same:
            raise ContentConflict(
                "this audit id is in use for another application", where="audit_id", clause=subject.apply.clause
            )
        if known.status in (AuditStatus.APPROVED, AuditStatus.REJECTED):
            # It asks because it has not heard (MGT-8-job-audit-state).
            self.repeat(session, subject, known, "confirm", Cause.caller(caller))

    def permit(self, session: Session, subject: Subject[Any], audit: Audit, limits: Limits) -> ResourcePermit:
        """Check once more what is to be approved, and mint its permit (MGT-2.2-permit)."""
        return self._permits.mint.new(session, audit, subject.approve(session, audit), limits)

    # --- either side revokes ----------------------------------------------------------------------------------

    def revoke(self, session: Session, person: Person, subject: Subject[Any], audit: Audit, *, reason: str) -> None:
        """End an approval that was given, from either side of it; once more changes nothing (MGT-4.5 and its like).

        Raises:
            IllegalTransition: it is not approved.
        """
        if self._end(session, subject, audit, Cause.person(person), reason, ours=True):
            reference = AuditReference(audit_id=audit.audit_id)
            # The partner may not have taken the confirm yet; it is sent before, and this one waits behind it.
            self._send(session, audit, subject.terminate.name, reference.to_wire(), insists=True)

    def revoked(self, session: Session, subject: Subject[Any], caller: Caller, audit_id: str) -> None:
        """Take note that the other side ended an approval.

        Raises:
            NotFound: there is no such audit with that node.
            IllegalTransition: it is not approved.
        """
        audit = self.register.between(session, subject, caller.node_id, audit_id)
        self._end(session, subject, audit, Cause.caller(caller), "", ours=False)
        # Whoever ends an approval has taken its confirm, even if the answer to that was lost.
        outbox.taken(session, endpoint=subject.confirm.name, reference=audit.audit_id)

    def _end(
        self, session: Session, subject: Subject[Any], audit: Audit, cause: Cause, reason: str, *, ours: bool
    ) -> bool:
        what, clause = f"audit {audit.audit_id}", subject.terminate.clause
        following = advance(audit.status, Step.TERMINATE, what=what, clause=clause)
        if not following:
            return False
        audit.reason = reason
        self.settle(session, audit, following, cause, "terminate", clause)
        subject.ended(session, audit)
        self._consequences.approval_ended(session, audit, cause, clause, ours=ours)
        return True

    def verdict_refused(self, session: Session, audit: Audit, reason: str, cause: Cause, clause: str) -> None:
        """Take note that the applicant would not take our verdict, though it was repeated."""
        self.note(session, audit, cause, "verdict_refused", clause, reason=reason)

    def termination_refused(self, session: Session, audit: Audit, reason: str, cause: Cause, clause: str) -> None:
        """Take note that the partner would not hear of the end of an approval; here it has ended all the same."""
        self.note(session, audit, cause, "termination_refused", clause, reason=reason)

    # --- shared ---------------------------------------------------------------------------------------------

    def _new(self, subject: Subject[Any], application: WireModel, node_id: str, direction: str, trace_id: str) -> Audit:
        content = application.to_wire()
        return Audit(
            audit_id=content["audit_id"],
            node_id=node_id,
            kind=subject.kind.value,
            subject_id=subject.subject_id(application),
            direction=direction,
            status=AuditStatus.APPLIED.value,
            content=content,
            content_digest=digest(content),
            trace_id=trace_id,
            applied_at=self._clock.now(),
        )

    def settle(
        self,
        session: Session,
        audit: Audit,
        status: AuditStatus,
        cause: Cause,
        action: str,
        clause: str,
        **details: str,
    ) -> None:
        """Move an audit, and keep who moved it."""
        audit.status, audit.decided_at, audit.decided_by = status.value, self._clock.now(), cause.actor[:160]
        self.note(session, audit, cause, action, clause, **details)

    def note(self, session: Session, audit: Audit, cause: Cause, action: str, clause: str, **details: str) -> None:
        """Record what happened to an audit in the audit trail, and wake whoever waits for audits."""
        details = {"status": audit.status, "audit": audit.audit_id, "content": audit.content_digest, **details}
        cause.record(
            session,
            at=self._clock.now(),
            action=f"{audit.kind.lower()}.{action}",
            subject=f"{audit.kind.lower()}:{audit.subject_id}",
            partner=audit.node_id,
            clause=clause,
            details=details | ({"reason": audit.reason} if audit.reason else {}),
        )
        announce(session, AUDIT_TOPIC)

    def send_verdict(
        self, session: Session, subject: Subject[Any], audit: Audit, verdict: Verdict, permit: ResourcePermit | None
    ) -> None:
        """Commit the confirm of a verdict, which is repeated until the applicant has taken it."""
        confirm = AuditConfirm(audit_id=audit.audit_id, status=verdict, resource_permit=permit)
        self._send(session, audit, subject.confirm.name, confirm.to_wire(), insists=True)

    def _send(
        self,
        session: Session,
        audit: Audit,
        endpoint: str,
        body: dict[str, Any],
        *,
        permits: str = "",
        insists: bool = False,
    ) -> None:
        outbox.enqueue(
            session,
            node_id=audit.node_id,
            endpoint=endpoint,
            body=body,
            reference=audit.audit_id,
            trace_id=audit.trace_id,  # a confirm goes on in the chain of its application (MGT-2.2-trace)
            now=self._clock.now(),
            permits=permits,
            insists=insists,
        )
