"""Nodes in one process whose components do nothing: the control layer, its databases and its calls are the node's own.

Calls pass through the wire's JSON, without signatures and sockets: those are measured by themselves (gate, transport).
Databases lie on the disk, with every commit flushed there.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.components import Components, Registry
from interconn.components.launcher import Exit, Situation
from interconn.control import Control
from interconn.control.tables import Job, Lane, Task
from interconn.dialects import STANDARD
from interconn.identity.node import NodeIdentity
from interconn.peers.inbound import Caller
from interconn.peers.outbound import Answer
from interconn.standard.control import JobCreate, PlatformJobCreate
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError, NotFound
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import WireModel
from interconn.state import schema
from interconn.state.clock import SystemClock
from interconn.state.database import Database
from interconn.state.engines import database_url

PERSON: Any = Person(name="bench", trace_id="bench")
IDLE = SelfDescription.model_validate({
    "componentName": "idle",
    "title": "Idle",
    "provider": "interconn",
    "version": "1.0.0",
    "roleList": ["guest", "host"],
    "storageEngine": ["file"],
    "inputParam": [],
    "inputData": [{"name": f"in{number}", "category": "dataset", "dataFormat": ["csv"]} for number in range(2)],
    "outputData": [{"name": "out", "category": "dataset", "dataFormat": ["csv"]}],
    "result": [],
})  # fmt: skip


class IdleLauncher:
    """Components that have ended as soon as they are launched."""

    def __init__(self) -> None:
        self._ended: set[Path] = set()

    def launch(self, directory: Path, _environment: Mapping[str, str]) -> None:
        self._ended.add(directory)

    def situation(self, directory: Path) -> Situation:
        return Situation.ENDED if directory in self._ended else Situation.NOTHING

    async def wait(self, _directory: Path) -> Exit:
        return Exit(0, "", SystemClock().now())

    async def stop(self, directory: Path) -> None:
        self._ended.add(directory)

    def clear(self, directory: Path) -> None:
        self._ended.discard(directory)


class Everything:
    """Admits every job, finds every data set, opens every session."""

    def __init__(self) -> None:
        self.proposals: dict[str, JobCreate] = {}

    def proposed(self, _session: Session, job_id: str) -> JobCreate:
        if job_id not in self.proposals:
            raise NotFound("no such job", where="job_id")
        return self.proposals[job_id]

    def awaiting(self, _session: Session, _content: PlatformJobCreate) -> JobCreate | None:
        return None

    def admit(
        self, session: Session, job: JobCreate, *, scheduler: str, digests: tuple[str, str] | None = None
    ) -> None:
        pass

    def admit_as_scheduler(self, session: Session, job: JobCreate, *, caller: str) -> None:
        pass

    def preauthorised(self, _session: Session, _job_ids: Sequence[str]) -> frozenset[str]:
        return frozenset()

    def locate(self, _session: Session, *, reference: Mapping[str, Any]) -> tuple[str, str]:
        return "datasets", str(reference["dataset_id"])

    def open_session(self, _session: Session, **_parts: Any) -> str:
        return "token"

    def close_session(self, session: Session, session_id: str, task_id: str) -> None:
        pass

    def traffic(self, _task_id: str) -> Mapping[str, int]:
        return {}


class Calls:
    """A node's way to the others."""

    def __init__(self, nodes: Mapping[str, BenchNode], node_id: str, calls: Counter[str]) -> None:
        self._nodes = nodes
        self._node_id = node_id
        self._calls = calls

    def partner(self, node_id: str) -> Any:
        return SimpleNamespace(node_id=node_id, inst_id=f"inst-{node_id}", dialect=STANDARD.name)

    async def answer(
        self,
        node_id: str,
        endpoint: Endpoint[Any, Any],
        request: WireModel,
        *,
        trace_id: str,
        extension_headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> Answer[Any]:
        self._calls[endpoint.name] += 1
        body = STANDARD.write_request(endpoint, request).body
        message = STANDARD.read_request(endpoint, query={}, content_type="application/json", body=body)
        caller = Caller(
            node_id=self._node_id, trace_id=trace_id, peer=None, proven_key=None, permits="",
            request_digest="0" * 64, extensions=dict(extension_headers or {}),
        )  # fmt: skip
        try:
            reply = STANDARD.write_reply(endpoint, await self._nodes[node_id].services[endpoint.name](caller, message))
        except InterconnError as error:
            reply = STANDARD.write_error(error)
        return Answer(STANDARD.read_reply(endpoint, reply), None)


class BenchNode:
    """The control layer and the components of a node."""

    def __init__(self, folder: Path, node_id: str, nodes: Mapping[str, BenchNode], calls: Counter[str]) -> None:
        folder.mkdir()
        url = database_url(folder / "node.db")
        schema.upgrade(url)
        self.database = Database(url)
        self.admission = Everything()
        identity = NodeIdentity(node_id, f"inst-{node_id}", node_id, node_id, "http://x", "interconn", "1")
        self._components = Components(
            node=identity,
            database=self.database,
            clock=SystemClock(),
            transport=self.admission,
            storage_address="file:///data",
            tasks_directory=folder / "tasks",
            component_url=lambda: "http://127.0.0.1:1",
            registry=Registry([IDLE]),
            launcher=IdleLauncher(),  # type: ignore[arg-type]
        )
        control = Control(
            node=identity,
            database=self.database,
            client=Calls(nodes, node_id, calls),  # type: ignore[arg-type]
            clock=SystemClock(),
            components=self._components,
            admission=self.admission,
            catalogue=self.admission,
        )
        self._control = control
        self._own = {service.endpoint.name: service.handle for service in control.own_services()}
        self.services = {service.endpoint.name: service.handle for service in control.services()}

    def start(self) -> None:
        """Begin to work."""
        self._work = [asyncio.create_task(part.run()) for part in (self._components, self._control)]

    async def stop(self) -> None:
        """End, and close the database."""
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await asyncio.to_thread(self.database.close)

    async def run(self, job: JobCreate) -> None:
        """Run a job as its initiator."""
        self.admission.proposals[job.job_id] = job
        await self._own["own.job.run"](PERSON, SimpleNamespace(job_id=job.job_id))

    async def ended(self, job_id: str) -> Job:
        """Wait until a job has ended here; it has to have succeeded."""
        with self.database.signals.subscribe(f"job-status:{job_id}") as wake:
            while True:
                job: Job | None = await self.database.read(lambda session: session.get(Job, job_id))
                if job is not None and job.closed:
                    assert job.outcome == "SUCCESS", job.reason
                    return job
                await wake.wait(1.0)

    async def tasks(self, job_id: str) -> list[tuple[Task, list[Lane]]]:
        """Return a job's tasks as they ended, each with its lanes."""

        def read(session: Session) -> list[tuple[Task, list[Lane]]]:
            tasks = session.scalars(select(Task).where(Task.job_id == job_id)).all()
            lanes = session.scalars(select(Lane).where(Lane.task_id.in_([task.task_id for task in tasks]))).all()
            return [(task, [lane for lane in lanes if lane.task_id == task.task_id]) for task in tasks]

        return await self.database.read(read)


@contextlib.asynccontextmanager
async def nodes(count: int) -> AsyncIterator[tuple[list[BenchNode], Counter[str]]]:
    """Nodes that work, and how often each call was made between them."""
    calls: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, BenchNode] = {}
        for number in range(count):
            name = f"node-{number}"
            found[name] = BenchNode(Path(folder) / name, name, found, calls)
        for node in found.values():
            node.start()
        gc.collect()
        gc.freeze()  # as a node does once it has begun
        try:
            yield list(found.values()), calls
        finally:
            gc.unfreeze()
            for node in found.values():
                await node.stop()


def job(job_id: str, inputs: Sequence[Sequence[int]], parties: int) -> JobCreate:
    """Return a job of the first nodes: one guest, who initiates and schedules, and hosts.

    Args:
        job_id: of the job.
        inputs: for each task, the numbers of those whose outputs it reads; without any it reads a data set.
        parties: how many nodes take part in every task.
    """
    components = [
        {
            "name": f"t{number}",
            "componentName": "idle",
            "provider": "interconn",
            "version": "1.0.0",
            "input": [{"type": "dataset", "key": f"t{source}.out"} for source in sources],
            "output": [{"type": "dataset", "key": "out"}],
        }
        for number, sources in enumerate(inputs)
    ]
    first = {f"t{number}": {"dataset_id": "table"} for number, sources in enumerate(inputs) if not sources}
    hosts = [f"node-{number}" for number in range(1, parties)]
    content = {
        "job_id": job_id,
        "dag": {"version": "1.0.0", "components": components},
        "config": {
            "version": "1.0.0",
            "initiator": {"role": "guest", "node_id": "node-0"},
            "role": {"guest": ["node-0"], "host": hosts},
            "task_params": {"guest": {"0": first}, "host": {str(place): first for place in range(len(hosts))}},
        },
    }
    return JobCreate.model_validate(json.loads(json.dumps(content)))


def layered(tasks: int, width: int) -> Iterator[list[int]]:
    """Yield the inputs of tasks in layers of a width, each reading one or two of the layer before."""
    for number in range(tasks):
        layer, place = divmod(number, width)
        above = (layer - 1) * width
        yield sorted({above + place, above + (place + 1) % width}) if layer else []
