"""Jobs as pictures: what reads from what, and how far each party is with each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from interconn.api.jobs import JOB_PICTURE, TaskView
from interconn.api.own import OwnService, Person
from interconn.api.pictures import Picture
from interconn.control import views
from interconn.control.admission import Admission
from interconn.control.flow import Descriptions, Party, parties_of, plan
from interconn.control.flow.picture import Box, draw_dag
from interconn.control.jobs import content
from interconn.control.tables import Job
from interconn.standard.control import JobCreate, JobReference, TaskStatus
from interconn.standard.errors import InterconnError, NotFound
from interconn.standard.flow import DagComponent
from interconn.state.database import Database


class JobPictures:
    """Draws jobs for the node's own people.

    Args:
        database: where jobs are kept.
        admission: knows the jobs that are proposed and do not run yet.
        registry: tells which roles a component has.
    """

    def __init__(self, *, database: Database, admission: Admission, registry: Descriptions) -> None:
        self._database = database
        self._admission = admission
        self._registry = registry

    def own_services(self) -> list[OwnService[Any, Any]]:
        """Return what is served to the node's own people and systems."""
        return [OwnService(JOB_PICTURE, self.draw)]

    async def draw(self, _person: Person, request: JobReference) -> Picture:
        """Draw a job as it stands here, or as it is proposed.

        Raises:
            NotFound: there is no such job, or it was refused at once and nothing of it is kept.
        """
        return await self._database.read(lambda session: self._draw(session, request.job_id))

    def _draw(self, session: Session, job_id: str) -> Picture:
        job = session.get(Job, job_id)
        kept = job is not None and bool(job.content["dag"]["components"])
        request = content(job) if job and kept else self._admission.planned(session, job_id)
        if request is None:
            raise NotFound("no such job is known here", where="job_id", hint="interconn job list")
        state = f"{job.status} {job.outcome}".strip() if job else "proposed"
        tasks = {task.name: task for task in views.known_tasks(session, job)} if job and kept else {}
        parties = self._parties(request)
        boxes = {
            component.name: _box(component, parties[component.name], tasks.get(component.name), running=bool(tasks))
            for component in request.dag.components
        }
        return Picture(svg=draw_dag(request.dag, f"job {job_id}: {state}", boxes))

    def _parties(self, request: JobCreate) -> Mapping[str, Sequence[Party]]:
        """Return who takes part in each step; everybody, where a component is not known here."""
        try:
            return {name: step.parties for name, step in plan(request, self._registry).steps.items()}
        except InterconnError:
            return dict.fromkeys([one.name for one in request.dag.components], parties_of(request.config))


def _box(component: DagComponent, parties: Sequence[Party], task: TaskView | None, *, running: bool) -> Box:
    shares = {party.role: party for party in task.parties} if task else {}
    lines = [f"{component.component_name} {component.version}"]
    for party in parties:
        line = f"{party.name} {party.node_id}"
        if share := shares.get(party.name):
            line += f" {share.status.value}"
            if share.status is TaskStatus.RUNNING and share.progress and share.progress.total:
                line += f" {share.progress.done}/{share.progress.total}"
        lines.append(line)
    state = task.status.value if task else TaskStatus.PENDING.value if running else ""
    return Box(component.name, lines, state)
