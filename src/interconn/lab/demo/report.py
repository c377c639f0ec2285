"""Whether the result is right, and what it took."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from interconn.api.jobs import JobView
from interconn.lab.demo.events import BANK, OPERATOR
from interconn.lab.demo.flow import INTERSECTION, SUMMARY
from interconn.lab.demo.traffic import Traffic


@dataclass(frozen=True)
class Output:
    """One thing that a task left at one institution.

    Attributes:
        institution: whose it is.
        task: which task wrote it.
        name: the output's name.
        place: file that holds it.
    """

    institution: str
    task: str
    name: str
    place: Path


@dataclass
class Report:
    """The end of the demonstration.

    Attributes:
        job_id: the job.
        outcome: SUCCESS or FAILED.
        reason: why it failed.
        expected_rows: size of the plaintext join.
        rows: size of the intersection at each side.
        faults: what is not right, in words; empty if all is.
        seconds: by phase.
        traffic: between the nodes, for the whole job.
        outputs: where the results lie.
    """

    job_id: str
    outcome: str
    reason: str
    expected_rows: int
    rows: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    traffic: Traffic = field(default_factory=lambda: Traffic(0, 0))
    outputs: list[Output] = field(default_factory=list)

    @property
    def right(self) -> bool:
        """Whether the job succeeded with the right result."""
        return self.outcome == "SUCCESS" and not self.faults

    def to_json(self) -> dict[str, Any]:
        """Return what a machine is told."""
        return {
            **asdict(self),
            "right": self.right,
            "outputs": [{**asdict(output), "place": str(output.place)} for output in self.outputs],
        }


def check(seen: Mapping[str, JobView], expected: set[str], keys: Mapping[str, str]) -> Report:
    """Compare what lies at both sides with the plaintext join.

    Args:
        seen: the ended job as each node sees it; own outputs show on the own node only.
        expected: keys of the plaintext join.
        keys: the key's column by institution.
    """
    job = seen[BANK]
    reasons = [view.reason for view in seen.values() if view.reason]
    report = Report(job.job_id, job.outcome, reasons[0] if reasons else "", len(expected))
    if {view.outcome for view in seen.values()} != {job.outcome}:
        told = ", ".join(f"{name}: {view.outcome}" for name, view in seen.items())
        report.faults.append(f"the nodes do not agree how the job ended ({told})")
    report.outputs = [output for name in (BANK, OPERATOR) for output in _outputs(name, seen[name])]
    if job.outcome != "SUCCESS":
        return report
    aligned = {name: _aligned_keys(report.outputs, name, keys[name]) for name in (BANK, OPERATOR)}
    report.rows = {name: len(found) for name, found in aligned.items()}
    for name, found in aligned.items():
        if len(found) != len(set(found)) or set(found) != expected:
            report.faults.append(
                f"{name} got {len(found)} rows, the plaintext join has {len(expected)}; "
                f"{len(expected - set(found))} are missing, {len(set(found) - expected)} are foreign"
            )
    if aligned[BANK] != aligned[OPERATOR]:
        report.faults.append("the rows of the two sides are not in the same order")
    for name in (BANK, OPERATOR):
        summary = _read_json(report.outputs, name, SUMMARY, "summary")
        if not summary.get("aligned") or summary.get("rows") != len(expected):
            report.faults.append(f"{name}'s summary does not describe the aligned table")
    return report


def keep_outputs(report: Report, directory: Path) -> None:
    """Copy the outputs to where they stay when the nodes are gone, and name them there.

    Args:
        report: its outputs are replaced.
        directory: gets a folder for each institution.
    """
    kept = []
    for output in report.outputs:
        target = directory / output.institution / f"{output.task}.{output.name}{output.place.suffix or '.csv'}"
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_json(output.place):
            target = target.with_suffix(".json")
        shutil.copyfile(output.place, target)
        kept.append(Output(output.institution, output.task, output.name, target))
    report.outputs = kept


def _outputs(institution: str, job: JobView) -> list[Output]:
    return [
        Output(institution, task.name, name, Path(place["path"]) / "data_0")
        for task in job.tasks
        for party in task.parties
        if party.node_id == institution
        for name, place in party.outputs.items()
    ]


def _find(outputs: list[Output], institution: str, task: str, name: str) -> Path | None:
    wanted = (institution, task, name)
    return next((o.place for o in outputs if (o.institution, o.task, o.name) == wanted), None)


def _aligned_keys(outputs: list[Output], institution: str, key: str) -> list[str]:
    place = _find(outputs, institution, INTERSECTION, "aligned")
    if place is None or not place.exists():
        return []
    with place.open(encoding="utf-8", newline="") as source:
        return [row[key] for row in csv.DictReader(source)]


def _read_json(outputs: list[Output], institution: str, task: str, name: str) -> dict[str, Any]:
    place = _find(outputs, institution, task, name)
    if place is None or not place.exists():
        return {}
    found: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    return found


def _is_json(place: Path) -> bool:
    with place.open("rb") as source:
        return source.read(1) in (b"{", b"[")
