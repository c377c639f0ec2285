"""Two institutions of a test: each with its own store, token and environment, over one fake transport."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.ingest import ingest_csv
from interconn.storage.tables import Table
from tests.sdk.fake_transport import FakeTransport

NODES = {"guest": "node-a", "host": "node-b"}
TOKENS = {"token-of-guest": "node-a", "token-of-host": "node-b"}
INPUT = DatasetName("bank", "customers")


@dataclass
class Institution:
    """One of the two.

    Attributes:
        role: guest or host.
        home: its directory.
        transport: where its component finds its node.
        interpreter: Python of another environment to run components with; this one's with this one's path if empty.
        task: id of the next task.
    """

    role: str
    home: Path
    transport: FakeTransport
    interpreter: str = ""
    task: str = field(default="task_1", init=False)
    outcome: subprocess.CompletedProcess[str] | None = field(default=None, init=False)

    @property
    def store(self) -> FileStore:
        """Its data sets."""
        return FileStore(self.home / "storage")

    def give(self, rows: Iterable[Sequence[str]], *, place: DatasetName = INPUT) -> None:
        """Put a table into the store; the first row is the header."""
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        path = self.home / "input.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.getvalue(), encoding="utf-8")
        ingest_csv(path, self.store, place, replace=True)

    def output(self, name: str) -> DatasetName:
        """The place of an output."""
        return DatasetName(f"job-1-{self.role}-0", f"{self.task}-{name}")

    def environment(self, component: str, parameters: Mapping[str, str], **inputs: DatasetName) -> dict[str, str]:
        """The variables of the standard for a task."""
        variables = {
            "system.storage": (self.home / "storage").as_uri(),
            "system.callback": f"http://{self.transport.address}/v1/platform/schedule/task/callback",
            "system.transport": self.transport.address,
            "config.self_role": f"{self.role}.0",
            "config.task_id": self.task,
            "config.session_id": f"session_{self.task}",
            "config.trace_id": "trace_1",
            "config.token": f"token-of-{self.role}",
            "config.log.path": str(self.home / "log"),
            "runtime.component.name": component,
        }
        for role, node in NODES.items():
            variables[f"config.node_id.{role}.0"] = node
            variables[f"config.inst_id.{role}.0"] = f"inst-{node}"
        for name, value in parameters.items():
            variables[f"runtime.component.parameter.{name}"] = value
        for name, place in (inputs or {"table": INPUT}).items():
            variables[f"runtime.component.input.{name}"] = json.dumps(place.to_json())
        for name in ("aligned", "report", "summary"):
            variables[f"runtime.component.output.{name}"] = json.dumps(self.output(name).to_json())
        return variables

    def start(self, component: str, parameters: Mapping[str, str], **inputs: DatasetName) -> subprocess.Popen[str]:
        """Start a component as a process of its own, with nothing but the standard's environment."""
        work = self.home / "work"
        work.mkdir(parents=True, exist_ok=True)
        variables = self.environment(component, parameters, **inputs)
        if not self.interpreter:
            variables["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        return subprocess.Popen(
            [self.interpreter or sys.executable, "-m", "interconn.algorithms"],
            env=variables,
            cwd=work,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of an output table."""
        return [row for batch in Table(self.store, self.output(name)).batches() for row in batch.to_pylist()]

    def json(self, name: str) -> dict[str, Any]:
        """An output report."""
        with self.store.open(self.output(name)) as source:
            value: dict[str, Any] = json.load(source)
        return value


def run_both(
    guest: Institution,
    host: Institution,
    component: str,
    parameters: Mapping[str, str] | None = None,
    **inputs: DatasetName,
) -> tuple[int, int]:
    """Run a component at both and return their exit statuses; their output is kept in `outcome`."""
    processes = [one.start(component, parameters or {}, **inputs) for one in (guest, host)]
    for one, process in zip((guest, host), processes, strict=True):
        stdout, stderr = process.communicate(timeout=50)
        one.outcome = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    return processes[0].returncode, processes[1].returncode
