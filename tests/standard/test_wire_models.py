"""What wire models take and refuse, by clause."""

from __future__ import annotations

import json
from typing import Any

import pytest

from interconn.standard import control, management
from interconn.standard.envelope import Envelope
from interconn.standard.errors import InvalidRequest, NotFound
from interconn.standard.flow import Config, Dag, ordinals
from interconn.standard.identifiers import new_job_id, new_nonce, new_task_id, new_token, session_of_job
from interconn.standard.wire import WireModel, validate

DAG = {
    "version": "1.0.0",
    "components": [
        {
            "name": "psi_0",
            "componentName": "psi",
            "provider": "interconn",
            "version": "1.0.0",
            "input": [],
            "output": [{"type": "dataset", "key": "train_data"}],
        }
    ],
}
CONFIG = {
    "version": "1.0.0",
    "initiator": {"role": "guest", "node_id": "node-a"},
    "role": {"guest": ["node-a"], "host": ["node-b"]},
    "job_params": {"common": {}},
    "task_params": {"guest": {"0": {"psi_0": {"column": "id"}}}},
}
PERMIT = {
    "token": "tok_A1b2C3d4E5f6G7h8",
    "resource_level": 1,
    "resource_type": "DATASET",
    "resource_id": "set-1",
    "resource_node_id": "node-b",
    "resource_inst_id": "inst-b",
    "request_node_id": "node-a",
    "request_inst_id": "inst-a",
}
APPLY = {
    "address": "https://node-a.example:7304",
    "auth_credential": "MFkw",
    "auth_type": "SHA256_ECDSA",
    "inst_id": "inst-a",
    "institution": "某银行股份有限公司",
    "name": "node a",
    "node_id": "node-a",
    "system": "interconn",
    "system_version": "0.1",
}
JOB = {"audit_id": "a-1", "job_id": "j-1", "flow_id": "f-1", "name": "job", "project_id": "p-1", "dag": DAG}


def refused(model: type[WireModel], members: Any, *said: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        validate(model, members)
    for word in said:
        assert word in caught.value.message


@pytest.mark.parametrize("member", ["node_id", "auth_credential", "auth_type", "inst_id", "institution", "system"])
def test_mgt_3_1_required_members(member: str) -> None:
    assert validate(management.ContractApply, APPLY).node_id == "node-a"
    refused(management.ContractApply, {name: value for name, value in APPLY.items() if name != member}, member)


def test_mgt_3_1_members_of_newer_peers_are_ignored() -> None:
    validate(management.ContractApply, {**APPLY, "zone": "Asia/Shanghai"})


@pytest.mark.parametrize("auth_type", ["MD5", "", "sha256_rsa", None, 1])
def test_mgt_3_1_unknown_auth_type(auth_type: Any) -> None:
    refused(management.ContractApply, {**APPLY, "auth_type": auth_type}, "auth_type")


def test_mgt_3_2_an_approval_needs_a_credential() -> None:
    refused(management.ContractConfirm, {"contract_id": "c-1", "status": "APPROVED"}, "auth_credential")
    assert validate(management.ContractConfirm, {"contract_id": "c-1", "status": "REJECTED"})


@pytest.mark.parametrize("status", ["APPLIED", "TERMINATED", "approved", ""])
def test_mgt_4_4_other_verdicts(status: str) -> None:
    refused(management.AuditConfirm, {"audit_id": "a-1", "status": status}, "status")


@pytest.mark.parametrize(
    "identifier",
    ["", ".", "..", "...", "a/b", "../a", "a b", "a\n", "\na", "é", "a\x00", "a" * 129, "١", "a,b", "%2e", 1, None, []],
)
def test_resolution_7_ids_that_are_none(identifier: Any) -> None:
    refused(management.AuditReference, {"audit_id": identifier}, "audit_id")


@pytest.mark.parametrize(
    "identifier",
    ["a", "-", "_", "a.b", "..a", "a" * 128, "202401011200000000001", "job-0123456789abcdef0123456789abcdef"],
)
def test_resolution_7_ids_that_are(identifier: str) -> None:
    assert validate(management.AuditReference, {"audit_id": identifier}).audit_id == identifier


def test_ctl_g3_2_3_ids_as_written() -> None:
    job, task = new_job_id(), new_task_id()
    assert (job[:4], len(job), task[:5], len(task)) == ("job-", 36, "task_", 37)
    assert session_of_job(job) == f"session_{job}"
    assert new_job_id() != job
    assert len({new_nonce() for _ in range(100)}) == 100


def test_mgt_2_2_token_set_tokens_hold_neither_comma_nor_slash() -> None:
    assert not set("".join(new_token() for _ in range(100))) & set(",/")


def test_mgt_2_2_permit_as_object_or_as_json_string_of_it_resolution_17() -> None:
    confirm = {"audit_id": "a-1", "status": "APPROVED"}
    as_object = validate(management.AuditConfirm, {**confirm, "resource_permit": PERMIT})
    as_string = validate(management.AuditConfirm, {**confirm, "resource_permit": json.dumps(PERMIT)})
    assert as_object == as_string
    assert as_object.resource_permit
    assert as_object.to_wire()["resource_permit"] == PERMIT
    for nothing in ("", " ", None, {}, "{}", "null", " {}\n"):
        assert validate(management.AuditConfirm, {**confirm, "resource_permit": nothing}).resource_permit is None


@pytest.mark.parametrize("member", [name for name in PERMIT if name != "token"])
def test_mgt_2_2_permit_lacks_a_member(member: str) -> None:
    permit = {name: value for name, value in PERMIT.items() if name != member}
    refused(management.AuditConfirm, {"audit_id": "a-1", "status": "APPROVED", "resource_permit": permit}, member)


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{", "NaN", '{"token":1,"token":1}', '"' + "x" * 100_000 + '"', "[]", "1", '"\\ud800"'],
    ids=["deep", "cut off", "NaN", "repeated member", "large", "list", "number", "half a surrogate pair"],
)
def test_mgt_2_2_permit_hostile_string(text: str) -> None:
    refused(management.AuditConfirm, {"audit_id": "a-1", "status": "APPROVED", "resource_permit": text})


@pytest.mark.parametrize(
    "token", ["", "with,comma" * 3, "with/slash" * 3, "x" * 513, "a" * 20 + "\n", "with space", "é" * 20]
)
def test_mgt_2_2_permit_token_that_fits_no_set(token: str) -> None:
    permit = {**PERMIT, "token": token}
    with pytest.raises(InvalidRequest) as caught:
        validate(management.AuditConfirm, {"audit_id": "a-1", "status": "APPROVED", "resource_permit": permit})
    assert not token or token not in caught.value.message


@pytest.mark.parametrize("token", ["7", "a;b\"c'd", "eyJhbGciOi.JSUzI1Ni-_~+=", "!#$%&()*:<=>?@[]^{|}"])
def test_mgt_2_2_permit_a_token_is_the_holders_to_make(token: str) -> None:
    assert validate(management.ResourcePermit, {**PERMIT, "token": token}).token == token


@pytest.mark.parametrize("value", [[], 0, False, "[]", "0", "false", '"{}"'])
def test_mgt_2_2_permit_what_is_neither_a_permit_nor_none(value: Any) -> None:
    refused(management.AuditConfirm, {"audit_id": "a-1", "status": "APPROVED", "resource_permit": value})


def test_mgt_2_2_permit_token_is_not_shown() -> None:
    assert PERMIT["token"] not in repr(validate(management.ResourcePermit, PERMIT))


@pytest.mark.parametrize(
    ("member", "value"), [("time_limit", 2**63), ("times_limit", 2**31), ("resource_level", 2**31)]
)
def test_mgt_2_2_permit_lifetime_numbers_wider_than_the_standard_s(member: str, value: int) -> None:
    validate(management.ResourcePermit, {**PERMIT, member: value - 1})
    refused(management.ResourcePermit, {**PERMIT, member: value}, member)


@pytest.mark.parametrize("member", ["time_limit", "times_limit"])
def test_mgt_2_2_permit_lifetime_below_nothing(member: str) -> None:
    refused(management.ResourcePermit, {**PERMIT, member: -1}, member)


@pytest.mark.parametrize("value", ["0", "-1", "1e3", "", "abc", "99999999999"])
def test_mgt_2_3_paging_page_num(value: str) -> None:
    refused(management.DatasetList, {"contract_id": "c-1", "page_num": value}, "page_num")


@pytest.mark.parametrize("value", [0, -2, 2**31])
def test_mgt_2_3_paging_page_size(value: int) -> None:
    refused(management.DatasetList, {"contract_id": "c-1", "page_size": value}, "page_size")


def test_mgt_2_3_paging_defaults() -> None:
    page = validate(management.DatasetList, {"contract_id": "c-1"})
    assert (page.page_num, page.page_size) == (1, 20)
    assert validate(management.DatasetList, {"contract_id": "c-1", "page_size": "-1"}).page_size == -1


@pytest.mark.parametrize("name", ["", "a" * 257, "a\nb", "\x1b[2J", "\x9b2J", "\u202egnp", "a\x00", "tab\there"])
def test_mgt_5_1_names_that_would_move_a_terminal(name: str) -> None:
    refused(
        management.ProjectApply, {"audit_id": "a-1", "contract_id": "c-1", "name": name, "project_id": "p-1"}, "name"
    )


@pytest.mark.parametrize("name", ["联合建模\u3000甲", "naïve", "a" * 256, "👩‍🔬"])
def test_mgt_5_1_names_of_the_world(name: str) -> None:
    validate(management.ProjectApply, {"audit_id": "a-1", "contract_id": "c-1", "name": name, "project_id": "p-1"})


def test_mgt_g2_1_1_3_conf_what_this_node_makes_has_every_member_that_is_demanded() -> None:
    config = validate(Config, CONFIG)
    wire = config.completed().to_wire()
    assert set(wire["role"]) == {"guest", "host", "arbiter"}
    assert wire["role"]["arbiter"] == []
    for parameters in ("job_params", "task_params"):
        assert set(wire[parameters]) == {"common", "guest", "host", "arbiter"}
    assert wire["task_params"]["guest"] == CONFIG["task_params"]["guest"]  # type: ignore[index]
    assert config.to_wire()["role"] == CONFIG["role"]  # what another made is left as it is
    assert validate(Config, wire).completed().to_wire() == wire
    more = validate(Config, {**CONFIG, "role": {"guest": ["a"], "helper": ["b"]}, "job_params": {"helper": {"0": {}}}})
    assert more.completed().to_wire()["role"]["helper"] == ["b"]
    assert more.completed().to_wire()["job_params"]["helper"] == {"0": {}}


def test_mgt_6_1_contract_id_in_both_spellings_resolution_19() -> None:
    assert validate(management.ComponentList, {"contract_Id": "c-1"}).contract_id == "c-1"
    assert validate(management.ComponentList, {"contract_id": "c-1"}).to_wire()["contract_id"] == "c-1"
    validate(management.ComponentList, {"contract_id": "c-1", "contract_Id": "c-1"})
    refused(management.ComponentList, {"contract_id": "c-1", "contract_Id": "c-2"}, "contract_Id", "differ")


def test_mgt_8_1_conf_in_both_spellings_that_differ() -> None:
    other = {**CONFIG, "version": "2.0.0"}
    assert validate(management.JobApply, {**JOB, "conf": CONFIG}) == validate(
        management.JobApply, {**JOB, "config": CONFIG}
    )
    validate(management.JobApply, {**JOB, "conf": CONFIG, "config": CONFIG})
    refused(management.JobApply, {**JOB, "conf": CONFIG, "config": other}, "conf and config")
    refused(control.JobCreate, {"job_id": "j-1", "dag": DAG, "config": CONFIG, "conf": other}, "conf")


def test_ctl_6_7_input_in_both_spellings_resolution_4() -> None:
    component = {**DAG["components"][0], "input": [{"type": "dataset", "key": "a.b"}]}  # type: ignore[dict-item]
    aliased = {name if name != "input" else "inputData": value for name, value in component.items()}
    one = validate(Dag, {**DAG, "components": [component]})
    assert one == validate(Dag, {**DAG, "components": [aliased]})
    assert "input" in one.to_wire()["components"][0]
    refused(Dag, {**DAG, "components": [{**component, "inputData": []}]}, "inputData", "differ")


def test_ctl_6_6_node_id_in_both_spellings_resolution_4() -> None:
    conf = validate(Config, {**CONFIG, "initiator": {"role": "guest", "nodeId": "node-a"}})
    assert conf == validate(Config, CONFIG)
    refused(Config, {**CONFIG, "initiator": {"role": "guest", "nodeId": "node-a", "node_id": "node-b"}}, "differ")


def test_ctl_3_4_task_name_in_both_spellings_resolution_3() -> None:
    start = {"task_id": "t-1", "job_id": "j-1"}
    assert validate(control.TaskStart, {**start, "component_name": "psi_0"}).task_name == "psi_0"
    assert validate(control.TaskStart, {**start, "task_name": "psi_0"}).to_wire()["task_name"] == "psi_0"
    refused(control.TaskStart, {**start, "task_name": "psi_0", "component_name": "psi_1"}, "differ")


@pytest.mark.parametrize("task_params", [{"guest": []}, {"guest": {"0": 1}}, {"guest": "x"}, [], "x"])
def test_ctl_g3_1_1_1_conf_parameters_that_are_no_objects(task_params: Any) -> None:
    refused(Config, {**CONFIG, "task_params": task_params}, "task_params")


def test_ctl_g3_1_1_1_conf_survives_the_wire_with_roles_of_any_name() -> None:
    conf = {**CONFIG, "task_params": {"observer": {"0": {"a": 1}}, "common": {}}}
    read = validate(Config, conf)
    assert read.task_params.layers("observer", 0) == [{}, {"a": 1}]
    assert read.task_params.layers("observer", 1) == read.task_params.layers("nobody", 0) == [{}]
    assert validate(Config, read.to_wire()) == read


def test_ctl_g3_1_1_1_conf_a_key_of_several_ordinals_and_the_closer_word_wins() -> None:
    conf = {**CONFIG, "task_params": {"common": {"n": 0}, "host": {"1": {"n": 3}, "0|1|2": {"n": 1}, "1|2": {"n": 2}}}}
    read = validate(Config, conf).task_params
    assert [layer["n"] for layer in read.layers("host", 1)] == [0, 1, 2, 3]
    assert [layer["n"] for layer in read.layers("host", 0)] == [0, 1]


@pytest.mark.parametrize("key", ["", "01", "-1", "0|", "|0", "0|0", "0,1", "one", "²", "9999999", " 0"])
def test_ctl_g3_1_1_1_conf_a_key_that_names_no_ordinal(key: str) -> None:
    assert ordinals(key) == ()


@pytest.mark.parametrize("state", [state.value for state in control.JobStatus])
def test_ctl_3_7_job_states(state: str) -> None:
    assert validate(control.JobStatusReply, {"job_status": state, "status": {"t-1": "RUNNING"}})


def test_ctl_3_7_states_that_are_none() -> None:
    refused(control.JobStatusReply, {"job_status": "SUCCESS"}, "job_status")
    refused(control.JobStatusReply, {"job_status": "RUNNING", "status": {"t-1": "FINISHED"}}, "t-1")


def test_ctl_3_8_which_states_are_final() -> None:
    assert [state.value for state in control.TaskStatus if state.is_final] == ["SUCCESS", "FAILED"]


def test_an_error_names_members_but_never_their_values_and_stays_short() -> None:
    secret = "hunter2hunter2hunter2"
    with pytest.raises(InvalidRequest) as caught:
        validate(
            control.JobStatusReply,
            {"job_status": secret, "status": {f"{n}\x1b[2J" + "k" * 10_000: secret for n in range(50)}},
        )
    assert secret not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "and 46 more" in caught.value.message
    assert len(caught.value.message) < 2000


def test_mgt_2_3_envelope() -> None:
    assert Envelope.of({"a": 1}).to_wire() == {"code": 0, "msg": "success", "data": {"a": 1}}
    refusal = Envelope.of_error(
        NotFound("there is none", where="job_id", clause="CTL-3.7", hint="Look again")
    ).to_wire()
    assert (refusal["code"], refusal["data"]["extension"]["clause"]) == (40400, "CTL-3.7")
    assert refusal["msg"] == "job_id: there is none [CTL-3.7]. Look again"


@pytest.mark.parametrize("code", [True, False, None, "", "x", 1.5, 2**31, []])
def test_mgt_2_3_envelope_code_that_is_no_number(code: Any) -> None:
    refused(Envelope, {"code": code, "msg": "", "data": {}}, "code")


@pytest.mark.parametrize("data", [[], "x", 1])
def test_mgt_2_3_data_that_is_no_object(data: Any) -> None:
    refused(Envelope, {"code": 0, "msg": "", "data": data}, "data")


@pytest.mark.parametrize("reply", [{"code": 0, "data": {}}, {"code": 0, "data": None}, {"code": 0, "msg": "ok"}])
def test_mgt_2_3_data_may_be_empty_null_or_absent(reply: dict[str, Any]) -> None:
    assert not validate(Envelope, reply).data
