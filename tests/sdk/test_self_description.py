"""Self-descriptions: lenient reading, strict writing, and the check of parameters (CMP-2, CTL-6)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.algorithms import catalogue
from interconn.standard.environment_text import from_environment_text, to_environment_text
from interconn.standard.errors import InvalidFlow, InvalidRequest
from interconn.standard.self_description import Bounds, SelfDescription, read_validator

CHOICES = [{"label": "a", "value": "L1"}, {"label": 2, "value": 2}]


def description(*parameters: dict[str, Any], **members: Any) -> SelfDescription:
    body = {
        "componentName": "HeteroLR", "title": "LR", "provider": "FATE", "version": "2.0.0", "roleList": ["guest"],
        "storageEngine": ["s3"], "inputParam": list(parameters), "inputData": [], "outputData": [], "result": [],
        **members,
    }  # fmt: skip
    return SelfDescription.parse(json.dumps(body).encode())


def parameter(type_word: str = "string", **members: Any) -> dict[str, Any]:
    return {"name": "p", "title": "P", "type": type_word, "optional": True, **members}


def test_the_example_of_the_standard_is_read() -> None:
    """CMP-2-example, resolution 21: texts for booleans and lists, bounds that its own default breaks."""
    parsed = description(
        {
            "name": "batch_size", "title": "batch", "type": "integer", "optional": "true", "defaultValue": "2048",
            "bindingData": [{"label": "all", "value": "all"}, {"label": "2048", "value": "2048"}],
            "validator": "(0,1000)", "dependsOn": "", "groupTag": "default", "UIPattern": "editeable",
            "UIType": "select",
        },
        {
            "name": "learning_rate", "title": "rate", "type": "float", "optional": "false", "defaultValue": 0.15,
            "dependsOn": ["optimizer.sgd", "optimizer.adam"], "bindingData": "call_function getKV()",
        },
        inputData=[{"name": "train_data", "category": "dataset", "dataFormat": ["csv"]}],
        outputData=[{"name": "model0", "category": "model", "dataFormat": "json"}],
        desVersion="1.2.0",
    )  # fmt: skip
    batch_size, rate = parsed.input_parameters
    assert (batch_size.optional, rate.optional) == (True, False)
    assert (batch_size.group_tag, batch_size.depends_on) == (("default",), ())
    assert rate.default_value == "0.15"
    assert rate.binding_data == "call_function getKV()"
    assert rate.choices == ()
    parsed.check_parameters({"batch_size": "all"})
    parsed.check_parameters({"batch_size": 2048})
    assert parsed.read_parameters({}) == {"batch_size": 2048, "learning_rate": 0.15}
    assert parsed.read_parameters({"batch_size": "all"})["batch_size"] == "all"
    written = parsed.to_json()
    assert written["inputParam"][0]["optional"] is True
    assert written["inputParam"][0]["groupTag"] == ["default"]
    assert written["inputParam"][0]["UIPattern"] == "editeable"
    assert SelfDescription.parse(json.dumps(written).encode()) == parsed


def test_members_of_the_makers_own_survive_registration() -> None:
    """CTL-6.1: into this structure and back without loss."""
    assert description(parameter(own=1), licence="x").to_json()["licence"] == "x"
    assert description(parameter(own=1)).to_json()["inputParam"][0]["own"] == 1


@pytest.mark.parametrize("name", catalogue.SHIPPED)
def test_shipped_descriptions_are_strict_and_without_findings(name: str) -> None:
    """CMP-1, CMP-2: every shipped component has a self-description that registers."""
    written = json.loads(catalogue.SHIPPED[name].read_bytes())
    parsed = catalogue.describe(name)
    assert parsed.component_name == name
    assert parsed.provider == catalogue.PROVIDER
    assert parsed.findings() == ()
    assert (
        json.loads(json.dumps(parsed.to_json())).items()
        >= {key: written[key] for key in ("roleList", "result")}.items()
    )
    assert catalogue.load(name).description == parsed


def test_unusual_words_are_findings_and_no_refusal() -> None:
    """CTL-6.3, CTL-6.4: another word is reported; whether the lists are closed is not stated."""
    found = description(
        parameter("matrix", validator="odd numbers"),
        roleList=["guest", "referee"],
        inputData=[{"name": "a", "category": "stream"}],
        outputData=[{"name": "b", "category": "figure"}],
    ).findings()
    assert len(found) == 5


@pytest.mark.parametrize(
    "members",
    [
        {"componentName": "a b"}, {"componentName": ""}, {"roleList": []}, {"version": ""}, {"inputData": None},
        {"inputParam": [parameter(), parameter()]}, {"inputParam": [parameter(optional="perhaps")]},
        {"outputData": [{"name": "a=b", "category": "model"}]}, {"inputParam": [{"name": "p"}]},
    ],
)  # fmt: skip
def test_descriptions_that_cannot_serve_are_refused(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        description(**members)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}'])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        SelfDescription.parse(body)


@pytest.mark.parametrize(
    ("members", "good", "bad"),
    [
        ({"type": "int"}, [1, "-5", 10**30], [1.5, "x", True, ""]),
        ({"type": "integer"}, [1, None], ["x", 0.5]),
        ({"type": "float"}, [1, 0.5, "1e-3"], ["nan", "inf", "x", True]),
        ({"type": "number"}, [1, 0.5], ["x"]),
        ({"type": "boolean"}, [True, "false", "True"], [1, "yes"]),
        ({"type": "object"}, [{"a": 1}, [1], "{}"], ["{"]),
        ({"type": "string"}, ["", "x", 5], []),
        ({"type": "int", "validator": "(0,1000)"}, [2, 0, 1000], [2000, -1]),
        ({"type": "float", "validator": "(1,)"}, [1, 10**9], [0.5]),
        ({"type": "string", "validator": "(0,9)"}, [], ["x"]),
        ({"type": "string", "validator": "regular:'[a-z]+'"}, ["abc"], ["abc1", "a" * 5000]),
        ({"type": "string", "validator": "regular-[0-9]+"}, ["12"], ["x"]),
        ({"type": "string", "validator": "regular:'('"}, ["anything"], []),
        ({"type": "int", "validator": "odd"}, [2], []),
        ({"type": "string", "bindingData": CHOICES}, ["L1", 2, ["L1"]], ["L3"]),
        ({"type": "int", "validator": "(0,1000)", "defaultValue": "2048"}, [2048], [2049]),
    ],
)  # fmt: skip
def test_parameters_are_checked_by_type_bounds_expression_and_choices(
    members: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    """CMP-2-types, CMP-2-validator, CMP-2-binding."""
    described = description(
        parameter(**{"type_word": members["type"], **{k: v for k, v in members.items() if k != "type"}})
    )
    for value in good:
        described.check_parameters({"p": value})
    for value in bad:
        with pytest.raises(InvalidFlow) as refused:
            described.check_parameters({"p": value})
        assert refused.value.where == "parameter p"


def test_a_value_refused_is_not_repeated() -> None:
    with pytest.raises(InvalidFlow) as refused:
        description(parameter("int")).check_parameters({"p": "secret-value"})
    assert "secret-value" not in str(refused.value)


def test_a_demanded_parameter_must_be_given() -> None:
    """CMP-2-inputParam: optional false."""
    described = description(parameter(optional=False))
    for check in (lambda: described.check_parameters({}), lambda: described.read_parameters({})):
        with pytest.raises(InvalidFlow, match="must be given"):
            check()
    with pytest.raises(InvalidFlow, match="must be given"):
        described.check_parameters({"p": None})
    described.check_parameters({"p": "x", "of_another": 1})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (False, "False"),
        (3, "3"),
        (0.15, "0.15"),
        ("as it is", "as it is"),
        ({"a": True}, '{"a": true}'),
        ([1, "x"], '[1, "x"]'),
    ],
)
def test_values_become_text_as_the_guide_says(value: Any, text: str) -> None:
    """CMP-G3.2.2.2-values."""
    assert to_environment_text(value) == text


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), "a\0b", object()])
def test_values_without_a_text_are_refused(value: Any) -> None:
    """CMP-G3.2.2.2-values: other types are refused."""
    with pytest.raises(InvalidFlow):
        to_environment_text(value)


@given(
    st.one_of(
        st.tuples(st.just("boolean"), st.booleans()),
        st.tuples(st.sampled_from(["int", "integer", "number"]), st.integers()),
        st.tuples(st.just("float"), st.floats(allow_nan=False, allow_infinity=False)),
        st.tuples(st.just("string"), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
        st.tuples(
            st.just("object"),
            st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), st.lists(st.integers() | st.booleans())),
        ),
    )
)
def test_a_value_comes_back_from_its_text(case: tuple[str, Any]) -> None:
    """CMP-2-types: the text parses back to the same value."""
    type_word, value = case
    assert from_environment_text(to_environment_text(value), type_word) == value


@given(st.text())
def test_any_validator_text_is_read_without_an_accident(text: str) -> None:
    assert read_validator(text) is None or text.strip()[0] in "([r"
    assert read_validator("(2,)") == Bounds(lowest=2.0, highest=float("inf"))


def optimiser(**rate: Any) -> SelfDescription:
    return description(
        {"name": "optimizer", "title": "O", "type": "string", "optional": True, "defaultValue": "sgd"},
        {"name": "early.stop", "title": "E", "type": "boolean", "optional": True, "defaultValue": "False"},
        {"name": "rate", "title": "R", "type": "float", "optional": True, **rate},
    )


@pytest.mark.parametrize(
    ("depends_on", "values"),
    [
        (["optimizer.sgd", "optimizer.adam"], {"rate": 0.1}),
        (["optimizer.sgd", "optimizer.adam"], {"rate": 0.1, "optimizer": "adam"}),
        (["early.stop.True"], {"rate": 0.1, "early.stop": True}),
        (["early.stop.true"], {"rate": 0.1, "early.stop": True}),
        (["early.stop"], {"rate": 0.1}),
        (["nothing.of.ours"], {"rate": 0.1}),
        ("", {"rate": 0.1}),
        (["optimizer.lbfgs"], {"rate": None}),
        (["optimizer.lbfgs"], {}),
    ],
)
def test_cmp_2_dependson_a_parameter_whose_condition_holds(depends_on: Any, values: dict[str, Any]) -> None:
    optimiser(dependsOn=depends_on).check_parameters(values)


def test_cmp_2_dependson_a_value_that_counts_nowhere_is_surplus() -> None:
    known = optimiser(dependsOn=["optimizer.sgd", "optimizer.adam"], defaultValue="0.15")
    with pytest.raises(InvalidFlow, match="only where optimizer is sgd or optimizer is adam") as caught:
        known.check_parameters({"optimizer": "lbfgs", "rate": 0.1})
    assert (caught.value.where, caught.value.clause) == ("parameter rate", "CMP-2-dependsOn")
    known.check_parameters({"optimizer": "lbfgs", "rate": 0.15})  # a form sends defaults along


def test_cmp_2_dependson_what_counts_nowhere_need_not_be_given() -> None:
    known = optimiser(dependsOn=["optimizer.adam"], optional=False)
    known.check_parameters({"optimizer": "sgd"})
    with pytest.raises(InvalidFlow, match="must be given"):
        known.check_parameters({"optimizer": "adam"})


def test_cmp_2_dependson_conditions_on_nothing_are_found() -> None:
    assert any("dependsOn" in finding for finding in optimiser(dependsOn=["optimiser.sgd"]).findings())
    assert optimiser(dependsOn=["optimizer.sgd"]).findings() == ()


def test_a_choice_without_a_value_survives_being_written_and_is_no_choice() -> None:
    known = description(parameter(bindingData=[{"label": "none", "value": None}, {"label": "a", "value": "a"}]))
    assert SelfDescription.model_validate(known.to_json()) == known
    assert known.input_parameters[0].choices == ("a",)
