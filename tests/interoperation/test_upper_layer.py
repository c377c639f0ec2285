"""A platform written by hand from section 5 of the document runs jobs on its own node (CTL-5.1 to CTL-5.8)."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.interoperation.conftest import JointFlow, asked, joint_flow, meet
from tests.interoperation.node import Node, wait_for
from tests.interoperation.partner import Partner, psi_dag
from tests.interoperation.upper_layer import UpperLayer

COMPONENT = {
    "componentName": "scorecard",
    "title": "评分卡",
    "provider": "another-maker",
    "version": "2.0.1",
    "description": "written by hand",
    "roleList": ["guest", "host"],
    "desVersion": "1.2.0",
    "storageEngine": ["file"],
    "inputParam": [
        {"name": "bins", "title": "Bins", "description": "", "type": "integer", "bindingData": [], "optional": True,
         "defaultValue": "10", "validator": "(2,100)", "dependsOn": [], "UIPattern": "editeable",
         "groupTag": ["default"], "UIType": "numberPicker"}
    ],
    "inputData": [{"name": "table", "description": "", "category": "dataset", "dataFormat": ["csv"]}],
    "outputData": [{"name": "card", "description": "", "category": "report", "dataFormat": ["json"]}],
    "result": [{"resultCode": "E1", "resultMessage": "no rows"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def platform(node: Node) -> UpperLayer:
    return UpperLayer(node.listener("admin"), (node.home / "admin.token").read_text().strip())


@pytest.fixture(scope="module")
def broker(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Partner]:
    made = meet(node, tmp_path_factory.mktemp("broker"), "broker", "SHA256_RSA")
    yield made
    made.server.stop()


@pytest.fixture(scope="module")
def flow(node: Node, broker: Partner, tmp_path_factory: pytest.TempPathFactory) -> JointFlow:
    """A flow of two intersections, neither of which waits for the other."""
    dag = psi_dag()
    dag["components"] += psi_dag("psi_2")["components"]
    return joint_flow(node, broker, tmp_path_factory.mktemp("flow"), dag=dag)


def proposed(node: Node, flow: JointFlow) -> str:
    job_id: str = node.command("job", "propose", flow.flow_id, "--config", str(flow.file))["job_id"]
    return job_id


@pytest.mark.slow
def test_ctl_5_1_to_5_7_a_job_from_its_creation_to_its_end(
    node: Node, broker: Partner, flow: JointFlow, platform: UpperLayer
) -> None:
    before = set(platform.job_list(flow_id=flow.flow_id))
    job_id = proposed(node, flow)
    assert broker.confirm_audit(asked(broker, "job")).code == 0
    assert platform.create_all(flow.flow_id, flow.dag, flow.config) == job_id  # CTL-5.1
    assert re.fullmatch(r"job-[0-9a-f]{32}", job_id)  # CTL-G3.2.3-ids
    created = wait_for(lambda: broker.jobs.get(job_id), what="CTL-3.2 at the partner")
    assert (created["dag"], created["config"]) == (flow.dag, flow.config)

    def both_run() -> Any:
        status = platform.status_all(job_id)
        return status if list(status.get("status", {}).values()) == ["RUNNING", "RUNNING"] else None

    status = wait_for(both_run, what="two tasks that run")  # CTL-5.3
    assert status["job_status"] == "RUNNING"
    names = {arrival.members["task_name"]: arrival.members["task_id"]
             for arrival in broker.server.arrivals("/v1/interconn/schedule/task/start")
             if arrival.members["job_id"] == job_id}  # fmt: skip
    assert set(status["status"]) == set(names.values())

    ours = platform.job_list(flow_id=flow.flow_id)  # CTL-5.6
    assert {name: ours[name] for name in set(ours) - before} == {job_id: "RUNNING"}
    assert ours.items() <= platform.job_list().items()
    assert platform.job_list(flow_id="another") == {}

    task_id = names["psi_1"]
    assert platform.stop_task(job_id, "psi_2") == {}  # CTL-5.7
    broker.task_status[names["psi_2"]] = "FAILED"  # the partner stops its share, and says so when it is polled
    wait_for(lambda: platform.status_all(job_id)["status"][names["psi_2"]] == "FAILED", what="the end of psi_2")
    assert platform.status_all(job_id) == status | {
        "status": {task_id: "RUNNING", names["psi_2"]: "FAILED"},
        "extension": platform.status_all(job_id)["extension"],
    }

    wait_for(lambda: platform.log_lines(task_id, "debug"), what="the first line of the component's log")
    assert platform.stop_all(job_id) == {}  # CTL-5.2
    broker.task_status[task_id] = "FAILED"
    wait_for(lambda: set(platform.status_all(job_id)["status"].values()) == {"FAILED"}, what="the end of psi_1")
    assert platform.status_all(job_id)["job_status"] == "FINISHED"
    assert platform.job_list(flow_id=flow.flow_id)[job_id] == "FINISHED"
    assert platform.stop_all(job_id) == {}  # and once more changes nothing
    stops = [arrival.members for arrival in broker.server.arrivals("/v1/interconn/schedule/job/stop")
             if arrival.members["job_id"] == job_id]  # fmt: skip
    assert [stop.get("task_name") or "" for stop in stops] == ["psi_2", ""]

    lines = platform.log_lines(task_id, "debug")  # CTL-5.4
    assert lines >= platform.log_lines(task_id, "info") >= platform.log_lines(task_id, "error")
    assert lines > 0
    text = platform.log(task_id, "debug", 0)  # CTL-5.5
    assert text.split("\n") == [platform.log(task_id, "debug", line, length=1) for line in range(lines)]
    assert platform.log(task_id, "debug", lines) == ""
    assert not broker.server.refused, [reason for reason, _ in broker.server.refused]


@pytest.mark.slow
def test_ctl_5_1_what_the_partner_has_not_approved_does_not_run(
    node: Node, broker: Partner, flow: JointFlow, platform: UpperLayer
) -> None:
    job_id = proposed(node, flow)
    content = {"flow_id": flow.flow_id, "dag": flow.dag, "config": flow.config}
    refused = platform.post("/job/create_all", content)
    assert refused.code not in (0, 200)
    assert "broker" in refused.envelope["msg"]
    assert broker.confirm_audit(asked(broker, "job"), "REJECTED").code == 0
    assert platform.post("/job/create_all", content).code not in (0, 200)
    assert job_id not in platform.job_list()
    assert job_id not in broker.jobs


def test_ctl_5_8_a_component_of_another_maker_is_registered_and_known(node: Node, platform: UpperLayer) -> None:
    image = "images.example/scorecard:2.0.1"
    for _ in range(2):
        assert platform.register(image, COMPONENT) == {}
    listed = [one for one in node.command("component", "list")["components"] if one["name"] == "scorecard"]
    assert [(one["provider"], one["version"]) for one in listed] == [("another-maker", "2.0.1")]
    other = platform.post(
        "/component/register", {"imageUrl": image, "component_info": COMPONENT | {"title": "something else"}}
    )
    assert other.code not in (0, 200)
    assert "scorecard" in other.envelope["msg"]


WRONG: dict[str, tuple[str, str, bytes, str]] = {
    "a job that is not known": ("POST", "/job/stop_all", b'{"job_id": "job-nobody"}', "application/json"),
    "a task of a job that is not known": (
        "POST", "/job/stop_task", b'{"job_id": "job-nobody", "task_name": "psi_1"}', "application/json",
    ),
    "no task named": ("POST", "/job/stop_task", b'{"job_id": "job-nobody", "task_name": ""}', "application/json"),
    "the status of a job that is not known": ("GET", "/job/status_all?job_id=job-nobody", b"", ""),
    "the status of no job": ("GET", "/job/status_all", b"", ""),
    "a log of no task": ("GET", "/task/get_log?log_level=info&start=0", b"", ""),
    "a log of a task that is not known": ("GET", "/task/get_log?task_id=t&log_level=info&start=0", b"", ""),
    "a level that there is not": ("GET", "/task/get_log_line?task_id=t&log_level=loud", b"", ""),
    "a first line below none": ("GET", "/task/get_log?task_id=t&log_level=info&start=-1", b"", ""),
    "no DAG": ("POST", "/job/create_all", b'{"config": {}}', "application/json"),
    "no JSON": ("POST", "/job/create_all", b"{", "application/json"),
    "another form": ("POST", "/job/stop_all", b"job_id=job-nobody", "application/x-www-form-urlencoded"),
    "a component without an image": ("POST", "/component/register", b'{"component_info": {}}', "application/json"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG.values(), ids=list(WRONG))
def test_ctl_2_3_what_cannot_be_done_is_no_success(platform: UpperLayer, wrong: tuple[str, str, bytes, str]) -> None:
    method, path, body, media_type = wrong
    reply = platform.send(method, path, body, media_type)
    assert reply.status in (200, 400, 404, 415)
    assert set(reply.envelope) >= {"code", "msg", "data"}
    assert reply.code not in (0, 200)
    assert reply.envelope["msg"]


CALLS = [
    ("POST", "/job/create_all"),
    ("POST", "/job/stop_all"),
    ("GET", "/job/status_all?job_id=job-1"),
    ("GET", "/task/get_log_line?task_id=t&log_level=info"),
    ("GET", "/task/get_log?task_id=t&log_level=info&start=0"),
    ("GET", "/job/query_job_list"),
    ("POST", "/job/stop_task"),
    ("POST", "/component/register"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_ctl_2_1_each_call_has_its_verb_and_is_closed_to_strangers(
    node: Node, platform: UpperLayer, method: str, path: str
) -> None:
    body = b"{}" if method == "POST" else b""
    for token in ("", "wrong"):
        stranger = UpperLayer(platform.address, token).send(method, path, body)
        assert (stranger.status, stranger.code) == (401, 40105)
    other = platform.send("GET" if method == "POST" else "POST", path, b"{}" if method == "GET" else b"")
    assert other.status in (404, 405)
    # North-south is not served where partners and components call.
    for listener in ("partner", "component"):
        address = node.listener(listener)
        if address.startswith("http://"):
            assert UpperLayer(address, platform.token).send(method, path, body).status == 404
