"""Two engines whose messages are lost, repeated and reordered come to show the same (MGT-4-dataset-audit-state).

A model-based test: each step is one that people or the network may take, in any order. What is delivered may find the
other side not ready and be refused; it then stays in the outbox, as a message that insists does. However it went, once
the network carries everything, both sides show the same state of every approval, and each went there by legal steps.
"""

from contextlib import suppress
from types import SimpleNamespace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from interconn.api.audits import AuditKind
from interconn.api.own import Person
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.decisions import Decisions
from interconn.management.approvals.opinions import Decider
from interconn.management.approvals.subjects import Limits, Subject
from interconn.management.approvals.tables import Audit, Opinion
from interconn.management.causes import Cause
from interconn.management.policy.keeper import InForce
from interconn.standard import management as standard
from interconn.standard.errors import InterconnError
from interconn.standard.management import AuditStatus, ProjectApply, ResourcePermit, Verdict
from interconn.standard.wire import validate
from interconn.state.database import Table
from interconn.state.outbox import OutboxMessage
from interconn.trail.entries import AuditEntry

NODES = ("bank", "operator")
LEGAL = {
    ("", "APPLIED"),
    ("APPLIED", "APPROVED"),
    ("APPLIED", "REJECTED"),
    ("APPROVED", "TERMINATED"),
}


class Subjects(Subject):
    """A kind of approval that brings nothing."""

    kind = AuditKind.PROJECT
    apply = standard.PROJECT_APPLY
    confirm = standard.PROJECT_CONFIRM
    terminate = standard.PROJECT_TERMINATE
    query = standard.PROJECT_STATUS

    def subject_id(self, application):
        return application.project_id

    def receive(self, session, caller, audit, application):
        pass


def permit_for(session, audit, terms, limits):
    """A permit, as every approval brings one."""
    return ResourcePermit(
        token="t" * 32,
        resource_level=1,
        resource_type="PROJECT",
        resource_id=audit.subject_id,
        resource_node_id="bank",
        resource_inst_id="bank",
        request_node_id=audit.node_id,
        request_inst_id=audit.node_id,
    )


class Side:
    """One node's engine on a database of its own."""

    def __init__(self, node_id):
        self.node_id = node_id
        self.engine = None
        clock = SimpleNamespace(now=lambda: 1)
        contracts = SimpleNamespace(require_usable=lambda *_: SimpleNamespace(contract_id="c-1"))
        nothing = SimpleNamespace(approval_ended=lambda *_, **__: None)
        mint = SimpleNamespace(new=permit_for, anew=lambda *_: None)
        permits = SimpleNamespace(mint=mint, wallet=SimpleNamespace(keep=lambda *_: None))
        self.audits = Audits(node_id=node_id, clock=clock, contracts=contracts, permits=permits, consequences=nothing)
        policy = SimpleNamespace(in_force=InForce())
        self.decisions = Decisions(clock=clock, contracts=contracts, audits=self.audits, policy=policy)
        self.subject = Subjects()

    def begin(self):
        """Begin with nothing; what is in an audit trail cannot be deleted."""
        if self.engine:
            self.engine.dispose()
        self.engine = create_engine("sqlite://", poolclass=StaticPool)
        tables = [table.__table__ for table in (Audit, OutboxMessage, AuditEntry, Opinion)]
        Table.metadata.create_all(self.engine, tables=tables)

    def write(self, work):
        with Session(self.engine, info={"topics": []}, expire_on_commit=False) as session:
            result = work(session)
            session.commit()
            return result

    def audit(self, session, audit_id):
        return session.scalar(select(Audit).where(Audit.audit_id == audit_id))

    def statuses(self):
        return self.write(lambda session: {one.audit_id: one.status for one in session.scalars(select(Audit))})

    def waiting(self):
        found = select(OutboxMessage).where(OutboxMessage.state == "WAITING").order_by(OutboxMessage.message_id)
        return self.write(lambda session: list(session.scalars(found)))

    def settled(self, message):
        def work(session):
            session.get_one(OutboxMessage, message.message_id).state = "DELIVERED"

        self.write(work)

    def take(self, source, message):
        """Serve a message of the other side."""
        caller = SimpleNamespace(node_id=source, trace_id="t", request_digest="", permits="", peer=None, evidence=None)
        call = next(
            row
            for row in (self.subject.apply, self.subject.confirm, self.subject.terminate)
            if row.name == message.endpoint
        )
        request = validate(call.request, message.body)
        if call is self.subject.apply:
            self.write(lambda session: self.audits.receive(session, self.subject, caller, request))
        elif call is self.subject.confirm:
            self.write(lambda session: self.audits.confirm(session, self.subject, caller, request))
        else:
            self.write(lambda session: self.audits.revoked(session, self.subject, caller, request.audit_id))


SIDES = {node_id: Side(node_id) for node_id in NODES}
PERSON = Person("ann", "trace")


def other(node_id):
    return NODES[1 - NODES.index(node_id)]


class TwoEngines(RuleBasedStateMachine):
    audits = Bundle("audits")

    def __init__(self):
        super().__init__()
        self.count = 0
        for side in SIDES.values():
            side.begin()

    @rule(target=audits, node_id=st.sampled_from(NODES))
    def apply(self, node_id):
        if self.count == 4:
            return multiple()
        self.count += 1
        audit_id = f"audit-{self.count}"
        application = ProjectApply(audit_id=audit_id, contract_id="c-1", name="p", project_id=f"p-{self.count}")
        side = SIDES[node_id]
        side.write(lambda session: side.audits.open(session, PERSON, side.subject, other(node_id), application))
        return audit_id

    @rule(audit_id=audits, node_id=st.sampled_from(NODES), verdict=st.sampled_from(Verdict))
    def decide(self, audit_id, node_id, verdict):
        side = SIDES[node_id]

        def work(session):
            if audit := side.audit(session, audit_id):
                decider = Decider(Cause.person(PERSON))
                side.decisions.decide(session, decider, side.subject, audit, verdict, limits=Limits())

        self.attempt(lambda: side.write(work))

    @rule(audit_id=audits, node_id=st.sampled_from(NODES))
    def revoke(self, audit_id, node_id):
        side = SIDES[node_id]

        def work(session):
            if audit := side.audit(session, audit_id):
                side.audits.revoke(session, PERSON, side.subject, audit, reason="")

        self.attempt(lambda: side.write(work))

    @rule(node_id=st.sampled_from(NODES), which=st.integers(0, 20), answered=st.booleans())
    def deliver(self, node_id, which, answered):
        """Any message may be the next to arrive, and its answer may be lost."""
        if waiting := SIDES[node_id].waiting():
            self.carry(node_id, waiting[which % len(waiting)], answered=answered)

    @invariant()
    def nothing_is_beyond_what_the_deciding_side_decided(self):
        bank, operator = (side.statuses() for side in SIDES.values())
        for audit_id in bank.keys() & operator.keys():
            pair = {bank[audit_id], operator[audit_id]}
            assert pair != {AuditStatus.APPROVED, AuditStatus.REJECTED}
            assert pair != {AuditStatus.TERMINATED, AuditStatus.REJECTED}

    def teardown(self):
        for _ in range(8):
            for node_id in NODES:
                for message in SIDES[node_id].waiting():
                    self.carry(node_id, message, answered=True)
        bank, operator = (side.statuses() for side in SIDES.values())
        assert bank == operator
        for side in SIDES.values():
            self.check_steps(side)

    def carry(self, node_id, message, *, answered):
        try:
            SIDES[other(node_id)].take(node_id, message)
        except InterconnError:
            return
        if answered:
            SIDES[node_id].settled(message)

    def attempt(self, work):
        with suppress(InterconnError):  # not a legal step now
            work()

    def check_steps(self, side):
        entries = side.write(lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number))))
        standing = {}
        for entry in entries:
            audit_id, status = entry.details["audit"], entry.details["status"]
            before = standing.get(audit_id, "")
            assert before == status or (before, status) in LEGAL
            standing[audit_id] = status


TwoEngines.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestTwoEngines = TwoEngines.TestCase
