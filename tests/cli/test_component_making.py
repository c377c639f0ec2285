"""`interconn component new | run`: what a person and a machine are shown."""

import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Interconn


@pytest.fixture
def counting(interconn: Interconn, tmp_path: Path) -> Path:
    assert interconn("component", "new", "counting", "--title", "Rows of all").status == 0
    return tmp_path / "counting"


def test_new_says_what_it_wrote_and_what_comes_next(interconn: Interconn, counting: Path) -> None:
    ran = interconn("component", "new", "other", "--provider", "acme")
    assert "other/component.py" in ran.out
    assert ran.out.endswith("next: interconn component run other --local\n")
    assert '"Rows of all"' in (counting / "self_description.json").read_text()
    ran = interconn("component", "new", "other")
    assert (ran.status, "Name a folder that is not there yet" in ran.err) == (1, True)


def test_run_shows_progress_and_outcome(interconn: Interconn, counting: Path) -> None:
    ran = interconn("component", "run", "counting", "--local")
    assert ran.status == 0, ran.out + ran.err
    assert "host.0: RUNNING, counting 4" in ran.out
    assert str(counting / "rehearsal" / "guest.0" / "storage") in ran.out


def test_run_shows_why_and_the_end_of_the_log(interconn: Interconn, counting: Path) -> None:
    broken = f"{sys.executable} -c 'print(chr(27)+str(7*7)); raise SystemExit(4)'"
    ran = interconn("component", "run", "counting", "--local", "--party", "guest.0", "--command", broken)
    assert ran.status == 1
    assert "guest.0: exit status 4" in ran.out
    assert "  \\x1b49" in ran.out
    assert "\x1b4" not in ran.out
    ran = interconn("component", "run", "counting", "--local", "--party", "guest.0", "--command", broken, "--json")
    assert (ran.status, ran.json[0]["reason"], ran.json[0]["outputs"]) == (1, "exit status 4", {})


def test_run_without_a_place_says_where_components_run(interconn: Interconn, counting: Path) -> None:
    ran = interconn("component", "run", "counting")
    assert ran.status == 1
    assert "interconn job run" in ran.err
