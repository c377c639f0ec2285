"""Some nodes in one process: real control, components and databases; calls through wire JSON; processes pretended.

A node can be killed at a crash point: whatever it does from there on raises, its database takes nothing more, and it
answers nobody, until it is built anew on the same database. The pretended components live on meanwhile.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

import interconn.components.service
import interconn.control.course
import interconn.control.driver
import interconn.control.participant
from interconn.api.jobs import JobView
from interconn.api.own import Person
from interconn.components import Components, Registry
from interconn.components.launcher import Exit, Situation
from interconn.control import Control
from interconn.control.tables import Job
from interconn.dialects import STANDARD
from interconn.identity.node import NodeIdentity
from interconn.peers.delivery import Delivery
from interconn.peers.inbound import Caller
from interconn.peers.outbound import Answer
from interconn.standard.control import JobCreate, JobReference, PlatformJobCreate, TaskStatus
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError, NotFound, PeerUnreachable
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import WireModel
from interconn.state.database import Database
from tests.databases import DATABASES, hurry, place_tables
from tests.virtual_time import VirtualClock, VirtualLoop

PERSON = Person(name="tester", trace_id="trace-1")

ANY_POINT = "*"
"""As `Node.crash_at`: whichever crash point the node reaches next."""

_here: contextvars.ContextVar[Node | None] = contextvars.ContextVar("node", default=None)


class Killed(BaseException):
    """The process was killed there."""


def description(name: str, *, roles: Sequence[str] = ("guest", "host"), reads: int = 1) -> SelfDescription:
    parameters: list[dict[str, Any]] = [
        {"name": "rounds", "title": "Rounds", "type": "int", "optional": True, "defaultValue": "3",
         "validator": "(1,10)"},
        {"name": "mode", "title": "Mode", "type": "string", "optional": False,
         "bindingData": [{"label": "fast", "value": "fast"}, {"label": "safe", "value": "safe"}]},
        {"name": "extra", "title": "Extra", "type": "object", "optional": True},
    ]  # fmt: skip
    return SelfDescription.model_validate({
        "componentName": name,
        "title": name,
        "provider": "interconn",
        "version": "1.0.0",
        "roleList": list(roles),
        "storageEngine": ["file"],
        "inputParam": parameters,
        "inputData": [{"name": f"in{n}", "category": "dataset", "dataFormat": ["csv"]} for n in range(reads)],
        "outputData": [
            {"name": "table", "category": "dataset", "dataFormat": ["csv"]},
            {"name": "report", "category": "report", "dataFormat": ["json"]},
        ],
        "result": [],
    })  # fmt: skip


REGISTRY = Registry([
    description("join"),
    description("sum"),
    description("both", reads=2),
    description("trained", roles=("guest", "host", "arbiter")),
    description("verified", roles=("guest", "verifier"), reads=0),
])  # fmt: skip


def component(name: str, kind: str = "join", inputs: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "name": name,
        "componentName": kind,
        "provider": "interconn",
        "version": "1.0.0",
        "input": [{"type": "dataset", "key": key} for key in inputs],
        "output": [{"type": "dataset", "key": "data0"}],
    }


def job(
    *components: dict[str, Any],
    job_id: str = "job-1",
    role: Mapping[str, list[str]] | None = None,
    scheduler: str | None = "",
    sources: Sequence[str] | None = None,
    **task_params: Any,
) -> JobCreate:
    """A job of bank (guest, initiator) and operator (host); components without inputs read data sets."""
    parts = components or (component("first"),)
    players = role or {"guest": ["bank"], "host": ["operator"]}
    reading = [part["name"] for part in parts if not part["input"]] if sources is None else sources
    common = {part["name"]: {"mode": "fast"} for part in parts}
    own = {
        each: {str(index): {name: {"dataset_id": f"{node}-data"} for name in reading} for index, node in enumerate(ids)}
        for each, ids in players.items()
        if each != "arbiter"
    }
    parameters = {"common": common, **own}
    for key, value in task_params.items():
        parameters[key] = value
    return JobCreate.model_validate({
        "job_id": job_id,
        "flow_id": "flow-1",
        "dag": {"version": "1.0.0", "components": list(parts)},
        "config": {
            "version": "1.0.0",
            "initiator": {"role": "guest", "node_id": "bank"},
            "role": dict(players),
            "job_params": {"common": {"scheduler": scheduler} if scheduler else {}},
            "task_params": parameters,
        },
    })  # fmt: skip


class Admission:
    """Approves everything, unless told otherwise."""

    def __init__(self) -> None:
        self.refusals: dict[str, InterconnError] = {}
        self.proposals: dict[str, JobCreate] = {}
        self.admitted: list[tuple[str, str]] = []

    def proposed(self, session: Session, job_id: str) -> JobCreate:
        if job_id not in self.proposals:
            raise NotFound("no such proposal", where="job_id")
        return self.proposals[job_id]

    def planned(self, session: Session, job_id: str) -> JobCreate | None:
        return self.proposals.get(job_id)

    def awaiting(self, session: Session, content: PlatformJobCreate) -> JobCreate | None:
        for job_id, job in self.proposals.items():
            if (job.dag, job.config) == (content.dag, content.config) and not session.get(Job, job_id):
                return job
        return None

    def admit(
        self, session: Session, job: JobCreate, *, scheduler: str, digests: tuple[str, str] | None = None
    ) -> None:
        if "admit" in self.refusals:
            raise self.refusals["admit"]
        self.admitted.append((job.job_id, scheduler))

    def preauthorised(self, session: Session, job_ids: Sequence[str]) -> frozenset[str]:
        return frozenset()

    def admit_as_scheduler(self, session: Session, job: JobCreate, *, caller: str) -> None:
        if "schedule" in self.refusals:
            raise self.refusals["schedule"]


class Catalogue:
    def locate(self, session: Session, *, reference: Mapping[str, Any]) -> tuple[str, str]:
        if reference.get("dataset_id") == "missing":
            raise NotFound("this node has no such data set", where="dataset_id")
        return "datasets", str(reference.get("dataset_id") or reference["name"])


class Sessions:
    def __init__(self) -> None:
        self.closed: list[tuple[str, str]] = []
        self.opened = 0

    def open_session(
        self, session: Session, *, session_id: str, task_id: str, parties: Sequence[str], party: str
    ) -> str:
        self.opened += 1
        return f"token-{task_id}-{party}-{self.opened}"

    def close_session(self, session: Session, session_id: str, task_id: str) -> None:
        self.closed.append((session_id, task_id))

    def traffic(self, task_id: str) -> Mapping[str, int]:
        return {"sent_bytes": 10}


class Machine:
    """Pretended processes by directory; they outlive nodes. `ends` says what becomes of them as they are launched."""

    def __init__(self, node_id: str) -> None:
        self.node_id = node_id
        self.environments: dict[Path, dict[str, str]] = {}
        self.exits: dict[Path, Exit] = {}
        self.ends: Callable[[dict[str, str]], Exit | None] = lambda environment: Exit(0, "", 1)
        self.launches = 0
        self.stops = 0
        self.changed = asyncio.Condition()

    def launch(self, directory: Path, environment: Mapping[str, str]) -> None:
        assert directory not in self.environments, "launched twice"
        self.launches += 1
        self.environments[directory] = dict(environment)
        ended = self.ends(dict(environment))
        if ended:
            self.exits[directory] = ended

    def situation(self, directory: Path) -> Situation:
        if directory in self.exits:
            return Situation.ENDED
        return Situation.RUNNING if directory in self.environments else Situation.NOTHING

    async def wait(self, directory: Path) -> Exit:
        async with self.changed:
            await self.changed.wait_for(lambda: directory in self.exits)
        return self.exits[directory]

    async def stop(self, directory: Path) -> None:
        if directory not in self.exits:
            self.stops += 1
            await self.end(directory, Exit(143, "killed by SIGTERM", 2))

    async def end(self, directory: Path, ended: Exit) -> None:
        async with self.changed:
            self.exits[directory] = ended
            self.changed.notify_all()

    def clear(self, directory: Path) -> None:
        pass


class MortalDatabase(Database):
    dead = False

    async def write(self, work: Callable[[Session], Any]) -> Any:
        if self.dead:
            raise Killed
        return await super().write(work)


def prepared(folder: Path) -> MortalDatabase:
    """Open a node's database, with its tables."""
    if DATABASES.kind == "sqlite":
        place_tables(folder / "state.db")
    database = MortalDatabase(DATABASES.url(folder))
    hurry(database)
    return database


class Client:
    """Calls other nodes of the network, through wire JSON."""

    def __init__(self, network: Network, node_id: str) -> None:
        self._network = network
        self._node_id = node_id

    def partner(self, node_id: str) -> Any:
        return SimpleNamespace(node_id=node_id, inst_id=f"inst-{node_id}", dialect="standard")

    async def call(self, node_id: str, endpoint: Endpoint[Any, Any], request: WireModel, **parts: Any) -> Any:
        return (await self.answer(node_id, endpoint, request, **parts)).reply

    async def answer(
        self,
        node_id: str,
        endpoint: Endpoint[Any, Any],
        request: WireModel,
        *,
        trace_id: str,
        permits: str = "",
        extension_headers: dict[str, str] | None = None,
        timeout: float = 15.0,
    ) -> Answer[Any]:
        network = self._network
        if not isinstance(network, Network):
            return await network.answer(node_id, endpoint, request)  # of a history
        wire = STANDARD.write_request(endpoint, request)
        if self._node_id in network.cut or node_id in network.cut or network.nodes[node_id].dead:
            raise PeerUnreachable(f"no answer from {node_id}: cut off", where=node_id)
        network.calls.append((self._node_id, node_id, endpoint.name, json.loads(wire.body or b"{}")))
        message = STANDARD.read_request(endpoint, query={}, content_type="application/json", body=wire.body)
        headers = {} if self._node_id in network.plain or node_id in network.plain else dict(extension_headers or {})
        caller = Caller(
            node_id=self._node_id, trace_id=trace_id, peer=None, proven_key=None, permits="",
            request_digest="0" * 64, extensions=headers,
        )  # fmt: skip
        target = network.nodes[node_id]
        context = contextvars.copy_context()
        context.run(_here.set, target)
        served = asyncio.get_running_loop().create_task(target.serve(endpoint, caller, message), context=context)
        died = asyncio.get_running_loop().create_task(target.died.wait())
        try:
            await asyncio.wait({served, died}, return_when=asyncio.FIRST_COMPLETED)
            if target.dead or {self._node_id, node_id} & network.cut:
                raise PeerUnreachable(f"no answer from {node_id}: it was lost", where=node_id)
            reply = STANDARD.write_reply(endpoint, served.result())
        except InterconnError as error:
            if isinstance(error, PeerUnreachable):
                raise
            reply = STANDARD.write_error(error)
        finally:
            died.cancel()
            served.cancel()
            await asyncio.gather(served, died, return_exceptions=True)
        return Answer(STANDARD.read_reply(endpoint, reply), None)


class Node:
    def __init__(self, network: Network, node_id: str) -> None:
        self.network = network
        self.node_id = node_id
        self.machine = Machine(node_id)
        self.admission = Admission()
        self.sessions = Sessions()
        self.room: dict[str, float] = {}
        self.crash_at = ""
        self.crashed: list[str] = []
        self.dead = True

    def build(self) -> None:
        """Begin a life of the node on what its database holds."""
        folder = self.network.directory / self.node_id
        folder.mkdir(exist_ok=True)
        self.database = prepared(folder)
        self.components = Components(
            node=self.identity(),
            database=self.database,
            clock=self.network.clock,
            transport=self.sessions,
            storage_address="file:///data",
            tasks_directory=folder / "tasks",
            component_url=lambda: "http://127.0.0.1:1",
            registry=REGISTRY,
            launcher=self.machine,  # type: ignore[arg-type]
            room=self.room,
        )
        self.control = Control(
            node=self.identity(),
            database=self.database,
            client=Client(self.network, self.node_id),  # type: ignore[arg-type]
            clock=self.network.clock,
            components=self.components,
            admission=self.admission,
            catalogue=Catalogue(),
            patience_seconds=self.network.patience_seconds,
        )
        self.delivery = Delivery(
            database=self.database,
            client=Client(self.network, self.node_id),  # type: ignore[arg-type]
            clock=self.network.clock,
            correspondents=self.control.correspondents(),
        )
        self.own = {service.endpoint.name: service.handle for service in self.control.own_services()}
        [self.watch] = [stream.open for stream in self.control.own_streams()]
        self.services = {service.endpoint.name: service.handle for service in self.control.services()}
        self.died = asyncio.Event()
        self.dead = False

    def start(self) -> None:
        context = contextvars.copy_context()
        context.run(_here.set, self)
        loop = asyncio.get_running_loop()
        self.running = [
            loop.create_task(self.components.run(), context=context),
            loop.create_task(self.control.run(), context=context),
            loop.create_task(self.delivery.run(), context=context),
        ]

    def identity(self) -> NodeIdentity:
        return NodeIdentity(self.node_id, f"inst-{self.node_id}", "An institution", self.node_id, "http://x", "t", "1")

    async def serve(self, endpoint: Endpoint[Any, Any], caller: Caller, message: WireModel) -> Any:
        return await self.services[endpoint.name](caller, message)

    def kill(self) -> None:
        self.dead = self.database.dead = True
        self.died.set()

    async def bury(self) -> None:
        """Wait until nothing of the node's last life moves any more."""
        self.kill()
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        await asyncio.to_thread(self.database.close)

    async def restart(self) -> None:
        await self.bury()
        self.build()
        self.start()

    async def view(self, job_id: str = "job-1") -> JobView:
        view: JobView = await self.own["own.job.show"](PERSON, JobReference(job_id=job_id))
        return view

    async def ended(self, job_id: str = "job-1") -> JobView:
        """Wait for the end of a job as this node knows it without asking anybody."""

        def read(session: Session) -> Any:
            return session.get(interconn.control.tables.Job, job_id)

        async with asyncio.timeout(86_400):
            while True:
                job = await self.database.read(read)
                if job is not None and job.closed:
                    return await self.view(job_id)
                await self.network.clock.sleep(0.1)


class Network:
    def __init__(self, directory: Path, names: Sequence[str]) -> None:
        self.directory = directory
        self.clock = VirtualClock()
        self.patience_seconds = 45.0
        self.calls: list[tuple[str, str, str, dict[str, Any]]] = []
        self.cut: set[str] = set()
        self.plain: set[str] = set()  # nodes that know none of our extension headers
        self.nodes = {name: Node(self, name) for name in names}

    def __getattr__(self, name: str) -> Node:
        try:
            return self.__dict__["nodes"][name]
        except KeyError:
            raise AttributeError(name) from None

    def start(self) -> None:
        for node in self.nodes.values():
            node.build()
            node.start()

    async def run(self, request: JobCreate) -> JobView:
        """Let the bank run a job."""
        bank = self.nodes["bank"]
        bank.admission.proposals[request.job_id] = request
        view: JobView = await bank.own["own.job.run"](PERSON, SimpleNamespace(job_id=request.job_id))
        return view

    def sent(self, name: str) -> list[tuple[str, str]]:
        return [(source, target) for source, target, endpoint, _ in self.calls if endpoint == name]

    async def stop(self) -> None:
        for node in self.nodes.values():
            if hasattr(node, "running"):
                await node.bury()


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Callable[[], VirtualLoop]]:
    """Time passes in these tests only while everything waits."""
    return {"virtual": VirtualLoop}


@pytest.fixture
def crash_points(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def reach(name: str) -> None:
        node = _here.get()
        if node and node.crash_at in (name, ANY_POINT) and not node.dead:
            node.crash_at = ""
            node.crashed.append(name)
            node.kill()
            raise Killed

    for module in (
        interconn.components.service,
        interconn.control.course,
        interconn.control.driver,
        interconn.control.participant,
    ):
        monkeypatch.setattr(module, "reach", reach)
    yield


@pytest.fixture
async def network(tmp_path: Path, crash_points: None, request: pytest.FixtureRequest) -> AsyncIterator[Network]:
    """A bank that initiates, an operator, and a clearing house that may schedule; a parameter is their patience."""
    found = Network(tmp_path, ("bank", "operator", "clearing"))
    found.patience_seconds = getattr(request, "param", 45.0)
    found.start()
    yield found
    await found.stop()
    DATABASES.let_go(tmp_path)


@pytest.fixture
def make() -> SimpleNamespace:
    """Makers of jobs and their parts."""
    return SimpleNamespace(
        job=job,
        component=component,
        description=description,
        registry=REGISTRY,
        exit=Exit,
        killed=Killed,
        person=PERSON,
        statuses=lambda view: {task.name: {party.role: party.status for party in task.parties} for task in view.tasks},
        success=TaskStatus.SUCCESS,
        failed=TaskStatus.FAILED,
    )
