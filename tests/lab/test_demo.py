"""The demonstration as a user runs it: real processes, real data, the result checked."""

import csv
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from interconn.lab import Lab

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "interconn", "demo"]


def demo(*arguments: str, cwd: Path, status: int = 0) -> Any:
    """Run the demonstration and return what a machine is told."""
    run = subprocess.run([*COMMAND, *arguments, "--json"], capture_output=True, text=True, cwd=cwd, timeout=300)
    assert run.returncode == status, run.stderr + run.stdout
    return json.loads(run.stdout)


def nodes_below(directory: Path) -> list[int]:
    """Processes of nodes whose home lies below a directory."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and f"{directory}/".encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def table(
    file: Path, header: list[str], rows: list[list[str]], *, encoding: str = "utf-8", delimiter: str = ","
) -> Path:
    with file.open("w", encoding=encoding, newline="") as target:
        csv.writer(target, delimiter=delimiter).writerows([header, *rows])
    return file


def test_german_credit_as_lines(tmp_path: Path) -> None:
    run = subprocess.run(COMMAND, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert run.returncode == 0, run.stderr + run.stdout
    assert "600 customers in common" in run.stdout
    for institution in ("bank", "operator", "clearing-house"):
        assert f"  {institution}" in run.stdout
    results = tmp_path / ".interconn/demo/results"
    with (results / "bank/psi_1.aligned.csv").open() as bank, (results / "operator/psi_1.aligned.csv").open() as other:
        bank_ids, operator_ids = ([row["id"] for row in csv.DictReader(side)] for side in (bank, other))
    assert len(bank_ids) == 600
    assert bank_ids == operator_ids
    assert sorted(path.name for path in (tmp_path / ".interconn/demo").iterdir()) == ["results"]


def test_tables_of_ones_own(tmp_path: Path) -> None:
    bank = table(tmp_path / "b.csv", ["客户", "评语"], [[f"王{n}", '好,"x"'] for n in range(40)], encoding="gb18030")
    operator = table(
        tmp_path / "o.csv", ["age", "Customer"], [["9", f"王{n}"] for n in range(70, 20, -1)], delimiter=";"
    )
    keys = ["--key", "客户", "--operator-key", "Customer"]
    told = demo("--bank", str(bank), "--operator", str(operator), *keys, cwd=tmp_path)
    assert (told["right"], told["expected_rows"], told["rows"]) == (True, 19, {"bank": 19, "operator": 19})
    assert told["traffic"]["round_trips"] > 0
    assert all(Path(tmp_path, output["place"]).exists() for output in told["outputs"])


def test_too_small_an_intersection_is_not_summarised(tmp_path: Path) -> None:
    bank = table(tmp_path / "b.csv", ["id", "x"], [["1", "a"], ["2", "b"]])
    operator = table(tmp_path / "o.csv", ["id", "y"], [["2", "c"], ["3", "d"]])
    tables = ["--bank", str(bank), "--operator", str(operator)]
    told = demo(*tables, cwd=tmp_path, status=1)
    assert (told["right"], told["outcome"]) == (False, "FAILED")
    assert "fewer rows" in told["reason"]
    assert {output["task"] for output in told["outputs"]} == {"psi_1"}  # which succeeded all the same
    assert demo(*tables, "--minimum-rows", "1", cwd=tmp_path)["rows"] == {"bank": 1, "operator": 1}


def test_a_table_that_cannot_serve_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    bad = table(tmp_path / "bad.csv", ["id", "x"], [["1", "a"], ["1", "b"]])
    good = table(tmp_path / "good.csv", ["id", "y"], [["1", "c"]])
    error = demo("--bank", str(bad), "--operator", str(good), cwd=tmp_path, status=1)["error"]
    assert "repeat the key" in error["message"]
    assert not (tmp_path / ".interconn").exists()


def test_a_network_that_is_kept_can_be_looked_at(tmp_path: Path) -> None:
    told = demo("--keep", "--home", "demo", cwd=tmp_path)
    lab = Lab.open(tmp_path / told["network"])
    try:
        shown = lab.client("operator").jobs.show(told["job_id"])
        assert shown.outcome == "SUCCESS"
        assert all(Path(output["place"]).exists() for output in told["outputs"])
    finally:
        lab.down()


@pytest.mark.fault
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_demonstration_that_is_broken_off_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    with subprocess.Popen(
        COMMAND,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        # What a shell runs in the background inherits that SIGINT is ignored, and Python leaves it so.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if "proposes a job" in line:  # the job itself may be over before a busy machine has told of its start
                break
        assert nodes_below(tmp_path)
        process.send_signal(number)
        process.stdout.read()
    assert process.returncode == 130
    assert nodes_below(tmp_path) == []
    assert list(tmp_path.glob("interconn-demo-*")) == []
