"""Recorded histories: given what a node saw then, the code of today decides as the code of then did."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.control.history import FOLDER, SCENARIOS, in_order, record, replay

HISTORIES = {file.stem: file.read_text() for file in sorted(FOLDER.glob("*.json"))}


@pytest.mark.parametrize("name", HISTORIES)
async def test_it_decides_as_it_did(tmp_path: Path, name: str) -> None:
    history = json.loads(HISTORIES[name])
    assert in_order(await replay(tmp_path, history)) == history["decided"]


async def test_a_node_that_sees_something_else_decides_something_else(tmp_path: Path) -> None:
    history = json.loads(HISTORIES["participant-branches"])
    for entry in history["seen"]:
        if "component" in entry and "trained" in entry["component"]:
            entry["exit"] = [1, "", 1]
    decided = await replay(tmp_path, history)
    assert ["right", "host.0", "FAILED", "exit status 1"] in decided["shares"]
    assert ["right", "host.0", "SUCCESS", ""] in history["decided"]["shares"]


def test_every_scenario_has_its_history_and_every_history_says_how_it_was_made() -> None:
    assert set(HISTORIES) == set(SCENARIOS)


async def test_what_is_recorded_now_would_be_replayed(tmp_path: Path) -> None:
    (tmp_path / "now").mkdir()
    (tmp_path / "then").mkdir()
    history = await record("scheduler-failure", tmp_path / "now")
    assert in_order(await replay(tmp_path / "then", history)) == history["decided"]
