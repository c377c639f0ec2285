"""Every flow that cannot be run is refused before anything runs, and the message names what is at fault."""

import json
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.components.environment import split_parameters
from interconn.control.flow import Party, Resources, config_digest, dag_digest, parties_of, plan, remarks_on_config
from interconn.standard.control import JobCreate
from interconn.standard.errors import InvalidFlow
from interconn.standard.flow import ParameterSet


def refused(job: JobCreate, registry: Any) -> str:
    with pytest.raises(InvalidFlow) as caught:
        plan(job, registry)
    assert caught.value.clause
    return str(caught.value)


def part(make: SimpleNamespace, name: str, kind: str = "join", inputs: Any = (), **changes: Any) -> dict[str, Any]:
    return {**make.component(name, kind, inputs), **changes}


def initiated_by(role: str, job: JobCreate) -> JobCreate:
    job.config.initiator.role = role
    return job


def flaws(make: SimpleNamespace) -> dict[str, tuple[JobCreate, list[str]]]:
    one = make.component
    host = {"dataset_id": "operator-data"}
    return {
        "a cycle": (
            make.job(one("a", "sum", ["c.data0"]), one("b", "sum", ["a.data0"]), one("c", "sum", ["b.data0"])),
            ["cycle", "a → b → c → a|b → c → a → b|c → a → b → c"],
        ),
        "a component that reads itself": (make.job(one("a", "sum", ["a.data0"])), ["cycle", "a → a"]),
        "an input of a component that is not there": (
            make.job(one("a", "sum", ["ghost.data0"])),
            ["component a", "input ghost.data0", "no component ghost"],
        ),
        "an output that is not there": (
            make.job(one("a"), one("b", "sum", ["a.data9"])),
            ["component b", "input a.data9", "a has no output data9; its outputs: data0"],
        ),
        "an input key without a component": (make.job(one("a", "sum", ["data0"])), ["component a", "<component>."]),
        "types that do not meet": (
            make.job(one("a"), part(make, "b", "sum", input=[{"type": "model", "key": "a.data0"}])),
            ["component b", "input a.data0", "is model, but a gives dataset"],
        ),
        "a report read as a data set": (
            make.job(
                part(make, "a", output=[{"type": "dataset", "key": "d"}, {"type": "report", "key": "r"}]),
                part(make, "b", "sum", input=[{"type": "report", "key": "a.r"}]),
            ),
            ["component b", "is report, but the component reads dataset there (in0)"],
        ),
        "an output of another type than described": (
            make.job(part(make, "a", output=[{"type": "model", "key": "m"}])),
            ["component a", "output m", "writes dataset there (table)"],
        ),
        "more outputs than described": (
            make.job(part(make, "a", output=[{"type": "dataset", "key": f"d{n}"} for n in range(3)])),
            ["component a", "output d2", "writes only 2"],
        ),
        "an output key twice": (
            make.job(part(make, "a", output=[{"type": "dataset", "key": "d"}, {"type": "report", "key": "d"}])),
            ["component a", "output d", "twice"],
        ),
        "more inputs than described": (
            make.job(one("a"), one("b"), one("c", "sum", ["a.data0", "b.data0"])),
            ["component c", "input b.data0", "reads only 1"],
        ),
        "an output key that makes no name in storage": (
            make.job(part(make, "a", output=[{"type": "dataset", "key": "../../x"}])),
            ["../../x", "CMP-G4.2.1.3-naming"],
        ),
        "a component name twice": (make.job(one("a"), one("a")), ["component a", "same name"]),
        "an unknown component": (
            make.job(one("a", "guess")),
            ["component a", "guess is not known here; known are both, join, sum, trained"],
        ),
        "an unknown provider": (
            make.job(part(make, "a", provider="someone")),
            ["component a", "known here from interconn 1.0.0, not from someone 1.0.0"],
        ),
        "an unknown version": (make.job(part(make, "a", version="2.0.0")), ["component a", "not from interconn 2.0.0"]),
        "no party with a role the component supports": (
            initiated_by("arbiter", make.job(one("a"), role={"arbiter": ["bank"]})),
            ["component a", "roleList", "(guest, host)"],
        ),
        "a node twice in a role": (make.job(role={"guest": ["bank", "bank"]}), ["config.role.guest", "twice"]),
        "a role that is no word": (make.job(role={"guest": ["bank"], "../x": ["operator"]}), ["config.role"]),
        "an initiator without its role": (
            make.job(role={"guest": ["operator"], "host": ["bank"]}),
            ["config.initiator", "bank does not have the role guest"],
        ),
        "a scheduler that is no node id": (make.job(scheduler="no such/id"), ["scheduler"]),
        "a parameter that must be given": (make.job(common={}), ["first", "guest.0", "mode", "must be given"]),
        "a parameter that the component has not": (
            make.job(common={"first": {"mode": "fast", "mood": 1}}),
            ["component first", "guest.0: mood", "no such parameter; it has extra, mode, rounds"],
        ),
        "a value outside of the choices": (
            make.job(common={"first": {"mode": "slow"}}),
            ["component first", "mode", "fast, safe"],
        ),
        "a value out of bounds": (
            make.job(common={"first": {"mode": "fast", "rounds": 11}}),
            ["component first", "rounds", "(1,10)"],
        ),
        "a value of another type": (
            make.job(common={"first": {"mode": "fast", "rounds": "many"}}),
            ["component first", "rounds", "whole number"],
        ),
        "two keys that speak for one party alike": (
            make.job(
                role={"guest": ["bank"], "host": ["h0", "h1", "h2"]},
                host={"0|1": {"first": {}}, "1|2": {"first": {}}},
            ),
            ["task_params.host.1", "both speak for host.1"],
        ),
        "one party's own value at fault": (
            make.job(host={"0": {"first": {**host, "rounds": 99}}}),
            ["component first", "task_params of host.0", "rounds"],
        ),
        "parameters of a component that is not there": (
            make.job(common={"first": {"mode": "fast"}, "frist": {"mode": "fast"}}),
            ["task_params.common.frist", "no component frist; it has first"],
        ),
        "parameters of a party that is not there": (
            make.job(host={"1": {"first": host}}),
            ["task_params.host.1", "no party host.1"],
        ),
        "parameters of a role that nobody has": (make.job(arbiter={"0": {}}), ["no party arbiter.0"]),
        "parameters that are no object": (
            make.job(common={"first": "mode=fast"}),
            ["task_params of guest.0: first", "object"],
        ),
        "an input that nobody feeds": (
            make.job(host={}),
            ["component first", "task_params of host.0", "in0", "data set of operator"],
        ),
        "source data without an input left for it": (
            make.job(
                one("a"),
                one("b", "sum", ["a.data0"]),
                guest={"0": {"a": {"dataset_id": "x"}, "b": {"dataset_id": "y"}}},
            ),
            ["component b", "guest.0", "no input is left"],
        ),
        "a job id that makes no name in storage": (make.job(job_id=".job"), ["CMP-G4.2.1.3-naming"]),
    }  # fmt: skip


FLAWS = [
    "two keys that speak for one party alike",
    "a cycle", "a component that reads itself", "an input of a component that is not there",
    "an output that is not there", "an input key without a component", "types that do not meet",
    "a report read as a data set", "an output of another type than described", "more outputs than described",
    "an output key twice", "more inputs than described", "an output key that makes no name in storage",
    "a component name twice", "an unknown component", "an unknown provider", "an unknown version",
    "no party with a role the component supports", "a node twice in a role", "a role that is no word",
    "an initiator without its role", "a scheduler that is no node id", "a parameter that must be given",
    "a parameter that the component has not", "a value outside of the choices", "a value out of bounds",
    "a value of another type", "one party's own value at fault", "parameters of a component that is not there",
    "parameters of a party that is not there", "parameters of a role that nobody has",
    "parameters that are no object", "an input that nobody feeds", "source data without an input left for it",
    "a job id that makes no name in storage",
]  # fmt: skip


@pytest.mark.parametrize("flaw", FLAWS)
def test_refused_for(make: SimpleNamespace, flaw: str) -> None:
    found = flaws(make)
    assert set(found) == set(FLAWS)
    job, words = found[flaw]
    message = refused(job, make.registry)
    for word in words:
        assert any(each in message for each in word.split("|")), message


def test_a_task_after_one_in_which_the_party_has_no_share(make: SimpleNamespace) -> None:
    job = make.job(
        make.component("a"),
        make.component("b", "onlyhost", ["a.data0"]),
        make.component("c", "sum", ["b.data0"]),
    )
    registry = type(make.registry)([*make.registry.all, make.description("onlyhost", roles=("host",))])
    assert "guest.0 takes no part in b" in refused(job, registry)


def test_parties_whose_role_a_component_does_not_support_take_no_part(make: SimpleNamespace) -> None:
    job = make.job(
        make.component("a"),
        make.component("b", "trained", ["a.data0"]),
        role={"guest": ["bank"], "host": ["operator"], "arbiter": ["clearing"]},
    )
    steps = plan(job, make.registry).steps
    assert [party.name for party in steps["a"].parties] == ["guest.0", "host.0"]
    assert [party.name for party in steps["b"].parties] == ["guest.0", "host.0", "arbiter.0"]


def test_steps_come_after_those_they_read_from(make: SimpleNamespace) -> None:
    job = make.job(
        make.component("d", "both", ["b.data0", "c.data0"]),
        make.component("c", "sum", ["a.data0"]),
        make.component("b", "sum", ["a.data0"]),
        make.component("a"),
    )
    found = plan(job, make.registry)
    names = list(found.steps)
    assert names[0] == "a"
    assert names[-1] == "d"
    assert found.downstream("b") == {"b", "d"}
    assert found.downstream("a") == {"a", "b", "c", "d"}
    with pytest.raises(InvalidFlow, match="no component z"):
        found.downstream("z")


def test_ctl_g3_1_1_1_conf_parties_of_one_key_share_its_values_and_the_closer_word_wins(make: SimpleNamespace) -> None:
    source = {f"{n}": {"first": {"dataset_id": f"d{n}"}} for n in range(3)}
    job = make.job(
        role={"guest": ["bank"], "host": ["h0", "h1", "h2"]},
        common={"first": {"mode": "fast", "rounds": 2}},
        host={
            **source,
            "0|2": {"first": {"rounds": 5, "mode": "safe"}},
            "2": {"first": {**source["2"]["first"], "rounds": 7}},
        },
    )
    plan(job, make.registry)
    given = [split_parameters(job.config, "first", "host", index)[0] for index in range(3)]
    assert given == [{"mode": "safe", "rounds": 5}, {"mode": "fast", "rounds": 2}, {"mode": "safe", "rounds": 7}]


def test_ctl_g3_1_1_1_conf_resources_are_read_per_party(make: SimpleNamespace) -> None:
    job = make.job()
    job.config.job_params = ParameterSet.model_validate(
        {
            "common": {"resources": {"memory": 8}},
            "guest": {"0": {"resources": {"cpu": -1, "memory": -1, "disk": -1}}},
            "host": {"0": {"resources": {"cpu": "2"}}},
        }
    )
    guest, host = plan(job, make.registry).resources.values()
    assert guest == Resources()
    assert host == Resources(cpu=2.0, memory=8.0)


@pytest.mark.parametrize("amount", [0, -2, -1.5, "much", "nan", "inf", True, [], {}])
def test_ctl_g3_1_1_1_conf_resources_that_are_no_amount(make: SimpleNamespace, amount: Any) -> None:
    job = make.job()
    job.config.job_params = ParameterSet.model_validate({"host": {"0": {"resources": {"cpu": amount}}}})
    assert "job_params of host.0: resources.cpu" in refused(job, make.registry)


@pytest.mark.parametrize("job_params", [{"host": {"1": {}}}, {"hots": {"0": {}}}, {"host": {"0|1": {}}}])
def test_ctl_g3_1_1_1_conf_job_parameters_of_nobody(make: SimpleNamespace, job_params: Any) -> None:
    job = make.job()
    job.config.job_params = ParameterSet.model_validate(job_params)
    assert "the job has no party" in refused(job, make.registry)


def test_parties_are_ordered_by_role_and_index(make: SimpleNamespace) -> None:
    job = make.job(role={"arbiter": ["z"], "host": ["h0", "h1"], "guest": ["bank"], "beta": ["q"]})
    assert parties_of(job.config) == [
        Party("guest", 0, "bank"), Party("host", 0, "h0"), Party("host", 1, "h1"), Party("arbiter", 0, "z"),
        Party("beta", 0, "q"),
    ]  # fmt: skip


def test_digests_are_those_of_the_content_and_not_of_its_spelling(make: SimpleNamespace) -> None:
    job = make.job()
    turned = JobCreate.model_validate(json.loads(json.dumps(job.to_wire(), sort_keys=True, indent=3)))
    assert (dag_digest(turned.dag), config_digest(turned.config)) == (dag_digest(job.dag), config_digest(job.config))
    other = make.job(common={"first": {"mode": "safe"}})
    assert dag_digest(other.dag) == dag_digest(job.dag)
    assert config_digest(other.config) != config_digest(job.config)


@given(st.lists(st.sets(st.integers(0, 11), max_size=2), min_size=1, max_size=12))
def test_a_flow_of_any_shape_is_ordered_or_its_cycle_is_named(shape: list[set[int]]) -> None:
    from tests.control.conftest import REGISTRY, component, job

    parts = []
    for number, sources in enumerate(shape):
        inputs = [f"c{source}.data0" for source in sorted(sources) if source < len(shape)]
        parts.append(component(f"c{number}", "both", inputs))
    request = job(*parts)
    try:
        steps = plan(request, REGISTRY).steps
    except InvalidFlow as error:
        cycle = error.message.partition(": ")[2].split(" → ")
        assert cycle[0] == cycle[-1]
        for earlier, later in pairwise(cycle):
            assert int(earlier[1:]) in shape[int(later[1:])]
        return
    done: set[str] = set()
    for step in steps.values():
        assert step.upstream <= done
        done.add(step.name)
    assert len(done) == len(shape)


@pytest.mark.parametrize("flaw", [flaw for flaw in FLAWS if flaw != "a job id that makes no name in storage"])
def test_each_refusal_says_where_and_tells_more_than_that_it_is_wrong(make: SimpleNamespace, flaw: str) -> None:
    """The member at fault is in `where`; what would be right is in the message or in the hint."""
    with pytest.raises(InvalidFlow) as caught:
        plan(flaws(make)[flaw][0], make.registry)
    error = caught.value
    assert error.where and error.clause
    tells = ("must", "it has", "its outputs", "is known here", "twice", "both speak", "makes no", "a role is")
    assert error.hint or any(word in error.message for word in tells), str(error)


def test_a_long_cycle_is_named_by_its_ends(make: SimpleNamespace) -> None:
    components = [make.component(f"c{n}", "sum", [f"c{(n + 1) % 500}.data0"]) for n in range(500)]
    message = refused(make.job(*components), make.registry)
    assert "form a cycle: c" in message and "…" in message and len(message) < 400


def test_ctl_g3_1_1_1_conf_words_that_mean_nothing_here_are_remarked(make: SimpleNamespace) -> None:
    job = make.job(make.component("first"))
    job.config.job_params.common.update(
        sync_type="smoke", resources={"cpu": 1, "gpu": 2}, extension={"task_seconds": {"first": 5, "frist": 5}}
    )
    assert remarks_on_config(job.config, {"first"}) == [
        "job_params.common.sync_type 'smoke' is not known here and taken as poll",
        "job_params.common.resources.gpu is not known here and sets no limit",
        "job_params.common.extension.task_seconds: the DAG has no component frist",
    ]


@pytest.mark.parametrize("scheduler", [7, ["clearing"], {"node_id": "clearing"}, True])
def test_resolution_27_a_scheduler_that_is_no_text_is_not_passed_over(make: SimpleNamespace, scheduler: Any) -> None:
    job = make.job(make.component("first"))
    job.config.job_params.common["scheduler"] = scheduler
    assert "config.job_params.common.scheduler: is no node id" in refused(job, make.registry)
