"""Kill each node at each named crash point during a job and start it again.

The job ends with the right result, or FAILED with the reason shown on every node, within a minute; never twice,
never hanging.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from interconn.api.audits import AuditKind
from interconn.api.jobs import JobView
from interconn.lab.demo.events import BANK, CLEARING_HOUSE, OPERATOR
from interconn.state.crash_points import CRASH_POINTS
from tests.fault.network import Network, Reviver, start_to_die

EVERYBODY = (BANK, OPERATOR, CLEARING_HOUSE)
PARTICIPANTS = (BANK, OPERATOR)
SCHEDULER = (CLEARING_HOUSE,)
STARTED = "the task has started"

REACHED_BY = {
    "outbox.before_send": EVERYBODY,
    "outbox.after_send": EVERYBODY,
    "inbound.before_handle": EVERYBODY,
    "inbound.after_handle": EVERYBODY,
    "job.created": PARTICIPANTS,
    "job.ready": SCHEDULER,
    "job.started": SCHEDULER,
    "task.assigned": SCHEDULER,
    "task.accepted": PARTICIPANTS,
    "component.launched": PARTICIPANTS,
    "component.recorded": PARTICIPANTS,
    "component.exited": PARTICIPANTS,
    "task.settled": PARTICIPANTS,
    "task.gathered": SCHEDULER,
    "job.finishing": SCHEDULER,
    "transport.accepted": PARTICIPANTS,
    "transport.relayed": PARTICIPANTS,
    "transport.taken": PARTICIPANTS,
}

pytestmark = [pytest.mark.slow, pytest.mark.fault]


OF_POLICIES = {"policy.before_decision", "policy.decided", "result.counted", "result.erased"}
"""Killed at in test_approvals_killed.py: no job passes there unless a policy is declared."""


OF_ROTATIONS = {"rotation.key_made", "rotation.done", "rotation.promoted"}
"""Killed at in test_key_rotation_killed.py: no job passes there."""


def test_every_crash_point_is_killed_at() -> None:
    assert set(REACHED_BY) | OF_POLICIES | OF_ROTATIONS == set(CRASH_POINTS)


@pytest.mark.parametrize(("point", "node_id"), [(point, node) for point, nodes in REACHED_BY.items() for node in nodes])
def test_a_node_killed_at_a_crash_point_finishes_the_job(network: Network, point: str, node_id: str) -> None:
    network.lab.stop(node_id)
    start_to_die(network.lab, node_id, point)
    reviver = Reviver(network.lab, node_id)
    reviver.start()
    try:
        job_id = network.propose()
        network.approve_until(AuditKind.JOB, job_id)
        network.run(job_id)
        seen = network.ended(job_id)
    finally:
        reviver.stop()
    assert reviver.deaths == 1, "the crash point was not reached"
    outcomes = {name: view.outcome for name, view in seen.items()}
    assert len(set(outcomes.values())) == 1, outcomes
    if seen[BANK].outcome == "SUCCESS":
        _require_right_result(seen, network)
    else:
        reasons = {name: view.reason for name, view in seen.items()}
        assert all(reasons.values()), reasons
    _require_components_ran_once(network, seen)


def _require_right_result(seen: dict[str, JobView], network: Network) -> None:
    ids = []
    for name in PARTICIPANTS:
        (path,) = [
            Path(party.outputs["aligned"]["path"])
            for task in seen[name].tasks
            for party in task.parties
            if "aligned" in party.outputs
        ]
        with (path / "data_0" if path.is_dir() else path).open(newline="") as file:
            ids.append([row[network.tables.key] for row in csv.DictReader(file)])
    assert ids[0] == ids[1]
    assert set(ids[0]) == network.expected


def _require_components_ran_once(network: Network, seen: dict[str, JobView]) -> None:
    for name in PARTICIPANTS:
        for task in seen[name].tasks:
            directories = list((network.lab.node(name).directory / "tasks" / task.task_id).glob("*"))
            starts = [line for each in directories for line in _log_lines(each) if line.get("message") == STARTED]
            assert len(starts) <= 1, f"{task.name} ran {len(starts)} times at {name}"
            if seen[name].outcome == "SUCCESS":
                assert len(starts) == 1, f"{task.name} left no word of its start at {name}"


def _log_lines(directory: Path) -> list[dict[str, object]]:
    lines = []
    for file in directory.glob("**/*.log"):
        for line in file.read_text(errors="replace").splitlines():
            if line.startswith("{"):
                lines.append(json.loads(line))
    return lines
