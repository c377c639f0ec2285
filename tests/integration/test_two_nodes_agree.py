"""Two node processes, one of them killed between two steps of an approval: the difference is told, then gone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interconn.api.audits import AuditKind
from interconn.cli.application import run
from interconn.lab.network import Lab
from interconn.standard.errors import InterconnError
from interconn.standard.management import AuditStatus

pytestmark = pytest.mark.slow
BANK, OPERATOR = "node-1", "node-2"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab.create(tmp_path / "lab", 2)
    yield made
    made.down()


def until(look: Callable[[], bool]) -> None:
    """Look again until it is so."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if look():
                return
        except InterconnError:
            pass
        time.sleep(0.1)
    raise AssertionError("waited in vain")


def test_a_node_that_is_killed_and_started_again_agrees(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    bank, operator = lab.client(BANK), lab.client(OPERATOR)
    project = bank.projects.create("p", [OPERATOR])
    until(lambda: bool(operator.audits.list(kind=AuditKind.PROJECT, status=AuditStatus.APPLIED).audits))
    audit_id = project.audits[0].audit_id

    lab.kill(BANK)
    operator.audits.approve(audit_id)
    home = lab.node(OPERATOR).home
    assert run(["state", "diff", BANK, "--home", home, "--json"]) == 3  # nobody says
    told = json.loads(capsys.readouterr().out)
    assert {one["answer"] for one in told["differences"]} == {"SILENT"}
    until(lambda: "no answer" in operator.why(audit_id).explanations[0].waits_for)

    lab.start(BANK)
    until(lambda: lab.client(BANK).why(audit_id).explanations[0].state == "APPROVED")
    until(lambda: operator.why(audit_id).explanations[0].waits_for == "")
    assert run(["state", "diff", BANK, "--home", home]) == 0
    assert "both sides agree" in capsys.readouterr().out
    assert run(["why", audit_id, "--home", home]) == 0
    assert "in force" in capsys.readouterr().out
