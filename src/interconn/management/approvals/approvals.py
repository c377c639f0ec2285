"""Approvals as calls: every kind of audit served to others, decided by our people, delivered from the outbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from interconn.api import audits as api
from interconn.api.audits import AuditKind, AuditView
from interconn.api.own import OwnService, Person
from interconn.api.permits import PERMIT_RENEW
from interconn.api.rules import require_decision, require_revocation
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.decisions import Decisions
from interconn.management.approvals.subjects import Limits, Subject
from interconn.management.approvals.tables import Audit
from interconn.management.approvals.views import audit_view, audit_views
from interconn.management.causes import Cause
from interconn.management.policy.facts import Facts
from interconn.management.policy.keeper import PolicyKeeper
from interconn.management.transitions import APPLICANT, PARTNER
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import Destination, PeerClient
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError, Refused
from interconn.standard.management import AuditConfirm, AuditReference, AuditStatus, StatusReply, Verdict
from interconn.standard.wire import Empty, WireModel
from interconn.state.database import Database, erase
from interconn.state.outbox import OutboxMessage
from interconn.state.pages import read_page


class Approvals:
    """Serves and sends the calls of all audits.

    Args:
        database: where audits are.
        client: to other nodes.
        audits: the engine.
        decisions: by this node's people.
        policy: says what needs two of them.
        subjects: the kinds of audits there are.
    """

    def __init__(
        self,
        *,
        database: Database,
        client: PeerClient,
        audits: Audits,
        decisions: Decisions,
        policy: PolicyKeeper,
        subjects: Sequence[Subject[Any]],
    ) -> None:
        self._database = database
        self._client = client
        self._audits = audits
        self._decisions = decisions
        self._policy = policy
        self._subjects = {subject.kind: subject for subject in subjects}

    # --- other nodes ----------------------------------------------------------------------------------------

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        served: list[Service[Any, Any]] = []
        for subject in self._subjects.values():
            served.append(Service(subject.apply, self._apply_of(subject)))
            served.append(Service(subject.confirm, self._confirm_of(subject)))
            served.append(Service(subject.terminate, self._terminate_of(subject)))
            served.append(Service(subject.query, self._query_of(subject)))
        return served

    def _apply_of(self, subject: Subject[Any]) -> Callable[[Caller, Any], Awaitable[Empty]]:
        async def serve(caller: Caller, request: Any) -> Empty:
            await self._database.write(lambda session: self._audits.receive(session, subject, caller, request))
            return Empty()

        return serve

    def _confirm_of(self, subject: Subject[Any]) -> Callable[[Caller, AuditConfirm], Awaitable[Empty]]:
        async def serve(caller: Caller, request: AuditConfirm) -> Empty:
            await self._database.write(lambda session: self._audits.confirm(session, subject, caller, request))
            return Empty()

        return serve

    def _terminate_of(self, subject: Subject[Any]) -> Callable[[Caller, AuditReference], Awaitable[Empty]]:
        async def serve(caller: Caller, request: AuditReference) -> Empty:
            await self._database.write(lambda session: self._audits.revoked(session, subject, caller, request.audit_id))
            return Empty()

        return serve

    def _query_of(self, subject: Subject[Any]) -> Callable[[Caller, AuditReference], Awaitable[StatusReply]]:
        async def serve(caller: Caller, request: AuditReference) -> StatusReply:
            def work(session: Session) -> AuditStatus:
                audit = self._audits.register.between(session, subject, caller.node_id, request.audit_id)
                return AuditStatus(audit.status)

            return StatusReply(status=await self._database.read(work))

        return serve

    # --- this node's people ---------------------------------------------------------------------------------

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.AUDIT_LIST, self._list),
            OwnService(api.AUDIT_APPROVE, self._approve),
            OwnService(api.AUDIT_REJECT, self._reject),
            OwnService(api.AUDIT_TERMINATE, self._terminate),
            OwnService(api.AUDIT_SHOW, self._show),
            OwnService(api.AUDIT_WITHDRAW, self._withdraw),
            OwnService(api.AUDIT_ASK, self._ask),
            OwnService(PERMIT_RENEW, self._renew),
        ]

    async def _list(self, _person: Person, request: api.AuditSearch) -> api.AuditViews:
        wanted = (
            (Audit.kind, request.kind and request.kind.value),
            (Audit.status, request.status and request.status.value),
            (Audit.subject_id, request.subject_id),
            (Audit.audit_id, request.audit_id),
            (Audit.node_id, request.node_id),
        )

        def work(session: Session) -> api.AuditViews:
            found, total = read_page(
                session,
                Audit,
                lambda audits: audit_views(session, audits),
                paging=request,
                order=(Audit.number,),
                matching=[column == value for column, value in wanted if value],
            )
            return api.AuditViews(audits=found, total=total)

        return await self._database.read(work)

    async def _approve(self, person: Person, request: api.AuditDecision) -> AuditView:
        return await self._decide(person, request, Verdict.APPROVED)

    async def _reject(self, person: Person, request: api.AuditDecision) -> AuditView:
        return await self._decide(person, request, Verdict.REJECTED)

    async def _decide(self, person: Person, request: api.AuditDecision, verdict: Verdict) -> AuditView:
        limits = Limits(
            time_limit=request.time_limit, times_limit=request.times_limit, grant_datasets=request.grant_datasets
        )
        await self._policy.refresh()

        def work(session: Session) -> AuditView:
            audit = self._audits.register.named(session, request.audit_id)
            require_decision(person, AuditKind(audit.kind), audit.subject_id)
            for dataset in audit.content.get("datasets") or [] if limits.grant_datasets else []:
                require_decision(person, AuditKind.DATASET, dataset["dataset_id"])
            decider, subject = self._decisions.by_person(person), self._subject_of(audit)
            self._decisions.decide(session, decider, subject, audit, verdict, limits=limits, reason=request.reason)
            return audit_view(session, audit)

        return await self._database.write(work)

    async def _show(self, _person: Person, request: api.AuditReference) -> AuditView:
        def work(session: Session) -> AuditView:
            return audit_view(session, self._audits.register.named(session, request.audit_id))

        return await self._database.read(work)

    async def _withdraw(self, person: Person, request: api.AuditReference) -> AuditView:
        def work(session: Session) -> AuditView:
            audit = self._audits.register.named(session, request.audit_id)
            require_decision(person, AuditKind(audit.kind), audit.subject_id)
            self._decisions.withdraw(session, person, self._subject_of(audit), audit)
            return audit_view(session, audit)

        return await self._database.write(work)

    async def _terminate(self, person: Person, request: api.AuditTermination) -> AuditView:
        def work(session: Session) -> AuditView:
            audit = self._audits.register.named(session, request.audit_id)
            require_revocation(person, AuditKind(audit.kind), audit.subject_id, ours=audit.direction == APPLICANT)
            self._audits.revoke(session, person, self._subject_of(audit), audit, reason=request.reason)
            return audit_view(session, audit)

        return await self._database.write(work)

    async def _renew(self, person: Person, request: api.AuditReference) -> AuditView:
        def work(session: Session) -> AuditView:
            audit = self._audits.register.named(session, request.audit_id)
            self._audits.apply_again(session, person, self._subject_of(audit), audit)
            return audit_view(session, audit)

        return await self._database.write(work)

    async def _ask(self, person: Person, request: api.AuditReference) -> api.PartnerStatus:
        audit = await self._database.read(lambda session: self._audits.register.named(session, request.audit_id))
        subject = self._subject_of(audit)
        question = AuditReference(audit_id=audit.audit_id)
        answer = await self._client.answer(audit.node_id, subject.query, question, trace_id=person.trace_id)
        there = answer.reply.status

        def work(session: Session) -> str:
            stored = session.get_one(Audit, audit.number)
            cause = Cause.answer(audit.node_id, person.trace_id, answer.evidence)
            self._audits.adopt(session, subject, stored, there, cause)
            return stored.status

        here = AuditStatus(await self._database.write(work))
        return api.PartnerStatus(audit_id=audit.audit_id, here=here, there=there)

    # --- the outbox -----------------------------------------------------------------------------------------

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        """The calls of the outbox that concern audits."""
        subjects = self._subjects.values()
        return [call for subject in subjects for call in (subject.apply, subject.confirm, subject.terminate)]

    def destination(self, session: Session, message: OutboxMessage) -> Destination | None:
        """Audits go to partners under contract."""
        return None

    def delivered(self, session: Session, message: OutboxMessage, reply: WireModel) -> None:
        """Forget the token of a permit that is with its user now, and keep the partner's word that it heard."""
        _forget_token(session, message)
        audit = self._audits.register.named(session, message.reference)
        subject = self._subject_of(audit)
        told = {subject.confirm.name: subject.confirm.clause, subject.terminate.name: subject.terminate.clause}
        if message.endpoint in told:
            cause = Cause.answer(message.node_id, message.trace_id)
            self._audits.note(session, audit, cause, "acknowledge", told[message.endpoint], call=message.endpoint)

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        """Take note that the partner would not take an application or a verdict."""
        _forget_token(session, message)
        audit = self._audits.register.named(session, message.reference)
        subject = self._subject_of(audit)
        cause = Cause.answer(message.node_id, message.trace_id)
        if message.endpoint == subject.apply.name:
            self._audits.turned_away(session, subject, audit, str(error), cause)
        elif message.endpoint == subject.confirm.name:
            self._audits.verdict_refused(session, audit, str(error), cause, subject.confirm.clause)
        else:
            self._audits.termination_refused(session, audit, str(error), cause, subject.terminate.clause)

    def facts(self, session: Session, audit_id: str) -> Facts:
        """Return what an application of a partner is about.

        Raises:
            NotFound: there is none.
            Refused: this node applied, so its policy says nothing.
        """
        audit = self._audits.register.named(session, audit_id)
        if audit.direction != PARTNER:
            raise Refused(f"this node applied, so {audit.node_id} decides", where="audit_id")
        return self._subject_of(audit).facts(session, audit)

    def _subject_of(self, audit: Audit) -> Subject[Any]:
        return self._subjects[AuditKind(audit.kind)]


def _forget_token(session: Session, message: OutboxMessage) -> None:
    if "resource_permit" in message.body:
        erase(session)
        message.body = {name: value for name, value in message.body.items() if name != "resource_permit"}
