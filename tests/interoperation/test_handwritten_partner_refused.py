"""What a node must refuse of a partner it has a contract with: replayed, changed, stale, unapproved, out of turn."""

import copy
import http.client
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.interoperation.channel import INVOKE, PROTOBUF, code_of
from tests.interoperation.client import Request
from tests.interoperation.conftest import Grounds
from tests.interoperation.node import Node, wait_for
from tests.interoperation.partner import BASE, Contract, Partner, fresh, psi_dag, token_set
from tests.interoperation.protobuf import message

SIGNED_HEADERS = ("x-source-node-id", "x-nonce", "x-timestamp", "x-trace-id", "content-type", "x-mprac-token-set")
SIGNED_PTP = ("x-ptp-session-id", "x-ptp-token", "x-ptp-target-node-id", "x-interconn-message-id")


def signed_requests(grounds: Grounds) -> dict[str, Request]:
    """A right request for each signed call that a partner may make, never sent before."""
    caller, contract_id = grounds.partner.caller, grounds.contract.contract_id
    nobody = {"job_id": fresh("job-")}
    posts: dict[str, Any] = {
        "/dataset/audit/apply": {"audit_id": fresh("audit-"), "contract_id": contract_id, "dataset_id": "customers"},
        "/dataset/audit/confirm": {"audit_id": fresh("audit-"), "status": "REJECTED"},
        "/project/audit/apply": {
            "audit_id": fresh("audit-"),
            "contract_id": contract_id,
            "name": "another",
            "project_id": fresh("project-"),
        },
        "/project/audit/confirm": {"audit_id": fresh("audit-"), "status": "REJECTED"},
        "/flow/audit/apply": {
            "audit_id": fresh("audit-"),
            "flow_id": fresh("flow-"),
            "name": "another",
            "project_id": grounds.project_id,
            "dag": psi_dag(),
        },
        "/flow/audit/confirm": {"audit_id": fresh("audit-"), "status": "REJECTED"},
        "/job/audit/apply": {"audit_id": fresh("audit-")} | grounds.proposal(),
        "/job/audit/confirm": {"audit_id": fresh("audit-"), "status": "REJECTED"},
        "/node/contract/terminate": {"contract_id": "contract-of-nobody"},
        "/schedule/job/create": {
            "job_id": nobody["job_id"],
            "dag": psi_dag(),
            "config": grounds.proposal()["conf"],
        },
        "/schedule/job/create_all": {
            "job_id": nobody["job_id"],
            "dag": psi_dag(),
            "config": grounds.proposal()["conf"],
        },
        "/schedule/job/start": nobody,
        "/schedule/job/stop": nobody,
        "/schedule/job/stop_all": nobody,
        "/schedule/job/status_all": nobody,
        "/schedule/task/start": nobody | {"task_id": fresh("task_"), "task_name": "psi_1"},
        "/schedule/task/poll": {"task_id": fresh("task_"), "role": "host"},
        "/schedule/task/callback": {"task_id": fresh("task_"), "role": "host", "status": "SUCCESS"},
    }
    permits = token_set(grounds.grant.permit)
    made = {
        f"POST {path}": caller.post(BASE + path, members, x_mprac_token_set=permits) for path, members in posts.items()
    }
    for target in (
        f"/dataset/pub/list?contract_id={contract_id}",
        f"/dataset/pub/query?contract_id={contract_id}&dataset_id=customers",
        f"/dataset/audit/query?audit_id={grounds.grant.audit_id}",
        f"/component/list?contract_id={contract_id}",
        f"/component/query?contract_id={contract_id}&code=psi&version=1.0.0",
        f"/project/audit/query?audit_id={grounds.grant.audit_id}",
        f"/flow/audit/query?audit_id={grounds.grant.audit_id}",
        f"/schedule/job/status_all?job_id={nobody['job_id']}",
    ):
        made[f"GET {target}"] = caller.get(BASE + target)
    invoke = caller.unsigned("POST", INVOKE, message({1: "guest.0-host.0", 2: b"payload"}))
    for name, value in grounds.partner.channel.ptp_headers("session_x").items():
        invoke = invoke.with_header(name, value)
    invoke = invoke.with_header("content-type", PROTOBUF).with_header("x-interconn-message-id", secrets.token_hex(16))
    made[f"POST {INVOKE}"] = caller.signed(invoke)
    return made


def another(text: str) -> str:
    """The same length, one character changed."""
    return text[:-1] + ("1" if text[-1] == "0" else "0")


def refused(grounds: Grounds, request: Request, what: str) -> tuple[int, str]:
    """Status and code of a request that must not be served; a transport call is answered with 200 and its own codes."""
    reply = grounds.partner.caller.send(request)
    if request.target.startswith(INVOKE) and request.method == "POST":
        code, words = code_of(reply)
        assert (reply.status, code != "E0000000000") == (200, True), (what, reply.body)
        assert words, what
        return reply.status, code
    assert reply.status in (400, 401, 403), (what, reply.status, reply.body)
    assert reply.envelope["msg"], what
    return reply.status, str(reply.code)


def test_mgt_2_2_replay_every_call_is_served_once(grounds: Grounds) -> None:
    for what, request in signed_requests(grounds).items():
        first = grounds.partner.caller.send(request)
        assert first.proven, what
        assert first.status in (200, 403), (what, first.body)  # understood, whatever the verdict
        status, code = refused(grounds, request, f"replay of {what}")
        assert (status, code) == ((200, "E0000000403") if INVOKE in what else (401, "40103")), what


def test_mgt_2_2_auth_sign_a_byte_changed_anywhere_is_refused(grounds: Grounds) -> None:
    changed = 0
    for what, request in signed_requests(grounds).items():
        mutants: list[tuple[str, Request]] = [
            (name, request.with_header(name, another(request.headers[name])))
            for name in (*SIGNED_HEADERS, *SIGNED_PTP)
            if name in request.headers
        ]
        mutants.append(
            (
                "signature",
                request.with_header(
                    "x-auth-sign", another(request.headers["x-auth-sign"][:4]) + request.headers["x-auth-sign"][4:]
                ),
            )
        )
        mutants.append(("no signature", request.with_header("x-auth-sign", None)))
        mutants.append(("method", Request("GET" if request.method == "POST" else "POST", *wire(request)[1:])))
        mutants.append(
            (
                "target",
                Request(
                    request.method, request.target + ("&" if "?" in request.target else "?") + "a=1", *wire(request)[2:]
                ),
            )
        )
        if request.body:
            mutants.append(("body", Request(*wire(request)[:3], request.body[:-1] + b" " + request.body[-1:])))
            mutants.append(("body cut", Request(*wire(request)[:3], request.body[:-1])))
        for name, mutant in mutants:
            if name == "method":
                reply = grounds.partner.caller.send(mutant)
                assert reply.status in (400, 401, 405) or code_of(reply)[0] == "E0000000404", (what, reply.body)
                continue
            status, _ = refused(grounds, mutant, f"{name} of {what}")
            assert status == (200 if INVOKE in what else 401) or name in ("content-type", "target"), (
                what,
                name,
                status,
            )
            changed += 1
    assert changed > 200


def wire(request: Request) -> tuple[str, str, dict[str, str], bytes]:
    return request.method, request.target, request.headers, request.body


@pytest.mark.parametrize(("shift", "word"), [(-301_000, "behind"), (330_000, "ahead of"), (-3_600_000, "behind")])
def test_mgt_2_2_replay_a_stale_clock_is_refused(grounds: Grounds, shift: int, word: str) -> None:
    caller = grounds.partner.caller
    stamp = str(time.time_ns() // 1_000_000 + shift)
    request = caller.unsigned("GET", f"{BASE}/dataset/pub/list?contract_id={grounds.contract.contract_id}")
    reply = caller.send(caller.signed(request.with_header("x-timestamp", stamp)))
    assert (reply.status, reply.code, reply.proven) == (401, 40104, True)
    assert f"s {word} this node's clock" in reply.envelope["msg"]


@pytest.mark.parametrize("stamp", ["in seconds", "", "soon", "１７６３８９０７００００００", "-1", "1e12", "9" * 100])
def test_mgt_2_2_replay_a_timestamp_that_is_none_is_refused(grounds: Grounds, stamp: str) -> None:
    caller = grounds.partner.caller
    request = caller.get(f"{BASE}/dataset/pub/list?contract_id={grounds.contract.contract_id}")
    stamp = stamp.replace("in seconds", str(int(time.time())))
    sent = {**request.headers, "x-timestamp": stamp}
    if stamp.isascii():
        request = caller.signed(Request(request.method, request.target, sent))
    else:
        request = Request(request.method, request.target, {k: v.encode().decode("latin-1") for k, v in sent.items()})
    status, _ = refused(grounds, request, stamp)
    assert status in (400, 401)


def test_mgt_2_2_node_ids_a_request_for_another_node_is_refused(grounds: Grounds) -> None:
    caller = grounds.partner.caller
    request = caller.unsigned("GET", f"{BASE}/component/list?contract_id={grounds.contract.contract_id}")
    request = caller.signed(request.with_header("x-target-node-id", "insurer"))
    assert refused(grounds, request, "for another") == (400, "40003")


@pytest.mark.parametrize("name", ["x-csrf-protection", "x-nonce", "x-trace-id", "x-timestamp", "x-source-node-id"])
def test_mgt_2_2_headers_each_is_demanded(grounds: Grounds, name: str) -> None:
    """CTL-2.2-headers as well: it is a call of the control layer."""
    caller = grounds.partner.caller
    request = caller.unsigned("POST", f"{BASE}/schedule/task/poll", b'{"task_id":"task_1","role":"host"}')
    status, code = refused(grounds, caller.signed(request.with_header(name, None)), name)
    assert (status, code) == (400, "40002")


def test_mgt_3_1_a_contract_cannot_be_used_before_a_person_approved_it(node: Node, partner: Partner) -> None:
    stranger = copy.copy(partner.caller)
    stranger.node_id = "stranger"
    reply = stranger.send(stranger.get(f"{BASE}/component/list?contract_id=contract-x"))
    assert (reply.status, reply.code) == (401, 40101)
    assert reply.proven


# ---------------------------------------------------------------- permits and jobs


@pytest.mark.parametrize("permits", ["", "missing", "foreign", "malformed", "changed", "a/1/b," * 200])
def test_mgt_2_2_mprac_a_job_without_the_right_permit_is_refused(grounds: Grounds, permits: str) -> None:
    permit = grounds.grant.permit
    shown = {
        "foreign": token_set(permit | {"token": secrets.token_urlsafe(32)}),
        "malformed": "no tuple at all",
        "changed": token_set(permit | {"token": another(permit["token"])}),
    }.get(permits, permits)
    more = {} if permits == "missing" else {"x_mprac_token_set": shown}
    _, reply = grounds.partner.ask_audit("job", grounds.proposal(), **more)
    assert reply.proven
    assert (reply.status, reply.code) in ((403, 40302), (400, 40000)), reply.body


def test_mgt_2_2_mprac_a_permit_opens_no_other_data_set(grounds: Grounds) -> None:
    for dataset in ("secrets", "nothing"):
        proposal = grounds.proposal()
        proposal["conf"]["task_params"]["host"]["0"]["psi_1"]["dataset_id"] = dataset
        permits = token_set(grounds.grant.permit, grounds.grant.permit | {"resource_id": dataset})
        _, reply = grounds.partner.ask_audit("job", proposal, x_mprac_token_set=permits)
        assert (reply.status, reply.code) == (403, 40302), (dataset, reply.body)


# What a scheduler might slip in, and the code that refuses it: not approved, or not even a flow of this node's.
CHANGES: dict[str, tuple[int, Callable[[dict[str, Any]], None]]] = {
    "parameter": (40303, lambda job: job["config"]["task_params"]["common"]["psi_1"].update(result_to="guest")),
    "parameter added": (40303, lambda job: job["config"]["task_params"]["host"]["0"]["psi_1"].update(batch_size=9)),
    "data set": (40303, lambda job: job["config"]["task_params"]["host"]["0"]["psi_1"].update(dataset_id="secrets")),
    "job parameter": (40303, lambda job: job["config"]["job_params"]["common"].update(sync_type="callback")),
    "party": (40010, lambda job: job["config"]["role"]["guest"].append("insurer")),
    "initiator": (40300, lambda job: job["config"]["initiator"].update(node_id="bank")),
    "component": (40010, lambda job: job["dag"]["components"][0].update(componentName="table_summary")),
    "version": (40010, lambda job: job["dag"]["components"][0].update(version="1.0.1")),
    "output": (40303, lambda job: job["dag"]["components"][0]["output"].pop()),
    "flow": (40303, lambda job: job.update(flow_id="flow-of-nobody")),
    "job": (40303, lambda job: job.update(job_id=fresh("job-"))),
}


@pytest.fixture(scope="module")
def approved(grounds: Grounds) -> dict[str, Any]:
    return grounds.approved_job()


@pytest.mark.parametrize("change", CHANGES)
def test_ctl_3_2_a_job_that_differs_from_the_approved_one_is_refused(
    grounds: Grounds, approved: dict[str, Any], change: str
) -> None:
    job = copy.deepcopy(approved)
    code, slip_in = CHANGES[change]
    slip_in(job)
    reply = grounds.partner.post("/schedule/job/create", job)
    assert reply.proven
    assert reply.code == code, reply.body
    assert grounds.partner.post("/schedule/job/start", {"job_id": job["job_id"]}).code == 40400


def test_ctl_3_2_to_3_8_out_of_turn(grounds: Grounds) -> None:
    partner, job = grounds.partner, grounds.approved_job()
    task = {"task_id": fresh("task_"), "job_id": job["job_id"], "task_name": "psi_1"}
    start = {"job_id": job["job_id"]}
    assert grounds.poll(task["task_id"]) == "PENDING"  # not known yet is no error
    assert partner.post("/schedule/job/start", start).code == 40400
    assert partner.post("/schedule/task/start", task).code == 40400
    assert partner.post("/schedule/job/create", job).code == 0
    assert partner.post("/schedule/job/create", job).code == 0  # the same again changes nothing
    other = copy.deepcopy(job)
    other["config"]["task_params"]["common"]["psi_1"]["batch_size"] = 17
    assert partner.post("/schedule/job/create", other).code in (40902, 40303)
    assert partner.post("/schedule/task/start", task).code == 40900
    assert partner.post("/schedule/job/start", start).code == 0
    assert partner.post("/schedule/job/start", start).code == 0
    assert partner.post("/schedule/task/start", task | {"task_name": "psi_2"}).code != 0
    assert partner.post("/schedule/job/stop", start).code == 0
    assert partner.post("/schedule/job/stop", start).code == 0
    assert partner.post("/schedule/task/start", task).code != 0
    assert partner.post("/schedule/job/start", start).code != 0


def test_ctl_3_7_status_is_asked_of_the_scheduler_and_no_other(grounds: Grounds) -> None:
    job_id = fresh("job-")
    for reply in (
        grounds.partner.get("/schedule/job/status_all", job_id=job_id),
        grounds.partner.post("/schedule/job/status_all", {"job_id": job_id}),
        grounds.partner.caller.send(grounds.partner.caller.post(f"{BASE}/schedule/job/status_all?job_id={job_id}", {})),
    ):
        assert reply.code == 40400, reply.body


# ---------------------------------------------------------------- listeners and malformed requests


def test_design_a_path_of_one_listener_is_not_served_on_another(
    node: Node, partner: Partner, contract: Contract
) -> None:
    for path in (
        "/v1/interconn/chan/push",
        "/v1/interconn/chan/pop",
        "/v1/platform/schedule/task/callback",
        "/api/v1/peers",
    ):
        reply = partner.caller.send(partner.caller.post(path, {}))
        if path.startswith("/v1/interconn/chan/"):
            assert reply.code == "E0000000404", (path, reply.body)
        else:
            assert (reply.status, reply.code) == (404, 40400), (path, reply.body)
    for listener, paths in {
        "component": ("/v1/interconn/node/health", "/v1/interconn/schedule/task/poll", "/api/v1/node/status"),
        "admin": ("/v1/interconn/node/health", "/v1/interconn/chan/push", "/v1/interconn/chan/invoke"),
    }.items():
        there = copy.copy(partner.caller)
        there.address = node.listener(listener)
        for path in paths:
            reply = there.send(there.get(path))
            assert reply.status == 404, (listener, path, reply.body)


def test_trn_3_1_a_task_token_opens_nothing_on_the_partner_listener(
    node: Node, partner: Partner, contract: Contract
) -> None:
    token = node.command("session", "open", "session_by-hand", "--party", "bank", "--party", "operator")["token"]
    request = partner.caller.unsigned("POST", INVOKE, message({1: "t", 2: b"x"})).with_header("content-type", PROTOBUF)
    for name, value in partner.channel.ptp_headers("session_by-hand", **{"x-ptp-token": token}).items():
        request = request.with_header(name, value)
    reply = partner.caller.send(request)  # the token, but no signature
    assert code_of(reply)[0] == "E0000000615", reply.body
    assert code_of(partner.channel.push("session_by-hand", "t", b"x"))[0] == "E0000000000"  # signed: no token needed


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"task_id":"a","task_id":"b"}', b"\xff\xfe", b"[" * 5000, b'{"task_id":NaN}', b'"x"'],
)
def test_mgt_2_3_envelope_a_body_that_is_none_is_refused_in_words(
    partner: Partner, contract: Contract, body: bytes
) -> None:
    caller = partner.caller
    reply = caller.send(caller.signed(caller.unsigned("POST", f"{BASE}/schedule/task/poll", body)))
    assert (reply.status, reply.proven) == (400, True), reply.body
    assert reply.code in (40000, 40001)
    assert set(json.loads(reply.body)) == {"code", "msg", "data"}


def test_mgt_2_1_http_other_methods_are_refused(partner: Partner, contract: Contract) -> None:
    where = urlsplit(partner.caller.address)
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"):
        connection = http.client.HTTPSConnection(
            where.hostname or "", where.port, context=partner.caller.trust, timeout=20
        )
        connection.request(method, f"{BASE}/node/health", headers=partner.caller.headers())
        assert connection.getresponse().status in (404, 405), method
        connection.close()


def test_mgt_3_2_a_contract_that_was_refused_says_so(node: Node, partner: Partner, contract: Contract) -> None:
    again = partner.caller.post(
        f"{BASE}/node/contract/apply",
        partner.card() | {"auth_type": partner.signer.auth_type, "auth_credential": partner.signer.credential.pem},
    )
    reply = partner.caller.send(again)
    assert reply.status == 200
    assert reply.code in (40900, 40901), reply.body  # one is in force already (MGT-3-contract-reapply)
    wait_for(lambda: not partner.server.refused)
