"""The demonstration says that its result is right only if it is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interconn.api.jobs import JobView
from interconn.lab.demo.report import check, keep_outputs

EXPECTED = {"C1", "C2", "C3"}
ORDER = ["C2", "C3", "C1"]
KEYS = {"bank": "id", "operator": "id"}


@pytest.fixture
def left(tmp_path: Path) -> "Left":
    """What a job that went well leaves behind at bank and operator."""
    return Left(tmp_path)


class Left:
    """The storage of both institutions, which a test may spoil."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.outcomes = {"bank": "SUCCESS", "operator": "SUCCESS", "clearing-house": "SUCCESS"}
        for institution in ("bank", "operator"):
            self.aligned(institution, ORDER)
            self.summary(institution, {"aligned": True, "rows": 3})
            self._write(institution, "report", "{}")

    def aligned(self, institution: str, keys: list[str]) -> None:
        self._write(institution, "aligned", "id,x\n" + "".join(f"{key},0\n" for key in keys))

    def summary(self, institution: str, content: Mapping[str, Any]) -> None:
        self._write(institution, "summary", json.dumps(content))

    def _write(self, institution: str, name: str, content: str) -> None:
        place = self._directory / institution / name / "data_0"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)

    def seen(self) -> dict[str, JobView]:
        """The job as each node shows it to its own people."""
        return {name: self._view(name) for name in self.outcomes}

    def _view(self, viewer: str) -> JobView:
        def party(institution: str, names: list[str]) -> dict[str, Any]:
            places = {name: {"path": str(self._directory / institution / name)} for name in names}
            own = institution == viewer
            return {"node_id": institution, "role": "x.0", "status": "SUCCESS", "outputs": places if own else {}}

        tasks = [
            {
                "task_id": task,
                "name": task,
                "component": task,
                "status": "SUCCESS",
                "parties": [party(institution, names) for institution in ("bank", "operator")],
            }
            for task, names in {"psi_1": ["aligned", "report"], "table_summary_1": ["summary"]}.items()
        ]
        return JobView.model_validate(
            {
                "job_id": "job-1",
                "status": "FINISHED",
                "outcome": self.outcomes[viewer],
                "reason": "" if self.outcomes[viewer] == "SUCCESS" else "broken",
                "scheduler": "clearing-house",
                "initiator": "bank",
                "created_at": 1,
                "tasks": tasks,
            }
        )


def test_equal_sets_in_equal_order_are_right(left: Left) -> None:
    report = check(left.seen(), EXPECTED, KEYS)
    assert (report.right, report.faults) == (True, [])
    assert report.rows == {"bank": 3, "operator": 3}
    assert report.to_json()["right"] is True


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        (["C2", "C3"], "1 are missing, 0 are foreign"),
        (["C2", "C3", "C1", "C4"], "0 are missing, 1 are foreign"),
        (["C2", "C3", "C1", "C1"], "got 4 rows"),
        (["C3", "C2", "C1"], "not in the same order"),
        ([], "3 are missing"),
    ],
    ids=["a row missing", "a foreign row", "a row twice", "another order", "nothing"],
)
def test_a_wrong_intersection_at_one_side_is_found(left: Left, keys: list[str], fault: str) -> None:
    left.aligned("operator", keys)
    report = check(left.seen(), EXPECTED, KEYS)
    assert not report.right
    assert any(fault in told for told in report.faults)


@pytest.mark.parametrize("summary", [{"aligned": False, "rows": 3}, {"aligned": True, "rows": 2}, {}])
def test_a_summary_of_something_else_is_found(left: Left, summary: dict[str, Any]) -> None:
    left.summary("bank", summary)
    report = check(left.seen(), EXPECTED, KEYS)
    assert report.faults == ["bank's summary does not describe the aligned table"]


def test_a_failed_job_is_not_right_and_tells_why(left: Left) -> None:
    left.outcomes = dict.fromkeys(left.outcomes, "FAILED")
    report = check(left.seen(), EXPECTED, KEYS)
    assert (report.right, report.outcome, report.reason) == (False, "FAILED", "broken")
    assert report.outputs  # of the tasks that succeeded before


def test_nodes_that_disagree_how_the_job_ended_are_found(left: Left) -> None:
    left.outcomes["clearing-house"] = "FAILED"
    report = check(left.seen(), EXPECTED, KEYS)
    assert not report.right
    assert "do not agree" in report.faults[0]


def test_outputs_are_kept_when_the_nodes_are_gone(left: Left, tmp_path: Path) -> None:
    report = check(left.seen(), EXPECTED, KEYS)
    keep_outputs(report, tmp_path / "results")
    names = sorted(str(output.place.relative_to(tmp_path / "results")) for output in report.outputs)
    assert names == [
        f"{institution}/{name}"
        for institution in ("bank", "operator")
        for name in ("psi_1.aligned.csv", "psi_1.report.json", "table_summary_1.summary.json")
    ]
    assert all(output.place.exists() for output in report.outputs)
