"""The header x-mprac-token-set: permits as `name/level/token`, separated by commas (MGT-2.2-token-set)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from interconn.standard.errors import InvalidRequest
from interconn.standard.headers import PERMIT_SET

MAXIMUM_PERMITS: Final = 256


@dataclass(frozen=True)
class PresentedPermit:
    """One permit as its user presents it.

    Attributes:
        name: uniform resource name.
        level: resource level.
        token: secret.
    """

    name: str
    level: int
    token: str = field(repr=False)


def dataset_name(node_id: str, dataset_id: str) -> str:
    """Return the uniform resource name of a data set; ids hold neither comma nor slash (resolution 7)."""
    return f"urn:interconn:dataset:{node_id}:{dataset_id}"


def write_permit_set(permits: Iterable[PresentedPermit]) -> str:
    """Return the header's value; empty while there is nothing to present."""
    return ",".join(f"{permit.name}/{permit.level}/{permit.token}" for permit in permits)


def read_permit_set(text: str) -> list[PresentedPermit]:
    """Read the header's value, splitting a tuple at its last two slashes.

    Raises:
        InvalidRequest: a tuple is malformed, or there are too many; never quotes a token.
    """
    if not text.strip():
        return []
    parts = text.split(",")
    if len(parts) > MAXIMUM_PERMITS:
        raise _malformed(f"there are more than {MAXIMUM_PERMITS} permits")
    return [_read(number, part.strip()) for number, part in enumerate(parts, 1)]


def _read(number: int, text: str) -> PresentedPermit:
    members = text.rsplit("/", 2)
    if len(members) != 3 or not all(members):
        raise _malformed(f"permit {number} is not of the form name/level/token")
    name, level, token = members
    if not (level.isascii() and level.isdigit() and len(level) <= 9):
        raise _malformed(f"the level of permit {number} is no number")
    return PresentedPermit(name, int(level), token)


def _malformed(why: str) -> InvalidRequest:
    return InvalidRequest(why, where=PERMIT_SET, clause="MGT-2.2-token-set")
