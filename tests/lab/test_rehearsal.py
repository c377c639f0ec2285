"""Components run as nodes would run them, one process a party, among simulated nodes."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from interconn.algorithms.catalogue import describe
from interconn.lab.rehearsal import Performance, Rehearsal, Role, read_cast
from interconn.lab.scaffold import scaffold
from interconn.standard.control import ComponentStatus
from interconn.standard.errors import ConfigurationError, ContentConflict, DataError, InvalidFlow, InvalidRequest
from interconn.standard.self_description import SelfDescription

BOTH = ("guest.0", "host.0")
SHIPPED = [sys.executable, "-P", "-m", "interconn.algorithms"]


class Stage:
    """A scaffolded component, and its rehearsals."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "counting"
        self.out = folder / "out"
        scaffold("counting", "acme", self.folder)
        self.description = SelfDescription.parse((self.folder / "self_description.json").read_bytes())
        self.told: list[tuple[str, str]] = []

    def inputs(self, *parties: str) -> list[str]:
        return [f"{party}.table={self.folder}/data/{party.partition('.')[0]}.0.table.csv" for party in parties]

    def run(
        self, parties: Sequence[str] = BOTH, parameters: Sequence[str] = (), **parts: object
    ) -> dict[str, Performance]:
        cast = read_cast(self.description, parties, self.inputs(*parties), parameters)
        return self.perform(cast, **parts)  # type: ignore[arg-type]

    def perform(
        self, cast: Sequence[Role], *, command: Sequence[str] | None = None, seconds: float = 50.0
    ) -> dict[str, Performance]:
        words = command or [sys.executable, str(self.folder / "component.py")]
        rehearsal = Rehearsal(
            self.description, words, cast, self.out, lambda party, status, _: self.told.append((party, status))
        )
        return {each.party: each for each in asyncio.run(rehearsal.run(seconds))}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def content(path: Path) -> str:
    return (path / "data_0").read_text()


def test_a_new_component_runs_at_once_with_as_many_parties_as_wanted(stage: Stage) -> None:
    """CMP-3.3.1, CMP-3.3.2, CMP-3.4.3: its author has changed nothing yet."""
    ended = stage.run(("guest.0", "host.0", "host.1"), ["minimum_rows=2"])
    assert {party: each.status for party, each in ended.items()} == dict.fromkeys(ended, ComponentStatus.SUCCESS)
    reports = {party: json.loads(content(each.outputs["report"])) for party, each in ended.items()}
    assert reports["guest.0"] == {"rows": 3, "total": 11, "parties": 3}
    assert reports["host.1"] == {"rows": 4, "total": 11, "parties": 3}
    assert {("guest.0", "RUNNING"), ("host.1", "SUCCESS")} <= set(stage.told)
    assert "the task has succeeded" in ended["host.0"].log.read_text()


def test_a_shipped_component_runs_so_too(stage: Stage, tmp_path: Path) -> None:
    """The intersection of two tables, as between two nodes."""
    stage.description = describe("psi")
    (tmp_path / "left.csv").write_text("id,age\nu1,1\nu2,2\nu3,3\n")
    (tmp_path / "right.csv").write_text("id,sum\nu3,7\nu2,6\nu9,5\n")
    inputs = [f"guest.0.table={tmp_path}/left.csv", f"host.0.table={tmp_path}/right.csv"]
    ended = stage.perform(read_cast(stage.description, BOTH, inputs, []), command=SHIPPED)
    rows = {party: content(each.outputs["aligned"]).splitlines() for party, each in ended.items()}
    assert {party: sorted(found[1:]) for party, found in rows.items()} == {
        "guest.0": ["u2,2", "u3,3"],
        "host.0": ["u2,6", "u3,7"],
    }
    assert [row.partition(",")[0] for row in rows["guest.0"]] == [row.partition(",")[0] for row in rows["host.0"]]


def test_one_that_fails_ends_the_others_and_says_why(stage: Stage) -> None:
    assert all(each.succeeded for each in stage.run().values())
    ended = stage.run(parameters=["guest.0.minimum_rows=4", "minimum_rows=1"])
    assert ended["guest.0"].reason == "the table has fewer rows than demanded"
    assert ended["host.0"].reason == "stopped, as guest.0 failed"
    assert [each.outputs for each in ended.values()] == [{}, {}]  # what the first rehearsal wrote is gone


@pytest.mark.parametrize(
    ("command", "seconds", "reason"),
    [
        (["sleep", "600"], 0.3, "it has not ended within 0.3 s"),
        (["sh", "-c", "trap '' TERM; exit 3"], 50, "exit status 3"),
        (["sh", "-c", "kill -9 $$"], 50, "exit status 137, killed by SIGKILL"),
    ],
)
def test_ends_are_judged_as_a_node_judges_them(stage: Stage, command: list[str], seconds: float, reason: str) -> None:
    """CMP-G4.1.1.2-exit."""
    ended = stage.run(("guest.0",), command=command, seconds=seconds)
    assert [(each.status, each.reason) for each in ended.values()] == [(ComponentStatus.FAILED, reason)]


def test_a_component_sees_what_a_node_gives_and_no_more(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """CMP-3.3.1: of the person's own environment the search path alone."""
    monkeypatch.setenv("A_PASSWORD", "hunter2")
    [ended] = stage.run(("guest.0",), command=["env"]).values()
    variables = dict(line.partition("=")[::2] for line in ended.log.read_text().splitlines())
    assert variables["config.self_role"] == "guest.0"
    assert variables["config.node_id.guest.0"] == "node-guest-0"
    assert variables["PATH"] == os.environ["PATH"]
    assert {name for name in variables if "." not in name} <= {"PATH", "PWD", "SHLVL", "_", "LC_CTYPE"}


def test_what_cannot_be_begun_is_told(stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be started"):
        stage.run(command=["/nowhere/component"])
    with pytest.raises(DataError, match="cannot be opened"):
        stage.perform(read_cast(stage.description, ["guest.0"], ["guest.0.table=absent.csv"], []))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="empty"):
        stage.perform(read_cast(stage.description, ["guest.0"], [f"guest.0.table={tmp_path}/empty.csv"], []))


@pytest.mark.parametrize(
    ("parties", "inputs", "parameters", "message"),
    [
        (["guest"], [], [], "is no party"),
        (["arbiter.0"], [], [], "plays no arbiter"),
        (["guest.0", "guest.0"], [], [], "named twice"),
        ([], ["table=x.csv"], [], "names no party"),
        ([], ["guest.0.tabel=x.csv"], [], "no input tabel"),
        ([], ["guest.0.table"], [], "no assignment"),
        ([], [], ["=4"], "no assignment"),
        ([], [], ["minimum_rows=0"], "within"),
        ([], [], ["host.0.minimum_rows=many"], "minimum_rows"),
    ],
)
def test_arguments_that_fit_nothing_are_refused(
    stage: Stage, parties: list[str], inputs: list[str], parameters: list[str], message: str
) -> None:
    with pytest.raises((InvalidRequest, InvalidFlow), match=message):
        read_cast(stage.description, parties or BOTH, inputs, parameters)


def test_a_message_to_nobody_is_refused(stage: Stage) -> None:
    """TRN-XA-E0000000618: a party that is not there."""
    (stage.folder / "component.py").write_text(
        "from pathlib import Path\n"
        "from interconn.sdk import Component, Party\n"
        "def work(context):\n"
        "    context.transport.push(Party('host', 7, 'node-host-7'), 'rows', b'1')\n"
        "raise SystemExit(Component.load(Path(__file__).with_name('self_description.json'), work).main())\n"
    )
    [ended] = stage.run(("guest.0",)).values()
    assert not ended.succeeded
    assert "E0000000403" in ended.reason or "party" in ended.reason


def test_a_folder_that_holds_something_is_left_alone(stage: Stage, tmp_path: Path) -> None:
    before = sorted(path.read_bytes() for path in stage.folder.rglob("*") if path.is_file())
    with pytest.raises(ContentConflict):
        scaffold("counting", "acme", stage.folder)
    assert sorted(path.read_bytes() for path in stage.folder.rglob("*") if path.is_file()) == before
    for name in ('a"b', "a\\b", "a\nb", ""):
        with pytest.raises(InvalidRequest):
            scaffold(name, "acme", tmp_path / "other")
    assert not (tmp_path / "other").exists()
