"""The canonical form of JSON (docs/decisions/0003-canonical-json.md)."""

from __future__ import annotations

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.standard.wire import canonical_json, digest, parse_json
from tests.standard.test_parse_json import VALUES


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        members = [(name, shuffled(inner, order)) for name, inner in value.items()]
        order.shuffle(members)
        return dict(members)
    return [shuffled(inner, order) for inner in value] if isinstance(value, list) else value


@given(VALUES)
def test_reading_it_back_gives_the_value(value: Any) -> None:
    assert json.loads(canonical_json(value)) == value


@given(VALUES)
def test_it_is_its_own_canonical_form(value: Any) -> None:
    once = canonical_json(value)
    assert canonical_json(parse_json(once)) == once


@given(VALUES, st.randoms(use_true_random=False), st.booleans(), st.sampled_from([None, 2]))
def test_order_blanks_and_escapes_do_not_count(
    value: Any, order: random.Random, ascii_only: bool, indent: int | None
) -> None:
    written = json.dumps(shuffled(value, order), ensure_ascii=ascii_only, indent=indent)
    assert digest(json.loads(written)) == digest(value)


@given(st.integers(-(2**53), 2**53))
def test_a_serialiser_that_knows_doubles_alone_changes_no_digest(number: int) -> None:
    assert digest(float(number)) == digest(number)


@given(VALUES, VALUES)
def test_values_that_differ_have_digests_that_differ(one: Any, other: Any) -> None:
    if canonical_json(one) == canonical_json(other):
        assert one == other


@pytest.mark.parametrize(
    ("value", "text"),
    [
        # Appendix B of RFC 8785, as far as it stays below 2^53.
        (0.0, "0"),
        (-0.0, "0"),
        (5e-324, "5e-324"),
        (-5e-324, "-5e-324"),
        (9007199254740992.0, "9007199254740992"),
        (-9007199254740992.0, "-9007199254740992"),
        (9.999999999999997e-7, "9.999999999999997e-7"),
        (0.000001, "0.000001"),
        (333333333.3333332, "333333333.3333332"),
        (333333333.33333325, "333333333.33333325"),
        (333333333.3333334, "333333333.3333334"),
        (-0.0000033333333333333333, "-0.0000033333333333333333"),
        (1424953923781206.2, "1424953923781206.2"),
        # Elsewhere.
        (1.0, "1"),
        (1e-5, "0.00001"),
        (1e-7, "1e-7"),
        (1.5e-10, "1.5e-10"),
        (1e21, "1" + "0" * 21),
        (2**64 + 1, "18446744073709551617"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        ({}, "{}"),
        ('€$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
        ("\x7f\u2028", '"\x7f\u2028"'),
        ({"b": 1, "a": [1.50, "x"]}, '{"a":[1.5,"x"],"b":1}'),
    ],
)
def test_known_forms(value: Any, text: str) -> None:
    assert canonical_json(value) == text.encode()


def test_members_are_sorted_by_utf_16_as_in_rfc_8785() -> None:
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical_json(dict.fromkeys(names)))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [math.inf], {"a": math.nan}, "\ud800", {"\udfff": 1}])
def test_what_has_no_form_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical_json(value)


@pytest.mark.parametrize("value", [{1: 2}, {None: 1}, {"a": {1: 2, "b": 3}}, {1, 2}, b"bytes", object()])
def test_what_is_not_json_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical_json(value)
