"""The base of all wire models, and bounded JSON parsing.

Bodies are bounded in size, depth and number of values before pydantic sees them: a hostile body costs its
sender more than it costs us.
"""

from __future__ import annotations

import json
import math
import re
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from interconn.standard.canonical import canonical_json, digest
from interconn.standard.errors import InvalidRequest, MalformedBody
from interconn.standard.patterns import words_of

MAXIMUM_BODY_BYTES: Final = 8 * 1024 * 1024
MAXIMUM_DEPTH: Final = 32
MAXIMUM_VALUES: Final = 500_000

_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_INNERMOST: Final = re.compile(rb"\[\]|\{\}")

Model = TypeVar("Model", bound=BaseModel)

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class WireModel(BaseModel):
    """A message of the standard. Unknown members are ignored, as newer peers may send them."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, str_max_length=1_000_000)

    _spellings: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        found = []
        for name, field in cls.model_fields.items():
            alias = field.validation_alias or name
            accepted = dict.fromkeys((name, *map(str, alias.choices if isinstance(alias, AliasChoices) else [alias])))
            if len(accepted) > 1:
                found.append(tuple(accepted))
        cls._spellings = tuple(found)

    @model_validator(mode="before")
    @classmethod
    def _one_spelling(cls, value: Any) -> Any:
        # Two readers that prefer different spellings of one member would read two different requests.
        if cls._spellings and isinstance(value, dict):
            for spellings in cls._spellings:
                given = [spelling for spelling in spellings if spelling in value]
                if any(value[spelling] != value[given[0]] for spelling in given[1:]):
                    raise ValueError(f"{' and '.join(given)} are one member and differ")
        return value

    def to_wire(self) -> dict[str, Any]:
        """Return the members as JSON values under their wire names; absent optional members are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Empty(WireModel):
    """A request or reply without members (`{}`, MGT-2.3-data)."""


def parse_json(body: bytes, *, limit: int = MAXIMUM_BODY_BYTES) -> Any:
    """Parse a JSON body of a stranger.

    Args:
        body: the bytes received.
        limit: largest size accepted, bytes.

    Raises:
        MalformedBody: too large, too deep, too many values, not UTF-8, not JSON, a repeated member, NaN and the like,
            a number beyond a double, or half of a surrogate pair.
    """
    if len(body) > limit:
        raise MalformedBody(f"the body has {len(body)} bytes, more than the {limit} accepted", where="body")
    _check_shape(body)
    try:
        # Decoded here, as the json module would guess UTF-16 and 32 and let halves of surrogate pairs pass.
        parsed = json.loads(
            body.decode(),
            object_pairs_hook=_unique_members,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        if b"\\u" in body:
            _refuse_surrogates(parsed)
    except UnicodeError:
        raise MalformedBody("the body is not UTF-8", where="body", clause="MGT-2.1-http") from None
    except ValueError as error:
        raise MalformedBody(f"the body is not JSON: {error}", where="body", clause="MGT-2.1-http") from None
    return parsed


_OUR_WORDS: Final = {"model_type": "must be an object", "dict_type": "must be an object", "too_short": "is too short"}
"""For faults that pydantic words with names of our classes, or by its own doings."""


def validate(model: type[Model], value: Any, *, clause: str | None = None) -> Model:
    """Validate a parsed body against its wire model.

    Raises:
        InvalidRequest: names every member at fault, never the value it held.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequest(describe(error), where="body", clause=clause) from None


def describe(error: ValidationError) -> str:
    """Return one line for a validation error: each member at fault and what is wrong with it, without values."""
    faults = [f"{_place(fault['loc'])}: {_words(fault)}" for fault in error.errors(include_url=False)]
    shown = "; ".join(faults[:5])
    return shown if len(faults) <= 5 else f"{shown}; and {len(faults) - 5} more"


def _words(fault: ErrorDetails) -> str:
    words = _OUR_WORDS.get(fault["type"], "")
    if fault["type"] == "string_pattern_mismatch":
        words = words_of(fault["ctx"]["pattern"])
    # What our own validators say comes with pydantic's name for it in front.
    return words or fault["msg"].removeprefix("Value error, ")


def _place(parts: tuple[int | str, ...]) -> str:
    # Member names may be the sender's own, of any length and holding anything.
    shown = ".".join(str(part) for part in parts)[:200]
    return "".join(letter if letter.isprintable() else "?" for letter in shown) or "body"


def _check_shape(body: bytes) -> None:
    # Before parsing, at the speed of bytes: what parses may cost a hundred times what it weighs.
    if body.count(b",") >= MAXIMUM_VALUES:  # a value more than commas
        raise MalformedBody(f"the body holds more than {MAXIMUM_VALUES} values", where="body")
    outside_strings = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = outside_strings.translate(None, _NO_BRACKETS)
    if len(brackets) > 2 * MAXIMUM_VALUES:
        raise MalformedBody(f"the body holds more than {MAXIMUM_VALUES} values", where="body")
    for _ in range(MAXIMUM_DEPTH):
        if not brackets:
            return
        brackets = _INNERMOST.sub(b"", brackets)
    if brackets:
        raise MalformedBody(
            f"the body nests deeper than {MAXIMUM_DEPTH} levels, or its brackets do not match", where="body"
        )


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Two parsers that pick different ones of a repeated member would see two different requests.
        raise MalformedBody("an object repeats a member", where="body")
    return members


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise MalformedBody("a number is too large", where="body")
    return value


def _refuse_surrogates(value: Any) -> None:
    # Half of a surrogate pair is no text: it cannot be written as UTF-8 again.
    json.dumps(value, ensure_ascii=False).encode()


def _refuse_constant(name: str) -> Any:
    raise MalformedBody(f"{name} is not JSON", where="body")


__all__ = [
    "MAXIMUM_BODY_BYTES",
    "MAXIMUM_DEPTH",
    "MAXIMUM_VALUES",
    "Empty",
    "Int32",
    "Int64",
    "Model",
    "WireModel",
    "canonical_json",
    "describe",
    "digest",
    "parse_json",
    "validate",
]
