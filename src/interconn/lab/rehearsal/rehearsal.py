"""A rehearsal: the component of every party is run to its end, and what became of each is told."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from interconn.components import environment
from interconn.components.callback import own_part, reason_text
from interconn.components.environment import Order, OrderParty, Place, Surroundings
from interconn.components.launcher import Exit
from interconn.components.outcome import judge
from interconn.lab.rehearsal.cast import Role
from interconn.lab.rehearsal.stage import SimulatedNode
from interconn.standard.control import COMPONENT_CALLBACK, ComponentCallback, ComponentStatus
from interconn.standard.errors import ConfigurationError, DataError
from interconn.standard.identifiers import new_id, session_of_job
from interconn.standard.self_description import SelfDescription
from interconn.state.clock import SystemClock
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.files import FileStore
from interconn.storage.ingest import ingest_csv
from interconn.storage.opened import OpenedFile

GRACE_SECONDS: Final = 10.0
"""Between SIGTERM and SIGKILL, as a node's launcher has it."""
JOB_ID: Final = "job-rehearsal"
TASK_ID: Final = "task_rehearsal"
"""The same every time: what a rehearsal writes takes the place of what the last one wrote."""
_NAMESPACE: Final = "datasets"

Told = Callable[[str, str, Mapping[str, Any]], None]
"""Given party, status and extension of a report."""


@dataclass(frozen=True)
class Performance:
    """What became of one party.

    Attributes:
        party: role and index.
        status: SUCCESS or FAILED, as a node judges it (resolution 26).
        reason: of a failure, as the party's own people are told it.
        seconds: from the launch to the end.
        outputs: the directory of each output that is there, by its name.
        log: of standard output and standard error.
    """

    party: str
    status: ComponentStatus
    reason: str
    seconds: float
    outputs: Mapping[str, Path]
    log: Path

    @property
    def succeeded(self) -> bool:
        """Whether the party did what it had to."""
        return self.status is ComponentStatus.SUCCESS


@dataclass
class _Run:
    """One party under way."""

    role: Role
    node: SimulatedNode
    folder: Path
    order: Order
    process: asyncio.subprocess.Process | None = None
    began: float = 0.0
    reported: str = ""
    reported_reason: str = ""
    stop_reason: str = ""
    outcome: tuple[ComponentStatus, str] | None = None
    seconds: float = 0.0


class Rehearsal:
    """One task of a component among simulated nodes.

    Args:
        description: of the component.
        command: runs it: program and arguments.
        cast: the parties.
        folder: where storage, logs and outputs of all parties go; made where absent.
        told: is told what the components report.
    """

    def __init__(
        self,
        description: SelfDescription,
        command: Sequence[str],
        cast: Sequence[Role],
        folder: Path,
        told: Told = lambda party, status, extension: None,
    ) -> None:
        self._description = description
        self._command = list(command)
        self._folder = folder.absolute()
        self._told = told
        self._clock = SystemClock()
        self._nodes: dict[str, SimulatedNode] = {}
        self._cast = list(cast)

    async def run(self, seconds: float) -> list[Performance]:
        """Run all parties to their ends; the first that fails ends the others, as a scheduler would.

        Args:
            seconds: after which those that run are stopped.

        Raises:
            DataError: a table cannot be used.
            ConfigurationError: the command cannot be started.
        """
        runs = [self._prepared(role) for role in self._cast]
        for run in runs:
            run.node.open(run.order.session_id, TASK_ID, sorted(self._nodes))
        try:
            await asyncio.gather(*(run.node.start() for run in runs))
            for run in runs:
                await self._launch(run)
            await self._until_ended(runs, seconds)
        finally:
            await asyncio.gather(*(self._stop(run) for run in runs))
            await asyncio.gather(*(run.node.stop() for run in runs))
        return [self._performance(run) for run in runs]

    def _prepared(self, role: Role) -> _Run:
        folder = self._folder / role.party
        (folder / "work").mkdir(parents=True, exist_ok=True)
        places = [
            self._given(role, data.name, data.category, FileStore(folder / "storage"))
            for data in self._description.input_data
        ]
        order = Order(
            job_id=JOB_ID,
            task_id=TASK_ID,
            task_name="rehearsal",
            role=role.role,
            index=role.index,
            component=self._description.component_name,
            provider=self._description.provider,
            version=self._description.version,
            session_id=session_of_job(JOB_ID),
            trace_id=new_id("trace"),
            parties=[
                OrderParty(role=each.role, index=each.index, node_id=each.node_id, inst_id=f"inst-{each.party}")
                for each in self._cast
            ],
            parameters=dict(role.parameters),
            inputs=[place for place in places if place],
        )
        node = SimulatedNode(
            node_id=role.node_id,
            party=role.party,
            nodes=self._nodes,
            folder=folder / "messages",
            clock=self._clock,
            told=lambda report: self._hear(run, report),
        )
        self._nodes[role.node_id] = node
        run = _Run(role, node, folder, order)
        for place in self._outputs(run).values():
            FileStore(folder / "storage").delete(place)
        return run

    def _given(self, role: Role, name: str, category: str, store: FileStore) -> Place | None:
        """Take in what a party is given for an input; a CSV as a table, anything else as it is."""
        file = role.inputs.get(name)
        if file is None:
            return None
        place = DatasetName(_NAMESPACE, f"{role.role}-{role.index}-{name}")
        with _opened(file) as source:
            if file.suffix.lower() == ".csv" and category != "model":
                ingest_csv(source, store, place, replace=True)
            else:
                with store.create(place, replace=True) as draft, source.open("rb") as content:
                    shutil.copyfileobj(content, draft.open())
                    draft.describe(_as_it_is(place, file))
        return Place(namespace=place.namespace, name=place.name)

    async def _launch(self, run: _Run) -> None:
        surroundings = Surroundings(
            storage=f"file://{run.folder / 'storage'}",
            transport=run.node.url,
            callback=run.node.url + COMPONENT_CALLBACK.path,
        )
        variables = environment.variables(
            run.order, self._description, surroundings, token=run.node.token, log_path=str(run.folder)
        )
        # A node gives a component what the standard names and nothing else; the search path finds interpreters here.
        variables["PATH"] = os.environ.get("PATH", os.defpath)
        run.began = time.monotonic()
        with (run.folder / "log").open("wb") as log:
            try:
                run.process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=variables,
                    cwd=run.folder / "work",
                    start_new_session=True,
                )
            except OSError as error:
                raise ConfigurationError(
                    f"the component cannot be started: {error.strerror}",
                    where=self._command[0],
                    hint="Name the program that runs it, and make it executable",
                ) from None

    async def _until_ended(self, runs: Sequence[_Run], seconds: float) -> None:
        waiting = {asyncio.create_task(self._end(run)): run for run in runs}
        deadline = time.monotonic() + seconds
        stopping: list[asyncio.Task[None]] = []
        while waiting:
            left = max(deadline - time.monotonic(), 0.0) if not stopping else None
            done, _ = await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            ended = [waiting.pop(task) for task in done]
            reason = "" if done else f"it has not ended within {seconds:g} s"
            for run in ended:
                if run.outcome and run.outcome[0] is ComponentStatus.FAILED and not run.stop_reason:
                    reason = f"stopped, as {run.role.party} failed"
            if reason and not stopping:
                for run in waiting.values():
                    run.stop_reason = reason
                    stopping.append(asyncio.create_task(self._stop(run)))
        await asyncio.gather(*stopping)

    async def _end(self, run: _Run) -> None:
        assert run.process
        status = await run.process.wait()
        run.seconds = time.monotonic() - run.began
        killed = f"killed by {signal.Signals(-status).name}" if status < 0 else ""
        ended = Exit(128 - status if status < 0 else status, killed, self._clock.now())
        run.outcome = judge(
            ended, reported=run.reported, reported_reason=run.reported_reason, stop_reason=run.stop_reason
        )

    async def _stop(self, run: _Run) -> None:
        """End the process group of a run that has not ended."""
        if run.process is None or run.process.returncode is not None:
            return
        for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
            with suppress(ProcessLookupError):
                os.killpg(run.process.pid, number)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await run.process.wait()
                    return

    def _hear(self, run: _Run, report: ComponentCallback) -> None:
        extension = report.extension or {}
        run.reported = report.status.value
        if report.status is ComponentStatus.FAILED:
            run.reported_reason = own_part(reason_text(extension.get("reason")))
        self._told(run.role.party, report.status.value, extension)

    def _performance(self, run: _Run) -> Performance:
        status, reason = run.outcome or (ComponentStatus.FAILED, run.stop_reason or "it did not begin")
        storage = run.folder / "storage"
        outputs = {
            name: storage / place.namespace / place.name
            for name, place in self._outputs(run).items()
            if FileStore(storage).exists(place)
        }
        return Performance(run.role.party, status, reason, round(run.seconds, 2), outputs, run.folder / "log")

    def _outputs(self, run: _Run) -> dict[str, DatasetName]:
        places = environment.outputs(run.order, self._description)
        return {name: DatasetName(place.namespace, place.name) for name, place in places.items()}


def _opened(file: Path) -> OpenedFile:
    try:
        return OpenedFile(file.name, os.open(file, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise DataError(
            f"the file cannot be opened: {error.strerror}", where=str(file), hint="Name one that is there"
        ) from None


def _as_it_is(place: DatasetName, file: Path) -> DatasetMetadata:
    kind = file.suffix.lstrip(".").lower() or "bin"
    return DatasetMetadata(name=place.name, namespace=place.namespace, count=1, partitions=1, file_type=kind)
