"""Runs the work of a component inside the standard's life cycle (CMP-G4.2.2.1-parts, CMP-G4.1.1.2-exit)."""

from __future__ import annotations

import json
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from interconn.sdk.callback import FINAL_SECONDS, StatusReporter
from interconn.sdk.control import ControlListener
from interconn.sdk.environment import Environment
from interconn.sdk.log import Level, log, places
from interconn.sdk.transport import TransportClient
from interconn.standard.control import ComponentStatus
from interconn.standard.errors import ConfigurationError, InterconnError
from interconn.standard.self_description import SelfDescription
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.store import open_store
from interconn.storage.tables import Table, TableWriter, create_table

SUCCEEDED: Final = 0
FAILED: Final = 1
_TERMINATED_SECONDS: Final = 3.0  # whoever sends SIGTERM soon sends SIGKILL


class Terminated(BaseException):
    """SIGTERM has come. No `Exception`, so that no handler of one takes it for a passing fault."""


class Context:
    """What a component's work may use.

    Attributes:
        environment: the variables of the standard.
        parameters: typed values by name, checked by the self-description, defaults filled in.
        transport: client of the own node's transport.
        work_directory: a private directory that vanishes with the task.
    """

    def __init__(
        self,
        environment: Environment,
        description: SelfDescription,
        reporter: StatusReporter,
        work_directory: Path,
    ) -> None:
        self.environment = environment
        self.parameters: Mapping[str, Any] = description.read_parameters(environment.parameters)
        self.transport = TransportClient.of(environment)
        self.work_directory = work_directory
        self._store = open_store(environment.storage)
        self._reporter = reporter

    def open_table(self, name: str) -> Table:
        """Open an input table.

        Raises:
            ConfigurationError: the node gives no input of that name.
            StorageError: it is not there.
            DataError: it is no CSV table.
        """
        return Table(self._store, self._place("input", self.environment.inputs, name))

    def create_table(self, name: str, columns: Sequence[Column]) -> AbstractContextManager[TableWriter]:
        """Write an output table, which appears when the block ends without an error.

        What a previous run of the task left there is replaced.

        Raises:
            ConfigurationError: the node gives no output of that name.
            StorageError: the store refuses.
        """
        place = self._place("output", self.environment.outputs, name)
        return create_table(self._store, place, columns, replace=True)

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write a report or metric as one JSON object.

        Raises:
            ConfigurationError: the node gives no output of that name.
            StorageError: the store refuses.
        """
        place = self._place("output", self.environment.outputs, name)
        with self._store.create(place, replace=True) as draft:
            draft.open().write(json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode())
            draft.describe(
                DatasetMetadata(name=place.name, namespace=place.namespace, count=1, partitions=1, file_type="json")
            )

    def progress(self, phase: str, done: int, total: int | None = None) -> None:
        """Tell how far a phase is; cheap enough to call for every batch."""
        self._reporter.progress(phase, done, total)

    def log(self, message: str, level: Level = "INFO", **members: Any) -> None:
        """Write a line to the log: fixed words, names and counts, never a value of a table."""
        log(level, message, **members)

    @contextmanager
    def phase(self, name: str, seconds: dict[str, float]) -> Iterator[None]:
        """Log a phase and put its duration, in seconds, under its name into `seconds`."""
        started = time.monotonic()
        self.progress(name, 0)
        yield
        seconds[name] = round(time.monotonic() - started, 3)
        self.log("phase done", phase=name, seconds=seconds[name])

    def _place(self, kind: str, places: Mapping[str, DatasetName], name: str) -> DatasetName:
        if name not in places:
            clause = "CMP-3.4.3" if kind == "input" else "CMP-3.4.4"
            raise ConfigurationError("is not set", where=f"runtime.component.{kind}.{name}", clause=clause)
        return places[name]


class Component:
    """A component: its self-description and its work.

    Args:
        description: checks the parameters.
        work: does everything; an error it raises makes the task FAILED.
    """

    def __init__(self, description: SelfDescription, work: Callable[[Context], None]) -> None:
        self.description = description
        self._work = work

    @classmethod
    def load(cls, path: Path, work: Callable[[Context], None]) -> Component:
        """Return a component with the self-description in a file.

        Raises:
            InvalidRequest: the file is no self-description.
        """
        return cls(SelfDescription.parse(path.read_bytes()), work)

    def main(self, variables: Mapping[str, str] | None = None) -> int:
        """Run the task of the environment and return the exit status: 0 or 1 (CMP-G4.1.1.2-exit).

        Args:
            variables: the environment; that of the process by default.
        """
        try:
            environment = Environment.read(variables)
        except InterconnError as error:
            # Without an environment there is nobody to call back.
            log("ERROR", "the environment cannot be used", reason=error.to_json())
            return FAILED
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _terminate)
        reporter = StatusReporter(environment)
        extension: dict[str, Any] = {}
        status, seconds = ComponentStatus.FAILED, FINAL_SECONDS
        try:
            reporter.start()
            self._run(environment, reporter)
            status = ComponentStatus.SUCCESS
            log("INFO", "the task has succeeded", task=environment.task_id)
        except InterconnError as error:
            extension["reason"] = error.to_json()
        except Terminated:
            extension["reason"] = {"error": "Terminated", "message": "the task was stopped"}
            seconds = _TERMINATED_SECONDS
        except Exception as error:  # noqa: BLE001 - whatever ends the work is reported
            message = "the component met an error it was not made for"
            extension["reason"] = {"error": type(error).__name__, "message": message, "places": places(error)}
        if status is ComponentStatus.FAILED:
            log("ERROR", "the task has failed", task=environment.task_id, **extension)
        try:
            reporter.finish(status, extension, seconds=seconds)
        except Terminated:
            log("WARNING", "stopped while reporting", status=status.value)
        return SUCCEEDED if status is ComponentStatus.SUCCESS else FAILED

    def _run(self, environment: Environment, reporter: StatusReporter) -> None:
        if environment.component != self.description.component_name:
            raise ConfigurationError(
                f"asks for another component than {self.description.component_name}",
                where="runtime.component.name",
                clause="CMP-3.4.1",
            )
        roles = {role.partition(".")[0] for role in environment.roles}
        if not roles <= set(self.description.role_list):
            raise ConfigurationError(
                f"the component plays only {', '.join(self.description.role_list)}",
                where="config.self_role",
                clause="CMP-2",
            )
        with ExitStack() as stack:
            if environment.control_port is not None:
                stack.enter_context(ControlListener(environment))
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix=".task-", dir=Path.cwd()))
            context = Context(environment, self.description, reporter, Path(directory))
            stack.callback(context.transport.close)
            log("INFO", "the task has started", task=environment.task_id, component=environment.component)
            self._work(context)


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one word is enough; the last report must get through
    raise Terminated
