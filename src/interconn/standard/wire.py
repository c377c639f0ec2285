"""The base of all wire models, bounded JSON parsing, and the one canonical form of JSON.

Bodies are bounded in size, depth and number of members before pydantic sees them: a hostile body costs
its sender more than it costs us.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from interconn.standard.errors import InvalidRequest, MalformedBody

MAXIMUM_BODY_BYTES: Final = 8 * 1024 * 1024
MAXIMUM_DEPTH: Final = 32

Model = TypeVar("Model", bound=BaseModel)


class WireModel(BaseModel):
    """A message of the standard. Unknown members are ignored, as newer peers may send them."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True, str_max_length=1_000_000)

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
        MalformedBody: too large, not UTF-8, not JSON, too deep, a repeated member, or NaN and the like.
    """
    if len(body) > limit:
        raise MalformedBody(f"the body has {len(body)} bytes, more than the {limit} accepted", where="body")
    if _depth_exceeds(body, MAXIMUM_DEPTH):
        raise MalformedBody(f"the body nests deeper than {MAXIMUM_DEPTH} levels", where="body")
    try:
        return json.loads(body, object_pairs_hook=_unique_members, parse_constant=_refuse_constant)
    except MalformedBody:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedBody(f"the body is not JSON: {error}", where="body", clause="MGT-2.1-http") from error


def canonical_json(value: Any) -> bytes:
    """Return the one byte form of a JSON value: sorted members, no blanks, UTF-8, no NaN.

    Digests of DAG and configuration are taken over this form, so both sides of an approval compare equal
    whatever their serialisers do (docs/decisions/0003-canonical-json.md).
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def digest(value: Any) -> str:
    """Return the lower-case hex SHA-256 of the canonical form of a JSON value."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


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
    faults = [f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}" for fault in error.errors()]
    shown = "; ".join(faults[:5])
    return shown if len(faults) <= 5 else f"{shown}; and {len(faults) - 5} more"


def _depth_exceeds(body: bytes, limit: int) -> bool:
    depth = 0
    in_string = False
    escaped = False
    if body.count(b"{") + body.count(b"[") <= limit:
        return False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"{[":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"}]":
            depth -= 1
    return False


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Two parsers that pick different ones of a repeated member would see two different requests.
        raise MalformedBody("an object repeats a member", where="body")
    return members


def _refuse_constant(name: str) -> Any:
    raise MalformedBody(f"{name} is not JSON", where="body")
