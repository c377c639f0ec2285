"""A lab: some nodes of this machine, with contracts among them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from interconn.client import NodeClient
from interconn.components.launcher import ProcessLauncher, Situation
from interconn.lab import processes, record
from interconn.lab.contracts import conclude_among_all
from interconn.lab.making import Workshop
from interconn.lab.ports import reserved
from interconn.lab.record import Member, NodeRecord
from interconn.standard.errors import ConfigurationError, InterconnError, InvalidRequest, NotFound
from interconn.standard.identifiers import new_id

MOST_NODES = 64
_LISTENERS = 3


@dataclass(frozen=True)
class NodeState:
    """How a node of a lab is.

    Attributes:
        node_id: id of the node.
        pid: its process.
        state: ready, starting, or stopped.
        contracts: usable ones.
        admin_url: where its people reach it.
        home: its directory.
    """

    node_id: str
    pid: int
    state: str
    contracts: int
    admin_url: str
    home: str

    @property
    def ready(self) -> bool:
        """Whether it serves."""
        return self.state == "ready"

    def to_json(self) -> dict[str, Any]:
        """Return what a machine is told."""
        return asdict(self)


@dataclass(frozen=True)
class OpenedSession:
    """A transport session opened by hand.

    Attributes:
        session_id: its id.
        tokens: what a component needs on each node, by node id; secret.
    """

    session_id: str
    tokens: dict[str, str]

    def __repr__(self) -> str:
        return f"OpenedSession({self.session_id})"

    def to_json(self) -> dict[str, Any]:
        """Return what a machine is told."""
        return {"session_id": self.session_id, "tokens": self.tokens}


class Lab:
    """Nodes of this machine, kept in one directory; `create` makes one, `open` finds it again.

    Attributes:
        directory: where everything lies, absolute.
        nodes: the nodes.
    """

    def __init__(self, directory: Path, nodes: list[NodeRecord]) -> None:
        self.directory = directory
        self.nodes = nodes

    @classmethod
    def create(
        cls, directory: Path, members: int | Sequence[Member], *, environment: Mapping[str, str] | None = None
    ) -> Lab:
        """Make nodes, start them, and conclude contracts among all; what fails leaves nothing behind.

        Args:
            directory: of the lab; made if absent, otherwise empty.
            members: who they are, or how many.
            environment: variables for all nodes, e.g. `INTERCONN_LOG__LEVEL`.

        Raises:
            ConfigurationError: the directory is not empty, or a node does not start; holds its last words.
        """
        lab = cls.create_without_contracts(directory, members, environment=environment)
        try:
            conclude_among_all(lab.clients())
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def create_without_contracts(
        cls, directory: Path, members: int | Sequence[Member], *, environment: Mapping[str, str] | None = None
    ) -> Lab:
        """Make and start nodes that have never met; otherwise as `create`."""
        chosen = _members(members) if isinstance(members, int) else list(members)
        directory = directory.absolute()
        _claim(directory)
        lab = cls(directory, [])
        try:
            with reserved(_LISTENERS * len(chosen)) as ports:
                workshop = Workshop(directory)
                for position, member in enumerate(chosen):
                    made = workshop.make(member, ports[_LISTENERS * position : _LISTENERS * (position + 1)])
                    lab.nodes.append(made)
                    lab.start(made.node_id, environment=environment, wait=False)
                for node in lab.nodes:
                    processes.wait_ready(node)
        except BaseException:
            lab.down()
            raise
        return lab

    @classmethod
    def open(cls, directory: Path) -> Lab:
        """Find a lab again.

        Raises:
            ConfigurationError: there is none.
        """
        return cls(directory.absolute(), record.read(directory))

    def node(self, node_id: str) -> NodeRecord:
        """Return a node.

        Raises:
            NotFound: the lab has none of that id.
        """
        for node in self.nodes:
            if node.node_id == node_id:
                return node
        raise NotFound(
            "the lab has no such node",
            where=node_id,
            hint=f"It has {', '.join(node.node_id for node in self.nodes)}",
        )

    def client(self, node_id: str) -> NodeClient:
        """Return a client of a node's own API."""
        return NodeClient(self.node(node_id).access)

    def clients(self) -> dict[str, NodeClient]:
        """Return clients of all nodes by node id."""
        return {node.node_id: NodeClient(node.access) for node in self.nodes}

    def start(self, node_id: str, *, environment: Mapping[str, str] | None = None, wait: bool = True) -> None:
        """Start a node, for the first time or again.

        Args:
            node_id: which.
            environment: variables beside those of this process, e.g. `INTERCONN_CRASH_AT`.
            wait: return only when it serves.
        """
        node = self.node(node_id)
        if processes.running_pid(node):
            raise ConfigurationError("the node is running already", where=node_id)
        started = node.started(processes.start(node.directory, node.log, environment))
        self.nodes[self.nodes.index(node)] = started
        record.write(self.directory, self.nodes)
        if wait:
            processes.wait_ready(started)

    def stop(self, node_id: str) -> None:
        """Stop a node in good order."""
        processes.stop([self.node(node_id)])

    def kill(self, node_id: str) -> None:
        """End a node as a power cut would (kill -9)."""
        processes.kill(self.node(node_id))

    def is_running(self, node_id: str) -> bool:
        """Tell whether a node's process lives."""
        return processes.running_pid(self.node(node_id)) is not None

    def status(self) -> list[NodeState]:
        """Return how each node is."""
        return [self._state(node) for node in self.nodes]

    def open_session(self, node_ids: Sequence[str], session_id: str | None = None) -> OpenedSession:
        """Open a transport session on each node named.

        Raises:
            InvalidRequest: fewer than two nodes, or one named twice.
            NotFound: the lab has no such node.
        """
        if len(node_ids) < 2 or len(set(node_ids)) != len(node_ids):
            raise InvalidRequest(
                "a session is between two or more different nodes", where="nodes", hint="--nodes node-1,node-2"
            )
        clients = [self.client(node_id) for node_id in node_ids]
        chosen = session_id or new_id("session")
        opened = [client.sessions.open(chosen, node_ids) for client in clients]
        return OpenedSession(chosen, {node_id: one.token for node_id, one in zip(node_ids, opened, strict=True)})

    def down(self, *, keep: bool = False) -> list[str]:
        """Stop all nodes and what they run.

        Args:
            keep: leave the directory where it is.

        Returns:
            Ids of the nodes that ran.
        """
        stopped = processes.stop(self.nodes)
        asyncio.run(_stop_components(self.nodes))
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)
        return stopped

    def last_words(self) -> str:
        """Return the end of each node's log, for a person who wants to know what went wrong."""
        return "\n".join(f"  {node.node_id}:\n{processes.last_lines(node.log)}" for node in self.nodes)

    def _state(self, node: NodeRecord) -> NodeState:
        contracts = 0
        pid = processes.running_pid(node)
        if pid is None:
            state = "stopped"
        else:
            try:
                with NodeClient(node.access, timeout=5) as client:
                    state = "ready" if client.node.status().ready else "starting"
                    contracts = sum(contract.usable for contract in client.peers.list().contracts)
            except InterconnError:
                state = "starting"
        return NodeState(node.node_id, pid or node.pid, state, contracts, node.admin_url, node.home)


def _members(count: int) -> list[Member]:
    if not 1 <= count <= MOST_NODES:
        raise InvalidRequest(f"a lab has 1 to {MOST_NODES} nodes", where="nodes")
    return [Member(f"node-{number}", f"inst-{number}", f"Institution {number}") for number in range(1, count + 1)]


def _claim(directory: Path) -> None:
    if (directory / record.FILE_NAME).exists():
        raise ConfigurationError(
            "there is a lab in this directory already",
            where=str(directory),
            hint=f"Remove it with 'interconn lab down --home {directory}', or choose another --home",
        )
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise ConfigurationError("the directory is not empty", where=str(directory), hint="Choose another --home")
    except OSError as error:
        raise ConfigurationError(f"the directory cannot be made: {error.strerror}", where=str(directory)) from None


async def _stop_components(nodes: Sequence[NodeRecord]) -> None:
    """Stop the components that outlived their nodes, as they are made to."""
    launcher = ProcessLauncher(grace_seconds=1.0)
    directories = [lock.parent for node in nodes for lock in (node.directory / "tasks").rglob("process.json")]
    running = [found for found in directories if launcher.situation(found) is Situation.RUNNING]
    await asyncio.gather(*(launcher.stop(directory) for directory in running))
