"""By when a task must have ended: an extension of ours to job_params, as the standard has no deadline.

`job_params.common.extension.task_seconds`, or that of a party (`job_params.<role>.<index>.extension`), is a number for
every task or an object of numbers by component name. It counts from the start of the task (CTL-3.4), waiting included.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Final

from interconn.control.flow.parties import Party
from interconn.standard.errors import InvalidFlow
from interconn.standard.flow import Config

_EXTENSION: Final = "extension"
_MEMBER: Final = "task_seconds"


def deadline_of(config: Config, party: Party, name: str) -> float | None:
    """Return how many seconds a party has for a component of the DAG, or None where nothing is said.

    Raises:
        InvalidFlow: names the member that is no number above 0.
    """
    found: float | None = None
    for layer in config.job_params.layers(party.role, party.index):
        extension = layer.get(_EXTENSION)
        given = extension.get(_MEMBER) if isinstance(extension, Mapping) else None
        if isinstance(given, Mapping):
            given = given.get(name)
        if given is not None:
            found = _seconds(party, given)
    return found


def unknown_to_deadlines(config: Config, names: Collection[str]) -> list[str]:
    """Return remarks on deadlines of components that the DAG has not."""
    found = []
    for where, layer in config.job_params.places():
        extension = layer.get(_EXTENSION)
        given = extension.get(_MEMBER) if isinstance(extension, Mapping) else None
        for name in given if isinstance(given, Mapping) else ():
            if name not in names:
                found.append(f"job_params.{where}.{_EXTENSION}.{_MEMBER}: the DAG has no component {str(name)[:128]}")
    return found


def _seconds(party: Party, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value <= 0:
        where = f"job_params of {party.name}: {_EXTENSION}.{_MEMBER}"
        raise InvalidFlow("must be a number of seconds above 0", where=where, clause="CTL-G3.1.1.1-conf")
    return float(value)
