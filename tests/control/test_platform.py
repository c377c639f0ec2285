"""The upper layer of an institution makes the standard's own calls (CTL-5.1 to CTL-5.7)."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

import interconn.control.platform as platform
from interconn.control.tables import Job
from interconn.standard.control import (
    JobsOfFlow,
    JobStatus,
    LogLevel,
    PlatformJobCreate,
    TaskLogCount,
    TaskLogRead,
    TaskStatus,
    TaskStop,
)
from interconn.standard.errors import CapacityExceeded, InvalidFlow, NotApproved, NotFound
from tests.control.test_jobs_between_nodes import begun, finish, hold_components
from tests.virtual_time import until

LINES = ["one", "two", '{"level": "ERROR", "message": "three"}', "Traceback", "DEBUG five"]


async def create(network: Any, make: SimpleNamespace, request: Any, flow_id: str = "f") -> Any:
    asked = PlatformJobCreate(flow_id=flow_id, dag=request.dag, config=request.config)
    return await network.bank.own["platform.job.create_all"](make.person, asked)


async def test_a_job_is_created_stopped_and_asked_for_ctl_5_1_ctl_5_2_ctl_5_3(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    own = network.bank.own
    created = await create(network, make, make.job(scheduler="clearing"))
    assert created.job_id.startswith("job-")
    assert len(created.job_id) == len("job-") + 32
    await until(lambda: begun(network.bank) and begun(network.operator))
    reply = await own["platform.job.status_all"](make.person, created)
    assert reply.job_status is JobStatus.RUNNING
    assert len(reply.status) == 1
    await own["platform.job.stop_all"](make.person, created)
    view = await network.bank.ended(created.job_id)
    assert (view.status, set(make.statuses(view)["first"].values())) == (JobStatus.FINISHED, {"FAILED"})


@pytest.mark.parametrize("scheduler", ["bank", "clearing"])
async def test_of_two_calls_without_an_id_one_runs_the_job_that_waits_ctl_5_1(
    network: Any, make: SimpleNamespace, scheduler: str
) -> None:
    """The standard's body names no job: what was approved is found by its content, and run once."""
    approved = make.job(job_id="job-approved", scheduler=scheduler)
    network.bank.admission.proposals["job-approved"] = approved
    created = await asyncio.gather(*(create(network, make, approved, "flow-1") for _ in range(2)))
    ids = [each.job_id for each in created]
    assert ids.count("job-approved") == 1
    assert len(set(ids)) == 2
    assert (await network.operator.ended("job-approved")).outcome == "SUCCESS"


async def test_what_nobody_proposed_is_refused_and_no_id_is_told_that_means_nothing_ctl_5_1(
    network: Any, make: SimpleNamespace
) -> None:
    network.bank.admission.refusals["schedule"] = NotApproved("job x was not proposed to this node", where="job_id")
    with pytest.raises(NotApproved, match="no job with this flow, DAG and configuration waits"):
        await create(network, make, make.job())
    with pytest.raises(NotApproved, match="not proposed to this node"):
        await network.bank.own["platform.job.create_all"](
            make.person,
            PlatformJobCreate(job_id="job-named", dag=make.job().dag, config=make.job().config),
        )


@pytest.mark.parametrize("scheduler", ["bank", "clearing"])
async def test_the_middle_of_a_chain_is_stopped_with_what_follows_ctl_5_7(
    network: Any, make: SimpleNamespace, scheduler: str
) -> None:
    hold_components(network)
    one = make.component
    chain = make.job(one("a"), one("b", "sum", ["a.data0"]), one("c", "sum", ["b.data0"]), scheduler=scheduler)
    created = await create(network, make, chain)
    await until(lambda: len(begun(network.bank)) == len(begun(network.operator)) == 1)
    await finish(make, network.bank, network.operator)
    await until(lambda: len(begun(network.bank)) == len(begun(network.operator)) == 2)
    stop = TaskStop(job_id=created.job_id, task_name="b")
    await network.bank.own["platform.job.stop_task"](make.person, stop)
    view = await network.operator.ended(created.job_id)
    statuses = {task.name: task.status for task in view.tasks}
    assert statuses == {"a": TaskStatus.SUCCESS, "b": TaskStatus.FAILED}
    assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
    assert "stopped by bank" in view.reason


async def test_a_component_that_the_dag_has_not_stops_nothing_ctl_5_7(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    created = await create(network, make, make.job())
    await until(lambda: begun(network.bank))
    with pytest.raises(InvalidFlow, match="no component ghost"):
        await network.bank.own["platform.job.stop_task"](
            make.person, TaskStop(job_id=created.job_id, task_name="ghost")
        )
    assert (await network.bank.view(created.job_id)).status is JobStatus.RUNNING


async def test_jobs_are_listed_by_flow_ctl_5_6(network: Any, make: SimpleNamespace) -> None:
    jobs = [(await create(network, make, make.job(), flow)).job_id for flow in ("one", "one", "two")]
    for job_id in jobs:
        await network.bank.ended(job_id)
    listed = network.bank.own["platform.job.query_job_list"]
    of_one = await listed(make.person, JobsOfFlow(flow_id="one"))
    assert of_one.job_list == dict.fromkeys(jobs[:2], JobStatus.FINISHED)
    assert set((await listed(make.person, JobsOfFlow())).job_list) == set(jobs)


async def test_more_jobs_than_an_answer_may_hold_are_refused(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "MAXIMUM_RECORDS", 1)
    for _ in range(2):
        await create(network, make, make.job())
    with pytest.raises(CapacityExceeded, match="more than 1 jobs"):
        await network.bank.own["platform.job.query_job_list"](make.person, JobsOfFlow())


async def logged(network: Any, make: SimpleNamespace, lines: list[str]) -> str:
    """Return the id of a task whose component has written some lines."""
    await network.run(make.job())
    task_id: str = (await network.bank.ended()).tasks[0].task_id

    def directory(session: Session) -> Path:
        assert session.get(Job, "job-1")
        return Path(network.bank.components._directory((task_id, "guest", 0)))

    folder = await network.bank.database.read(directory)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "stdout.log").write_text("".join(f"{line}\n" for line in lines))
    return task_id


@pytest.mark.parametrize(("level", "count"), [("info", 4), ("debug", 5), ("error", 2)])
async def test_lines_of_a_log_are_counted_by_level_ctl_5_4(
    network: Any, make: SimpleNamespace, level: str, count: int
) -> None:
    task_id = await logged(network, make, LINES)
    asked = TaskLogCount(task_id=task_id, log_level=LogLevel(level))
    assert (await network.bank.own["platform.task.get_log_line"](make.person, asked)).num == count


@pytest.mark.parametrize(
    ("start", "length", "text"),
    [
        (1, 2, "two\n" + LINES[2]),
        (1, None, "\n".join(LINES[1:])),
        (0, 0, ""),
        (5, None, ""),
        (2**53, 2**53, ""),
    ],
)
async def test_lines_of_a_log_are_read_from_one_on_ctl_5_5(
    network: Any, make: SimpleNamespace, start: int, length: int | None, text: str
) -> None:
    task_id = await logged(network, make, LINES)
    asked = TaskLogRead(task_id=task_id, log_level=LogLevel.DEBUG, start=start, length=length)
    assert (await network.bank.own["platform.task.get_log"](make.person, asked)).data == text


async def test_a_log_longer_than_an_answer_is_read_in_parts_without_a_gap(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "LONGEST_TEXT", 40)
    lines = [f"line {number} " + "x" * (number % 23) for number in range(60)]
    task_id = await logged(network, make, lines)
    read: list[str] = []
    while len(read) < len(lines):
        asked = TaskLogRead(task_id=task_id, log_level=LogLevel.DEBUG, start=len(read))
        read += (await network.bank.own["platform.task.get_log"](make.person, asked)).data.split("\n")
    assert read == lines


@pytest.mark.parametrize("call", ["platform.task.get_log", "platform.task.get_log_line"])
async def test_the_log_of_a_task_that_this_node_did_not_run(network: Any, make: SimpleNamespace, call: str) -> None:
    asked = TaskLogRead(task_id="task-ghost", log_level=LogLevel.INFO, start=0)
    with pytest.raises(NotFound):
        await network.bank.own[call](make.person, asked)
