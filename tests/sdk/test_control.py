"""The query of a task at its container (CMP-3.2.1, CMP-3.2-port)."""

from __future__ import annotations

import dataclasses
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from interconn.sdk import Environment
from interconn.sdk.control import QUERY, ControlListener
from tests.sdk.test_environment import STANDARD


@pytest.fixture
def environment() -> Environment:
    return dataclasses.replace(Environment.read(STANDARD), control_port=0)


@pytest.fixture
def listener(environment: Environment) -> Iterator[ControlListener]:
    with ControlListener(environment) as open_listener:
        yield open_listener


def ask(listener: ControlListener, body: bytes, path: str = QUERY) -> tuple[int, dict[str, Any]]:
    with urllib3.PoolManager(retries=False) as pool:
        response = pool.request("POST", f"http://127.0.0.1:{listener.port}{path}", body=body)
    return response.status, json.loads(response.data) if response.status == 200 else {}


def test_a_running_task_is_told_at_both_places(listener: ControlListener) -> None:
    """Resolution 20."""
    status, reply = ask(listener, json.dumps({"task_id": STANDARD["config.task_id"]}).encode())
    assert status == 200
    assert (reply["code"], reply["status"], reply["role"]) == (0, "RUNNING", "host.1")
    assert reply["data"] == {"status": "RUNNING", "role": "host.1"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b"null", b'{"task_id": 5}', b'{"task_id": "of-another"}', b"[" * 5000]
)
def test_any_other_question_tells_nothing(listener: ControlListener, body: bytes) -> None:
    status, reply = ask(listener, body)
    assert status == 200
    assert reply["code"] != 0
    assert "status" not in reply


@pytest.mark.parametrize(("path", "size"), [("/", 2), ("/v1/other", 2), (QUERY, 70_000)])
def test_other_paths_and_large_bodies_are_refused(listener: ControlListener, path: str, size: int) -> None:
    assert ask(listener, b" " * size, path)[0] in (400, 404)


def test_a_port_in_use_is_no_reason_to_fail(environment: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        with ControlListener(dataclasses.replace(environment, control_port=taken.getsockname()[1])) as listener:
            assert listener.port is None
    assert "cannot be had" in capsys.readouterr().out
