"""The tables of endpoints, and the OpenAPI documents made from them."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import interconn.api
from interconn.standard import control, management
from interconn.standard.endpoint import Endpoint, Face, Proof
from interconn.standard.openapi import document

EAST_WEST = (*management.ENDPOINTS, *management.EXTENSIONS, *control.EAST_WEST)


def own() -> list[Endpoint[Any, Any]]:
    modules = [
        importlib.import_module(f"interconn.api.{found.name}") for found in pkgutil.iter_modules(interconn.api.__path__)
    ]
    return [endpoint for module in modules for endpoint in getattr(module, "ENDPOINTS", ())]


LISTENERS: dict[str, list[Endpoint[Any, Any]]] = {
    "partner": list(EAST_WEST),
    "component": [control.COMPONENT_CALLBACK],
    "admin": [*own(), *control.NORTH_SOUTH],
}
DOCUMENTS = {name: document(name, "0", rows, bearer=name == "admin") for name, rows in LISTENERS.items()}


@pytest.mark.parametrize("listener", LISTENERS)
def test_names_and_paths_occur_once(listener: str) -> None:
    rows = LISTENERS[listener]
    assert len({row.name for row in rows}) == len(rows)
    served = [(method, row.path) for row in rows for method in row.methods]
    assert len(set(served)) == len(served)


def test_mgt_2_1_http_get_and_post_alone() -> None:
    assert {method for row in EAST_WEST for method in row.methods} == {"GET", "POST"}


def test_ctl_2_1_each_call_of_control_has_the_verb_and_the_path_of_its_section() -> None:
    written = """
        CTL-3.1 POST /v1/interconn/schedule/job/create_all
        CTL-3.2 POST /v1/interconn/schedule/job/create
        CTL-3.3 POST /v1/interconn/schedule/job/start
        CTL-3.4 POST /v1/interconn/schedule/task/start
        CTL-3.5 POST /v1/interconn/schedule/job/stop_all
        CTL-3.6 POST /v1/interconn/schedule/job/stop
        CTL-3.7 POST /v1/interconn/schedule/job/status_all
        CTL-3.8 POST /v1/interconn/schedule/task/poll
        CTL-3.9 POST /v1/interconn/schedule/task/callback
        CTL-4.1 POST /v1/platform/schedule/task/callback
        CTL-5.1 POST /v1/platform/schedule/job/create_all
        CTL-5.2 POST /v1/platform/schedule/job/stop_all
        CTL-5.3 GET /v1/platform/schedule/job/status_all
        CTL-5.4 GET /v1/platform/schedule/task/get_log_line
        CTL-5.5 GET /v1/platform/schedule/task/get_log
        CTL-5.6 GET /v1/platform/schedule/job/query_job_list
        CTL-5.7 POST /v1/platform/schedule/job/stop_task
        CTL-5.8 POST /v1/platform/schedule/component/register
    """
    rows = (*control.EAST_WEST, control.COMPONENT_CALLBACK, *control.NORTH_SOUTH)
    assert [f"{row.clause} {row.method} {row.path}" for row in rows] == [
        line.strip() for line in written.strip().splitlines()
    ]
    assert {row.clause for row in rows if row.also_methods} == {"CTL-3.7"}  # resolution 2


def test_no_path_lives_on_two_listeners() -> None:
    paths = [{row.path for row in rows} for rows in LISTENERS.values()]
    assert sum(map(len, paths)) == len(set.union(*paths))


def test_mgt_2_2_auth_sign_which_calls_need_no_contract() -> None:
    loose = {row.clause: row.proof for row in EAST_WEST if row.proof is not Proof.CONTRACT}
    assert loose == {
        "MGT-3.1": Proof.POSSESSION,
        "MGT-3.2": Proof.POSSESSION,
        "MGT-3.5": Proof.NONE,
        "MGT-3.6": Proof.NONE,
        "MGT-3.7": Proof.NONE,
    }
    assert {row.face for row in EAST_WEST} == {Face.EAST_WEST}


def test_whatever_needs_no_proof_changes_nothing() -> None:
    assert {row.method for row in EAST_WEST if row.proof is Proof.NONE} == {"GET"}


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from references(inner)


@pytest.mark.parametrize("listener", DOCUMENTS)
def test_openapi_document_is_sound(listener: str) -> None:
    found = DOCUMENTS[listener]
    assert json.loads(json.dumps(found)) == found
    assert found["openapi"].startswith("3.1")
    for reference in references(found):
        step: Any = found
        for name in reference.removeprefix("#/").split("/"):
            step = step[name]
        assert isinstance(step, dict)
    operations = [operation for path in found["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"].endswith(".")
        content = operation["responses"]["200"]["content"]
        if "text/event-stream" in content:
            refused = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert content["application/json"]["schema"] == refused and "204" in operation["responses"]
            continue
        served, refused = content["application/json"]["schema"]["oneOf"]
        assert operation["responses"]["default"]["content"]["application/json"]["schema"] == refused
        assert served["required"] == refused["required"] == ["code", "msg", "data"]
        assert served["properties"]["code"] == {"const": 0}


@pytest.mark.parametrize("listener", DOCUMENTS)
def test_openapi_document_says_what_is_served(listener: str) -> None:
    found = DOCUMENTS[listener]
    for row in LISTENERS[listener]:
        assert set(found["paths"][row.path]) == {method.lower() for method in row.methods}
        operation = found["paths"][row.path][row.method.lower()]
        assert operation["x-interconn-clause"] == row.clause
        if row.method == "GET":
            named = {parameter["name"] for parameter in operation["parameters"]}
            assert named == set(row.request.model_json_schema(by_alias=True).get("properties", {}))
            assert "requestBody" not in operation
        else:
            assert operation["requestBody"]["required"]


def test_openapi_patterns_are_regular_expressions_of_the_web() -> None:
    patterns = {part["pattern"] for part in every(DOCUMENTS) if isinstance(part.get("pattern"), str)}
    assert patterns
    assert not [pattern for pattern in patterns if "\\x{" in pattern or "(?P" in pattern]


def every(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from every(inner)
