"""A fake node, and the command line run against it in this process."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from interconn.cli.application import run
from tests.client.fake_node import FakeNode, fake_node


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Interconn = Callable[..., Ran]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNode]:
    """A node whose home the command line finds by the environment."""
    with fake_node() as served:
        monkeypatch.setenv("INTERCONN_HOME", str(served.make_home(tmp_path / "home")))
        yield served


@pytest.fixture
def interconn(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Interconn:
    """Run a command in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Ran:
        status = run(list(arguments))
        captured = capsys.readouterr()
        return Ran(status, captured.out, captured.err)

    return ran
