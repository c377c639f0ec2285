"""A few nodes in one process: real wire JSON, signatures, gate and outbox; the network between them is a call."""

import asyncio
import functools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from types import SimpleNamespace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.applications import Starlette

from interconn.api.audits import (
    AUDIT_APPROVE,
    AUDIT_LIST,
    DATASET_REQUEST,
    FLOW_CREATE,
    JOB_PROPOSE,
    PROJECT_CREATE,
    AuditView,
    JobProposal,
)
from interconn.api.datasets import DATASET_ADD, DATASET_PUBLISH
from interconn.api.own import Person
from interconn.api.peers import PEER_APPLY, PEER_APPROVE, PEER_LIST, ContractView
from interconn.api.roles import Role
from interconn.components.registry import Registry
from interconn.dialects.dialect import WireReply, WireRequest
from interconn.identity import key_files
from interconn.identity.credentials import Credential
from interconn.identity.key_files import FileKeyStore, write_private
from interconn.identity.key_ring import KeyRing
from interconn.identity.keys import LocalSigner, Signer, private_pem
from interconn.identity.node import NodeIdentity
from interconn.identity.nonces import NonceStore
from interconn.identity.trust import CertificateTrust
from interconn.management import ChangeRules, ContractDirectory, Management
from interconn.management.datasets import intake
from interconn.management.reconciliation.tables import Comparison
from interconn.node.audit_trail import AuditTrail
from interconn.peers.delivery import Delivery
from interconn.peers.exchanges import Exchanges
from interconn.peers.inbound import Gate
from interconn.peers.outbound import Destination, PeerClient
from interconn.standard.control import JobCreate
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import PeerUnreachable
from interconn.standard.management import AuthType
from interconn.state.database import Database, Table
from interconn.state.outbox import OutboxMessage
from interconn.storage.findings import Ingested
from interconn.storage.ingest import ingest_csv
from interconn.trail import entries as audit_trail
from interconn.trail.entries import AuditEntry
from tests.databases import DATABASES, hurry

Row = TypeVar("Row", bound=Table)
Made = TypeVar("Made")

EVERY_ROLE = frozenset(Role)
START = 1_800_000_000_000
TABLE = "id,name,age,good\n1,ann,30,true\n2,ben,41.5,false\n3,eve,29,true\n"


@dataclass
class SteppedClock:
    """A clock that moves when told to."""

    time: int = START

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += int(seconds * 1000)


@dataclass(frozen=True)
class Exchange:
    """A request as it went over the wire."""

    source: str
    target: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Meddler = Callable[[Exchange], Exchange]


class CallClient(PeerClient):
    """The real client, whose network is a call of the other node's application."""

    def __init__(self, network: "Network", **parts: Any) -> None:
        super().__init__(**parts, tls=lambda: SSLContext(PROTOCOL_TLS_CLIENT))
        self._network = network

    async def _exchange(
        self, destination: Destination, wire: WireRequest, headers: dict[str, str], timeout: float
    ) -> tuple[WireReply, dict[str, str]]:
        sent = Exchange(self._node_id, destination.address, wire.method, wire.target, headers, wire.body)
        return await self._network.carry(sent)


@dataclass
class Network:
    """Who can be reached, and what has passed."""

    clock: SteppedClock
    nodes: dict[str, "Node"] = field(default_factory=dict)
    passed: list[Exchange] = field(default_factory=list)
    meddle: Meddler | None = None
    lose_replies: set[str] = field(default_factory=set)
    fate: Callable[[Exchange], str] = lambda _: "deliver"
    late: list[Exchange] = field(default_factory=list)
    contacted: list[str] = field(default_factory=list)

    async def carry(self, sent: Exchange) -> tuple[WireReply, dict[str, str]]:
        self.contacted.append(sent.target)
        target = next((node for node in self.nodes.values() if node.identity.address == sent.target), None)
        if target is None or not target.running:
            raise PeerUnreachable("no answer", where=sent.target)
        self.passed.append(sent)
        fate = self.fate(sent)
        if fate in ("lose", "delay"):
            self.late += [sent] if fate == "delay" else []
            raise PeerUnreachable("it was lost on the way", where=sent.target)
        if fate == "double":
            await target.serve(sent)
        if fate == "lose the answer":
            await target.serve(sent)
            raise PeerUnreachable("the answer was lost", where=sent.target)
        reply, headers = await target.serve(self.meddle(sent) if self.meddle else sent)
        if sent.path in self.lose_replies:
            self.lose_replies.discard(sent.path)
            raise PeerUnreachable("the answer was lost", where=sent.target)
        return reply, headers

    async def arrive_late(self) -> None:
        """Bring what was delayed, in the wrong order."""
        late, self.late = self.late[::-1], []
        for sent in late:
            await next(node for node in self.nodes.values() if node.identity.address == sent.target).serve(sent)

    async def settle(self) -> None:
        """Deliver everything that is due, let the policies decide, and deliver what follows from it."""
        while any([await node.work() for node in self.nodes.values() if node.running]):
            pass

    async def pass_time(self, hours: float, *, step_minutes: float = 10) -> None:
        """Let time pass: what is due in the meantime is sent, and what partners believe is asked, each in its turn."""
        ends = self.clock.time + int(hours * 3_600_000)
        while True:
            running = [node for node in self.nodes.values() if node.running]
            await self.settle()
            if any([await node.management.reconciler.look() for node in running]):
                continue
            times = [time for node in running for time in await node.due_times() if time > self.clock.time]
            if not times or min(times) > ends:
                self.clock.time = ends
                return
            # What is due within some minutes is seen to together, so that a week is not a thousand steps.
            self.clock.time = min(max(min(times), self.clock.time + int(step_minutes * 60_000)), ends)

    async def while_settling(self, asked: Awaitable[Any], meanwhile: Callable[[], None] = lambda: None) -> Any:
        """Deliver until what was asked has its answer."""
        task = asyncio.ensure_future(asked)
        while not task.done():
            await self.settle()
            meanwhile()
            await asyncio.wait([task], timeout=0.005)
        return await task

    async def apply(self, applicant: "Node", partner: "Node", **members: Any) -> ContractView:
        """Apply, and see the application taken."""
        members = {"address": partner.identity.address, "node_id": partner.node_id, **members}
        view: ContractView = await self.while_settling(applicant.ask(PEER_APPLY, **members))
        return view

    async def cooperate(self, applicant: "Node", partner: "Node", **members: Any) -> str:
        """Bring about a contract; return its id."""
        members = {"fingerprint": partner.credential.fingerprint, **members}
        view = await self.apply(applicant, partner, **members)
        fingerprint = applicant.credential.fingerprint
        await partner.ask(PEER_APPROVE, contract_id=view.contract_id, fingerprint=fingerprint)
        await self.settle()
        return view.contract_id

    async def approve_all(self) -> None:
        """Approve whatever waits for a person, and see the verdicts taken."""
        await self.settle()
        for node in self.nodes.values():
            for audit in (await node.ask(AUDIT_LIST, status="APPLIED")).audits:
                if audit.direction == "PARTNER":
                    await node.ask(AUDIT_APPROVE, audit_id=audit.audit_id)
        await self.settle()

    def last(self, endpoint: Endpoint[Any, Any]) -> Exchange:
        """The last request of a call that passed."""
        return [one for one in self.passed if urlsplit(one.path).path == endpoint.path][-1]


class Node:
    """A node's management layer with all that is below it."""

    def __init__(self, network: Network, home: Path, node_id: str, signer: Signer) -> None:
        self.network, self.home = network, home
        self.store = FileKeyStore(home / "keys")
        if not (home / "keys").exists():
            keep(signer, home / "keys")
        self.rules = ChangeRules()
        self.trust: CertificateTrust | None = None
        self.identity = NodeIdentity(
            node_id=node_id,
            inst_id=f"inst-{node_id}",
            institution=f"Institute {node_id}",
            name=f"Node {node_id}",
            address=f"https://{node_id}.example:7304",
            system="interconn",
            system_version="1.0",
        )
        self.open()

    def open(self) -> None:
        clock = self.network.clock
        self.database = hurry(Database(DATABASES.url(self.home)))
        self.nonces = NonceStore(self.home / "nonces.db", now=clock.now())
        self.keys = KeyRing(self.store)
        self.directory = ContractDirectory(self.database, clock=clock, trust=self.trust)
        self.keys.follow(self.directory.own_key)
        self.exchanges = Exchanges(database=self.database, clock=clock)
        parts: Any = {
            "node_id": self.identity.node_id,
            "signer": self.keys,
            "directory": self.directory,
            "clock": clock,
            "exchanges": self.exchanges,
        }
        self.client = CallClient(self.network, **parts)
        self.gate = Gate(nonces=self.nonces, **parts)
        self.management = Management(
            node=self.identity,
            database=self.database,
            directory=self.directory,
            client=self.client,
            clock=clock,
            keys=self.keys,
            authority=self.home / "authority.pem",
            change_rules=self.rules,
            registry=Registry(made_once(Registry.shipped).all),
            storage=self.home / "storage",
            policy=self.home / "policy.toml",
            exchanges=self.exchanges,
        )
        self.delivery = Delivery(
            database=self.database,
            client=self.client,
            clock=clock,
            correspondents=self.management.correspondents(),
            exchanges=self.exchanges,
        )
        self.trail_keeping = AuditTrail(
            node=self.identity, database=self.database, client=self.client, directory=self.directory,
            keys=self.keys, clock=clock, pause_seconds=1,
        )  # fmt: skip
        self.app = Starlette(routes=self.gate.routes([*self.management.services(), *self.trail_keeping.services()]))
        own = [*self.management.own_services(), *self.trail_keeping.own_services()]
        self.handlers = {service.endpoint.name: service.handle for service in own}
        self.running = True

    @property
    def node_id(self) -> str:
        return self.identity.node_id

    @property
    def credential(self) -> Credential:
        return self.keys.newest.credential

    async def stop(self) -> None:
        self.running = False
        self.database.close()
        self.nonces.close()

    async def restart(self) -> None:
        await self.stop()
        self.open()
        await self.management.start()

    async def ask(self, endpoint: Endpoint[Any, Any], *, person: str = "ann", **members: Any) -> Any:
        """Ask as one of the node's people."""
        handle: Callable[[Person, Any], Awaitable[Any]] = self.handlers[endpoint.name]
        request = endpoint.request.model_validate(members)
        return await handle(Person(person, f"trace-{endpoint.name}", EVERY_ROLE), request)

    async def declare(self, policy: str) -> None:
        """Write the policy file and see it taken up."""
        (self.home / "policy.toml").write_text(policy)
        await self.management.policy.refresh()

    async def call(self, other: "Node", endpoint: Endpoint[Any, Any], **members: Any) -> Any:
        """Call another node under contract, now."""
        request = endpoint.request.model_validate(members)
        return await self.client.call(other.node_id, endpoint, request, trace_id="trace-call")

    async def serve(self, sent: Exchange) -> tuple[WireReply, dict[str, str]]:
        path, _, query = sent.path.partition("?")
        scope = {
            "type": "http",
            "method": sent.method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.headers.items()],
        }
        answer: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sent.body, "more_body": False}

        async def send(message: Any) -> None:
            answer.append(message)

        await self.app(scope, receive, send)
        headers = {name.decode(): value.decode() for name, value in answer[0]["headers"]}
        body = b"".join(part.get("body", b"") for part in answer[1:])
        return WireReply(answer[0]["status"], body, headers.get("content-type", "")), headers

    async def contract(self) -> ContractView:
        """The newest contract, as the node's people see it."""
        view: ContractView = (await self.ask(PEER_LIST)).contracts[-1]
        return view

    async def rows(self, table: type[Row]) -> list[Row]:
        """All rows of a table."""
        return await self.database.read(lambda session: list(session.scalars(select(table))))

    async def messages(self, **wanted: Any) -> list[OutboxMessage]:
        """What the outbox holds."""
        return await self.database.read(
            lambda session: list(session.scalars(select(OutboxMessage).filter_by(**wanted)))
        )

    async def work(self) -> int:
        """Do what a running node does by itself; return how much that was."""
        management = self.management
        decided = await management.automatic.decide_waiting() + await management.expiries.wind_up()
        return await self.deliver() + decided + await management.rotation.step()

    async def deliver(self) -> int:
        """Send what is due; return how much that was."""
        now = self.network.clock.now()
        await self.delivery.hasten(now)
        due = [message for message in await self.messages(state="WAITING") if message.due_at <= now]
        await self.delivery._send_all(due)
        return len(due)

    async def lose_mail(self) -> None:
        """Forget what waits in the outbox, as a partner does that says everything once, and is not heard."""

        def work(session: Session) -> None:
            for message in session.scalars(select(OutboxMessage).filter_by(state="WAITING")):
                message.state = "DELIVERED"

        await self.database.write(work)

    async def restore(self, backup: Path) -> None:
        """Go on from an older copy of the database."""
        await self.stop()
        DATABASES.restore(self.home, backup)
        self.open()
        await self.management.start()
        await self.management.reconciler.ask_all_soon()

    async def back_up(self, name: str) -> Path:
        """Copy the database as it is now."""
        return DATABASES.back_up(self.home, name)

    async def due_times(self) -> list[int]:
        """When something is to be sent or asked."""
        asked = [row.due_at for row in await self.rows(Comparison) if row.due_at is not None]
        return asked + [message.due_at for message in await self.messages(state="WAITING")]

    async def trail(self) -> list[AuditEntry]:
        """The audit trail, verified."""
        entries = await self.database.read(
            lambda session: list(session.scalars(select(AuditEntry).order_by(AuditEntry.number)))
        )
        audit_trail.verify(entries)
        return entries


@functools.cache
def made_once(maker: Callable[[], Made]) -> Made:
    """What is the same for every node and never changes."""
    return maker()


def keep(signer: Signer, folder: Path) -> None:
    """Put a key into a store of its own, as the one that a node was made with."""
    assert isinstance(signer, LocalSigner)
    folder.mkdir(mode=0o700)
    write_private(folder / "signing_key.pem", private_pem(signer._key))
    write_private(folder / "auth_type", signer.credential.auth_type.encode())


@pytest.fixture(scope="session", autouse=True)
def keys_opened_once() -> Iterator[None]:
    """The same bytes of a key are opened once: an RSA key is checked for a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(key_files, "open_key", functools.cache(key_files.open_key))
        yield


@pytest.fixture(scope="session", autouse=True)
def taken_in_here() -> Iterator[None]:
    """Tables are taken in by this process: one of its own for each is tests/storage/test_intake.py's subject."""

    def take_in(*place: Any, given_up: Any, **parts: Any) -> Ingested:
        return ingest_csv(*place, replace=True, **parts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "take_in", take_in)
        yield


@pytest.fixture(scope="session")
def signers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Signer]:
    """Keys by node; one node signs with RSA."""
    keys = tmp_path_factory.mktemp("keys")
    types = {"bank": AuthType.SHA256_ECDSA, "operator": AuthType.SHA256_RSA}
    return {
        name: FileKeyStore(keys / name).create(types.get(name, AuthType.SHA256_ECDSA))
        for name in ("bank", "operator", "clearing", "mallory")
    }


NODES = ("bank", "operator", "clearing", "mallory")


def open_network(folder: Path, signers: dict[str, Signer]) -> Network:
    """Open the nodes whose homes lie in a folder."""
    network = Network(SteppedClock())
    for node_id in NODES:
        network.nodes[node_id] = Node(network, folder / node_id, node_id, signers[node_id])
    return network


def place(stage: Path, folder: Path) -> None:
    """Give a folder the homes of a stage, each with a database of its own."""
    shutil.copytree(stage, folder, dirs_exist_ok=True)
    DATABASES.copy(stage, folder)


def staged(
    folder: Path, before: Path | None, signers: dict[str, Signer], play: Callable[[Network], Awaitable[Any]]
) -> Path:
    """Play something once for the whole run, and keep the homes of the nodes as they then are."""

    async def run() -> None:
        network = open_network(folder, signers)
        for node in network.nodes.values():
            if before is None:
                Table.metadata.create_all(node.database.engine)
            await node.management.start()
        await play(network)
        for node in network.nodes.values():
            await node.stop()

    if before:
        place(before, folder)
    else:
        for node_id in NODES:
            (folder / node_id).mkdir()
            (folder / node_id / "table.csv").write_text(TABLE)
    asyncio.run(run())
    return folder


@pytest.fixture(scope="session")
def stage_of_strangers(tmp_path_factory: pytest.TempPathFactory, signers: dict[str, Signer]) -> Path:
    """Four nodes that have never met."""

    async def play(_network: Network) -> None:
        pass

    return staged(tmp_path_factory.mktemp("strangers"), None, signers, play)


@pytest.fixture(scope="session")
def stage_of_partners(
    tmp_path_factory: pytest.TempPathFactory, signers: dict[str, Signer], stage_of_strangers: Path
) -> Path:
    """Bank applied to operator, and the contract is in force."""

    async def play(network: Network) -> None:
        await network.cooperate(network.nodes["bank"], network.nodes["operator"])

    return staged(tmp_path_factory.mktemp("partners"), stage_of_strangers, signers, play)


@pytest.fixture(scope="session")
def stage_of_holders(
    tmp_path_factory: pytest.TempPathFactory, signers: dict[str, Signer], stage_of_partners: Path
) -> Path:
    """Three nodes under contract, two of them with a data set; operator has published its own."""

    async def play(network: Network) -> None:
        scene = Scene.of(network)
        await network.cooperate(scene.bank, scene.clearing)
        await network.cooperate(scene.operator, scene.clearing)
        await scene.add(scene.bank, "bank-table")
        await scene.add(scene.operator, "operator-table", published=True)

    return staged(tmp_path_factory.mktemp("holders"), stage_of_partners, signers, play)


@pytest.fixture(scope="session")
def stage_of_a_project(
    tmp_path_factory: pytest.TempPathFactory, signers: dict[str, Signer], stage_of_holders: Path
) -> Path:
    """A grant without limits, and an approved project with an approved flow."""

    async def play(network: Network) -> None:
        scene = Scene.of(network)
        await scene.grant()
        await scene.flow(await scene.project(), flow_id="flow-1")

    return staged(tmp_path_factory.mktemp("project"), stage_of_holders, signers, play)


@pytest.fixture
def stage(request: pytest.FixtureRequest) -> Path:
    """The homes that the test's other fixtures ask for."""
    stages = {"granted": "stage_of_a_project", "scene": "stage_of_holders", "contract_id": "stage_of_partners"}
    wanted = [stage for fixture, stage in stages.items() if fixture in request.fixturenames]
    found: Path = request.getfixturevalue(wanted[0] if wanted else "stage_of_strangers")
    return found


@pytest.fixture
async def network(tmp_path: Path, signers: dict[str, Signer], stage: Path) -> AsyncIterator[Network]:
    """The nodes, as they are on their stage."""
    place(stage, tmp_path)
    network = open_network(tmp_path, signers)
    for node in network.nodes.values():
        await node.management.start()
    yield network
    for node in network.nodes.values():
        if node.running:
            await node.stop()
    DATABASES.let_go(tmp_path)


@pytest.fixture
def bank(network: Network) -> Node:
    return network.nodes["bank"]


@pytest.fixture
def operator(network: Network) -> Node:
    return network.nodes["operator"]


@pytest.fixture
def clearing(network: Network) -> Node:
    return network.nodes["clearing"]


@pytest.fixture
def mallory(network: Network) -> Node:
    return network.nodes["mallory"]


@pytest.fixture
def contract_id(bank: Node) -> str:
    """The contract in force for which bank applied to operator."""
    return bank.directory.usable("operator").contract_id


@pytest.fixture
def scene(network: Network) -> "Scene":
    """Three nodes under contract, two of them with a data set; operator has published its own."""
    return Scene.of(network)


@pytest.fixture
def granted(scene: "Scene") -> str:
    """An approved flow, whose data operator has granted without limits."""
    return "flow-1"


@dataclass
class Scene:
    """What bank (initiator), operator (holder) and clearing (scheduler) do together, step by step."""

    network: Network
    bank: Node
    operator: Node
    clearing: Node

    @classmethod
    def of(cls, network: Network) -> "Scene":
        return cls(network, network.nodes["bank"], network.nodes["operator"], network.nodes["clearing"])

    async def add(self, node: Node, dataset_id: str, *, published: bool = False) -> None:
        """Take a table in."""
        table = str(node.home / "table.csv")
        await node.ask(DATASET_ADD, path=table, name="table", key_columns=["id"], dataset_id=dataset_id)
        await node.ask(DATASET_PUBLISH, dataset_id=dataset_id, published=published)

    async def grant(self, dataset_id: str = "operator-table", **members: Any) -> AuditView:
        """Have operator grant bank a data set; return bank's view of it."""
        audit = await self.bank.ask(DATASET_REQUEST, node_id="operator", dataset_id=dataset_id, **members)
        await self.network.approve_all()
        [view] = [one for one in (await self.bank.ask(AUDIT_LIST)).audits if one.audit_id == audit.audit_id]
        return view

    async def project(self, project_id: str = "project-1") -> str:
        """Bring about an approved project of all three."""
        members: Any = {"name": "p", "partners": ["operator", "clearing"], "project_id": project_id}
        await self.bank.ask(PROJECT_CREATE, **members)
        await self.network.approve_all()
        return project_id

    async def flow(self, project_id: str = "project-1", **members: Any) -> str:
        """Bring about an approved flow."""
        flow = await self.bank.ask(FLOW_CREATE, **{"name": "f", "project_id": project_id, "dag": dag(), **members})
        await self.network.approve_all()
        return str(flow.flow_id)

    async def propose(self, flow_id: str, **members: Any) -> JobProposal:
        """Propose a job, and see the proposal taken by all who take it."""
        job: JobProposal = await self.bank.ask(JOB_PROPOSE, flow_id=flow_id, **{"config": config(), **members})
        await self.network.settle()
        return job

    async def job(self, flow_id: str = "") -> JobCreate:
        """Bring about a job that all have approved, as control gets it."""
        job = await self.propose(flow_id or await self.flow(await self.project()))
        await self.network.approve_all()
        return await self.ready(job.job_id)

    async def ready(self, job_id: str) -> JobCreate:
        """What bank's control is given to run."""
        admission = self.bank.management.admission
        return await self.bank.database.read(lambda session: admission.proposed(session, job_id))

    async def admit(self, job: JobCreate, node: Node | None = None, *, scheduler: str = "clearing") -> None:
        """Admit a job, as control does within the transaction that stores it."""
        node = node or self.operator
        await node.database.write(lambda session: node.management.admission.admit(session, job, scheduler=scheduler))

    async def standing(self, audit_id: str) -> tuple[str, str]:
        """State of an audit at bank and at operator."""
        states = []
        for node in (self.bank, self.operator):
            [view] = [one for one in (await node.ask(AUDIT_LIST)).audits if one.audit_id == audit_id]
            states.append(str(view.status))
        return states[0], states[1]


def dag(**members: Any) -> dict[str, Any]:
    """A DAG of one intersection; `members` change the component."""
    component = {
        "name": "psi-1",
        "componentName": "psi",
        "provider": "interconn",
        "version": "1.0.0",
        "input": [],
        "output": [{"type": "dataset", "key": "aligned"}],
    }
    return {"version": "1.0", "components": [{**component, **members}]}


def config(*, host: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    """A configuration of bank and operator, scheduled by clearing; `host` is what operator's component is told."""
    return {
        "version": "1.0",
        "initiator": {"role": "guest", "node_id": "bank"},
        "role": {"guest": ["bank"], "host": ["operator"]},
        "job_params": {"common": {"scheduler": "clearing"}},
        "task_params": {
            "guest": {"0": {"psi-1": {"dataset_id": "bank-table"}}},
            "host": {"0": {"psi-1": {"dataset_id": "operator-table"} if host is None else host}},
        },
        **members,
    }


@pytest.fixture
def make() -> Any:
    """Makers of documents: `make.dag(...)`, `make.config(...)`."""
    return SimpleNamespace(dag=dag, config=config)
