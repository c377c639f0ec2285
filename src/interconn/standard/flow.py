"""DAG and Config: what a flow consists of and how a job runs it (CTL-6.6, CTL-6.7, MGT-G2.1.1.3-*)."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Final

from pydantic import AliasChoices, Field, model_validator

from interconn.standard.identifiers import Identifier
from interconn.standard.patterns import pattern
from interconn.standard.wire import WireModel

ROLES: Final = ("guest", "host", "arbiter")
"""The roles that a configuration has members for, whether anybody plays them or not (CTL-6.6)."""

Parameters = dict[str, Any]

_SYNC_TYPE: Final = "sync_type"
_SEVERAL: Final = "|"
_ORDINAL: Final = re.compile(r"0|[1-9][0-9]{0,5}")


def ordinals(key: str) -> tuple[int, ...]:
    """Return the ordinals that a key of a role's object names, in order: "0" is one, "0|1" are two alike.

    The source has single ordinals only (CTL-G3.1.1.1-conf); several in one key are what FATE's configurations have.
    Empty where the key is none of ours.
    """
    found = key.split(_SEVERAL)
    if not all(_ORDINAL.fullmatch(each) for each in found) or len(set(found)) != len(found):
        return ()
    return tuple(sorted(map(int, found)))


class Port(WireModel):
    """An entry of `input` or `output`: an input key is `<component name>.<output key>` (CTL-G3.1.1.1-dag)."""

    type: str = Field(min_length=1, max_length=64)
    key: str = Field(min_length=1, max_length=257)


class DagComponent(WireModel):
    """One run of a component inside a DAG."""

    name: str = Field(
        pattern=pattern(r"^[A-Za-z0-9_\-]{1,128}$", 'a name in a DAG is of 1 to 128 letters, digits, "_" and "-"')
    )
    component_name: str = Field(alias="componentName", min_length=1, max_length=128)
    provider: str = Field(min_length=1, max_length=128)
    version: str = Field(min_length=1, max_length=64)
    # Resolution 4: the guide's inputData and outputData are aliases.
    input: list[Port] = Field(default=[], validation_alias=AliasChoices("input", "inputData"), max_length=64)
    output: list[Port] = Field(default=[], validation_alias=AliasChoices("output", "outputData"), max_length=64)


class Dag(WireModel):
    """How the components of a flow are combined (CTL-6.7)."""

    version: str = Field(min_length=1, max_length=64)
    components: list[DagComponent] = Field(min_length=1, max_length=4096)


class Initiator(WireModel):
    """The initiating node and its role."""

    role: str = Field(min_length=1, max_length=64)
    node_id: Identifier = Field(validation_alias=AliasChoices("node_id", "nodeId"))  # resolution 4


class ParameterSet(WireModel):
    """Parameters shared by all nodes, and those of each role by ordinal; roles beyond the three are allowed."""

    model_config = {**WireModel.model_config, "extra": "allow"}

    common: Parameters = {}

    def completed(self) -> ParameterSet:
        """Return the same with a member for each of the three roles."""
        return ParameterSet(common=self.common, **{role: {} for role in ROLES} | (self.model_extra or {}))

    def by_role(self) -> dict[str, dict[str, Parameters]]:
        """Return the parameters of each role by their keys, such as "0" and "0|1"."""
        return {role: by_key for role, by_key in (self.model_extra or {}).items() if by_key}

    def places(self) -> list[tuple[str, Parameters]]:
        """Return every object of parameters with where it stands: `common`, and `<role>.<key>` for each."""
        own = [(f"{role}.{key}", found) for role, by_key in self.by_role().items() for key, found in by_key.items()]
        return [("common", self.common), *own]

    def layers(self, role: str, index: int) -> list[Parameters]:
        """Return what applies to one party, each layer winning over those before it.

        First what is common to all, then what several parties of its role have in common, the most first, then what
        is the party's alone. The source leaves the order open (CTL-G3.1.1.1-conf): the closer word wins.
        """
        own = [
            (len(ordinals(key)), key, entries)
            for key, entries in self.by_role().get(role, {}).items()
            if index in ordinals(key)
        ]
        own.sort(key=lambda each: (-each[0], each[1]))
        return [self.common, *(entries for _, _, entries in own)]

    @model_validator(mode="after")
    def _roles_are_objects(self) -> ParameterSet:
        for role, by_index in (self.model_extra or {}).items():
            if by_index is None:
                continue
            if not isinstance(by_index, dict) or not all(isinstance(value, dict) for value in by_index.values()):
                raise ValueError(f'{role} must map ordinals such as "0" to objects')
        return self


class SyncType(StrEnum):
    """How the state of tasks travels between nodes (CTL-G3.1.1.2-sync)."""

    POLL = "poll"
    CALLBACK = "callback"


class Config(WireModel):
    """Parties and parameters of a job (CTL-6.6). The scheduler is `job_params.common.scheduler` (resolution 27)."""

    version: str = Field(min_length=1, max_length=64)
    initiator: Initiator
    role: dict[str, list[Identifier]]
    job_params: ParameterSet = ParameterSet()
    task_params: ParameterSet = ParameterSet()

    def completed(self) -> Config:
        """Return the same with every member that CTL-6.6 demands, empty where nobody has that role.

        Their absence is accepted from anybody; what this node makes has them, as others may insist.
        """
        return self.model_copy(
            update={
                "role": {role: [] for role in ROLES} | self.role,
                "job_params": self.job_params.completed(),
                "task_params": self.task_params.completed(),
            }
        )

    def sync_type(self) -> SyncType:
        """Return how the state of tasks travels: by `job_params.common.sync_type`, else by polls (resolution 8)."""
        given = self.job_params.common.get(_SYNC_TYPE)
        return SyncType.CALLBACK if given == SyncType.CALLBACK else SyncType.POLL

    def remarks(self) -> list[str]:
        """Return what is taken otherwise than it is written, as the list of words is open."""
        given = self.job_params.common.get(_SYNC_TYPE, SyncType.POLL)
        if given in list(SyncType):
            return []
        return [f"job_params.common.sync_type {str(given)[:64]!r} is not known here and taken as poll"]

    def nodes(self) -> list[str]:
        """Return every node that plays a role, once, in the order of `role`; the scheduler may be another."""
        return list(dict.fromkeys(node for players in self.role.values() for node in players))

    def scheduler(self) -> str:
        """Return the node that schedules the job (resolution 27).

        The one named in `job_params.common.scheduler`, else the first node that is arbiter and nothing else,
        else the initiator.
        """
        named = self.job_params.common.get("scheduler")
        if isinstance(named, str) and named:
            return named
        others = {node for role, players in self.role.items() if role != "arbiter" for node in players}
        arbiters = [node for node in self.role.get("arbiter", []) if node not in others]
        return arbiters[0] if arbiters else self.initiator.node_id
