"""The environment of a component (CMP-3.3.1, CMP-3.3.2, CMP-3.4)."""

from __future__ import annotations

import pytest

from interconn.sdk import Environment
from interconn.standard.errors import ConfigurationError
from interconn.storage.dataset import DatasetName

STANDARD = {
    "system.storage": "s3://192.168.1.1:9000?username=admin&password=pass-word&bucket=storage",
    "system.callback": "http://192.168.1.69:9011/v1/platform/schedule/task/callback",
    "system.transport": "192.168.1.69:30304",
    "config.self_role": "host.1",
    "config.task_id": "task_bd7354a62aeb421086ac5a40c4518418",
    "config.node_id.host.1": "LX0000010000130",
    "config.node_id.host.0": "LX0000010000120",
    "config.node_id.guest.0": "LX0000010000110",
    "config.inst_id.guest.0": "JG0100001100000000",
    "config.session_id": "session_job_8abe2e8959274f37b7c507831bc4c9b8",
    "config.trace_id": "None",
    "config.token": "token_job_8abe",
    "config.log.path": "/logs/job/host",
    "runtime.component.name": "Intersection",
    "runtime.component.parameter.sync_intersect_ids": "True",
    "runtime.component.input.train_data": '{"namespace": "testspace", "name": "test_guest"}',
    "runtime.component.output.train-intersection": '{"namespace": "job-8-guest-0", "name": "task_b-data0"}',
    "PATH": "unrelated",
}


def test_the_example_of_the_standard_is_read() -> None:
    environment = Environment.read(STANDARD)
    assert environment.component == "Intersection"
    assert environment.transport == "http://192.168.1.69:30304"
    assert environment.control_port is None
    assert Environment.read({**STANDARD, "system.control_port": "10086"}).control_port == 10086  # CMP-3.2-port
    assert [party.name for party in environment.parties] == ["guest.0", "host.0", "host.1"]
    assert environment.self_party.node_id == "LX0000010000130"
    assert [party.inst_id for party in environment.peers] == ["JG0100001100000000", ""]
    assert environment.parameters == {"sync_intersect_ids": "True"}
    assert environment.inputs == {"train_data": DatasetName("testspace", "test_guest")}
    assert environment.outputs == {"train-intersection": DatasetName("job-8-guest-0", "task_b-data0")}


def test_several_roles_in_one_process_are_read() -> None:
    """CMP-3.3.2: several separated by a comma."""
    environment = Environment.read({**STANDARD, "config.self_role": "guest.0, host.1"})
    assert environment.roles == ("guest.0", "host.1")
    assert environment.self_party.name == "guest.0"


def test_what_some_nodes_leave_out_is_filled_in() -> None:
    """notes on peers: no trace id here, no callback there."""
    variables = {key: value for key, value in STANDARD.items() if key not in ("config.trace_id", "system.callback")}
    environment = Environment.read(variables)
    assert environment.callback is None
    assert environment.trace_id not in ("", "None")
    assert Environment.read(variables).trace_id != environment.trace_id


def test_neither_token_nor_password_nor_parameters_are_shown() -> None:
    shown = repr(Environment.read({**STANDARD, "runtime.component.parameter.p": "personal"}))
    for secret in ("token_job_8abe", "pass-word", "personal"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("name", "value", "clause"),
    [
        ("system.storage", None, "CMP-3.3.1"),
        ("system.storage", "ftp://x", "CMP-4"),
        ("system.transport", None, "CMP-3.3.1"),
        ("system.transport", "ftp://x:1", "CMP-3.3.1"),
        ("system.transport", "http://[bad", "CMP-3.3.1"),
        ("system.callback", "file:///etc/passwd", "CMP-3.3.1"),
        ("system.control_port", "99999", "CMP-3.3.1"),
        ("config.self_role", None, "CMP-3.3.2"),
        ("config.self_role", "guest.7", "CMP-3.3.2"),
        ("config.task_id", None, "CMP-3.3.2"),
        ("config.session_id", "", "CMP-3.3.2"),
        ("config.token", None, "CMP-3.3.2"),
        ("config.token", "a\r\nx-ptp-uri: /evil", "CMP-3.3.2"),
        ("config.node_id.guest", "NODE", "CMP-3.3.2"),
        ("config.node_id.guest.0", "a\nb", "CMP-3.3.2"),
        ("config.inst_id.guest.0", "a\nb", "CMP-3.3.2"),
        ("runtime.component.name", None, "CMP-3.4.1"),
        ("runtime.component.input.train_data", "not json", "CMP-3.4.3"),
        ("runtime.component.output.x", '{"namespace": "..", "name": "x"}', "CMP-3.4.4"),
    ],
)
def test_a_missing_or_unusable_variable_is_named_with_its_clause(name: str, value: str | None, clause: str) -> None:
    variables = dict(STANDARD)
    variables.pop(name, None)
    if value is not None:
        variables[name] = value
    with pytest.raises(ConfigurationError) as refused:
        Environment.read(variables)
    assert refused.value.where == name
    assert refused.value.clause == clause
    assert not value or value not in str(refused.value)


def test_no_party_at_all_is_said() -> None:
    variables = {key: value for key, value in STANDARD.items() if not key.startswith("config.node_id")}
    with pytest.raises(ConfigurationError, match=r"config\.node_id"):
        Environment.read(variables)
