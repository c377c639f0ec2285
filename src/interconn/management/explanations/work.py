"""Explains what people agree to work on: data sets, projects, flows and proposed jobs."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.state import Explanation
from interconn.control.tables import Job
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.tables import Audit
from interconn.management.datasets.tables import Dataset
from interconn.management.explanations.agreements import Agreements
from interconn.management.transitions import APPLICANT
from interconn.management.work.tables import Flow, Project, ProposedJob
from interconn.standard.management import AuditStatus


class Work:
    """Explains work by the approvals that it waits for, inside transactions.

    Args:
        node: this node's name card.
        agreements: explains approvals.
    """

    def __init__(self, *, node: NodeIdentity, agreements: Agreements) -> None:
        self._node = node
        self._agreements = agreements

    def named(self, session: Session, name: str) -> list[Explanation]:
        """Explain the work of an id; there may be several, as two nodes may use one id for their own."""
        explained = self._datasets(session, name)
        for project in session.scalars(select(Project).where(Project.project_id == name)):
            what = f"the project {project.name} of {project.initiator}"
            then = f"interconn flow create FILE --project {name}"
            explained.append(self._approved(session, AuditKind.PROJECT, name, what, project.initiator, then))
        for flow in session.scalars(select(Flow).where(Flow.flow_id == name)):
            what = f"the flow {flow.name} of {flow.initiator}"
            then = f"interconn job propose {name} --config FILE"
            explained.append(self._approved(session, AuditKind.FLOW, name, what, flow.initiator, then))
        job = session.get(ProposedJob, name)
        if job and not session.get(Job, name):  # what runs is explained by how it runs
            what = f"a job of flow {job.flow_id} that {job.initiator} proposes"
            then = f"interconn job run {name}"
            explained.append(self._approved(session, AuditKind.JOB, name, what, job.initiator, then))
        return explained

    def _datasets(self, session: Session, name: str) -> list[Explanation]:
        dataset = session.get(Dataset, name)
        if dataset is None:
            return []
        audits = [one for one in self._audits(session, AuditKind.DATASET, name) if one.direction != APPLICANT]
        if dataset.published:
            state, step = "PUBLISHED", ("nothing: partners may apply for it", "")
        else:
            state, step = "HIDDEN", ("partners see it once it is published", f"interconn dataset publish {name}")
        what = f"the data set {dataset.name} here"
        return [self._agreements.by_audits(session, audits, step, kind="data set", id=name, what=what, state=state)]

    def _approved(
        self, session: Session, kind: AuditKind, name: str, what: str, initiator: str, then: str
    ) -> Explanation:
        ours = initiator == self._node.node_id
        audits = [
            audit
            for audit in self._audits(session, kind, name)
            if (audit.direction == APPLICANT if ours else audit.direction != APPLICANT and audit.node_id == initiator)
        ]
        ended = [audit for audit in audits if audit.void or audit.status in _OVER]
        if ended:
            why = ended[0].void or ended[0].reason
            state = "VOID" if ended[0].void else ended[0].status
            step = (f"nothing: with {ended[0].node_id} it is {state}{f', {why}' if why else ''}", "")
            if kind is AuditKind.JOB:
                audits = ended  # it cannot run any more, whatever the others come to
        elif all(audit.in_force for audit in audits):
            state = AuditStatus.APPROVED.value
            step = ("nothing waits: all have approved it", then) if ours else ("nothing: it was approved here", "")
        else:
            state, step = (
                AuditStatus.APPLIED.value,
                ("wait for the approvals", f"interconn audit list --subject {name}"),
            )
        return self._agreements.by_audits(
            session, audits, step, kind=kind.value.lower(), id=name, what=what, state=state
        )

    def _audits(self, session: Session, kind: AuditKind, subject_id: str) -> list[Audit]:
        found = select(Audit).where(Audit.kind == kind.value, Audit.subject_id == subject_id).order_by(Audit.number)
        return list(session.scalars(found))


_OVER = (AuditStatus.REJECTED, AuditStatus.TERMINATED)
