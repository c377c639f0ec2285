"""Bodies of strangers: bounded, strict, and read in one way only (MGT-2.1-http)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.standard.errors import MalformedBody
from interconn.standard.wire import MAXIMUM_DEPTH, MAXIMUM_VALUES, canonical_json, parse_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_whatever_json_writes_is_read(value: Any, ascii_only: bool) -> None:
    assert parse_json(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=200) | st.text('{}[]",:\\u0de8 \n-+.eE1', max_size=60).map(str.encode))
def test_anything_is_read_or_refused_and_what_is_read_can_be_written(body: bytes) -> None:
    try:
        value = parse_json(body)
    except MalformedBody:
        return
    assert parse_json(canonical_json(value)) == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"   ", id="blanks"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"a":1}x', id="something behind it"),
        pytest.param(b'{"a":1}{"a":1}', id="two of them"),
        pytest.param(b"{'a':1}", id="single quotes"),
        pytest.param(b'{"a":1,}', id="comma too many"),
        pytest.param(b'{"a":1,"a":1}', id="repeated member"),
        pytest.param(b'{"a":1,"\\u0061":2}', id="repeated member, once escaped"),
        pytest.param(b'{"b":{"a":1,"a":2}}', id="repeated member further in"),
        pytest.param(b"NaN", id="NaN"),
        pytest.param(b'{"a":Infinity}', id="Infinity"),
        pytest.param(b"[-Infinity]", id="-Infinity"),
        pytest.param(b"1e999", id="number beyond a double"),
        pytest.param(b"[-1e400]", id="number beyond a double, below"),
        pytest.param(b"9" * 5000, id="integer of 5000 digits"),
        pytest.param("١٢".encode(), id="digits of another script"),
        pytest.param(b"1_000", id="underscore in a number"),
        pytest.param(b"0x10", id="hexadecimal"),
        pytest.param(b"01", id="leading zero"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b'"\xed\xa0\x80"', id="half a surrogate pair as UTF-8"),
        pytest.param(b'"\\ud800"', id="half a surrogate pair escaped"),
        pytest.param(b'{"\\uDFFF":1}', id="half a surrogate pair in a name"),
        pytest.param(b'["\\ud83d\\ud83d"]', id="two first halves"),
        pytest.param(b'"\xc0\xaf"', id="overlong UTF-8"),
        pytest.param(b"\xef\xbb\xbf{}", id="byte order mark"),
        pytest.param('{"a":1}'.encode("utf-16"), id="UTF-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param('{"a":1}'.encode("utf-32"), id="UTF-32"),
        pytest.param(b'"\n"', id="raw line feed in a string"),
        pytest.param(b"[}", id="brackets that do not match"),
        pytest.param(b"[" * 100_000, id="deep and cut off"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep"),
        pytest.param(b'{"a":' * 50 + b"1" + b"}" * 50, id="objects in objects"),
        pytest.param(b"[" + b"0," * MAXIMUM_VALUES + b"0]", id="many values"),
        pytest.param(b"[" + b"[]," * MAXIMUM_VALUES + b"[]]", id="many lists"),
    ],
)
def test_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody) as caught:
        parse_json(body)
    assert caught.value.where == "body"
    assert len(str(caught.value)) < 300


def test_depth_to_the_limit_and_beyond() -> None:
    assert parse_json(b"[" * MAXIMUM_DEPTH + b"]" * MAXIMUM_DEPTH)
    with pytest.raises(MalformedBody, match="deeper"):
        parse_json(b"[" * (MAXIMUM_DEPTH + 1) + b"]" * (MAXIMUM_DEPTH + 1))


def test_size_to_the_limit_and_beyond() -> None:
    assert parse_json(b'"1234"', limit=6) == "1234"
    with pytest.raises(MalformedBody, match="7 bytes"):
        parse_json(b'"12345"', limit=6)


@pytest.mark.parametrize("text", ["[[[[" * 20, '"{"{"' * 20, "\\" * 40, '\\"[' * 40, "]}" * 40])
def test_brackets_inside_strings_are_no_depth(text: str) -> None:
    assert parse_json(json.dumps({text: [text]}).encode()) == {text: [text]}


def test_large_integers_stay_exact() -> None:
    assert parse_json(b"9007199254740993") == 9007199254740993
    assert parse_json(b"[%d]" % 10**100) == [10**100]


def test_pairs_of_surrogates_are_text() -> None:
    assert parse_json(b'"\\ud83d\\ude00"') == "\U0001f600"
