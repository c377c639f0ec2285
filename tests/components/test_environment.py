"""The environment of a component is exactly the standard's, and reads back to what the job said."""

import json
from typing import Any

import pytest

from interconn.components.environment import (
    Order,
    OrderParty,
    Place,
    Surroundings,
    described_outputs,
    output_place,
    split_parameters,
    variables,
)
from interconn.sdk.environment import Environment
from interconn.standard.errors import InvalidFlow
from interconn.standard.flow import Config
from interconn.standard.self_description import SelfDescription

DESCRIPTION = SelfDescription.model_validate({
    "componentName": "Intersection",
    "title": "Intersection",
    "provider": "interconn",
    "version": "1.0.0",
    "roleList": ["guest", "host"],
    "storageEngine": ["file"],
    "inputParam": [{"name": "rounds", "title": "Rounds", "type": "int", "optional": True}],
    "inputData": [{"name": "train_data", "category": "dataset"}, {"name": "test_data", "category": "dataset"}],
    "outputData": [{"name": "train_data", "category": "dataset"}, {"name": "report0", "category": "report"}],
    "result": [],
})  # fmt: skip

PARTIES = [
    OrderParty(role="guest", index=0, node_id="bank", inst_id="inst-bank"),
    OrderParty(role="host", index=0, node_id="operator", inst_id="inst-operator"),
    OrderParty(role="host", index=1, node_id="shop", inst_id="inst-shop"),
]
SURROUNDINGS = Surroundings(
    storage="file:///data",
    transport="http://127.0.0.1:7305",
    callback="http://127.0.0.1:7305/v1/platform/schedule/task/callback",
)


def order(**changes: Any) -> Order:
    members: dict[str, Any] = {
        "job_id": "job-8",
        "task_id": "task_7",
        "task_name": "intersect_1",
        "role": "host",
        "index": 1,
        "component": "Intersection",
        "provider": "interconn",
        "version": "1.0.0",
        "session_id": "session_job-8",
        "trace_id": "trace-1",
        "parties": PARTIES,
        "inputs": [Place(namespace="datasets", name="shop-data")],
        "output_keys": ["data0"],
        **changes,
    }
    return Order.model_validate(members)


def environment(**changes: Any) -> dict[str, str]:
    return variables(order(**changes), DESCRIPTION, SURROUNDINGS, token="secret-token", log_path="/logs")


def test_these_variables_and_no_others() -> None:
    assert environment(parameters={"rounds": 3}) == {
        "system.storage": "file:///data",
        "system.transport": "http://127.0.0.1:7305",
        "system.callback": "http://127.0.0.1:7305/v1/platform/schedule/task/callback",
        "config.self_role": "host.1",
        "config.task_id": "task_7",
        "config.session_id": "session_job-8",
        "config.trace_id": "trace-1",
        "config.token": "secret-token",
        "config.log.path": "/logs",
        "config.node_id.guest.0": "bank",
        "config.node_id.host.0": "operator",
        "config.node_id.host.1": "shop",
        "config.inst_id.guest.0": "inst-bank",
        "config.inst_id.host.0": "inst-operator",
        "config.inst_id.host.1": "inst-shop",
        "runtime.component.name": "Intersection",
        "runtime.component.parameter.rounds": "3",
        "runtime.component.input.train_data": '{"namespace": "datasets", "name": "shop-data"}',
        "runtime.component.output.train_data": '{"namespace": "job-8-host-1", "name": "task_7-data0"}',
        "runtime.component.output.report0": '{"namespace": "job-8-host-1", "name": "task_7-report0"}',
    }


def test_every_variable_that_the_standard_requires_is_there() -> None:
    required = {
        "system.storage", "system.callback", "system.transport",  # CMP-3.3.1
        "config.self_role", "config.task_id", "config.session_id", "config.trace_id", "config.token",
        "config.log.path",  # CMP-3.3.2
        "runtime.component.name",  # CMP-3.4.1
    }  # fmt: skip
    assert required <= environment().keys()


def test_the_component_sdk_reads_it_back() -> None:
    read = Environment.read(environment(parameters={"rounds": 3}))
    assert (read.component, read.task_id, read.session_id) == ("Intersection", "task_7", "session_job-8")
    assert [(party.name, party.node_id, party.inst_id) for party in read.parties] == [
        ("guest.0", "bank", "inst-bank"), ("host.0", "operator", "inst-operator"), ("host.1", "shop", "inst-shop"),
    ]  # fmt: skip
    assert read.self_party.node_id == "shop"
    assert str(read.inputs["train_data"]) == "datasets/shop-data"
    assert str(read.outputs["report0"]) == "job-8-host-1/task_7-report0"


@pytest.mark.parametrize(("value", "text"), [
    ("rsa", "rsa"),
    ("", ""),
    (7, "7"),
    (-1, "-1"),
    (0.15, "0.15"),
    (True, "True"),
    (False, "False"),
    ({"hash_method": "sha256", "key_length": 2048}, '{"hash_method": "sha256", "key_length": 2048}'),
    ([1, "二"], '[1, "二"]'),
])  # fmt: skip
def test_how_values_become_text_cmp_g3_2_2_2_values(value: Any, text: str) -> None:
    assert environment(parameters={"rounds": value})["runtime.component.parameter.rounds"] == text


def test_null_is_no_variable() -> None:
    assert "runtime.component.parameter.rounds" not in environment(parameters={"rounds": None})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b", {"a": object()}])
def test_a_value_without_text_is_refused(value: Any) -> None:
    ordered = order()
    ordered.parameters = {"rounds": value}
    with pytest.raises((InvalidFlow, TypeError)):
        variables(ordered, DESCRIPTION, SURROUNDINGS, token="t", log_path="/logs")


def test_inputs_and_outputs_take_their_names_by_position() -> None:
    both = [Place(namespace="n", name="first"), Place(namespace="n", name="second")]
    found = environment(inputs=both, output_keys=["x", "y"])
    assert json.loads(found["runtime.component.input.train_data"])["name"] == "first"
    assert json.loads(found["runtime.component.input.test_data"])["name"] == "second"
    assert json.loads(found["runtime.component.output.train_data"])["name"] == "task_7-x"
    assert json.loads(found["runtime.component.output.report0"])["name"] == "task_7-y"


def test_names_of_outputs_differ_between_parties_in_the_namespace_alone_cmp_g4_2_1_3_naming() -> None:
    guest, host = (
        output_place("job-8", "task_7", "guest", 0, "data0"),
        output_place("job-8", "task_7", "host", 0, "data0"),
    )
    assert (guest.namespace, host.namespace) == ("job-8-guest-0", "job-8-host-0")
    assert guest.name == host.name == "task_7-data0"
    with pytest.raises(InvalidFlow, match=r"CMP-G4\.2\.1\.3-naming"):
        output_place("job-8", "task_7", "guest", 0, "../x")


def test_people_are_told_where_outputs_lie() -> None:
    found = described_outputs(order(), DESCRIPTION, "file:///data")
    assert found["train_data"] == {
        "category": "dataset", "namespace": "job-8-host-1", "name": "task_7-data0",
        "path": "/data/job-8-host-1/task_7-data0",
    }  # fmt: skip
    assert "path" not in described_outputs(order(), DESCRIPTION, "s3://h:9000?username=u&password=p")["train_data"]
    assert "password" not in str(described_outputs(order(), DESCRIPTION, "s3://h:9000?username=u&password=p"))


def test_common_and_own_parameters_are_merged_and_the_own_win_ctl_g3_1_1_1_conf() -> None:
    config = Config.model_validate({
        "version": "1",
        "initiator": {"role": "guest", "node_id": "bank"},
        "role": {"guest": ["bank"], "host": ["operator"]},
        "task_params": {
            "common": {"a": {"rounds": 1, "mode": "fast"}, "b": {"rounds": 9}},
            "host": {"0": {"a": {"rounds": 2, "dataset_id": "d", "name": "", "namespace": "n"}}},
        },
    })  # fmt: skip
    assert split_parameters(config, "a", "guest", 0) == ({"rounds": 1, "mode": "fast"}, {})
    assert split_parameters(config, "a", "host", 0) == (
        {"rounds": 2, "mode": "fast"},
        {"dataset_id": "d", "namespace": "n"},
    )
    assert split_parameters(config, "c", "host", 0) == ({}, {})


def test_secrets_show_nowhere() -> None:
    assert "p4ss" not in repr(Surroundings("s3://h:9000?username=u&password=p4ss", "http://t", "http://c"))
    assert "token" not in json.dumps(order().to_wire())
