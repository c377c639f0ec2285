"""Who takes part in a job, and whether what the configuration gives them fits them (CTL-6.6, CTL-G3.1.1.1-conf)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from interconn.control.flow.links import some
from interconn.standard.errors import InvalidFlow
from interconn.standard.flow import Config, Parameters, ParameterSet, ordinals
from interconn.standard.identifiers import PATTERN
from interconn.standard.wire import digest

_ROLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")


@dataclass(frozen=True, order=True)
class Party:
    """A node in a role: the `index`-th of `config.role[role]`."""

    role: str
    index: int
    node_id: str

    @property
    def name(self) -> str:
        """Role and index, e.g. guest.0."""
        return f"{self.role}.{self.index}"


def parties_of(config: Config) -> list[Party]:
    """Return every party of a job: guests, hosts, arbiters, then others, each by index."""
    order = {"guest": 0, "host": 1, "arbiter": 2}
    roles = sorted(config.role, key=lambda role: (order.get(role, 3), role))
    return [Party(role, index, node) for role in roles for index, node in enumerate(config.role[role])]


def config_digest(config: Config) -> str:
    """Return the digest of a configuration."""
    return digest(config.to_wire())


def check_parties(config: Config) -> None:
    """Check the roles, the initiator and the scheduler of a job.

    Raises:
        InvalidFlow: names the member at fault.
    """
    for role, nodes in config.role.items():
        if not _ROLE.fullmatch(role):
            message = "a role is a word of at most 32 letters of ASCII, digits and _"
            raise InvalidFlow(message, where=f"config.role.{role[:64]}", clause="CTL-6.6")
        if len(set(nodes)) != len(nodes):
            raise InvalidFlow(f"names a node twice as {role}", where=f"config.role.{role}", clause="CTL-6.6")
    named = config.job_params.common.get("scheduler") or ""
    if not isinstance(named, str) or not re.fullmatch(PATTERN, config.scheduler()):
        where, hint = "config.job_params.common.scheduler", "Leave it out, and the initiator schedules"
        raise InvalidFlow("is no node id", where=where, clause="CTL-G3.1.1.2-roles", hint=hint)
    if not config.nodes():
        hint = 'Say who plays what, as {"guest": ["bank"], "host": ["operator"]}'
        raise InvalidFlow("names no node", where="config.role", clause="CTL-6.6", hint=hint)
    initiator = config.initiator
    if initiator.node_id not in config.role.get(initiator.role, []):
        its = [role for role, nodes in config.role.items() if initiator.node_id in nodes]
        raise InvalidFlow(
            f"{initiator.node_id} does not have the role {initiator.role} in this job",
            where="config.initiator",
            clause="CTL-6.6",
            hint=f"config.role gives it {', '.join(sorted(its)) or 'none'}",
        )


def check_parameter_owners(config: Config, names: frozenset[str]) -> None:
    """Check that parameters belong to a component of the DAG and to a party of the job: no misspelt name goes unseen.

    Raises:
        InvalidFlow: names the member at fault.
    """
    _check_names(config.task_params.common, "common", names)
    for role, key, entries in _entries(config, "task_params", config.task_params):
        _check_names(entries, f"{role}.{key}", names)
    for _ in _entries(config, "job_params", config.job_params):
        pass  # what they may hold is an open list; whose they are is not


def _entries(config: Config, member: str, given: ParameterSet) -> Iterator[tuple[str, str, Parameters]]:
    """Yield role, key and content of each entry for parties, once its owners are known to be parties of the job."""
    for role, by_key in given.by_role().items():
        spoken_for: dict[tuple[int, int], str] = {}
        for key, entries in by_key.items():
            where = f"{member}.{role[:64]}.{key[:64]}"
            places = ordinals(key)
            if not places or max(places) >= len(config.role.get(role, [])):
                message = f"the job has no party {role[:64]}.{key[:64]}"
                count = len(config.role.get(role, []))
                hint = f'Keys are places in config.role.{role[:64]}, from "0" to "{count - 1}"; several stand as "0|1"'
                if not count:
                    hint = f"config.role gives nobody this role; it has {some(config.role)}"
                raise InvalidFlow(message, where=where, clause="CTL-G3.1.1.1-conf", hint=hint)
            for place in places:
                other = spoken_for.setdefault((len(places), place), key)
                if other != key:
                    message = f"{other[:64]} and {key[:64]} both speak for {role}.{place}, and neither more closely"
                    raise InvalidFlow(message, where=where, clause="CTL-G3.1.1.1-conf")
            yield role, key, entries


def _check_names(entries: Mapping[str, object], owner: str, names: frozenset[str]) -> None:
    for name in entries:
        if name not in names:
            raise InvalidFlow(
                f"the DAG has no component {name[:128]}; it has {some(names)}",
                where=f"task_params.{owner}.{name[:128]}",
                clause="CTL-G3.1.1.1-conf",
            )
