"""What a job says, or a scheduler sends, to reach what is not its own."""

from types import SimpleNamespace
from typing import Any

import pytest

from interconn.components.callback import CallbackServer
from interconn.components.environment import split_parameters
from interconn.control.flow import LONGEST_VALUE_BYTES, plan
from interconn.standard.control import (
    JOB_CREATE,
    JOB_START,
    TASK_START,
    ComponentCallback,
    JobReference,
    JobStatusReply,
    TaskStart,
)
from interconn.standard.errors import InvalidFlow, PeerRefused
from tests.virtual_time import until


async def call(network: Any, source: str, target: str, endpoint: Any, request: Any) -> Any:
    client = network.nodes[source].control._driver._partners._client
    return await client.call(target, endpoint, request, trace_id="trace-x")


@pytest.mark.parametrize("member", ["dataset_id", "name", "namespace"])
@pytest.mark.parametrize("value", [0, 1, False, [], ["customers"], {}, {"dataset_id": "customers"}])
def test_source_that_is_no_text(make: SimpleNamespace, member: str, value: object) -> None:
    job = make.job(host={"0": {"first": {member: value}}})
    with pytest.raises(InvalidFlow, match="must be a text"):
        split_parameters(job.config, "first", "host", 0)
    with pytest.raises(InvalidFlow, match="must be a text"):
        plan(job, make.registry)


@pytest.mark.parametrize(
    "name",
    ["system.storage", "../config.token", "a=b", "a\nLD_PRELOAD", "a\0b", "PATH", "config.token", "", "rounds.x"],
)
def test_parameter_that_the_component_does_not_have_reaches_no_environment(make: SimpleNamespace, name: str) -> None:
    job = make.job(common={"first": {"mode": "fast", name: "x"}})
    with pytest.raises(InvalidFlow, match="no such parameter"):
        plan(job, make.registry)


def test_value_too_long_for_an_environment_is_refused_before_anything_runs(make: SimpleNamespace) -> None:
    job = make.job(common={"first": {"mode": "fast", "extra": {"text": "x" * LONGEST_VALUE_BYTES}}})
    with pytest.raises(InvalidFlow, match="longer than"):
        plan(job, make.registry)


@pytest.mark.parametrize(("first", "second"), [("t", "t-a"), ("t-a", "t"), ("t-", "t--"), ("t", "t-")])
async def test_task_ids_that_would_give_two_outputs_one_name(
    network: Any, make: SimpleNamespace, first: str, second: str
) -> None:
    async def runs(caller: Any, request: Any) -> JobStatusReply:
        return JobStatusReply(job_status="RUNNING", status={})

    network.clearing.services["schedule.job.status_all"] = runs  # its scheduler is played by hand
    job = make.job(make.component("one"), make.component("two"), scheduler="clearing")
    await call(network, "clearing", "operator", JOB_CREATE, job)
    await call(network, "clearing", "operator", JOB_START, JobReference(job_id="job-1"))
    await call(network, "clearing", "operator", TASK_START, TaskStart(task_id=first, job_id="job-1", task_name="one"))
    request = TaskStart(task_id=second, job_id="job-1", task_name="two")
    with pytest.raises(PeerRefused, match="outputs could have one name"):
        await call(network, "clearing", "operator", TASK_START, request)
    await call(network, "clearing", "operator", TASK_START, request.model_copy(update={"task_id": "tb"}))


async def test_why_a_component_failed_tells_others_neither_places_nor_columns(
    network: Any, make: SimpleNamespace
) -> None:
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None
    await network.run(make.job(scheduler="clearing"))
    operator = network.operator
    await until(lambda: operator.machine.environments)
    ((directory, environment),) = operator.machine.environments.items()
    told = ComponentCallback(
        task_id=environment["config.task_id"],
        status="FAILED",
        role="host",
        extension={
            "reason": {
                "message": "has no column age\nof that name",
                "where": "datasets/customers",
                "hint": "It has: id, income",
            }
        },
    )
    server = CallbackServer(database=operator.database, clock=network.clock, listener=operator.components._listener)
    await server.receive(told, token=environment["config.token"])
    await operator.machine.end(directory, make.exit(1, "", 1))
    for name in ("bank", "clearing"):
        seen = str(await network.nodes[name].ended())
        assert "has no column age of that name" in seen
        assert "income" not in seen
        assert "datasets/customers" not in seen
    own = (await operator.ended()).tasks[0].parties
    assert [party.reason for party in own if party.node_id == "operator"] == [
        "datasets/customers: has no column age of that name. It has: id, income"
    ]
