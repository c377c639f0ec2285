"""The header x-mprac-token-set: permits as `name/level/token`, separated by commas (MGT-2.2-token-set)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from interconn.standard.errors import InvalidRequest, PermitRefused
from interconn.standard.headers import PERMIT_SET

MAXIMUM_PERMITS: Final = 256
MAXIMUM_LENGTH: Final = 24 * 1024
"""Characters of a set that this node writes: every server on the way has its bound for headers."""
MAXIMUM_FOR_ONE: Final = 4
"""Permits presented for one data set or model, best first."""


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


def resource_name(resource_type: str, node_id: str, resource_id: str) -> str:
    """Return the uniform resource name of a resource; ids hold neither comma nor slash (resolution 7)."""
    return f"urn:interconn:{resource_type.lower()}:{node_id}:{resource_id}"


def bounded(ranked: Sequence[Sequence[PresentedPermit]]) -> list[PresentedPermit]:
    """Return the permits to present, within the bounds of a header.

    Args:
        ranked: for each thing that is used the permits that may cover it, best first. The best of each go before the
            second best of any, and one that may cover several things is presented once.

    Raises:
        PermitRefused: there is no room for the best of each.
    """
    chosen: list[PresentedPermit] = []
    length = 0
    for place in range(MAXIMUM_FOR_ONE):
        for permits in ranked:
            if place < len(permits) and (permit := permits[place]) not in chosen:
                length += len(_written(permit)) + 1
                if len(chosen) == MAXIMUM_PERMITS or length > MAXIMUM_LENGTH:
                    if place:
                        return chosen
                    raise PermitRefused(
                        "the job uses more of one holder's resources than permits fit into a request",
                        where=PERMIT_SET,
                        clause="MGT-2.2-token-set",
                        hint="Divide it into several jobs",
                    )
                chosen.append(permit)
    return chosen


def write_permit_set(permits: Iterable[PresentedPermit]) -> str:
    """Return the header's value; empty while there is nothing to present."""
    return ",".join(map(_written, permits))


def _written(permit: PresentedPermit) -> str:
    return f"{permit.name}/{permit.level}/{permit.token}"


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
    if not (level.isascii() and level.isdigit() and len(level) <= 10 and int(level) < 2**31):
        raise _malformed(f"the level of permit {number} is no number of 32 bits")
    return PresentedPermit(name, int(level), token)


def _malformed(why: str) -> InvalidRequest:
    return InvalidRequest(why, where=PERMIT_SET, clause="MGT-2.2-token-set")
