"""Admission of jobs that nobody proposed here: those of partners without a management plane (0005-permits)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.environment import MODEL_MEMBER, references, split_parameters
from interconn.components.runnable import require_runnable
from interconn.control.flow import Descriptions, Plan, Step, config_digest, dag_digest, plan
from interconn.identity.node import NodeIdentity
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import Catalogue
from interconn.management.permits.preauthorisations import CLAUSE, Preauthorisations, Use, ids, not_preauthorised
from interconn.management.permits.tables import PreauthorisedJob
from interconn.management.permits.terms import ComponentIdentity
from interconn.management.work.runnable import own_descriptions
from interconn.standard.control import JobCreate
from interconn.standard.errors import InterconnError, NotApproved, NotFound
from interconn.standard.self_description import SelfDescription
from interconn.state.clock import Clock

_JOBS_KEPT: Final = 256
"""Jobs of which is kept in memory what they do here."""


@dataclass(frozen=True)
class _StepHere:
    """A step of a job, as far as it concerns what this node allows.

    Attributes:
        component: that this node runs in it; None where it has no share.
        upstream: names of the steps that it reads from.
        references: to data sets of this node.
    """

    name: str
    component: ComponentIdentity | None
    upstream: tuple[str, ...]
    references: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Here:
    """What a job does on this node: nothing that a person may change meanwhile."""

    descriptions: Sequence[SelfDescription]
    steps: Sequence[_StepHere]


class PreauthorisedJobs:
    """Admits what was allowed beforehand, and marks it.

    Args:
        node: this node's name card.
        clock: time.
        contracts: with all parties.
        catalogue: this node's data sets.
        preauthorisations: what was allowed.
        descriptions: of the components.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        clock: Clock,
        contracts: Contracts,
        catalogue: Catalogue,
        preauthorisations: Preauthorisations,
        descriptions: Descriptions,
    ) -> None:
        self._node = node
        self._clock = clock
        self._contracts = contracts
        self._catalogue = catalogue
        self._preauthorisations = preauthorisations
        self._descriptions = descriptions
        self._here: dict[tuple[str, str, str], _Here] = {}

    def admitted(self, session: Session, job_id: str) -> PreauthorisedJob | None:
        """Return a job that was admitted in this way, if it was."""
        return session.get(PreauthorisedJob, job_id)

    def among(self, session: Session, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some jobs that were admitted in this way."""
        found = select(PreauthorisedJob.job_id).where(PreauthorisedJob.job_id.in_(job_ids))
        return frozenset(session.scalars(found))

    def answers(self, session: Session, job: JobCreate, *, scheduler: str, proposed: bool) -> bool:
        """Tell whether a job is decided on here, and not by its approvals.

        Args:
            session: of a transaction.
            job: as it arrived.
            scheduler: who sent it.
            proposed: whether a job of that id was proposed to this node, or by it.
        """
        known = self.admitted(session, job.job_id)
        if known:  # whoever else names its id is told what anybody is told of a job that there is not
            return known.scheduler == scheduler
        return not proposed and self._may_come(session, job, scheduler)

    def _may_come(self, session: Session, job: JobCreate, scheduler: str) -> bool:
        """Tell whether a job is one for which approvals cannot be asked.

        Both who initiates and who schedules it must be partners without a management plane: one that has it proposes
        its jobs, and is not spared that by a scheduler that has none.
        """
        speakers = {scheduler, job.config.initiator.node_id}
        return all(self._preauthorisations.without_management_plane(session, node_id) for node_id in speakers)

    def admit(
        self, session: Session, job: JobCreate, *, scheduler: str, digests: tuple[str, str] | None = None
    ) -> None:
        """Admit a job if every component that runs here, and every data set of ours in it, was allowed beforehand.

        Asked again at each task: what is allowed is looked up anew, what the job does here is worked out once.

        Args:
            session: of the transaction that stores the job, or begins a task of it.
            job: as it arrived.
            scheduler: who sent it.
            digests: of its DAG and its configuration, as they were kept when it was stored; else they are made.

        Raises:
            NotApproved: another node is to schedule it, it changed, or a party is under no contract.
            PermitRefused: something is not covered, or no more.
            ComponentDisabled: it would run what this node has disabled.
        """
        if scheduler != job.config.scheduler():
            raise NotApproved(
                f"the configuration names {job.config.scheduler()} as scheduler, not {scheduler}",
                where="x-source-node-id",
                clause="CTL-3.2",
            )
        if not self._may_come(session, job, scheduler):  # asked again at each task, as a person may have changed it
            raise NotApproved(
                f"job {job.job_id} was not proposed to this node, and its parties have a management plane",
                where="job_id",
                clause="MGT-8.1",
            )
        initiator = job.config.initiator.node_id
        if scheduler != initiator:
            # Nothing proves who initiated it but the word of whoever sends it, and a pre-authorisation is one node's.
            raise NotApproved(
                f"{scheduler} sends a job in the name of {initiator}, whose pre-authorisations it cannot use",
                where="x-source-node-id",
                clause="MGT-2.2-mprac-procedure",
                hint="A partner without a management plane schedules the jobs that it initiates",
            )
        self._check_parties(session, job)
        digests = digests or (dag_digest(job.dag), config_digest(job.config))
        known = self.admitted(session, job.job_id)
        if known and (known.node_id, known.dag_digest, known.config_digest) != (initiator, *digests):
            raise NotApproved(
                f"job {job.job_id} differs from what was admitted", where="job_id", clause="MGT-G2.1.2-handdown"
            )
        here = self._known(job, digests)
        require_runnable(session, here.descriptions)
        uses = self._uses(session, here)
        covering = self._preauthorisations.use(session, initiator, uses, job.job_id)
        if known:
            return
        now = self._clock.now()
        session.add(
            PreauthorisedJob(
                job_id=job.job_id,
                node_id=initiator,
                scheduler=scheduler,
                dag_digest=digests[0],
                config_digest=digests[1],
                admitted_at=now,
            )
        )
        Cause(f"node:{scheduler}", "").record(
            session,
            at=now,
            action="job.preauthorised",
            subject=f"job:{job.job_id}",
            partner=initiator,
            clause=CLAUSE,
            details={"dag": digests[0], "config": digests[1], "preauthorisations": ids(covering)},
        )

    def _check_parties(self, session: Session, job: JobCreate) -> None:
        for node_id in sorted(set(job.config.nodes()) - {self._node.node_id}):
            try:
                self._contracts.require_usable(session, node_id)
            except InterconnError:
                raise NotApproved(
                    f"the job gives a role to {node_id}, with which this node has no contract in force",
                    where="config.role",
                    clause="MGT-G2.1.1.3-conf",
                ) from None

    def _known(self, job: JobCreate, digests: tuple[str, str]) -> _Here:
        """Return what a job does here, from memory where its content is the same as before."""
        key = (job.job_id, *digests)
        here = self._here.pop(key, None) or self._work_out(plan(job, self._descriptions))
        while len(self._here) >= _JOBS_KEPT:
            del self._here[next(iter(self._here))]
        self._here[key] = here  # the one used last comes last
        return here

    def _work_out(self, planned: Plan) -> _Here:
        steps = [
            _StepHere(
                name=step.name,
                component=ComponentIdentity.of(step.component) if self._is_here(step) else None,
                upstream=tuple(step.upstream),
                references=tuple(self._references(planned, step)),
            )
            for step in planned.steps.values()  # in order, so that what a step reads from comes before it
        ]
        return _Here(own_descriptions(planned, self._node.node_id), steps)

    def _is_here(self, step: Step) -> bool:
        return any(party.node_id == self._node.node_id for party in step.parties)

    def _references(self, planned: Plan, step: Step) -> Iterator[Mapping[str, Any]]:
        for party in step.parties:
            if party.node_id == self._node.node_id:
                _, source = split_parameters(planned.config, step.name, party.role, party.index)
                yield from references(source)

    def _uses(self, session: Session, here: _Here) -> set[Use]:
        """Return each component that runs here, with each data set of ours that it reads or that came to it.

        What a component writes is made of what it read, so the data sets go along the DAG.
        """
        uses: set[Use] = set()
        reached: dict[str, set[str]] = {}
        for step in here.steps:
            if step.component is None:
                reached[step.name] = set()
                continue
            reached[step.name] = self._reads(session, step).union(*(reached[name] for name in step.upstream))
            uses.update((step.component, dataset_id) for dataset_id in reached[step.name] or {""})
        return uses

    def _reads(self, session: Session, step: _StepHere) -> set[str]:
        found = set()
        for reference in step.references:
            if MODEL_MEMBER in reference:  # what may be used of a model is asked for and approved (MGT-9.1)
                raise not_preauthorised()
            try:
                found.add(self._catalogue.find(session, reference).dataset_id)
            except NotFound:
                raise not_preauthorised() from None
        return found
