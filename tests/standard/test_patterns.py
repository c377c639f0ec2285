"""A refusal by a pattern says in words what is expected."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from pydantic import TypeAdapter

import interconn
from interconn.api import policies, results
from interconn.standard import identifiers
from interconn.standard.errors import InvalidRequest
from interconn.standard.management import Name, Text
from interconn.standard.patterns import pattern, words_of
from interconn.standard.wire import WireModel, validate


def models() -> Iterator[type[WireModel]]:
    """Return every message there is."""
    for package in ("standard", "api"):
        for found in pkgutil.walk_packages([f"{interconn.__path__[0]}/{package}"], f"interconn.{package}."):
            if "protobuf" not in found.name:
                importlib.import_module(found.name)
    waiting: list[type[WireModel]] = [WireModel]
    while waiting:
        model = waiting.pop()
        yield model
        waiting += model.__subclasses__()


def expressions(schema: object) -> Iterator[str]:
    """Return the patterns of a JSON schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for value in schema.values():
            yield from expressions(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from expressions(value)


def test_every_pattern_of_a_message_has_words() -> None:
    found = {each for model in models() for each in expressions(TypeAdapter(model).json_schema())}
    assert identifiers.PATTERN in found
    documented = {TypeAdapter(kind).json_schema()["pattern"] for kind in (Name, Text)}  # checked by code, with words
    assert [each for each in sorted(found - documented) if not words_of(each)] == []


def test_a_refusal_tells_no_regular_expression() -> None:
    with pytest.raises(InvalidRequest, match="result: a result is named as JOB/TASK/KEY") as refused:
        validate(results.ResultDecision, {"result": "aligned"})
    assert "[^/]" not in refused.value.message
    with pytest.raises(InvalidRequest, match="digest: a digest, or its beginning"):
        validate(policies.PolicyReference, {"digest": "😀"})


def test_two_meanings_of_one_expression_are_refused() -> None:
    assert pattern("^twofold$", "once") == pattern("^twofold$", "once")
    with pytest.raises(ValueError, match="worded otherwise"):
        pattern("^twofold$", "and otherwise")
