"""This node's own share of jobs: the components it runs for them, and what those say."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from interconn.components import Components
from interconn.components.callback import told_part
from interconn.components.environment import Order, OrderParty, Place, by_input, output_place, split_parameters
from interconn.components.room import COMPONENTS
from interconn.components.runs import ENDED, waiting_of_task
from interconn.components.tables import ComponentRun
from interconn.control import jobs
from interconn.control.admission import DataCatalogue
from interconn.control.callbacks import push, push_progress
from interconn.control.flow import Party, Plan, Step, plan
from interconn.control.jobs import Cause
from interconn.control.partners import Partners
from interconn.control.release import EndedShare, ResultRelease
from interconn.control.states import Outcome
from interconn.control.tables import Job, Lane, Task
from interconn.identity.node import NodeIdentity
from interconn.standard.control import JobCreate, TaskStatus
from interconn.standard.errors import InterconnError, Refused
from interconn.standard.flow import Config
from interconn.standard.identifiers import session_of_job
from interconn.state.clock import Clock

_STEPS_KEPT: Final = 20_000
"""Steps of the jobs whose plans are kept in memory, some kilobytes each; others are planned again when used."""


@dataclass(frozen=True)
class _Planned:
    """A job as it arrived and as it is run."""

    digests: tuple[str, str]
    content: JobCreate
    plan: Plan


class Shares:
    """Orders, stops and listens to the components of this node, in transactions of those who decide.

    Args:
        node: this node.
        clock: time.
        components: runs the components; it is told to report here.
        catalogue: says where data sets lie.
        partners: knows the institutions of the other parties.
        release: is told of results, which may be held.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        clock: Clock,
        components: Components,
        catalogue: DataCatalogue,
        partners: Partners,
        release: ResultRelease,
    ) -> None:
        self._node = node
        self._clock = clock
        self._components = components
        self._catalogue = catalogue
        self._partners = partners
        self._release = release
        self._planned: dict[str, _Planned] = {}
        self._planning = threading.Lock()  # readers plan beside the writer
        components.report_to(self)

    def plan(self, job: Job) -> Plan:
        """Return how a job is run."""
        return self._known(job).plan

    def content(self, job: Job) -> JobCreate:
        """Return a job as it arrived."""
        return self._known(job).content

    def _known(self, job: Job) -> _Planned:
        digests = (job.dag_digest, job.config_digest)
        with self._planning:
            known = self._planned.pop(job.job_id, None)
            if known is None or known.digests != digests:
                content = jobs.content(job)
                known = _Planned(digests, content, plan(content, self._components.registry))
                kept = len(known.plan.steps) + sum(len(each.plan.steps) for each in self._planned.values())
                while self._planned and kept > _STEPS_KEPT:
                    kept -= len(self._planned.pop(next(iter(self._planned))).plan.steps)
            self._planned[job.job_id] = known  # the one used last comes last
            return known

    def lanes(self, session: Session, task_id: str) -> list[Lane]:
        """Return the lanes of a task that are this node's."""
        return jobs.lanes_at(session, task_id, self._node.node_id)

    def begin(
        self, session: Session, job: Job, step: Step, task_id: str, known: Task | None, tasks: Mapping[str, Task]
    ) -> None:
        """Start this node's share of a task: one component for each role it plays.

        Args:
            session: of the transaction.
            job: which.
            step: of its plan.
            task_id: that the scheduler gave it.
            known: the task, where this node knows it already.
            tasks: those of the steps it reads from, by their names.

        Raises:
            NotFound: a data set is not there.
            Refused: a task it reads from has not succeeded here.
        """
        now = self._clock.now()
        if known:
            task, lanes, beside = known, self.lanes(session, task_id), []
        else:
            own = [party for party in step.parties if party.node_id == self._node.node_id]
            task, lanes = jobs.add_task(session, job, task_id, step.name, own, now)
            beside = lanes
        config = self.plan(job).config
        for lane in lanes:
            if lane.status == TaskStatus.PENDING:
                self._move(session, job, task, lane, TaskStatus.READY, now, beside=beside)
                self._components.order(session, self._order(session, job, config, step, lane, tasks))

    def stop(self, session: Session, job: Job, reason: str, names: frozenset[str] | None = None) -> None:
        """Stop this node's components of a job, or of the tasks named; what has succeeded stays so.

        What runs ends when it has been seen to: it may have succeeded, though nobody has taken note of it yet.
        """
        now = self._clock.now()
        for task, lane in jobs.unfinished(session, job.job_id, self._node.node_id):
            if names is None or task.name in names:
                run = session.get(ComponentRun, (task.task_id, lane.role, lane.index))
                if run is None or run.state == ENDED:
                    self._move(session, job, task, lane, TaskStatus.FAILED, now, reason=reason)
        self._components.stop_job(session, job.job_id, reason, names)

    def end(self, session: Session, job: Job, outcome: Outcome, reason: str, cause: Cause) -> None:
        """End a job on this node, with its components and their communication. A repeat changes nothing.

        After a success nothing of it runs any more; should a scheduler claim one too early, it is stopped all the same.
        """
        self.stop(session, job, reason or "the job has ended")
        jobs.end(session, job, outcome, reason, cause)
        for task_id in jobs.task_ids_at(session, job.job_id, self._node.node_id):
            self._components.close_session(session, session_id=session_of_job(job.job_id), task_id=task_id)
        with self._planning:
            self._planned.pop(job.job_id, None)

    def needs(self, planned: Plan, step: Step) -> dict[str, float]:
        """Return what all shares of a step on this node take of its machine together."""
        own = [party for party in step.parties if party.node_id == self._node.node_id]
        needs = {COMPONENTS: float(len(own))}
        for party in own:
            for name, amount in planned.resources[party].stated().items():
                needs[name] = needs.get(name, 0.0) + amount
        return needs

    def check_room(self, planned: Plan) -> None:
        """Check that this node has room at all for its shares of each step.

        Raises:
            InvalidFlow: names the component of the DAG that asks for more than this node ever gives.
        """
        for step in planned.steps.values():
            where = f"component {step.name}, job_params of {self._node.node_id}: resources"
            self._components.turns.room.check(self.needs(planned, step), where)

    async def waits(self, task_id: str) -> str:
        """Return what this node's shares of a task wait for, or nothing where they have their room."""
        return await self._components.turns.waits(task_id)

    def note_waiting(self, session: Session, task_id: str, reason: str) -> None:
        """Write down what this node's shares of a task wait for, unless they were launched meanwhile."""
        task = session.get_one(Task, task_id)
        for run in waiting_of_task(session, task_id):
            if (lane := session.get(Lane, (task_id, run.role, run.index))) and lane.status == TaskStatus.READY:
                jobs.move_lane(session, task, lane, TaskStatus.READY, self._clock.now(), reason=reason)

    def launched(self, session: Session, run: ComponentRun) -> None:
        """A component that may have waited for its turn was launched: it waits for nothing of this node any more."""
        task = session.get(Task, run.task_id)
        lane = session.get(Lane, (run.task_id, run.role, run.index))
        if task and lane and lane.status == TaskStatus.READY and lane.reason:
            jobs.move_lane(session, task, lane, TaskStatus.READY, self._clock.now())

    def outcome(self, session: Session, job: Job) -> Outcome:
        """Return what a job came to as far as this node's own share tells."""
        steps = self.plan(job).steps.values()
        own = {step.name for step in steps if any(party.node_id == self._node.node_id for party in step.parties)}
        statuses = {task.name: task.status for task in jobs.tasks_of(session, job.job_id)}
        succeeded = all(statuses.get(name) == TaskStatus.SUCCESS for name in own)
        return Outcome.SUCCESS if succeeded else Outcome.FAILED

    def progressed(self, session: Session, run: ComponentRun) -> None:
        """A component runs (CTL-4.1)."""
        self._take_note(session, run, TaskStatus.RUNNING)

    def settled(self, session: Session, run: ComponentRun) -> None:
        """A component has ended."""
        self._take_note(session, run, TaskStatus(run.status))

    def _take_note(self, session: Session, run: ComponentRun, status: TaskStatus) -> None:
        task = session.get(Task, run.task_id)
        lane = session.get(Lane, (run.task_id, run.role, run.index))
        if task and lane:
            now = self._clock.now()
            reason = told_part(run.reason)
            job = jobs.require(session, task.job_id)
            self._move(session, job, task, lane, status, now, reason=reason, progress=run.progress or None)
            if status is TaskStatus.SUCCESS:
                self._release.ended(session, self._ended(session, task, lane))

    def _move(
        self, session: Session, job: Job, task: Task, lane: Lane, after: TaskStatus, now: int, **parts: Any
    ) -> None:
        before = lane.status
        news = jobs.move_lane(session, task, lane, after, now, **parts)
        if lane.status != before:
            push(session, job, lane, now, tells_progress=self._partners.knows_extensions(job.scheduler))
        elif news:
            push_progress(session, job)

    def _ended(self, session: Session, task: Task, lane: Lane) -> EndedShare:
        step = self.plan(jobs.require(session, task.job_id)).steps[task.name]
        return EndedShare(
            job_id=task.job_id,
            task_id=task.task_id,
            task_name=task.name,
            role=lane.role,
            index=lane.index,
            component=step.component.component_name,
            partners=sorted({party.node_id for party in step.parties} - {self._node.node_id}),
            outputs=self._outputs(session, task, lane),
        )

    def _outputs(self, session: Session, task: Task, lane: Lane) -> Mapping[str, Mapping[str, Any]]:
        try:
            return self._components.outputs(session, task.task_id, lane.role, lane.index)
        except InterconnError:
            return {}  # of a component that this node does not have any more; nobody is shown them either

    def _order(
        self, session: Session, job: Job, config: Config, step: Step, lane: Lane, tasks: Mapping[str, Task]
    ) -> Order:
        component = step.component
        parameters, source = split_parameters(config, step.name, lane.role, lane.index)
        inputs = []
        for port in component.input:
            name, _, key = port.key.partition(".")
            written = session.get(Lane, (tasks[name].task_id, lane.role, lane.index)) if name in tasks else None
            if written is None:
                continue  # an arbiter, which holds no data (`flow.plan` lets no other pass)
            if written.status != TaskStatus.SUCCESS:
                raise Refused(f"{name} has not succeeded here", where=port.key, clause="CTL-G3.1.1.1-dag")
            inputs.append(output_place(job.job_id, written.task_id, lane.role, lane.index, key))
        for reference in by_input(source, step.description.input_data[len(component.input) :]):
            namespace, stored_name = self._catalogue.locate(session, reference=reference)
            inputs.append(Place(namespace=namespace, name=stored_name))
        return Order(
            job_id=job.job_id,
            task_id=lane.task_id,
            task_name=step.name,
            role=lane.role,
            index=lane.index,
            component=component.component_name,
            provider=component.provider,
            version=component.version,
            session_id=session_of_job(job.job_id),
            trace_id=job.trace_id,
            parties=[self._told(party) for party in step.parties],
            parameters=parameters,
            inputs=inputs,
            output_keys=[port.key for port in component.output],
            initiator=job.initiator,
            needs=self.needs(self.plan(job), step),
            seconds=self.plan(job).deadlines.get((step.name, Party(lane.role, lane.index, self._node.node_id))),
        )

    def _told(self, party: Party) -> OrderParty:
        own = party.node_id == self._node.node_id
        institution = self._node.inst_id if own else self._partners.institution(party.node_id)
        return OrderParty(role=party.role, index=party.index, node_id=party.node_id, inst_id=institution)
