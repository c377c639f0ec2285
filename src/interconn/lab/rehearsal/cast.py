"""Who plays in a rehearsal, and what each party is given: its tables and parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from interconn.standard.errors import InvalidRequest
from interconn.standard.self_description import SelfDescription

_PARTY: Final = re.compile(r"([A-Za-z][A-Za-z0-9_]{0,63})\.([0-9]{1,3})")


@dataclass(frozen=True)
class Role:
    """One party of a rehearsal.

    Attributes:
        role, index: as in the DAG, e.g. guest and 0.
        inputs: files by the name of the input.
        parameters: texts by the name of the parameter.
    """

    role: str
    index: int
    inputs: Mapping[str, Path] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def party(self) -> str:
        """Role and index, e.g. guest.0."""
        return f"{self.role}.{self.index}"

    @property
    def node_id(self) -> str:
        """Id of the party's simulated node."""
        return f"node-{self.role}-{self.index}"


def read_cast(
    description: SelfDescription, parties: Sequence[str], inputs: Sequence[str], parameters: Sequence[str]
) -> list[Role]:
    """Return the parties with what each is given, checked against the self-description.

    Args:
        description: of the component.
        parties: e.g. guest.0 and host.0.
        inputs: each PARTY.INPUT=FILE.
        parameters: each NAME=VALUE for all parties, or PARTY.NAME=VALUE for one, which wins.

    Raises:
        InvalidRequest: an argument is none of these, or names a party, input or parameter that is not there.
        InvalidFlow: a value breaks a rule of the self-description.
    """
    names = list(parties)
    places = [_place(name, description) for name in names]
    if len(set(places)) < len(places):
        raise InvalidRequest("a party is named twice", where="--party")
    files: dict[str, dict[str, Path]] = {name: {} for name in names}
    known = {data.name for data in description.input_data}
    for text in inputs:
        party, name, value = _assigned(text, names, "--input", "PARTY.INPUT=FILE, e.g. guest.0.table=left.csv")
        if not party:
            raise InvalidRequest(f"{text} names no party", where="--input", hint=f"Begin with {' or '.join(names)}")
        if name not in known:
            hint = f"It has {', '.join(sorted(known)) or 'none'}"
            raise InvalidRequest(f"the component has no input {name}", where="--input", hint=hint)
        files[party][name] = Path(value)
    texts: dict[str, dict[str, str]] = {name: {} for name in names}
    for own in (False, True):
        for text in parameters:
            party, name, value = _assigned(text, names, "--parameter", "NAME=VALUE or PARTY.NAME=VALUE")
            if bool(party) is own:
                for each in [party] if party else names:
                    texts[each][name] = value
    for name in names:
        description.read_parameters(texts[name])
    return [Role(role, index, files[name], texts[name]) for name, (role, index) in zip(names, places, strict=True)]


def _place(name: str, description: SelfDescription) -> tuple[str, int]:
    match = _PARTY.fullmatch(name)
    if match is None:
        raise InvalidRequest(f"{name} is no party", where="--party", hint="Role and index, e.g. guest.0")
    if match[1] not in description.role_list:
        hint = f"It plays {', '.join(description.role_list)}"
        raise InvalidRequest(f"the component plays no {match[1]}", where="--party", clause="CMP-2", hint=hint)
    return match[1], int(match[2])


def _assigned(text: str, parties: Sequence[str], where: str, wanted: str) -> tuple[str, str, str]:
    """Return party, or nothing, name and value of an assignment."""
    target, equals, value = text.partition("=")
    party = next((name for name in parties if target.startswith(f"{name}.")), "")
    name = target.removeprefix(f"{party}.") if party else target
    if not equals or not name:
        raise InvalidRequest(f"{text} is no assignment", where=where, hint=wanted)
    return party, name, value
