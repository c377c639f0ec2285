"""Jobs between nodes, from the initiator's word to the end that everybody knows."""

from types import SimpleNamespace
from typing import Any

import pytest

from interconn.api.jobs import JobSearch
from interconn.standard.control import (
    JOB_CREATE,
    JOB_CREATE_ALL,
    JOB_START,
    JOB_STATUS_ALL,
    JOB_STOP,
    JOB_STOP_ALL,
    TASK_CALLBACK,
    TASK_POLL,
    TASK_START,
    JobReference,
    JobStatus,
    JobStop,
    TaskCallback,
    TaskPoll,
    TaskStart,
    TaskStatus,
)
from interconn.standard.errors import (
    NotApproved,
    NotFound,
    PeerRefused,
    PermitRefused,
)
from tests.virtual_time import until

FAILED_37 = "exit status 137, killed by SIGKILL"


async def call(network: Any, source: str, target: str, endpoint: Any, request: Any) -> Any:
    """What one node answers to another, both ways through wire JSON."""
    client = network.nodes[source].control._driver._partners._client
    return await client.call(target, endpoint, request, trace_id="trace-x")


async def refusal(network: Any, source: str, target: str, endpoint: Any, request: Any) -> PeerRefused:
    with pytest.raises(PeerRefused) as caught:
        await call(network, source, target, endpoint, request)
    return caught.value


def hold_components(network: Any) -> None:
    """Components run until a test ends them."""
    for node in network.nodes.values():
        node.machine.ends = lambda environment: None


def begun(node: Any, task_name: str = "") -> Any:
    """The directories of a node's components that were launched."""
    return list(node.machine.environments)


async def finish(make: Any, *nodes: Any, status: int = 0, cause: str = "") -> None:
    for node in nodes:
        for directory in set(node.machine.environments) - set(node.machine.exits):
            await node.machine.end(directory, make.exit(status, cause, 1))


@pytest.mark.parametrize("scheduler", ["", "operator", "clearing"])
async def test_a_job_runs_to_its_end_and_everybody_knows(network: Any, make: SimpleNamespace, scheduler: str) -> None:
    await network.run(make.job(scheduler=scheduler))
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert (view.status, view.outcome, view.reason) == (JobStatus.FINISHED, "SUCCESS", "")
        assert make.statuses(view) == {"first": {"guest.0": "SUCCESS", "host.0": "SUCCESS"}}
    assert network.bank.machine.launches == network.operator.machine.launches == 1
    assert network.clearing.machine.launches == 0


async def test_calls_of_a_third_node_ctl_g3_1_1_2_create_and_start(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="clearing"))
    await network.bank.ended()
    both = [("clearing", "bank"), ("clearing", "operator")]
    assert network.sent("schedule.job.create_all") == [("bank", "clearing")]
    assert sorted(network.sent("schedule.job.create")) == both
    assert sorted(network.sent("schedule.job.start")) == both
    assert sorted(network.sent("schedule.task.start")) == both
    names = [name for _, _, name, _ in network.calls if not name.endswith(("status_all", "poll"))]
    assert names == sorted(names, key=["schedule.job.create_all", "schedule.job.create", "schedule.job.start",
                                       "schedule.task.start"].index)  # fmt: skip
    assert "schedule.job.stop" not in names


async def test_without_scheduler_the_initiator_acts_as_one_ctl_g3_2_3(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job())
    await network.operator.ended()
    assert network.sent("schedule.job.create_all") == []
    assert network.sent("schedule.job.create") == [("bank", "operator")]
    assert {source for source, _, name, _ in network.calls if name == "schedule.task.poll"} == {"bank"}


async def test_a_node_with_two_roles_is_asked_once_and_plays_both_ctl_3_3_once(
    network: Any, make: SimpleNamespace
) -> None:
    job = make.job(
        make.component("first", "trained"),
        role={"guest": ["bank"], "host": ["operator"], "arbiter": ["operator"]},
        scheduler="clearing",
    )
    await network.run(job)
    view = await network.bank.ended()
    assert view.outcome == "SUCCESS"
    assert network.sent("schedule.job.start").count(("clearing", "operator")) == 1
    assert network.sent("schedule.task.start").count(("clearing", "operator")) == 1
    roles = {environment["config.self_role"] for environment in network.operator.machine.environments.values()}
    assert roles == {"host.0", "arbiter.0"}
    tokens = {environment["config.token"] for environment in network.operator.machine.environments.values()}
    assert len(tokens) == 2


async def test_data_flows_from_output_to_input_cmp_g4_2_1_3_naming(network: Any, make: SimpleNamespace) -> None:
    first, second = make.component("first"), make.component("second", "sum", ["first.data0"])
    await network.run(make.job(second, first))
    view = await network.bank.ended()
    tasks = {task.name: task.task_id for task in view.tasks}
    environments = {
        environment["config.task_id"]: environment for environment in network.operator.machine.environments.values()
    }
    written = environments[tasks["first"]]["runtime.component.output.table"]
    assert written == f'{{"namespace": "job-1-host-0", "name": "{tasks["first"]}-data0"}}'
    assert environments[tasks["second"]]["runtime.component.input.in0"] == written
    source = environments[tasks["first"]]["runtime.component.input.in0"]
    assert source == '{"namespace": "datasets", "name": "operator-data"}'
    own = {party.role: party.outputs for task in view.tasks for party in task.parties if task.name == "first"}
    assert own["guest.0"]["table"]["path"] == f"/data/job-1-guest-0/{tasks['first']}-data0"
    assert own["host.0"] == {}


async def test_a_task_waits_for_its_inputs_and_branches_run_beside_each_other(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    job = make.job(make.component("a"), make.component("b"), make.component("c", "both", ["a.data0", "b.data0"]))
    await network.run(job)
    await until(lambda: len(begun(network.bank)) == 2 and len(begun(network.operator)) == 2)
    await finish(make, network.bank, network.operator)
    await until(lambda: len(begun(network.bank)) == 3 and len(begun(network.operator)) == 3)
    await finish(make, network.bank, network.operator)
    view = await network.operator.ended()
    assert view.outcome == "SUCCESS"
    assert {task.name for task in view.tasks} == {"a", "b", "c"}


async def test_one_failure_stops_the_job_at_all_ctl_g3_1_1_2_fail(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    await network.run(make.job(make.component("a"), make.component("b"), scheduler="clearing"))
    await until(lambda: len(begun(network.bank)) == 2 and len(begun(network.operator)) == 2)
    first = begun(network.operator)[0]
    await network.operator.machine.end(first, make.exit(137, "killed by SIGKILL", 1))
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
        assert view.reason.endswith(f"failed at operator (host.0): {FAILED_37}")
        assert {status for parties in make.statuses(view).values() for status in parties.values()} == {"FAILED"}
    await until(lambda: network.bank.machine.stops == 2 and network.operator.machine.stops == 1)
    assert ("clearing", "bank") in network.sent("schedule.job.stop")


@pytest.mark.parametrize("name", ["bank", "operator"])
async def test_any_party_may_stop_a_job_ctl_g3_1_1_2_stop(network: Any, make: SimpleNamespace, name: str) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    await network.nodes[name].own["own.job.stop"](make.person, JobStop(job_id="job-1"))
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert (view.outcome, view.reason) == ("FAILED", f"stopped by {name}")
        assert set(make.statuses(view)["first"].values()) == {"FAILED"}
        await until(lambda node=node: node.machine.stops == 1)
        assert node.sessions.closed


async def test_a_repeated_stop_and_one_after_success_change_nothing(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="clearing"))
    before = await network.operator.ended()
    for _ in range(2):
        await call(network, "clearing", "operator", JOB_STOP, JobStop(job_id="job-1"))
        await call(network, "bank", "clearing", JOB_STOP_ALL, JobStop(job_id="job-1"))
    assert await network.operator.ended() == before
    assert network.operator.machine.stops == 0


async def test_stop_from_a_component_on_ctl_3_5_cascade(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    job = make.job(
        make.component("a"),
        make.component("b", "sum", ["a.data0"]),
        make.component("c", "sum", ["b.data0"]),
        make.component("d"),
        scheduler="clearing",
    )
    await network.run(job)
    await until(lambda: len(begun(network.bank)) == 2 and len(begun(network.operator)) == 2)
    view = await network.bank.view()
    a = next(task.task_id for task in view.tasks if task.name == "a")
    for node in (network.bank, network.operator):
        (directory,) = [path for path, env in node.machine.environments.items() if env["config.task_id"] == a]
        await node.machine.end(directory, make.exit(0, "", 1))
    await until(lambda: len(begun(network.bank)) == 3 and len(begun(network.operator)) == 3)
    await call(network, "operator", "clearing", JOB_STOP_ALL, JobStop(job_id="job-1", task_name="b"))
    await until(lambda: network.bank.machine.stops == 1 and network.operator.machine.stops == 1)
    while {name: set(parties.values()) for name, parties in make.statuses(view).items()} != {
        "a": {"SUCCESS"}, "b": {"FAILED"}, "d": {"READY"}
    }:  # fmt: skip
        view = await network.bank.view()
    assert view.status is JobStatus.RUNNING
    await finish(make, network.bank, network.operator)
    view = await network.operator.ended()
    assert (view.outcome, view.reason) == ("FAILED", "b: stopped by operator")
    assert make.statuses(view)["d"] == {"guest.0": "SUCCESS", "host.0": "SUCCESS"}
    assert "c" not in make.statuses(view)
    assert network.bank.machine.stops == 1


async def test_a_job_that_a_participant_has_not_approved_is_rejected_for_all(
    network: Any, make: SimpleNamespace
) -> None:
    network.operator.admission.refusals["admit"] = NotApproved("it was not proposed to this node", where="job_id")
    await network.run(make.job(scheduler="clearing"))
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert (view.status, view.outcome) == (JobStatus.REJECTED, "REJECTED")
        assert "it was not proposed to this node" in view.reason
    assert "operator" in (await network.bank.view()).reason
    assert network.bank.machine.launches == network.operator.machine.launches == 0


async def test_a_scheduler_that_refuses_is_the_reason_the_person_sees(network: Any, make: SimpleNamespace) -> None:
    network.clearing.admission.refusals["schedule"] = PermitRefused("the permit is used up", where="permit")
    await network.run(make.job(scheduler="clearing"))
    view = await network.bank.ended()
    assert view.status is JobStatus.REJECTED
    assert "the permit is used up" in view.reason
    assert "clearing" in view.reason


async def test_a_refused_job_may_come_again_once_it_is_approved(network: Any, make: SimpleNamespace) -> None:
    job = make.job()
    network.operator.admission.refusals["admit"] = NotApproved("not yet", where="job_id")
    await refusal(network, "bank", "operator", JOB_CREATE, job)
    network.operator.admission.refusals.clear()
    await call(network, "bank", "operator", JOB_CREATE, job)
    assert network.operator.admission.admitted == [("job-1", "bank")]


async def test_the_same_create_again_is_admitted_once(network: Any, make: SimpleNamespace) -> None:
    for _ in range(3):
        await call(network, "bank", "operator", JOB_CREATE, make.job())
    assert network.operator.admission.admitted == [("job-1", "bank")]


async def test_the_same_job_id_with_other_content_is_a_conflict(network: Any, make: SimpleNamespace) -> None:
    await call(network, "bank", "operator", JOB_CREATE, make.job())
    error = await refusal(network, "bank", "operator", JOB_CREATE, make.job(make.component("other")))
    assert error.peer_code == 40902
    assert "another dag" in error.peer_message


async def test_create_from_another_than_the_named_scheduler_is_refused(network: Any, make: SimpleNamespace) -> None:
    error = await refusal(network, "bank", "operator", JOB_CREATE, make.job(scheduler="clearing"))
    assert error.peer_code == 40300
    assert network.operator.admission.admitted == []


async def test_a_job_taken_by_one_scheduler_obeys_no_other(network: Any, make: SimpleNamespace) -> None:
    await call(network, "clearing", "operator", JOB_CREATE, make.job(scheduler="clearing"))
    for endpoint, request in (
        (JOB_START, JobReference(job_id="job-1")),
        (JOB_STOP, JobStop(job_id="job-1")),
        (TASK_START, TaskStart(task_id="task_1", job_id="job-1", task_name="first")),
    ):
        assert (await refusal(network, "bank", "operator", endpoint, request)).peer_code == 40300
    await call(network, "clearing", "operator", JOB_START, JobReference(job_id="job-1"))
    await call(network, "clearing", "operator", TASK_START, TaskStart(task_id="t1", job_id="job-1", task_name="first"))
    assert (await refusal(network, "bank", "operator", TASK_POLL, TaskPoll(task_id="t1"))).peer_code == 40300


@pytest.mark.parametrize(("endpoint", "request_"), [
    (JOB_START, JobReference(job_id="job-9")),
    (JOB_STOP, JobStop(job_id="job-9")),
    (TASK_START, TaskStart(task_id="t", job_id="job-9", task_name="first")),
    (JOB_STATUS_ALL, JobReference(job_id="job-9")),
    (JOB_STOP_ALL, JobStop(job_id="job-9")),
    (TASK_CALLBACK, TaskCallback(task_id="t", status=TaskStatus.RUNNING, role="guest")),
])  # fmt: skip
async def test_an_unknown_job_is_no_success_ctl_2_3(network: Any, endpoint: Any, request_: Any) -> None:
    assert (await refusal(network, "bank", "operator", endpoint, request_)).peer_code == 40400


async def test_an_unknown_task_is_pending(network: Any) -> None:
    reply = await call(network, "bank", "operator", TASK_POLL, TaskPoll(task_id="t", role="host"))
    assert reply.status is TaskStatus.PENDING


async def test_a_task_before_the_job_was_started_is_refused(network: Any, make: SimpleNamespace) -> None:
    await call(network, "bank", "operator", JOB_CREATE, make.job())
    start = TaskStart(task_id="t1", job_id="job-1", task_name="first")
    assert "has not been started" in (await refusal(network, "bank", "operator", TASK_START, start)).peer_message
    await call(network, "bank", "operator", JOB_START, JobReference(job_id="job-1"))
    for _ in range(3):
        await call(network, "bank", "operator", TASK_START, start)
    await until(lambda: network.operator.machine.launches)
    other = start.model_copy(update={"task_id": "t2"})
    assert (await refusal(network, "bank", "operator", TASK_START, other)).peer_code == 40902
    unknown = start.model_copy(update={"task_id": "t3", "task_name": "nothing"})
    assert (await refusal(network, "bank", "operator", TASK_START, unknown)).peer_code == 40010
    outside = start.model_copy(update={"task_id": ".hidden"})
    assert (await refusal(network, "bank", "operator", TASK_START, outside)).peer_code == 40000
    assert network.operator.machine.launches == 1


async def test_a_data_set_that_is_gone_ends_the_job_with_that_reason(network: Any, make: SimpleNamespace) -> None:
    job = make.job(host={"0": {"first": {"dataset_id": "missing"}}}, scheduler="clearing")
    await network.run(job)
    for node in (network.bank, network.operator):
        view = await node.ended()
        assert view.outcome == "FAILED"
        assert "this node has no such data set" in view.reason


@pytest.mark.parametrize("moment", ["creation", "run"])
async def test_a_participant_that_stays_away_ends_the_job_for_the_others(
    network: Any, make: SimpleNamespace, moment: str
) -> None:
    hold_components(network)
    if moment == "creation":
        network.cut.add("operator")
    await network.run(make.job(scheduler="clearing"))
    if moment == "run":
        await until(lambda: begun(network.bank) and begun(network.operator))
        network.cut.add("operator")
        await network.clock.sleep(150)
    view = await network.bank.ended()
    assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
    assert "no answer from operator" in view.reason
    if moment == "run":
        assert network.operator.machine.stops == 1
        alone = await network.operator.view()
        assert (alone.status, alone.outcome) == (JobStatus.FINISHED, "FAILED")
        assert "the scheduler clearing has not answered for 45 s" in alone.reason
        network.cut.clear()
        assert (await network.operator.ended()).reason == view.reason  # once it is back, all tell the same


async def test_a_scheduler_that_stays_away_ends_the_job_for_its_initiator(network: Any, make: SimpleNamespace) -> None:
    network.cut.add("clearing")
    await network.run(make.job(scheduler="clearing"))
    await network.clock.sleep(60)
    view = await network.bank.view()
    assert (view.status, view.outcome) == (JobStatus.FINISHED, "FAILED")
    assert "clearing, which was to schedule" in view.reason
    network.cut.clear()  # it was never told of the job, and says so
    assert (await network.bank.ended()).reason == view.reason


async def test_a_partner_that_comes_back_in_time_loses_nothing(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    network.cut.add("operator")
    await finish(make, network.bank, network.operator)
    await network.clock.sleep(20)
    network.cut.clear()
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"


async def test_a_peer_without_our_extensions_is_polled_as_the_standard_has_it(
    network: Any, make: SimpleNamespace
) -> None:
    network.plain.update(network.nodes)
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    polls = len(network.sent("schedule.task.poll"))
    await until(lambda: len(network.sent("schedule.task.poll")) > polls + 4)
    await finish(make, network.bank, network.operator)
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"


async def test_between_our_nodes_a_poll_is_held_until_there_is_news(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    await network.clock.sleep(10)
    assert len(network.sent("schedule.task.poll")) <= 8
    await finish(make, network.bank, network.operator)
    assert (await network.bank.ended()).outcome == "SUCCESS"


async def test_a_callback_between_nodes_is_taken_ctl_3_9(network: Any, make: SimpleNamespace) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    view = await network.bank.view()
    task_id = view.tasks[0].task_id
    wrong = TaskCallback(task_id=task_id, status=TaskStatus.FAILED, role="guest")
    assert (await refusal(network, "operator", "clearing", TASK_CALLBACK, wrong)).peer_code == 40400
    told = TaskCallback(task_id=task_id, status=TaskStatus.FAILED, role="host")
    await call(network, "operator", "clearing", TASK_CALLBACK, told)
    view = await network.bank.ended()
    assert view.outcome == "FAILED"
    assert "failed at operator (host.0)" in view.reason


async def test_only_parties_learn_how_a_job_stands(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job())
    await network.bank.ended()
    error = await refusal(network, "clearing", "bank", JOB_STATUS_ALL, JobReference(job_id="job-1"))
    assert error.peer_code == 40400
    error = await refusal(network, "clearing", "bank", JOB_STOP_ALL, JobStop(job_id="job-1"))
    assert error.peer_code == 40400


async def test_create_all_is_the_initiators_alone(network: Any, make: SimpleNamespace) -> None:
    error = await refusal(network, "operator", "clearing", JOB_CREATE_ALL, make.job(scheduler="clearing"))
    assert error.peer_code == 40300
    error = await refusal(network, "bank", "operator", JOB_CREATE_ALL, make.job(scheduler="clearing"))
    assert "scheduled by clearing" in error.peer_message


async def test_status_all_maps_task_ids_to_states_ctl_3_7(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="clearing"))
    view = await network.bank.ended()
    reply = await call(network, "operator", "clearing", JOB_STATUS_ALL, JobReference(job_id="job-1"))
    assert reply.job_status is JobStatus.FINISHED
    assert reply.status == {view.tasks[0].task_id: TaskStatus.SUCCESS}
    assert reply.extension["outcome"] == "SUCCESS"
    assert all("outputs" not in party or not party["outputs"] for party in reply.extension["tasks"][0]["parties"])


async def test_a_job_of_another_initiator_cannot_be_run_here(network: Any, make: SimpleNamespace) -> None:
    network.operator.admission.proposals["job-1"] = make.job()
    with pytest.raises(Exception, match="initiator is bank"):
        await network.operator.own["own.job.run"](make.person, JobReference(job_id="job-1"))
    with pytest.raises(NotFound):
        await network.operator.own["own.job.run"](make.person, JobReference(job_id="job-2"))


async def test_jobs_are_listed_and_counted(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job())
    await network.bank.ended()
    listed = await network.bank.own["own.job.list"](make.person, JobSearch())
    assert [(job.job_id, job.outcome) for job in listed.jobs] == [("job-1", "SUCCESS")]
    assert await network.bank.database.read(network.bank.control.count_jobs) == {"FINISHED": 1}
    assert listed.jobs[0].session_bytes == {"sent_bytes": 10}
