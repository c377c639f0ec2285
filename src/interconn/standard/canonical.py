"""The one canonical form of JSON: RFC 8785, with integers exact beyond what a double holds.

Digests of DAG and configuration are taken over this form, so both sides of an approval compare equal
whatever the serialisers on the way do: order of members, blanks, escapes, 1.0 for 1 or 1e-5 for 0.00001
(docs/decisions/0003-canonical-json.md).
"""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any


def canonical_json(value: Any) -> bytes:
    """Return the canonical bytes of a JSON value: members sorted by UTF-16, no blanks, UTF-8.

    Raises:
        ValueError: a number is not finite, or a string holds half of a surrogate pair.
        TypeError: the value is not JSON: an unknown type, or a member name that is no string.
    """
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts).encode()


def digest(value: Any) -> str:
    """Return the lower-case hex SHA-256 of the canonical form of a JSON value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _write(value: Any, put: Any) -> None:
    if isinstance(value, str):
        put(encode_basestring(value))
    elif value is None:
        put("null")
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, float):
        put(_number(value))
    elif isinstance(value, dict):
        _write_object(value, put)
    elif isinstance(value, list | tuple):
        put("[")
        for place, item in enumerate(value):
            if place:
                put(",")
            _write(item, put)
        put("]")
    else:
        raise TypeError(f"{type(value).__name__} is not JSON")


def _write_object(value: dict[Any, Any], put: Any) -> None:
    put("{")
    # By UTF-16 code units, as RFC 8785 has it; for ASCII, which is nearly all, the plain order is the same.
    plain = all(isinstance(name, str) and name.isascii() for name in value)
    for place, name in enumerate(sorted(value) if plain else sorted(value, key=_utf16)):
        put(f"{',' if place else ''}{encode_basestring(name)}:")
        _write(value[name], put)
    put("}")


def _utf16(name: Any) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"a member name is {type(name).__name__}, not a string")
    return name.encode("utf-16-be")


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError("a number is not finite")
    if value.is_integer():
        # Exact, as integers are; up to 2^53 this is RFC 8785 to the letter.
        return str(int(value))
    text = float.__repr__(value)  # the shortest digits that read back as the same number, as in RFC 8785
    if "e" not in text:
        return text
    if abs(value) >= 1e-6:
        return format(Decimal(text), "f")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}"
