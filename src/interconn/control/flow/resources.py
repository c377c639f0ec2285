"""What of a node's machine a party's share of a job may take (CTL-G3.1.1.1-conf).

The source shows `-1` without a word; its loader sample sets no limit for it, takes cpu as cores and memory as GiB.
Disk is used nowhere there; GiB is the reading taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from interconn.control.flow.parties import Party
from interconn.standard.errors import InvalidFlow
from interconn.standard.flow import Config

_MEMBER: Final = "resources"
_NAMES: Final = ("cpu", "memory", "disk")
_CLAUSE: Final = "CTL-G3.1.1.1-conf"


@dataclass(frozen=True)
class Resources:
    """What one share may take; None is without a limit.

    Attributes:
        cpu: cores.
        memory: GiB.
        disk: GiB.
    """

    cpu: float | None = None
    memory: float | None = None
    disk: float | None = None

    def stated(self) -> dict[str, float]:
        """Return the limits that there are, by name."""
        return {name: amount for name, amount in asdict(self).items() if amount is not None}


def resources_of(config: Config, party: Party) -> Resources:
    """Return what the configuration gives a party: `job_params.<role>.<index>.resources`, else that of `common`.

    Raises:
        InvalidFlow: names the member that is no positive number and not -1.
    """
    merged: dict[str, Any] = {}
    for layer in config.job_params.layers(party.role, party.index):
        given = layer.get(_MEMBER)
        if given is None:
            continue
        if not isinstance(given, Mapping):
            raise _fault(party, _MEMBER, "must be an object")
        merged.update(given)
    return Resources(**{name: _amount(party, name, merged.get(name)) for name in _NAMES})


def unknown_resources(config: Config) -> list[str]:
    """Return remarks on resources of names that say nothing here."""
    return [
        f"job_params.{where}.{_MEMBER}.{str(name)[:64]} is not known here and sets no limit"
        for where, layer in config.job_params.places()
        for name in _mapping(layer.get(_MEMBER))
        if name not in _NAMES
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _amount(party: Party, name: str, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, str):  # as some configurations write all their numbers
        try:
            value = float(value)
        except ValueError:
            value = math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _fault(party, f"{_MEMBER}.{name}", "must be a number")
    if value == -1:
        return None
    if value <= 0:
        raise _fault(party, f"{_MEMBER}.{name}", "must be above 0, or -1 for no limit")
    return float(value)


def _fault(party: Party, member: str, message: str) -> InvalidFlow:
    return InvalidFlow(message, where=f"job_params of {party.name}: {member}", clause=_CLAUSE)
