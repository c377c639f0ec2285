"""The standard's own dialect, there and back (MGT-2.1-http, MGT-2.3-envelope)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn import dialects
from interconn.dialects import STANDARD
from interconn.dialects.dialect import WireReply
from interconn.standard.control import JOB_STATUS_ALL, TASK_POLL, JobReference, JobStatus, JobStatusReply, TaskPoll
from interconn.standard.errors import ConfigurationError, InvalidRequest, NotFound, PeerRefused
from interconn.standard.management import COMPONENT_LIST, COMPONENT_QUERY, ComponentList, ComponentQuery

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1, max_size=50)


@given(NAMES, NAMES)
def test_mgt_2_1_http_members_of_a_get_survive_the_query(code: str, version: str) -> None:
    asked = ComponentQuery(code=code, contract_id="c-1", version=version)
    wire = STANDARD.write_request(COMPONENT_QUERY, asked)
    assert (wire.method, wire.body) == ("GET", b"")
    assert wire.target.isascii()
    assert wire.target.isprintable()
    query = dict(parse_qsl(urlsplit(wire.target).query, keep_blank_values=True))
    assert STANDARD.read_request(COMPONENT_QUERY, query=query, content_type="", body=b"") == asked


def test_mgt_2_1_http_members_of_a_post_travel_in_its_body() -> None:
    wire = STANDARD.write_request(TASK_POLL, TaskPoll(task_id="t-1", role="guest"))
    assert (wire.method, wire.target, wire.headers) == ("POST", TASK_POLL.path, {"content-type": "application/json"})
    read = STANDARD.read_request(TASK_POLL, query={}, content_type="application/json", body=wire.body)
    assert read == TaskPoll(task_id="t-1", role="guest")


def test_resolution_19_contract_id_is_emitted_in_its_usual_spelling() -> None:
    assert "contract_id=c-1" in STANDARD.write_request(COMPONENT_LIST, ComponentList(contract_id="c-1")).target


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ({"job_id": "a"}, "application/json", b'{"job_id":"b"}'),
        ({"job_id": "1"}, "application/json", b'{"job_id":null}'),
        ({}, "application/json", b"[1]"),
        ({}, "", b'{"job_id":"a"}'),
        ({}, "text/json", b'{"job_id":"a"}'),
        ({}, "", b""),
    ],
)
def test_mgt_2_1_http_requests_that_say_two_things_or_nothing(
    query: dict[str, str], content_type: str, body: bytes
) -> None:
    with pytest.raises(InvalidRequest):
        STANDARD.read_request(JOB_STATUS_ALL, query=query, content_type=content_type, body=body)


def test_mgt_2_3_envelope_there_and_back() -> None:
    reply: Any = JobStatusReply(job_status=JobStatus.RUNNING, status={})
    assert STANDARD.read_reply(JOB_STATUS_ALL, STANDARD.write_reply(JOB_STATUS_ALL, reply)) == reply
    with pytest.raises(PeerRefused) as caught:
        STANDARD.read_reply(JOB_STATUS_ALL, STANDARD.write_error(NotFound("there is none", clause="CTL-3.7")))
    assert caught.value.peer_code == NotFound.code


def test_resolution_1_code_200_of_older_peers() -> None:
    reply = STANDARD.read_reply(JOB_STATUS_ALL, WireReply(200, b'{"code":200,"data":{"job_status":"RUNNING"}}'))
    assert isinstance(reply, JobStatusReply)


def test_the_registry_of_dialects() -> None:
    assert dialects.by_name("standard") is STANDARD
    with pytest.raises(ConfigurationError, match="Known: "):
        dialects.by_name("none")


def test_resolution_2_status_all_takes_its_job_from_the_query() -> None:
    read = STANDARD.read_request(JOB_STATUS_ALL, query={"job_id": "j-1"}, content_type="", body=b"")
    assert read == JobReference(job_id="j-1")
