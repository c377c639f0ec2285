"""A network of three institutions on which jobs can be run again and again, whatever dies meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from interconn.api.audits import AuditKind
from interconn.api.jobs import JobView
from interconn.lab.contracts import conclude_among_all
from interconn.lab.demo.events import BANK, CLEARING_HOUSE, INSTITUTIONS, OPERATOR
from interconn.lab.demo.flow import configuration, flow
from interconn.lab.demo.performance import MEMBERS
from interconn.lab.demo.tables import german_credit, plaintext_join
from interconn.lab.network import Lab
from interconn.standard.errors import ConfigurationError, InterconnError
from interconn.standard.flow import Config
from interconn.standard.management import AuditStatus, ProjectType

Found = TypeVar("Found")

AGREEMENT_SECONDS = 150.0
"""Within this every node must show the same end of a job."""


class Network:
    """Bank, operator and clearing house with everything approved but the job itself."""

    def __init__(self, directory: Path) -> None:
        self.tables = german_credit(directory / "tables")
        self.expected = plaintext_join(self.tables)
        self.lab = Lab.create_without_contracts(directory / "network", MEMBERS)
        conclude_among_all(self.lab.clients())
        for name, file, dataset in ((BANK, self.tables.bank, "loans"), (OPERATOR, self.tables.operator, "customers")):
            client = self.lab.client(name)
            client.datasets.add(str(file.absolute()), dataset, [self.tables.key], dataset_id=dataset)
            client.datasets.publish(dataset)
        bank = self.lab.client(BANK)
        bank.datasets.request(OPERATOR, "customers")
        self.approve_until(AuditKind.DATASET, "customers")
        project = bank.projects.create("faults", [OPERATOR, CLEARING_HOUSE], type=ProjectType.PSI)
        self.approve_until(AuditKind.PROJECT, project.project_id)
        created = bank.flows.create("faults", project.project_id, flow(), config=self.config)
        self.approve_until(AuditKind.FLOW, created.flow_id)
        self.flow_id = created.flow_id

    @property
    def config(self) -> Config:
        """The configuration of every job."""
        return configuration(keys=self.tables.keys, minimum_rows=10, bank_dataset="loans", operator_dataset="customers")

    def approve_until(self, kind: AuditKind, subject_id: str) -> None:
        """Let everybody asked approve, until the bank knows of all."""

        def look() -> bool | None:
            for name in INSTITUTIONS:
                client = self.lab.client(name)
                for audit in client.audits.list(kind=kind, status=AuditStatus.APPLIED, subject_id=subject_id).audits:
                    if audit.direction == "PARTNER":
                        client.audits.approve(audit.audit_id)
            audits = self.lab.client(BANK).audits.list(kind=kind, subject_id=subject_id).audits
            return all(audit.status is AuditStatus.APPROVED for audit in audits) or None

        persist(look, f"approval of {subject_id}")

    def propose(self) -> str:
        """Propose a job, however often the bank's node has to be asked; return its id."""
        bank = self.lab.client(BANK)
        known = persist(lambda: self._proposed(), "the list of jobs proposed")
        try:
            return bank.jobs.propose(self.flow_id, self.config).job_id
        except InterconnError:
            # The node died before it answered: either it has committed the proposal or it has not.
            made = persist(lambda: self._proposed(), "the list of jobs proposed") - known
            return (
                made.pop()
                if made
                else persist(lambda: bank.jobs.propose(self.flow_id, self.config).job_id, "a second proposal")
            )

    def run(self, job_id: str) -> None:
        """Start an approved job, however often the bank's node has to be told."""
        persist(lambda: self.lab.client(BANK).jobs.run(job_id), "the start of the job")

    def ended(self, job_id: str) -> dict[str, JobView]:
        """Wait until every node shows the end of the job, and return it as each sees it."""
        seen: dict[str, JobView] = {}

        def look() -> bool | None:
            for name in INSTITUTIONS:
                seen[name] = self.lab.client(name).jobs.show(job_id)
            return all(view.outcome for view in seen.values()) or None

        persist(look, "the end of the job on every node")
        return seen

    def _proposed(self) -> set[str]:
        return {audit.subject_id for audit in self.lab.client(BANK).audits.list(kind=AuditKind.JOB).audits}


def start_to_die(lab: Lab, node_id: str, point: str) -> None:
    """Start a node that dies at a crash point, once it serves.

    Partners call as soon as they see that it is back; where such a call brings it to the point before it is known to
    serve, it is started again.
    """
    for left in reversed(range(5)):
        try:
            lab.start(node_id, environment={"INTERCONN_CRASH_AT": point})
        except ConfigurationError:
            if not left:
                raise
        else:
            return


class Reviver(threading.Thread):
    """Starts a node again as soon as it has died."""

    def __init__(self, lab: Lab, node_id: str) -> None:
        super().__init__(daemon=True)
        self._lab = lab
        self._node_id = node_id
        self._done = threading.Event()
        self.deaths = 0

    def run(self) -> None:
        while not self._done.is_set():
            if not self._lab.is_running(self._node_id):
                self.deaths += 1
                self._lab.start(self._node_id)
            self._done.wait(0.05)

    def stop(self) -> None:
        """Look no more."""
        self._done.set()
        self.join()


def persist(look: Callable[[], Found | None], awaited: str, seconds: float = AGREEMENT_SECONDS) -> Found:
    """Look again and again, over nodes that are away, until something is found."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            found = look()
        except InterconnError as error:
            last = error
        else:
            if found is not None:
                return found
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {awaited}; last: {last}")
