"""A partner written by hand has a node schedule its job: create_all, status_all in all its ways, callback, stop_all."""

import json
from typing import Any

import pytest

from tests.interoperation.conftest import Grounds
from tests.interoperation.node import wait_for
from tests.interoperation.partner import BASE

STATUS_ALL = f"{BASE}/schedule/job/status_all"


def handed_over(grounds: Grounds) -> tuple[str, str]:
    """A job of the partner that the node schedules and that runs at the partner; its id, and the task's."""
    proposal = grounds.proposal()
    proposal["conf"]["job_params"].setdefault("common", {})["scheduler"] = "bank"
    job = grounds.approved_job(proposal)
    del grounds.partner.jobs[job["job_id"]]
    before = set(grounds.partner.task_status)
    reply = grounds.partner.post("/schedule/job/create_all", job)
    assert (reply.code, reply.proven) == (0, True), reply.body
    created = wait_for(lambda: grounds.partner.jobs.get(job["job_id"]), what="CTL-3.2 at the partner")
    assert (created["dag"], created["config"]) == (job["dag"], job["config"])  # CTL-3.1, CTL-G3.1.1.2-create
    task_id = wait_for(lambda: next(iter(set(grounds.partner.task_status) - before), None), what="CTL-3.4")
    return job["job_id"], task_id


def asked_in_all_ways(grounds: Grounds, job_id: str) -> list[Any]:
    """What CTL-3.7 answers by POST and GET, with the job's id in the body and in the query (resolution 2)."""
    caller = grounds.partner.caller
    body = json.dumps({"job_id": job_id}).encode()
    json_type = {"content_type": "application/json"}
    requests = [
        caller.post(STATUS_ALL, {"job_id": job_id}),
        caller.post(f"{STATUS_ALL}?job_id={job_id}", {}),
        caller.get(f"{STATUS_ALL}?job_id={job_id}"),
        caller.signed(caller.unsigned("GET", STATUS_ALL, body, **json_type)),
    ]
    replies = [caller.send(request) for request in requests]
    assert [(reply.code, reply.proven) for reply in replies] == [(0, True)] * 4, [reply.body for reply in replies]
    return [reply.data for reply in replies]


@pytest.mark.slow
@pytest.mark.parametrize("member", ["task_name", "component_name"])
def test_ctl_3_1_and_3_5_and_3_7_and_3_9_of_a_node_that_schedules(grounds: Grounds, member: str) -> None:
    partner = grounds.partner
    job_id, task_id = handed_over(grounds)
    told = {"task_id": task_id, "status": "RUNNING", "role": "guest.0"}
    assert partner.post("/schedule/task/callback", told).code == 0  # CTL-3.9, though the job is polled
    wait_for(
        lambda: partner.get("/schedule/job/status_all", job_id=job_id).data["job_status"] == "RUNNING",
        what="a job that runs",
    )
    for answer in asked_in_all_ways(grounds, job_id):
        assert answer["job_status"] == "RUNNING"
        assert list(answer["status"]) == [task_id]

    before = len(partner.server.arrivals(f"{BASE}/schedule/job/stop"))
    assert partner.post("/schedule/job/stop_all", {"job_id": job_id, member: "nothing"}).code != 0
    assert partner.post("/schedule/job/stop_all", {"job_id": job_id, member: "psi_1"}).code == 0
    stops = wait_for(lambda: partner.server.arrivals(f"{BASE}/schedule/job/stop")[before:], what="CTL-3.6")
    assert {stop.members["job_id"] for stop in stops} == {job_id}
    partner.task_status[task_id] = "FAILED"  # what runs at the partner is stopped, and says so when it is polled
    wait_for(
        lambda: partner.get("/schedule/job/status_all", job_id=job_id).data["job_status"] == "FINISHED",
        what="the end of the job",
    )
    answers = asked_in_all_ways(grounds, job_id)
    assert all(answer["status"] == {task_id: "FAILED"} for answer in answers)
    again = {"task_id": task_id, "status": "SUCCESS", "role": "guest.0"}
    partner.post("/schedule/task/callback", again)  # whatever it answers, what has failed stays so
    assert asked_in_all_ways(grounds, job_id) == answers
    assert partner.post("/schedule/job/stop_all", {"job_id": job_id}).code == 0  # and once more changes nothing
    assert not partner.server.refused, [reason for reason, _ in partner.server.refused]
