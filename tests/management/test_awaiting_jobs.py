"""A job that comes by its content alone, as CTL-5.1 has it, is the one that was approved and has not been run."""

from typing import Any

import pytest

from interconn.api import audits as api
from interconn.control import jobs
from interconn.standard.control import JobCreate, PlatformJobCreate


async def awaiting(scene: Any, job: JobCreate, **changed: Any) -> str | None:
    """What bank's control is told when its upper layer asks for a job of that content."""
    wire = {name: part for name, part in job.to_wire().items() if name != "job_id"} | changed
    content = PlatformJobCreate.model_validate({name: part for name, part in wire.items() if part is not None})
    admission = scene.bank.management.admission
    found = await scene.bank.database.read(lambda session: admission.awaiting(session, content))
    if found:
        planned = await scene.bank.database.read(lambda session: admission.planned(session, found.job_id))
        assert found == planned  # with its flow, and every member of the configuration that was approved
    return found.job_id if found else None


async def run(scene: Any, job: JobCreate) -> None:
    """Have bank's control know the job, as it does once it is run."""
    await scene.bank.database.write(
        lambda session: session.add(jobs.new_job(job, scheduler="clearing", trace_id="t", now=1))
    )


@pytest.mark.parametrize("flow_id", ["flow-1", None])
async def test_ctl_5_1_the_approved_job_is_found_until_it_is_run(scene: Any, granted: str, flow_id: str | None) -> None:
    job = await scene.job(granted)
    assert await awaiting(scene, job, flow_id=flow_id) == job.job_id
    await run(scene, job)
    assert await awaiting(scene, job, flow_id=flow_id) is None


async def test_ctl_6_6_members_that_the_upper_layer_leaves_out_empty_make_no_other_job(
    scene: Any, granted: str, make: Any
) -> None:
    job = await scene.job(granted)
    shorter = make.config()
    assert shorter != job.to_wire()["config"]
    assert await awaiting(scene, job, config=shorter) == job.job_id


@pytest.mark.parametrize(
    ("member", "path", "value"),
    [
        ("flow_id", [], "flow-2"),
        ("dag", ["version"], "another"),
        ("config", ["task_params", "host", "0", "psi-1", "dataset_id"], "another"),
        ("config", ["job_params", "common", "scheduler"], "bank"),
    ],
)
async def test_ctl_5_1_other_content_is_another_job(
    scene: Any, granted: str, member: str, path: list[str], value: str
) -> None:
    job = await scene.job(granted)
    wire = job.to_wire()
    if path:
        place = wire[member]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
    else:
        wire[member] = value
    assert await awaiting(scene, job, **{member: wire[member]}) is None


async def test_of_equal_jobs_one_that_all_have_approved_goes_before(scene: Any, granted: str) -> None:
    first, second = await scene.propose(granted), await scene.propose(granted)
    for node in (scene.operator, scene.clearing):
        for audit in (await node.ask(api.AUDIT_LIST, status="APPLIED")).audits:
            if audit.subject_id == second.job_id:
                await node.ask(api.AUDIT_APPROVE, audit_id=audit.audit_id)
    await scene.network.settle()
    asked = await scene.ready(second.job_id)
    assert await awaiting(scene, asked) == second.job_id
    await run(scene, asked)
    assert await awaiting(scene, asked) == first.job_id


async def test_a_job_that_waits_for_an_approval_is_named_so_that_its_refusal_says_whose(
    scene: Any, granted: str
) -> None:
    proposed = await scene.propose(granted)
    admission = scene.bank.management.admission
    planned = await scene.bank.database.read(lambda session: admission.planned(session, proposed.job_id))
    assert await awaiting(scene, planned) == proposed.job_id


async def test_a_job_of_a_partner_is_not_run_by_its_content(scene: Any, granted: str) -> None:
    job = await scene.job(granted)
    content = PlatformJobCreate.model_validate({"dag": job.dag.to_wire(), "config": job.config.to_wire()})
    admission = scene.operator.management.admission
    assert await scene.operator.database.read(lambda session: admission.awaiting(session, content)) is None
