"""Permits at their holder: the check at a job's application, and the admission that counts a use, milliseconds.

A node's real management layer and database, with commits on the disk, which holds ten thousand grants of others
beside those that are used. No network and no signature: those are measured by themselves.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from interconn.components import Registry
from interconn.control.flow import config_digest, dag_digest
from interconn.identity.key_files import FileKeyStore
from interconn.identity.key_ring import KeyRing
from interconn.identity.node import NodeIdentity
from interconn.management import ContractDirectory, Management
from interconn.management.approvals.subjects import Limits
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.contracts.tables import Contract
from interconn.management.permits.ledger import GrantLedger
from interconn.management.permits.levels import LEVELS, ResourceType
from interconn.management.permits.minting import Mint, grant_of
from interconn.management.permits.permit_set import (
    MAXIMUM_PERMITS,
    PresentedPermit,
    resource_name,
    write_permit_set,
)
from interconn.management.permits.tables import AcceptedGrant
from interconn.management.permits.terms import Access, GrantTerms
from interconn.management.work.tables import Flow, Project, ProposedJob
from interconn.standard.control import JobCreate
from interconn.standard.management import AuditStatus, AuthType
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database
from interconn.state.engines import database_url

OTHERS = 10_000
"""Grants of other users and data sets in the same tables."""
PATIENCE: Any = 200_000


class Holder:
    """Operator with its grants; bank's job `job-N` is approved for every N."""

    def __init__(self, folder: Path, jobs: int, others: int) -> None:
        self.identity = NodeIdentity(
            node_id="operator", inst_id="inst-operator", institution="i", name="n",
            address="https://operator.example:7304", system="interconn", system_version="1",
        )  # fmt: skip
        url = database_url(folder / "state.db")
        schema.upgrade(url)
        self.database, clock = Database(url), SystemClock()
        store = FileKeyStore(folder / "keys")
        store.create(AuthType.SHA256_ECDSA)
        keys = KeyRing(store)
        directory = ContractDirectory(self.database, clock=clock)
        client: Any = SimpleNamespace()  # nobody is called
        self.management = Management(
            node=self.identity,
            database=self.database,
            directory=directory,
            client=client,
            clock=clock,
            keys=keys,
            registry=Registry.shipped(),
            storage=folder / "storage",
        )
        contracts = Contracts(node=self.identity, keys=keys, clock=clock, directory=directory)
        self.mint = Mint(node=self.identity, clock=clock, contracts=contracts)
        self.ledger = GrantLedger(node=self.identity, clock=clock, contracts=contracts)
        self._now, self._credential = clock.now(), keys.newest.credential
        self._jobs, self._others = jobs, others
        self.permit = ""

    async def fill(self) -> None:
        """Grant what bank uses, and much else."""
        await self.database.write(self._contract)
        await self.database.write(self._grant_to_others)
        await self.database.write(self._approve)

    def _contract(self, session: Session) -> None:
        session.add(
            Contract(
                contract_id="contract-bank", node_id="bank", inst_id="inst-bank", address="https://bank.example:7304",
                direction="PARTNER", status=AuditStatus.APPROVED.value, key_proven=True, key_compared=True,
                auth_type=self._credential.auth_type.value, auth_credential=self._credential.pem,
                trace_id="trace", applied_at=self._now,
            )
        )  # fmt: skip

    def _audit(self, session: Session, kind: str, subject_id: str) -> Audit:
        audit = Audit(
            audit_id=f"audit-{kind}-{subject_id}", node_id="bank", kind=kind, subject_id=subject_id,
            direction="PARTNER", status=AuditStatus.APPROVED.value, content={}, content_digest="", trace_id="trace",
            applied_at=self._now,
        )  # fmt: skip
        session.add(audit)
        session.flush()
        return audit

    def _mint(self, session: Session, kind: str, subject_id: str, **limits: int) -> tuple[Audit, str]:
        audit = self._audit(session, kind, subject_id)
        permit = self.mint.new(session, audit, GrantTerms(), Limits(**limits))
        name = resource_name(kind, "operator", subject_id)
        return audit, write_permit_set([PresentedPermit(name, LEVELS[ResourceType(kind)], permit.token)])

    def _grant_to_others(self, session: Session) -> None:
        for number in range(self._others):
            self._mint(session, "DATASET", f"other-{number}")

    def _approve(self, session: Session) -> None:
        self._mint(session, "PROJECT", "project", times_limit=PATIENCE)
        self._mint(session, "FLOW", "flow", times_limit=PATIENCE)
        audit, self.permit = self._mint(session, "DATASET", "table", times_limit=PATIENCE)
        spent = grant_of(session, audit)
        assert spent
        dag, config = job(0).dag, job(0).config
        session.add(
            Project(initiator="bank", project_id="project", name="p", type=None, description=None, created_at=self._now)
        )
        session.add(
            Flow(
                initiator="bank", flow_id="flow", project_id="project", name="f", description=None, dag=dag.to_wire(),
                dag_digest=dag_digest(dag), created_at=self._now,
            )
        )  # fmt: skip
        for number in range(self._jobs):
            job_id = f"job-{number}"
            proposal, _ = self._mint(session, "JOB", job_id)
            session.add(AcceptedGrant(job_audit_number=proposal.number, grant_id=spent.grant_id))
            session.add(
                ProposedJob(
                    job_id=job_id, initiator="bank", flow_id="flow", project_id="project", name="job",
                    dag=dag.to_wire(), config=config.to_wire(), dag_digest=dag_digest(dag),
                    config_digest=config_digest(config), scheduler="bank", proposed_at=self._now,
                )
            )  # fmt: skip


def job(number: int) -> JobCreate:
    """Return a job of two parties and one component."""
    component = {
        "name": "psi_1", "componentName": "psi", "provider": "interconn", "version": "1.0.0", "input": [],
        "output": [{"type": "dataset", "key": "aligned"}],
    }  # fmt: skip
    sources = {"guest": "loans", "host": "table"}
    return JobCreate.model_validate({
        "job_id": f"job-{number}",
        "flow_id": "flow",
        "dag": {"version": "1", "components": [component]},
        "config": {
            "version": "1",
            "initiator": {"role": "guest", "node_id": "bank"},
            "role": {"guest": ["bank"], "host": ["operator"]},
            "job_params": {"common": {}},
            "task_params": {role: {"0": {"psi_1": {"dataset_id": table}}} for role, table in sources.items()},
        },
    })  # fmt: skip


def measure(quick: bool) -> dict[str, Any]:
    """Return p50 and p99 of each, and the processor time of one on average, milliseconds."""
    count, others = (200, 1000) if quick else (1000, OTHERS)
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measure(Path(folder), count, others))


async def _measure(folder: Path, count: int, others: int) -> dict[str, Any]:
    holder = Holder(folder, count, others)
    await holder.fill()
    access = [Access(ResourceType.DATASET, "table")]
    stale = [PresentedPermit(f"other-{number}", 1, "x" * 43) for number in range(MAXIMUM_PERMITS - 1)]
    full = ",".join([write_permit_set(stale), holder.permit])

    def check(text: str) -> Callable[[Session], Any]:
        return lambda session: holder.ledger.accept(session, text, user="bank", accesses=access, project_id="project")

    def admit(number: int) -> Callable[[Session], None]:
        sent = job(number)
        return lambda session: holder.management.admission.admit(session, sent, scheduler="bank")

    read, write = holder.database.read, holder.database.write
    figures: dict[str, Any] = {"grants in the tables": others + count + 3}
    figures |= await _spread("check of 1 permit", [(read, check(holder.permit))] * count)
    figures |= await _spread("check of 256 permits", [(read, check(full))] * (count // 4))
    admissions = [(write, admit(number)) for number in range(count)]
    figures |= await _spread("admission, 4 grants used", admissions)
    figures |= await _spread("admission at the next task", admissions)
    figures |= await _spread("empty transaction", [(write, _touch)] * (count // 4))
    holder.database.close()
    return figures


def _touch(session: Session) -> None:
    """Write one cell: what the disk alone costs."""
    contract = session.get_one(Contract, 1)
    contract.applied_at += 1


async def _spread(what: str, calls: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    times, begun_cpu = [], time.process_time()
    for run, work in calls:
        begun = time.perf_counter()
        await run(work)
        times.append((time.perf_counter() - begun) * 1000)
    spent = (time.process_time() - begun_cpu) * 1000 / len(calls)
    times.sort()
    return {
        f"{what}: p50 ms": round(times[len(times) // 2], 3),
        f"{what}: p99 ms": round(times[min(len(times) - 1, len(times) * 99 // 100)], 3),
        f"{what}: processor ms": round(spent, 3),
    }
