"""Bodies and members that are meant to harm, at every listener: refused with few words, and the node goes on.

Each call is otherwise a right one: signed by a partner under contract, with a task's token, or with a person's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from interconn.api.audits import FLOW_CREATE
from interconn.api.datasets import DATASET_ADD, DATASET_LIST
from interconn.api.people import USER_ADD
from interconn.standard.control import COMPONENT_CALLBACK
from interconn.standard.management import CONTRACT_APPLY, DATASET_APPLY, DATASET_QUERY, PROJECT_APPLY
from interconn.standard.transport import INVOKE, POP, PUSH
from tests.openapi.world import World
from tests.peers.asgi import Answer

POSTS = [
    ("partner", CONTRACT_APPLY.path),
    ("partner", DATASET_APPLY.path),
    ("partner", PROJECT_APPLY.path),
    ("component", COMPONENT_CALLBACK.path),
    ("component", PUSH),
    ("component", POP),
    ("admin", FLOW_CREATE.path),
    ("admin", DATASET_ADD.path),
    ("admin", USER_ADD.path),
]
MEGABYTE = 1024 * 1024
BODIES: dict[str, Callable[[], bytes]] = {
    "a string of 10 MB": lambda: json.dumps({"name": "x" * (10 * MEGABYTE)}).encode(),
    "a string of 7 MB": lambda: json.dumps({"name": "x" * (7 * MEGABYTE), "audit_id": "a"}).encode(),
    "a member's name of 7 MB": lambda: json.dumps({"x" * (7 * MEGABYTE): 1}).encode(),
    "100,000 levels of lists": lambda: b'{"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 levels of objects": lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "brackets that never close": lambda: b"[" * MEGABYTE,
    "a million values": lambda: b"[" + b"0," * 999_999 + b"0]",
    "a million members": lambda: b"{" + b",".join(b'"%d":0' % n for n in range(1_000_000)) + b"}",
    "a number of 5 MB": lambda: b'{"time_limit":' + b"9" * (5 * MEGABYTE) + b"}",
    "a repeated member": lambda: b'{"name":"a","name":"b"}',
    "NaN": lambda: b'{"time_limit":NaN}',
    "half a surrogate pair": lambda: b'{"name":"\\ud800"}',
    "UTF-16": lambda: json.dumps({"name": "x"}).encode("utf-16"),
    "no UTF-8": lambda: b'{"name":"\xff\xfe"}',
    "no JSON": lambda: b"\x00\x1b[2J",
    "a list": lambda: b"[]",
    "null": lambda: b"null",
}
MISLEADING = {"nul": "\0", "escape": "\x1b[2J", "bell": "\a", "turned around": "\u202e", "next line": "\x85"}
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def refused_in_few_words(answer: Answer) -> None:
    """The caller is at fault and is told so, briefly, in the envelope; nothing of it moves a cursor."""
    assert answer.status < 500
    assert len(answer.body) < 4096
    told = json.loads(answer.body)
    assert told["code"] not in (0, 200, "E0000000000")
    assert not UNSEEN.search(told.get("msg") or told.get("message") or "")


@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize(("listener", "path"), POSTS, ids=lambda part: part.rpartition("v1/")[2])
def test_a_body_that_is_meant_to_harm_is_refused(world: World, listener: str, path: str, what: str) -> None:
    refused_in_few_words(world.send(listener, "POST", path, BODIES[what](), "application/json"))
    assert world.bank.ask("admin", "GET", "/readyz").status == 200


@pytest.mark.parametrize("what", MISLEADING)
def test_control_characters_in_members_are_refused_and_not_repeated(world: World, what: str) -> None:
    bad = f"x{MISLEADING[what]}y"
    bodies = [
        ("partner", CONTRACT_APPLY.path, {"node_id": bad, "institution": bad, "name": bad, "description": bad}),
        ("partner", DATASET_APPLY.path, {"audit_id": bad, "dataset_id": "loans", "contract_id": bad}),
        ("partner", PROJECT_APPLY.path, {"audit_id": "a", "name": bad, "project_id": bad, bad: bad}),
        ("component", COMPONENT_CALLBACK.path, {"task_id": bad, "status": bad, "role": bad, bad: bad}),
        ("component", PUSH, {"topic": bad, "payload": bad}),
        ("admin", FLOW_CREATE.path, {"name": bad, "project_id": bad, "dag": {bad: bad}}),
        ("admin", DATASET_ADD.path, {"path": bad, "name": bad, "key_columns": [bad]}),
        ("admin", USER_ADD.path, {"name": bad, "roles": [bad], bad: bad}),
    ]
    for listener, path, members in bodies:
        refused_in_few_words(world.send(listener, "POST", path, json.dumps(members).encode(), "application/json"))
    for listener, path in (("partner", DATASET_QUERY.path), ("admin", DATASET_LIST.path)):
        target = f"{path}?dataset_id={quote(bad)}&contract_id={quote(bad)}&name={quote(bad)}&page_num={quote(bad)}"
        refused_in_few_words(world.send(listener, "GET", target, b""))


@pytest.mark.parametrize("listener", ["partner", "component", "admin"])
@pytest.mark.parametrize(
    "path", ["/%00", "/..%2f..%2fetc", "/%1b[2J", "/api/v1/../../x", "/" + "a" * 60_000, "/%ff%fe"]
)
def test_a_path_that_is_meant_to_harm_is_not_there(world: World, listener: str, path: str) -> None:
    answer = world.bank.ask(listener, "GET", path, {"authorization": f"Bearer {world.bank.token}"})
    assert answer.status == 404
    refused_in_few_words(answer)


@pytest.mark.parametrize("listener", ["partner", "component", "admin"])
def test_a_body_that_is_packed_is_not_unpacked(world: World, listener: str) -> None:
    path = next(path for name, path in POSTS if name == listener)
    bomb = b"\x1f\x8b\x08\x00" + b"\x00" * 64
    refused_in_few_words(world.send(listener, "POST", path, bomb, "application/json"))


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonp", "x" * 1000],
)
def test_a_body_of_another_kind_is_refused(world: World, content_type: str) -> None:
    for listener, path in POSTS:
        if path not in (PUSH, POP, COMPONENT_CALLBACK.path):
            refused_in_few_words(world.send(listener, "POST", path, b"{}", content_type))


def test_a_call_between_nodes_cannot_be_made_at_another_listener(world: World) -> None:
    for listener, path in (("component", INVOKE), ("admin", INVOKE), ("partner", PUSH), ("partner", USER_ADD.path)):
        answer = world.send(listener, "POST", path, b"{}", "application/json")
        assert json.loads(answer.body)["code"] not in (0, "E0000000000")
