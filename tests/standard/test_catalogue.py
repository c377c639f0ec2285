"""Every management call against the catalogue of the standard, member by member.

The catalogue is not part of this repository: where it does not lie beside it, this says so and judges nothing.
"""

from __future__ import annotations

import os
import re
import types
from enum import StrEnum
from pathlib import Path
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import AliasChoices, BaseModel

from interconn.standard import management
from interconn.standard.endpoint import Endpoint
from interconn.standard.flow import Config, Dag

ROWS = {row.clause: row for row in management.ENDPOINTS}

OPTIONAL_HERE = {
    # The API document of the control layer gives empty and absent lists one meaning, and older peers leave them out.
    ("MGT-G2.1.1.3-dag", "dag.components[].input"),
    ("MGT-G2.1.1.3-dag", "dag.components[].output"),
    # "Accept its absence": the guide's own sample lacks some of them.
    ("MGT-G2.1.1.3-conf", "conf.job_params"),
    ("MGT-G2.1.1.3-conf", "conf.job_params.common"),
    ("MGT-G2.1.1.3-conf", "conf.task_params"),
    ("MGT-G2.1.1.3-conf", "conf.task_params.common"),
}
BY_ROLE = re.compile(r"conf\.(role|job_params|task_params)\.(guest|host|arbiter)")
"""Roles are keys of a map here: there may be others than the three."""

EXTENSIONS = {
    # The list has join_columns and the detail label_columns: each has both (MGT-4.2).
    ("MGT-4.1", "response", "records[].label_columns"),
    ("MGT-4.2", "response", "join_columns"),
}
"""Members that the catalogue does not have for a call. A member of ours is listed here, or it is a mistake."""

ENUMERATIONS = {
    "ContractStatus": management.AuditStatus,
    "AuditStatus": management.AuditStatus,
    "ConfirmStatus": management.Verdict,
    "ProjectType": management.ProjectType,
    "ColumnDistribution": management.Distribution,
    "ComponentStatus": management.ComponentStatus,
}


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="no YAML reader is installed")
    shared = Path(os.environ.get("INTERCONN_SHARED", Path(__file__).parents[3] / "shared"))
    place = shared / "standard" / "management.yaml"
    if not place.exists():
        pytest.skip("the catalogue of the standard does not lie beside this repository: nothing was compared")
    loaded: dict[str, Any] = yaml.safe_load(place.read_text())
    return loaded


def clauses(catalogue: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {clause["id"]: clause for clause in catalogue["clauses"] if clause["kind"] == kind}


def plain(annotation: Any) -> Any:
    """Take away Annotated and None."""
    if hasattr(annotation, "__metadata__"):
        return plain(annotation.__origin__)
    if get_origin(annotation) in (Union, types.UnionType):
        [inner] = [each for each in get_args(annotation) if each is not type(None)]
        return plain(inner)
    return annotation


def field_of(model: Any, path: str) -> tuple[Any, Any]:
    """Return the field of a model that a path such as `records[].name` names, and its plain type."""
    field, here = None, model
    for step in path.split("."):
        name = step.removesuffix("[]")
        assert isinstance(here, type) and issubclass(here, BaseModel), f"{path}: {here} has no members"
        fields = {}
        for own, found in here.model_fields.items():
            alias = found.validation_alias
            choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
            fields |= dict.fromkeys([own, found.alias, *choices], found)
        assert name in fields, f"{path}: {here.__name__} has no member {name}"
        field = fields[name]
        here = plain(field.annotation)
        if step.endswith("[]"):
            assert get_origin(here) is list, f"{path}: {name} is no list"
            here = plain(get_args(here)[0])
    return field, here


def fits(kind: str, found: Any) -> bool:
    """Tell whether a plain type of ours is what the catalogue calls a type."""
    if kind.startswith("array"):
        return get_origin(found) is list
    is_model = isinstance(found, type) and issubclass(found, BaseModel)
    if kind in ("DAG", "Config", "CONF"):
        return found is {"DAG": Dag, "Config": Config, "CONF": Config}[kind]
    if kind in ("object", "map", "Node"):
        return is_model or found is dict or get_origin(found) is dict
    if kind == "string":
        # A permit is an object or a JSON string of it (resolution 17).
        return found is str or (isinstance(found, type) and issubclass(found, StrEnum | management.ResourcePermit))
    return kind in ("int32", "int64") and found is int


def compare(clause: str, model: Any, members: list[dict[str, Any]], optional: set[tuple[str, str]]) -> list[str]:
    faults = []
    for member in members:
        name, path = member["name"], member["name"]
        try:
            field, found = field_of(model, path.removesuffix("[]"))
        except AssertionError as fault:
            faults.append(str(fault))
            continue
        if not fits(member["type"], found):
            faults.append(f"{name} is {member['type']} in the catalogue and {found} here")
        if member["required"] != field.is_required() and (clause, name) not in optional:
            faults.append(f"{name}: required is {member['required']} in the catalogue and {field.is_required()} here")
        if "default" in member and field.default != member["default"]:
            faults.append(f"{name}: default is {member['default']} in the catalogue and {field.default} here")
    return faults


def own_members(model: Any, prefix: str = "") -> list[str]:
    """Every member of a model as a path, as deep as the catalogue goes: lists of objects, and objects."""
    found = []
    for name, field in model.model_fields.items():
        kind, path = plain(field.annotation), prefix + name
        found.append(path)
        if get_origin(kind) is list:
            kind, path = plain(get_args(kind)[0]), path + "[]"
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in (Dag, Config):
            found += own_members(kind, path + ".")
    return found


OURS = ("GET", "/v1/interconn/job/audit/query")
"""Served beside the 32: MGT-8-job-audit-state allows it, and nothing relies on it."""


def test_mgt_1_scope_all_32_endpoints_have_a_row(catalogue: dict[str, Any]) -> None:
    wanted = clauses(catalogue, "endpoint")
    assert len(wanted) == 32
    served = {(row.clause, row.method, row.path) for row in management.ENDPOINTS if (row.method, row.path) != OURS}
    assert {(each["id"], each["method"], each["path"]) for each in wanted.values()} == served


CLAUSES = sorted({f"MGT-{section}.{number}" for section, count in (
    (3, 7), (4, 6), (5, 6), (6, 2), (7, 4), (8, 3), (9, 4)
) for number in range(1, count + 1)})  # fmt: skip


@pytest.mark.parametrize("clause", CLAUSES)
def test_every_member_of_a_call_is_as_in_the_catalogue(catalogue: dict[str, Any], clause: str) -> None:
    wanted = clauses(catalogue, "endpoint")[clause]
    row: Endpoint[Any, Any] = ROWS[clause]
    conditional = {
        (clause, member["name"]) for member in wanted["request"] if "required_if" in member and not member["required"]
    }
    faults = compare(clause, row.request, wanted["request"], conditional)
    faults += compare(clause, row.reply, wanted["response"], set())
    known = {"request": {member["name"] for member in wanted["request"]}}
    known["response"] = {member["name"] for member in wanted["response"]}
    for side, model in (("request", row.request), ("response", row.reply)):
        names = {name.replace("contract_Id", "contract_id") for name in known[side]}
        deep = {name.rpartition(".")[0].removesuffix("[]") for name in names if "." in name}
        for name in own_members(model):
            parent = name.rpartition(".")[0].removesuffix("[]")
            described = name in names or (parent and parent not in deep)
            if not described and (clause, side, name) not in EXTENSIONS:
                faults.append(f"{side}: {name} is ours and not marked")
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("message", ["MGT-G2.1.1.3-dag", "MGT-G2.1.1.3-conf", "MGT-2.2-permit", "MGT-4.3-auth-scope"])
def test_every_member_of_a_message_is_as_in_the_catalogue(catalogue: dict[str, Any], message: str) -> None:
    models = {
        "MGT-G2.1.1.3-dag": Dag,
        "MGT-G2.1.1.3-conf": Config,
        "MGT-2.2-permit": management.ResourcePermit,
        "MGT-4.3-auth-scope": management.AuthScope,
    }
    members = []
    for member in clauses(catalogue, "message")[message]["request"]:
        inner = member["name"].partition(".")[2]
        if inner and not BY_ROLE.match(member["name"]):
            members.append({**member, "name": inner})
    optional = {(clause, name.partition(".")[2]) for clause, name in OPTIONAL_HERE}
    assert members
    assert compare(message, models[message], members, optional) == []


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_every_enumeration_is_as_in_the_catalogue(catalogue: dict[str, Any], name: str) -> None:
    assert [word.value for word in ENUMERATIONS[name]] == catalogue["common"]["enums"][name]


def test_resolution_18_ways_of_signing(catalogue: dict[str, Any]) -> None:
    ours = {word.value for word in management.AuthType}
    assert set(catalogue["common"]["enums"]["AuthType"]) <= ours
    assert ours - set(catalogue["common"]["enums"]["AuthType"]) == {"SHA256_RSA_PSS"}  # our marked extension


def test_mgt_2_3_paging_is_that_of_the_catalogue(catalogue: dict[str, Any]) -> None:
    paging = catalogue["common"]["paging"]
    fields = management.Paging.model_fields
    assert {name: fields[name].default for name in ("page_num", "page_size")} == {
        name: paging[name]["default"] for name in ("page_num", "page_size")
    }
    for clause in paging["endpoints"]:
        assert issubclass(ROWS[clause].request, management.Paging)
        assert {"records", "total"} <= set(ROWS[clause].reply.model_fields)
