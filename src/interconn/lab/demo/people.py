"""What the three institutions' people do, each on their own node: from never having met to a running job."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from interconn.api.audits import AuditKind, AuditView
from interconn.api.jobs import JobView
from interconn.client import NodeClient
from interconn.lab.contracts import conclude_among_all
from interconn.lab.demo import flow
from interconn.lab.demo.events import BANK, INSTITUTIONS, OPERATOR, Listener
from interconn.lab.demo.tables import Tables
from interconn.lab.waiting import wait_for
from interconn.standard.errors import InterconnError, NotFound, Refused
from interconn.standard.flow import Config
from interconn.standard.management import AuditStatus, ProjectType

WATCH_SECONDS = 0.15
AGREEMENT_SECONDS = 60.0
"""How long after one node the others may learn that the job has ended."""
BANK_DATASET = "loans"
OPERATOR_DATASET = "customers"


class People:
    """The people of three institutions.

    Args:
        clients: a client of each institution's own node.
        listener: is told what they do.
    """

    def __init__(self, clients: Mapping[str, NodeClient], listener: Listener) -> None:
        self._clients = clients
        self._tell = listener.act
        self._listener = listener
        self._bank = clients[BANK]

    def sign_contracts(self) -> None:
        """Each two institutions apply, compare fingerprints out of band, and approve (MGT-3)."""
        conclude_among_all(self._clients, self._tell)

    def publish(self, tables: Tables) -> None:
        """Bank and operator take in their tables and show partners that they have them (MGT-4.1)."""
        self._publish(BANK, tables.bank, BANK_DATASET, tables.keys[BANK], tables.label_columns)
        self._publish(OPERATOR, tables.operator, OPERATOR_DATASET, tables.keys[OPERATOR], ())
        found = self._bank.datasets.discover(OPERATOR)
        if OPERATOR_DATASET not in [dataset.dataset_id for dataset in found.records]:
            raise NotFound("the operator's data set is not among those it publishes", where=OPERATOR_DATASET)
        shown = self._bank.datasets.show(OPERATOR, OPERATOR_DATASET)
        self._tell(BANK, "sees the operator's data set: {count} columns, no rows", count=len(shown.column_metas))

    def grant(self) -> None:
        """The bank applies for the operator's data set, and the operator grants it for one job (MGT-4.3, 4.4)."""
        self._tell(BANK, "applies for the use of {dataset}", dataset=OPERATOR_DATASET)
        asked = self._bank.datasets.request(OPERATOR, OPERATOR_DATASET, times_limit=1)
        self._approve_all(AuditKind.DATASET, OPERATOR_DATASET, [asked])

    def create_project(self) -> None:
        """The bank creates a project, and each partner approves it (MGT-5)."""
        self._tell(BANK, "creates a project")
        created = self._bank.projects.create(
            "joint credit",
            [name for name in INSTITUTIONS if name != BANK],
            type=ProjectType.PSI,
            datasets={OPERATOR: [OPERATOR_DATASET]},
        )
        self._project_id = created.project_id
        self._approve_all(AuditKind.PROJECT, created.project_id, created.audits)

    def find_components(self) -> None:
        """The bank looks whether the operator can run what the flow needs (MGT-6)."""
        offered = {(found.code, found.version) for found in self._bank.components.discover(OPERATOR).records}
        for code, version in flow.COMPONENTS.items():
            if (code, version) not in offered:
                raise NotFound("the operator does not offer the component", where=f"{code} {version}")
            detail = self._bank.components.show(OPERATOR, code, version)
            self._tell(BANK, "finds the component {name} {version}", name=detail.code, version=detail.version)

    def create_flow(self, config: Config) -> None:
        """The bank combines components to a flow, and each partner approves it (MGT-7)."""
        self._tell(BANK, "creates a flow: intersection, then summary")
        created = self._bank.flows.create("joint credit", self._project_id, flow.flow(), config=config)
        self._flow_id = created.flow_id
        self._approve_all(AuditKind.FLOW, created.flow_id, created.audits)

    def approve_job(self, config: Config) -> str:
        """The bank proposes a job, and each party approves exactly this one (MGT-8). Returns its id."""
        self._tell(BANK, "proposes a job")
        proposed = self._bank.jobs.propose(self._flow_id, config, name="joint credit")
        self._approve_all(AuditKind.JOB, proposed.job_id, proposed.audits)
        return proposed.job_id

    def run_job(self, job_id: str) -> dict[str, JobView]:
        """The bank starts the job; everybody watches on their own node until it has ended (CTL-5).

        Returns:
            The job as each node saw it end.
        """
        self._tell(BANK, "starts the job")
        self._bank.jobs.run(job_id)
        seen: dict[str, JobView] = {}
        ended_since: float | None = None
        while not all(name in seen and seen[name].outcome for name in INSTITUTIONS):
            if ended_since is None and any(view.outcome for view in seen.values()):
                ended_since = time.monotonic()
            if ended_since is not None and time.monotonic() > ended_since + AGREEMENT_SECONDS:
                raise InterconnError("one node saw the job end and another did not", where=job_id)
            time.sleep(WATCH_SECONDS)
            for name, client in self._clients.items():
                try:
                    seen[name] = client.jobs.show(job_id)
                except NotFound:
                    continue  # the scheduler has not told this node yet
                self._listener.job(name, seen[name])
        return seen

    def _publish(self, name: str, file: Path, dataset_id: str, key: str, label_columns: tuple[str, ...]) -> None:
        client = self._clients[name]
        added = client.datasets.add(
            str(file.absolute()), dataset_id, [key], label_columns=label_columns, dataset_id=dataset_id
        )
        client.datasets.publish(dataset_id)
        self._tell(name, "publishes {dataset}: {rows} rows stay at home", dataset=dataset_id, rows=added.count)

    def _approve_all(self, kind: AuditKind, subject_id: str, asked: list[AuditView]) -> None:
        """Each institution that was asked approves on its own node; return when the bank knows of all."""
        waiting = [audit for audit in asked if audit.status is AuditStatus.APPLIED]
        for audit in waiting:
            person = self._clients[audit.node_id]
            received = wait_for(
                lambda person=person: _pending(person, kind, subject_id),  # type: ignore[misc]
                f"the application for {kind.value.lower()} {subject_id} to reach {audit.node_id}",
            )
            person.audits.approve(received.audit_id)
            self._tell(audit.node_id, "approves the {kind}", kind=_WORDS[kind])
        wait_for(lambda: self._all_approved(kind, subject_id), f"all approvals of {subject_id} to reach the bank")

    def _all_approved(self, kind: AuditKind, subject_id: str) -> bool | None:
        audits = self._bank.audits.list(kind=kind, subject_id=subject_id).audits
        refused = [audit for audit in audits if audit.status in (AuditStatus.REJECTED, AuditStatus.TERMINATED)]
        if refused:
            raise Refused(f"{refused[0].node_id} did not approve", where=subject_id)
        return all(audit.status is AuditStatus.APPROVED for audit in audits) or None


_WORDS = {
    AuditKind.DATASET: "use of its data set",
    AuditKind.PROJECT: "project",
    AuditKind.FLOW: "flow",
    AuditKind.JOB: "job",
}


def _pending(person: NodeClient, kind: AuditKind, subject_id: str) -> AuditView | None:
    audits = person.audits.list(kind=kind, status=AuditStatus.APPLIED, subject_id=subject_id).audits
    return next((audit for audit in audits if audit.direction == "PARTNER"), None)
