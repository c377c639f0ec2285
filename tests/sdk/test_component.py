"""The life cycle of a component: status, exit, log, stop (CTL-4.1, CMP-G4.1.1.2-exit, CMP-G4.1.1.2-stdout)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interconn.sdk import Environment
from interconn.sdk.callback import StatusReporter
from interconn.standard.control import ComponentStatus
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.ingest import ingest_csv
from interconn.storage.tables import Table
from tests.sdk.fake_transport import CALLBACK, Call, FakeTransport

# What the author of a component writes, all of it.
ROW_COUNT = """
from pathlib import Path
from interconn.sdk import Component, Context
from interconn.storage.dataset import Column

def work(context: Context) -> None:
    table = context.open_table("table")
    factor = context.parameters["factor"]
    rows = 0
    for batch in table.batches():
        rows += batch.num_rows
        context.progress("counting", rows)
    context.log("counted", rows=rows)
    context.write_json("report", {"rows": rows * factor})
    with context.create_table("copy", table.column_info) as writer:
        for batch in table.batches():
            writer.write(batch)

if __name__ == "__main__":
    raise SystemExit(Component.load(Path(__file__).with_name("self_description.json"), work).main())
"""
DESCRIPTION = {
    "componentName": "row_count", "title": "Row count", "provider": "acme", "version": "1", "roleList": ["guest"],
    "storageEngine": ["file"],
    "inputParam": [{"name": "factor", "title": "F", "type": "int", "optional": True, "defaultValue": "2"}],
    "inputData": [{"name": "table", "category": "dataset"}],
    "outputData": [{"name": "report", "category": "report"}, {"name": "copy", "category": "dataset"}], "result": [],
}  # fmt: skip
INPUT = DatasetName("bank", "customers")
SECRET = "secret-007"


class Bench:
    """A third party's component and a node to run it."""

    def __init__(self, home: Path, node: FakeTransport) -> None:
        self.home = home
        self.node = node
        self.store = FileStore(home / "storage")
        (home / "customers.csv").write_text(f"id,x\n{SECRET},1\n008,x\n")
        ingest_csv(home / "customers.csv", self.store, INPUT)
        (home / "self_description.json").write_text(json.dumps(DESCRIPTION))
        self.variables = {
            "system.storage": (home / "storage").as_uri(),
            "system.callback": f"http://{node.address}{CALLBACK}",
            "system.transport": node.address,
            "config.self_role": "guest.0",
            "config.task_id": "task_1",
            "config.node_id.guest.0": "node-a",
            "config.session_id": "session_1",
            "config.token": "token-a",
            "runtime.component.name": "row_count",
            "runtime.component.input.table": json.dumps(INPUT.to_json()),
            "runtime.component.output.report": '{"namespace": "job-guest-0", "name": "task_1-report"}',
            "runtime.component.output.copy": '{"namespace": "job-guest-0", "name": "task_1-copy"}',
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }

    def start(self, script: str = ROW_COUNT) -> subprocess.Popen[str]:
        (self.home / "row_count.py").write_text(script)
        return subprocess.Popen(
            [sys.executable, "row_count.py"],
            cwd=self.home, env=self.variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, script: str = ROW_COUNT) -> tuple[int, list[dict[str, Any]]]:
        process = self.start(script)
        stdout, stderr = process.communicate(timeout=50)
        assert SECRET not in stdout + stderr
        assert stderr == ""
        return process.returncode, [json.loads(line) for line in stdout.splitlines()]

    def statuses(self) -> list[str]:
        return [callback["status"] for callback in self.node.callbacks]

    def reason(self) -> dict[str, Any]:
        found: dict[str, Any] = self.node.callbacks[-1]["extension"]["reason"]
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with FakeTransport({"token-a": "node-a"}) as node:
        yield Bench(tmp_path, node)


def test_a_third_party_component_of_twenty_lines_runs(bench: Bench) -> None:
    """CMP-G4.2.2.1-parts: parameters, storage, status and start, from the environment alone."""
    status, lines = bench.run()
    assert status == 0
    assert bench.statuses()[0] == "RUNNING"
    assert bench.statuses()[-1] == "SUCCESS"
    last = bench.node.callbacks[-1]
    assert (last["task_id"], last["role"], last["token"]) == ("task_1", "guest.0", "token-a")
    assert bench.store.metadata(DatasetName("job-guest-0", "task_1-report")).file_type == "json"
    with bench.store.open(DatasetName("job-guest-0", "task_1-report")) as source:
        assert json.load(source) == {"rows": 4}
    copied = Table(bench.store, DatasetName("job-guest-0", "task_1-copy"))
    assert [row["id"] for batch in copied.batches() for row in batch.to_pylist()] == [SECRET, "008"]
    assert {"time", "level", "message"} <= set(lines[0])
    assert [line["rows"] for line in lines if line["message"] == "counted"] == [2]
    assert [path.name for path in bench.home.iterdir() if path.name.startswith(".task")] == []


def test_a_run_again_replaces_its_outputs(bench: Bench) -> None:
    assert bench.run()[0] == 0
    bench.variables["runtime.component.parameter.factor"] = "5"
    assert bench.run()[0] == 0
    with bench.store.open(DatasetName("job-guest-0", "task_1-report")) as source:
        assert json.load(source) == {"rows": 10}


def test_progress_travels_as_our_extension(bench: Bench) -> None:
    """CTL-4.1 with our marked extension."""
    arrived = threading.Event()
    bench.node.intercept = lambda call: arrived.set() if b"progress" in call.body else None
    reporter = StatusReporter(Environment.read(bench.variables))
    reporter.start()
    reporter.progress("counting", 2, 5)
    arrived.wait()
    reporter.finish(ComponentStatus.SUCCESS, {})
    assert [(one["status"], one.get("extension")) for one in bench.node.callbacks] == [
        ("RUNNING", None),
        ("RUNNING", {"progress": {"phase": "counting", "done": 2, "total": 5}}),
        ("SUCCESS", None),
    ]


def test_the_progress_noted_last_goes_with_the_outcome(bench: Bench) -> None:
    """CTL-4.1 with our marked extension: nobody is left with 99 of 100."""
    reporter = StatusReporter(Environment.read(bench.variables))
    reporter.progress("counting", 5, 5)
    reporter.finish(ComponentStatus.SUCCESS, {})
    assert [(one["status"], one.get("extension")) for one in bench.node.callbacks] == [
        ("SUCCESS", {"progress": {"phase": "counting", "done": 5, "total": 5}})
    ]


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("runtime.component.parameter.factor", "many", "InvalidFlow"),
        ("runtime.component.name", "another", "ConfigurationError"),
        ("config.self_role", "host.0", "ConfigurationError"),
        ("runtime.component.input.table", '{"namespace": "bank", "name": "absent"}', "StorageError"),
        ("system.storage", "hdfs://h:1?username=u&password=p&dir=d", "StorageError"),
    ],
)
def test_what_cannot_be_run_fails_with_its_reason(bench: Bench, name: str, value: str, error: str) -> None:
    """CMP-G4.1.1.2-exit: above 0 is failure."""
    bench.variables[name] = value
    bench.variables["config.node_id.host.0"] = "node-b"
    status, lines = bench.run()
    assert status == 1
    assert bench.statuses()[-1] == "FAILED"
    assert bench.reason()["error"] == error
    assert lines[-1]["level"] == "ERROR"


def test_an_environment_that_cannot_be_used_fails_with_a_line(bench: Bench) -> None:
    del bench.variables["config.token"]
    status, lines = bench.run()
    assert status == 1
    assert lines[-1]["reason"]["where"] == "config.token"
    assert bench.statuses() == []


def test_an_unforeseen_error_tells_its_place_and_no_data(bench: Bench) -> None:
    """The text of a KeyError is the key; run() checks that no id shows in the log."""
    status, lines = bench.run(ROW_COUNT.replace("factor = context", f'{{}}["{SECRET}"]; factor = context'))
    assert status == 1
    assert lines[-1]["reason"]["error"] == "KeyError"
    assert any("row_count.py" in place for place in lines[-1]["reason"]["places"])
    assert SECRET not in json.dumps(bench.node.callbacks)


def test_failing_on_the_way_publishes_nothing(bench: Bench) -> None:
    status, _ = bench.run(ROW_COUNT.replace("            writer.write(batch)", "            raise RuntimeError"))
    assert status == 1
    assert not bench.store.exists(DatasetName("job-guest-0", "task_1-copy"))


@pytest.mark.fault
def test_sigterm_ends_as_failed(bench: Bench) -> None:
    """CTL-3.6: a stopped task."""
    process = bench.start(
        ROW_COUNT.replace(
            "    rows = 0", "    rows = 0\n    context.log('waiting')\n    import threading; threading.Event().wait()"
        )
    )
    assert process.stdout is not None
    while "waiting" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=50)
    assert process.returncode == 1
    assert bench.statuses()[-1] == "FAILED"
    assert bench.reason()["error"] == "Terminated"
    assert [path.name for path in bench.home.iterdir() if path.name.startswith(".task")] == []


def test_a_node_that_fails_for_a_while_gets_the_last_word(bench: Bench) -> None:
    failures = iter([None, 503, 503])
    bench.node.intercept = lambda call: next(failures, None) if call.path == CALLBACK else None
    assert bench.run()[0] == 0
    assert bench.statuses()[-1] == "SUCCESS"


def test_a_node_that_refuses_reports_does_not_stop_the_work(bench: Bench) -> None:
    """The exit status tells the same."""

    def refuse(call: Call) -> int | None:
        return 403 if call.path == CALLBACK else None

    bench.node.intercept = refuse
    assert bench.run()[0] == 0


def test_without_a_callback_address_the_exit_status_speaks(bench: Bench) -> None:
    """notes on peers: some nodes set none."""
    del bench.variables["system.callback"]
    assert bench.run()[0] == 0
    assert bench.statuses() == []
