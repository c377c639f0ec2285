"""`interconn job watch`, `graph` and `why`: what is shown of a job as it goes on, and what the exit status tells."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from interconn.api import state
from interconn.api.jobs import JOB_PICTURE, JOB_RUN, JOB_WATCH, JobEvent, JobView, PartyView, Progress, TaskView
from interconn.api.pictures import Picture
from interconn.cli.job_watch import Seen, lanes
from interconn.cli.output import instant
from interconn.standard.control import JobStatus, TaskStatus
from interconn.standard.errors import NotFound
from tests.cli.conftest import Interconn
from tests.client.fake_node import FakeNode

JOB = JobView(
    job_id="job-1", status=JobStatus.RUNNING, scheduler="clearing", initiator="bank", created_at=1_700_000_000_000
)


def of_job(outcome: str = "", reason: str = "") -> JobEvent:
    status = JobStatus.FINISHED if outcome else JobStatus.RUNNING
    job = JOB.model_copy(update={"status": status, "outcome": outcome, "reason": reason})
    return JobEvent(id="x-1", kind="job", job_id="job-1", job=job, last=bool(outcome))


TASK = JobEvent(
    id="x-2", kind="task", job_id="job-1", task_id="task_1",
    task=TaskView(task_id="task_1", name="psi_1", component="psi", status=TaskStatus.RUNNING),
)  # fmt: skip


def share(status: str, done: int = 0, **parts: Any) -> JobEvent:
    party = PartyView.model_validate({
        "node_id": "operator", "role": "host.0", "status": status,
        "progress": {"phase": "matching", "done": done, "total": 200}, **parts,
    })  # fmt: skip
    return JobEvent(id="x-3", kind="party", job_id="job-1", task_id="task_1", party=party)


@pytest.mark.parametrize(("outcome", "status"), [("SUCCESS", 0), ("FAILED", 1), ("REJECTED", 1)])
def test_watching_a_job_ends_with_its_outcome(outcome: str, status: int, fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(
        JOB_WATCH, of_job(), TASK, share("RUNNING", 1), share("RUNNING", 2), share("RUNNING", 20),
        share("FAILED", 20, reason="no \x1b[2Jspace"), of_job(outcome, "because"),
    )  # fmt: skip
    ran = interconn("job", "watch", "job-1")
    assert ran.status == status
    assert ran.out.splitlines() == [
        "psi_1 host.0 operator RUNNING matching 0 %",
        "psi_1 host.0 operator RUNNING matching 10 %",
        "psi_1 host.0 operator FAILED matching 10 %: no \\x1b[2Jspace",
        f"job-1 FINISHED {outcome}: because",
    ]


def test_a_machine_is_told_one_event_a_line(fake: FakeNode, interconn: Interconn) -> None:
    told = [of_job(), TASK, share("RUNNING", 1), of_job("FAILED")]
    fake.answer(JOB_RUN, JOB)
    fake.answer(JOB_WATCH, *told)
    ran = interconn("job", "run", "job-1", "--watch", "--json")
    assert ran.status == 1
    assert [json.loads(line) for line in ran.out.splitlines()] == [event.to_wire() for event in told]


def test_a_job_that_is_not_known_cannot_be_watched(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(JOB_WATCH, NotFound("the job is not known here", where="job_id"))
    ran = interconn("job", "watch", "job-1")
    assert (ran.status, ran.out) == (1, "") and "not known here" in ran.err


def test_lanes_on_a_terminal_show_how_far_each_party_is() -> None:
    seen = Seen()
    for event in (of_job(), TASK, share("RUNNING", 50)):
        seen.take(event)
    drawn = io.StringIO()
    Console(file=drawn, width=100).print(lanes(seen))
    for shown in ("job-1 RUNNING", "psi_1", "host.0", "operator", "matching 50/200", "━"):
        assert shown in drawn.getvalue()
    assert seen.ending() == "job-1 RUNNING "


def test_a_job_is_drawn(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    fake.answer(JOB_PICTURE, Picture(svg="<svg/>"))
    assert interconn("job", "graph", "job-1").out == "<svg/>"
    assert interconn("job", "graph", "job-1", "--output", str(tmp_path / "job.svg")).status == 0
    assert (tmp_path / "job.svg").read_text() == "<svg/>"


def test_why_a_job_waits_names_all_that_it_waits_for(fake: FakeNode, interconn: Interconn) -> None:
    exchange = state.ExchangeView(
        node_id="operator", outgoing=True, call="schedule.task.poll", at=1_700_000_000_000, outcome="no answer",
        attempts=3, next_at=1_700_000_060_000,
    )  # fmt: skip
    waiting = state.AwaitedView(
        node_id="operator", waits_for="node operator to finish as host.0", whom="NODE_THERE", since=1_700_000_000_000,
        exchange=exchange, progress=Progress(phase="matching", done=3, total=10, at=1_700_000_030_000),
    )  # fmt: skip
    here = state.AwaitedView(node_id="", waits_for="this node to finish as guest.0", whom="NODE_HERE")
    explanation = state.Explanation(
        kind="job", id="job-1", what="a job", state="RUNNING", node_id="operator", waits_for=waiting.waits_for,
        whom="NODE_THERE", since=waiting.since, exchange=exchange, awaits=[waiting, here], next_step="wait",
    )  # fmt: skip
    fake.answer(state.WHY, state.Why(id="job-1", explanations=[explanation]))
    told = interconn("job", "why", "job-1").out
    assert told == interconn("why", "job-1").out
    assert told.count(instant(1_700_000_030_000)) == 2  # of the most telling, and in the list of all
    for shown in (
        "node operator to finish as host.0",
        "this node to finish as guest.0",
        "no answer",
        "3 attempts",
        "last progress",
    ):
        assert shown in told
