"""Histories of jobs: what a node saw and what it decided, kept as files, and replayed on the code of today.

    .venv/bin/python -m tests.control.history [NAME …]     record histories anew; decision 26 says when

Seen are the calls of partners, their answers to its own calls, and the ends of its components, each with its time.
Decided are its answers, what it asked of others, what it launched, its entries in the audit trail, and how job and
shares ended. A replay gives one node alone the same to see, in virtual time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.components.launcher import Exit
from interconn.control.tables import Job, Lane, Task
from interconn.peers.inbound import Caller
from interconn.peers.outbound import Answer
from interconn.standard import control as calls
from interconn.standard.control import JobStop
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import InterconnError, PeerRefused, PeerUnreachable
from interconn.standard.wire import WireModel, validate
from interconn.trail.entries import AuditEntry
from tests.control.conftest import PERSON, Network, Node, component, job
from tests.virtual_time import VirtualClock, VirtualLoop, until

FOLDER = Path(__file__).parent / "histories"
DECIDING = (
    calls.JOB_CREATE_ALL,
    calls.JOB_STOP_ALL,
    calls.TASK_CALLBACK,
    calls.JOB_CREATE,
    calls.JOB_START,
    calls.TASK_START,
    calls.JOB_STOP,
)
ENDPOINTS: dict[str, Endpoint[Any, Any]] = {
    endpoint.name: endpoint for endpoint in (*DECIDING, calls.TASK_POLL, calls.JOB_STATUS_ALL)
}
QUESTIONS = (calls.TASK_POLL.name, calls.JOB_STATUS_ALL.name)
"""Asked as often as it pleases; only their answers count."""


@dataclass
class Names:
    """Task ids, which are made up anew each time, as the names of what they run."""

    known: dict[str, str] = field(default_factory=dict)

    def of(self, content: Any) -> Any:
        """Return some content with names in place of ids."""
        text = json.dumps(content)
        for task_id, name in self.known.items():
            text = text.replace(task_id, f"task_of_{name}")
        return json.loads(text)

    def back(self, content: Any) -> Any:
        """Return some content with ids in place of names."""
        text = json.dumps(content)
        for task_id, name in self.known.items():
            text = text.replace(f"task_of_{name}", task_id)
        return json.loads(text)

    def learn(self, endpoint: Endpoint[Any, Any], request: WireModel) -> None:
        """Take note of a task's name."""
        if endpoint is calls.TASK_START:
            body = request.to_wire()
            self.known[body["task_id"]] = body["task_name"]


class Recorder:
    """Notes what one node of a network sees and does.

    Attributes:
        seen: what is replayed.
    """

    def __init__(self, network: Network, node_id: str) -> None:
        self.network, self.node = network, network.nodes[node_id]
        self.names = Names()
        self.seen: list[dict[str, Any]] = []
        self.done: dict[str, list[Any]] = {"answers": [], "asked": [], "launched": []}
        self._began = network.clock.now()
        self._stopping = 0
        self._wrap_serve()
        self._wrap_client()
        self._wrap_machine()

    def _at(self) -> int:
        return self.network.clock.now() - self._began

    def _wrap_serve(self) -> None:
        serve = self.node.serve

        async def noted(endpoint: Endpoint[Any, Any], caller: Caller, message: WireModel) -> Any:
            if endpoint not in DECIDING:
                return await serve(endpoint, caller, message)
            self.names.learn(endpoint, message)
            self.seen.append(
                {"at": self._at(), "from": caller.node_id, "call": endpoint.name, "body": message.to_wire()}
            )
            answer = 0
            try:
                return await serve(endpoint, caller, message)
            except InterconnError as error:
                answer = error.code
                raise
            finally:
                self.done["answers"].append([caller.node_id, endpoint.name, answer])

        self.node.serve = noted  # type: ignore[method-assign]

    def _wrap_client(self) -> None:
        client = self.node.control._driver._partners._client
        ask = client.answer

        async def noted(node_id: str, endpoint: Endpoint[Any, Any], request: WireModel, **parts: Any) -> Any:
            self.names.learn(endpoint, request)
            entry: dict[str, Any] = {"to": node_id, "call": endpoint.name, "body": request.to_wire()}
            self.done["asked"].append(dict(entry))
            try:
                answer = await ask(node_id, endpoint, request, **parts)
                entry["reply"] = answer.reply.to_wire()
            except PeerRefused as error:
                entry["refused"] = [error.peer_code, error.peer_message]
                raise
            except InterconnError as error:
                entry["silence"] = error.message
                raise
            else:
                return answer
            finally:
                self.seen.append({**entry, "by": self._at()})

        client.answer = noted  # type: ignore[method-assign]

    def _wrap_machine(self) -> None:
        machine = self.node.machine
        launch, end, stop = machine.launch, machine.end, machine.stop

        def launched(directory: Path, environment: Any) -> None:
            launch(directory, environment)
            share = _share(environment)
            self.done["launched"].append(share)
            if directory in machine.exits:
                self.seen.append({"component": share, "exit": _exit(machine.exits[directory])})

        async def ended(directory: Path, how: Exit) -> None:
            if not self._stopping:
                share = _share(machine.environments[directory])
                self.seen.append({"at": self._at(), "component": share, "exit": _exit(how)})
            await end(directory, how)

        async def stopped(directory: Path) -> None:
            self._stopping += 1
            try:
                await stop(directory)
            finally:
                self._stopping -= 1

        machine.launch, machine.end, machine.stop = launched, ended, stopped  # type: ignore[method-assign]

    async def history(self) -> dict[str, Any]:
        """Return all of it, once the job has ended."""
        decided = {**self.done, **await self.node.database.read(_conclusion)}
        return {
            "node": self.node.node_id,
            "seen": self.names.of(self.seen),
            "decided": in_order(self.names.of(decided)),
        }


def in_order(decided: dict[str, Any]) -> dict[str, Any]:
    """Return decisions as they are compared: what may happen in any order, or more than once, without either."""
    unordered = {
        "answers": decided["answers"],
        "asked": [one for one in decided["asked"] if one["call"] not in QUESTIONS],
        "launched": decided["launched"],
    }
    once = {name: sorted({json.dumps(one, sort_keys=True) for one in found}) for name, found in unordered.items()}
    return {**decided, **{name: [json.loads(one) for one in found] for name, found in once.items()}}


async def replay(directory: Path, history: dict[str, Any]) -> dict[str, Any]:
    """Show a node alone what another life of it saw; return what it decides now."""
    network = Network(directory, [history["node"]])
    network.start()
    recorder = Recorder(network, history["node"])
    recorder.node.machine.ends = lambda environment: _ends_at_once(history, recorder, environment)
    client = recorder.node.control._driver._partners._client
    told = _Told(network.clock, history, recorder)
    client._network = told  # type: ignore[assignment]
    try:
        for entry in history["seen"]:
            if "at" in entry:
                await network.clock.sleep(max(0, entry["at"] - recorder._at()) / 1000)
                await (_call if "from" in entry else _end)(recorder, entry)
        with suppress(TimeoutError):
            async with asyncio.timeout(900):
                await recorder.node.ended()
        await network.clock.sleep(60)
        assert not told.unknown, f"it asks what it did not ask then: {told.unknown[0]}"
        replayed = await recorder.history()
        decided: dict[str, Any] = replayed["decided"]
        return decided
    finally:
        await network.stop()


class _Told:
    """In the network's place: answers the replayed node as it was answered."""

    def __init__(self, clock: VirtualClock, history: dict[str, Any], recorder: Recorder) -> None:
        self._clock, self._names, self._passed = clock, recorder.names, recorder._at
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.unknown: list[str] = []
        for entry in history["seen"]:
            if "to" in entry:
                self.answers.setdefault(_key(entry["to"], entry["call"], entry["body"]), []).append(entry)

    async def answer(self, node_id: str, endpoint: Endpoint[Any, Any], request: WireModel) -> Answer[Any]:
        key = _key(node_id, endpoint.name, self._names.of(request.to_wire()))
        if key not in self.answers:
            self.unknown.append(key)
            raise PeerUnreachable("nobody answered that", where=node_id)
        answers = self.answers[key]
        entry = answers.pop(0) if len(answers) > 1 else answers[0]
        await self._clock.sleep(max(1, entry["by"] - self._passed()) / 1000)
        if "silence" in entry:
            raise PeerUnreachable(entry["silence"], where=node_id)
        if "refused" in entry:
            code, message = entry["refused"]
            raise PeerRefused(message, where=node_id, peer_code=code, peer_message=message)
        return Answer(validate(endpoint.reply, self._names.back(entry["reply"])), None)


def _key(node_id: str, call: str, body: Any) -> str:
    return json.dumps([node_id, call, body], sort_keys=True)


async def _call(recorder: Recorder, entry: dict[str, Any]) -> None:
    endpoint = ENDPOINTS[entry["call"]]
    message = validate(endpoint.request, entry["body"])
    if endpoint in (calls.JOB_CREATE, calls.JOB_CREATE_ALL):
        recorder.node.admission.proposals[entry["body"]["job_id"]] = message
    caller = Caller(
        node_id=entry["from"], trace_id="trace-1", peer=None, proven_key=None, permits="", request_digest="0" * 64,
        extensions={},
    )  # fmt: skip
    asyncio.get_running_loop().create_task(_quietly(recorder.node.serve(endpoint, caller, message)))


async def _quietly(served: Awaitable[Any]) -> None:
    try:
        await served
    except InterconnError:
        return  # what it answers is compared


async def _end(recorder: Recorder, entry: dict[str, Any]) -> None:
    machine = recorder.node.machine
    for directory, environment in list(machine.environments.items()):
        if recorder.names.of(_share(environment)) == entry["component"]:
            await machine.end(directory, Exit(*entry["exit"]))


def _ends_at_once(history: dict[str, Any], recorder: Recorder, environment: dict[str, str]) -> Exit | None:
    share = recorder.names.of(_share(environment))
    for entry in history["seen"]:
        if entry.get("component") == share and "at" not in entry:
            return Exit(*entry["exit"])
    return None


def _share(environment: Any) -> list[str]:
    names = ("config.task_id", "config.self_role", "runtime.component.name")
    return [environment[name] for name in names]


def _exit(ended: Exit) -> list[Any]:
    return [ended.status, ended.cause, ended.ended_at]


def _conclusion(session: Session) -> dict[str, Any]:
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.number))
    names = ("outcome", "reason", "task_name", "status")
    trail = [
        [entry.action, {name: entry.details[name] for name in names if name in entry.details}] for entry in entries
    ]
    [found] = session.scalars(select(Job))
    shares = session.execute(select(Task.name, Lane).join(Lane, Lane.task_id == Task.task_id)).all()
    return {
        "trail": [one for one in trail if str(one[0]).startswith("job.")],
        "job": [found.status, found.outcome, found.reason, found.closed],
        "shares": sorted([name, lane.party, lane.status, lane.reason] for name, lane in shares),
    }


# --- what is recorded ------------------------------------------------------------------------------------------

DIAMOND = (
    component("first"),
    component("left", "sum", ["first.data0"]),
    component("right", "trained", ["first.data0"]),
    component("last", "both", ["left.data0", "right.data0"]),
)


async def _branches(network: Network) -> None:
    await network.run(job(*DIAMOND, scheduler="clearing"))


async def _failure(network: Network) -> None:
    def ends(environment: dict[str, str]) -> Exit:
        failing = environment["runtime.component.name"] == "trained"
        return Exit(137, "killed by SIGKILL", 1) if failing else Exit(0, "", 1)

    network.operator.machine.ends = ends
    await _branches(network)


async def _stop(network: Network) -> None:
    for node in (network.bank, network.operator):
        node.machine.ends = lambda environment: None
    await _branches(network)
    await until(lambda: network.bank.machine.environments and network.operator.machine.environments)
    await network.bank.own["own.job.stop"](PERSON, JobStop(job_id="job-1"))


async def _absence(network: Network) -> None:
    for node in (network.bank, network.operator):
        node.machine.ends = lambda environment: None
    await network.run(job(component("first"), scheduler="clearing"))
    await until(lambda: network.bank.machine.environments and network.operator.machine.environments)
    network.cut.add("operator")
    await network.clock.sleep(20)
    network.cut.clear()
    for node in (network.bank, network.operator):
        for directory in list(node.machine.environments):
            await node.machine.end(directory, Exit(0, "", 1))


SCENARIOS: dict[str, tuple[str, Callable[[Network], Awaitable[None]]]] = {
    "scheduler-branches": ("clearing", _branches),
    "scheduler-failure": ("clearing", _failure),
    "scheduler-stop": ("clearing", _stop),
    "scheduler-absence": ("clearing", _absence),
    "participant-branches": ("operator", _branches),
    "participant-failure": ("operator", _failure),
    "participant-stop": ("operator", _stop),
}


async def record(name: str, directory: Path) -> dict[str, Any]:
    """Let a scenario happen, and return one node's history of it."""
    node_id, happen = SCENARIOS[name]
    network = Network(directory, ("bank", "operator", "clearing"))
    network.start()
    recorder = Recorder(network, node_id)
    try:
        await happen(network)
        nodes: list[Node] = [network.bank, network.operator, network.clearing]
        for node in nodes:
            await node.ended()
        return await recorder.history()
    finally:
        await network.stop()


def main() -> None:
    """Record histories anew, all or those named."""
    for name in sys.argv[1:] or SCENARIOS:
        with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=VirtualLoop) as runner:
            history = runner.run(record(name, Path(folder)))
        (FOLDER / f"{name}.json").write_text(json.dumps(history, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
