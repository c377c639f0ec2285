"""The sequences of calls that the guide draws, as they pass between nodes (CTL-G3.1.1.2, CTL-G3.2.2.1, CTL-G3.2.3)."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from interconn.api.own import OwnService
from interconn.control.platform import Platform
from interconn.standard.control import NORTH_SOUTH, JobReference, JobStatus, PlatformJobCreate, TaskStatus
from tests.control.test_jobs_between_nodes import begun, finish, hold_components
from tests.virtual_time import until

CREATE_ALL, CREATE, START = "schedule.job.create_all", "schedule.job.create", "schedule.job.start"
TASK_START, POLL, CALLBACK = "schedule.task.start", "schedule.task.poll", "schedule.task.callback"
STOP, STATUS_ALL = "schedule.job.stop", "schedule.job.status_all"


def said(network: Any, *names: str) -> list[tuple[str, str, str]]:
    """The calls between nodes: from whom, to whom, which; all, or those of some names."""
    return [(source, target, name) for source, target, name, _ in network.calls if not names or name in names]


def to(network: Any, node_id: str, *names: str) -> list[str]:
    return [name for _, target, name in said(network, *names) if target == node_id]


async def over(network: Any) -> None:
    for node in (network.bank, network.operator):
        assert (await node.ended()).outcome == "SUCCESS"


async def test_ctl_3_1_every_participant_gets_the_job_as_the_scheduler_got_it(
    network: Any, make: SimpleNamespace
) -> None:
    job = make.job(scheduler="clearing")
    await network.run(job)
    await over(network)
    told = [(s, t, name, body) for s, t, name, body in network.calls if name in (CREATE_ALL, CREATE)]
    assert [(s, t, name) for s, t, name, _ in told] == [
        ("bank", "clearing", CREATE_ALL),
        *(("clearing", node, CREATE) for node in sorted(t for _, t, name, _ in told if name == CREATE)),
    ]
    assert {t for _, t, name, _ in told if name == CREATE} == {"bank", "operator"}
    sent = job.to_wire()
    for *_, body in told:
        assert {member: body[member] for member in ("job_id", "dag", "config")} == {
            member: sent[member] for member in ("job_id", "dag", "config")
        }


async def test_ctl_g3_2_3_no_scheduler_the_initiator_acts_as_one(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job())
    await over(network)
    assert said(network, CREATE_ALL) == []
    from_initiator = [name for source, target, name in said(network) if (source, target) == ("bank", "operator")]
    assert [name for name in dict.fromkeys(from_initiator) if name != STOP][:4] == [CREATE, START, TASK_START, POLL]
    assert to(network, "clearing") == []


async def test_ctl_g3_1_1_2_roles_participants_see_the_same_calls_whoever_schedules(
    network: Any, make: SimpleNamespace
) -> None:
    seen = []
    for number, scheduler in enumerate(("clearing", "bank")):
        network.calls.clear()
        await network.run(make.job(job_id=f"job-{number}", scheduler=scheduler))
        assert (await network.operator.ended(f"job-{number}")).outcome == "SUCCESS"
        assert (await network.bank.ended(f"job-{number}")).outcome == "SUCCESS"
        seen.append(list(dict.fromkeys(to(network, "operator"))))
    assert seen[0][:4] == seen[1][:4] == [CREATE, START, TASK_START, POLL]


async def test_ctl_g3_1_1_2_start_no_task_is_started_before_the_job_is(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="clearing"))
    await over(network)
    for party in ("bank", "operator"):
        calls = to(network, party, CREATE, START, TASK_START)
        assert calls.index(CREATE) < calls.index(START) < calls.index(TASK_START)
        assert calls.count(START) == 1  # CTL-3.3-once


async def chain(network: Any, make: SimpleNamespace, **members: Any) -> None:
    one = make.component
    await network.run(make.job(one("a"), one("b", "sum", ["a.data0"]), scheduler="clearing", **members))


async def test_ctl_g3_1_1_1_dag_the_second_starts_once_the_first_has_ended_well_at_every_party(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    await chain(network, make)
    await until(lambda: len(begun(network.bank)) == len(begun(network.operator)) == 1)
    await finish(make, network.bank)
    await until(lambda: len(network.bank.machine.exits) == 1)
    await network.clock.sleep(60)
    assert len(said(network, TASK_START)) == 2  # operator's share of the first is not over
    await finish(make, network.operator)
    await until(lambda: len(begun(network.bank)) == len(begun(network.operator)) == 2)
    environment = next(e for e in network.bank.machine.environments.values() if "a.data0" in str(e) or _reads(e))
    assert environment
    await finish(make, network.bank, network.operator)
    await over(network)


def _reads(environment: dict[str, str]) -> bool:
    return any(name.startswith("runtime.component.input.") for name in environment)


async def test_ctl_g3_2_2_1_poll_and_ctl_g3_1_1_2_sync_each_start_is_followed_by_polls_and_no_callback_is_needed(
    network: Any, make: SimpleNamespace
) -> None:
    await chain(network, make)
    await over(network)
    assert said(network, CALLBACK) == []
    for party in ("bank", "operator"):
        calls = to(network, party, TASK_START, POLL)
        starts = [place for place, name in enumerate(calls) if name == TASK_START]
        assert len(starts) == 2
        assert all(calls[place + 1] == POLL for place in starts)


STATES: Sequence[str] = ("PENDING", "READY", "RUNNING", "SUCCESS", "FAILED")


@pytest.mark.parametrize(("status", "last"), [(0, TaskStatus.SUCCESS), (1, TaskStatus.FAILED)])
async def test_ctl_3_8_task_states_go_forward_within_the_five_words(
    network: Any, make: SimpleNamespace, status: int, last: TaskStatus
) -> None:
    assert [each.value for each in TaskStatus] == [*STATES]
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    seen: list[TaskStatus] = []

    async def look() -> None:
        reply = await network.bank.own["platform.job.status_all"](make.person, JobReference(job_id="job-1"))
        seen.extend(reply.status.values())

    await until(lambda: begun(network.bank) and begun(network.operator))
    await look()
    await finish(make, network.bank, network.operator, status=status)
    await network.bank.ended()
    await look()
    assert seen[-1] is last
    assert [STATES.index(each) for each in seen] == sorted(STATES.index(each) for each in seen)


async def test_ctl_g3_2_3_merge_one_call_of_the_upper_layer_runs_a_job_to_its_end(
    network: Any, make: SimpleNamespace
) -> None:
    job = make.job(scheduler="clearing")
    asked = PlatformJobCreate(dag=job.dag, config=job.config)
    created = await network.bank.own["platform.job.create_all"](make.person, asked)
    for node in (network.bank, network.operator):
        view = await node.ended(created.job_id)
        assert (view.status, view.outcome) == (JobStatus.FINISHED, "SUCCESS")


async def test_ctl_g3_2_1_a_node_without_the_calls_of_an_upper_layer_runs_jobs(
    network: Any, make: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_platform: Platform) -> list[OwnService[Any, Any]]:
        return []

    monkeypatch.setattr(Platform, "own_services", none)
    await network.operator.restart()
    assert not {row.name for row in NORTH_SOUTH} & set(network.operator.own)
    await network.run(make.job(scheduler="clearing"))
    await over(network)


@pytest.mark.parametrize(
    "reference",
    [{"dataset_id": "bank-data"}, {"name": "bank-data", "namespace": "datasets"}],
    ids=["by id", "by name and namespace"],
)
async def test_ctl_g3_1_1_1_source_both_ways_to_name_a_data_set_give_a_component_the_same(
    network: Any, make: SimpleNamespace, reference: dict[str, str]
) -> None:
    guest, host = {"0": {"first": reference}}, {"0": {"first": {"dataset_id": "operator-data"}}}
    await network.run(make.job(scheduler="clearing", guest=guest, host=host))
    await over(network)
    [environment] = network.bank.machine.environments.values()
    inputs = {name: value for name, value in environment.items() if name.startswith("runtime.component.input.")}
    assert inputs and all("bank-data" in value and '"datasets"' in value for value in inputs.values())


async def test_ctl_g3_1_1_3_env_every_required_name_is_there(network: Any, make: SimpleNamespace) -> None:
    await network.run(make.job(scheduler="clearing"))
    await over(network)
    [environment] = network.bank.machine.environments.values()
    required = {
        "config.task_id", "config.session_id", "config.inst_id.guest.0", "config.inst_id.host.0", "config.self_role",
        "config.node_id.guest.0", "config.node_id.host.0", "system.storage", "system.transport", "system.callback",
        "runtime.component.name", "runtime.component.parameter.mode", "runtime.component.input.in0",
        "runtime.component.output.table",
    }  # fmt: skip
    assert required - set(environment) == set()


async def test_ctl_g3_1_1_3_lifecycle_a_component_killed_from_outside_fails_its_task(
    network: Any, make: SimpleNamespace
) -> None:
    hold_components(network)
    await network.run(make.job(scheduler="clearing"))
    await until(lambda: begun(network.bank) and begun(network.operator))
    [directory] = begun(network.operator)
    await network.operator.machine.end(directory, make.exit(137, "killed by SIGKILL", 1))
    view = await network.bank.ended()
    assert view.outcome == "FAILED"
    assert set(make.statuses(view)["first"].values()) == {"FAILED"}
    assert set(network.bank.machine.environments) == set(network.bank.machine.exits)  # none is left running


async def test_ctl_1_components_of_two_providers_run_in_the_order_of_the_dag(
    network: Any, make: SimpleNamespace
) -> None:
    other = make.description("sum").model_copy(update={"provider": "another"})
    make.registry.take_up([other])
    try:
        one = make.component
        second = one("b", "sum", ["a.data0"]) | {"provider": "another"}
        await network.run(make.job(one("a"), second, scheduler="clearing"))
        await over(network)
        for node in (network.bank, network.operator):
            names = [each["runtime.component.name"] for each in node.machine.environments.values()]
            assert names == ["join", "sum"]
            assert node.machine.launches == 2
    finally:
        make.registry.take_up([])
