"""Whether a DAG and its configuration can be run, what follows from what, and who takes part in what.

Everything that is wrong is said before anything runs, naming the component and the member at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final, Protocol

from interconn.components.environment import SOURCE_MEMBERS, by_input, output_place, split_parameters
from interconn.standard.control import JobCreate
from interconn.standard.errors import InterconnError, InvalidFlow
from interconn.standard.flow import Config, Dag, DagComponent, Port
from interconn.standard.identifiers import PATTERN
from interconn.standard.self_description import SelfDescription, to_environment_text
from interconn.standard.wire import digest

_ROLE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_TABLES: Final = frozenset({"dataset", "training_set", "test_set", "datasets"})
"""Categories that are all data sets: a training set is read from where a data set was written."""
_HOLDS_NO_DATA: Final = "arbiter"
_SOME_TASK: Final = "task_" + "0" * 32
LONGEST_VALUE_BYTES: Final = 120_000
"""Linux takes 128 KiB for one variable of an environment, its name included (execve(2), MAX_ARG_STRLEN)."""
MAXIMUM_SHARES: Final = 20_000
"""Components times parties of one job. Each is checked by itself, some 50 µs, while nothing else can be written."""


class Descriptions(Protocol):
    """Finds self-descriptions."""

    def find(self, name: str, provider: str, version: str) -> SelfDescription:
        """Return a component, or raise InvalidFlow naming what is known."""
        ...


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


@dataclass(frozen=True)
class Step:
    """One component of the DAG, resolved.

    Attributes:
        component: as the DAG has it.
        description: of the component.
        upstream: names of the components whose outputs it reads.
        parties: who takes part: every party whose role the component supports.
    """

    component: DagComponent
    description: SelfDescription
    upstream: frozenset[str]
    parties: tuple[Party, ...]

    @property
    def name(self) -> str:
        """Its running name in the DAG."""
        return self.component.name


@dataclass(frozen=True)
class Plan:
    """A job that can be run: its steps by name, in an order in which each follows those it reads from."""

    steps: Mapping[str, Step]
    config: Config

    def downstream(self, name: str) -> frozenset[str]:
        """Return a step and all that follow it, directly or not (CTL-3.5-cascade).

        Raises:
            InvalidFlow: there is no such step.
        """
        if name not in self.steps:
            raise InvalidFlow(f"the DAG has no component {name}", where="task_name", clause="CTL-3.5")
        found = {name}
        for step in self.steps.values():  # in order, so that one pass is enough
            if step.upstream & found:
                found.add(step.name)
        return frozenset(found)

    def ready(self, succeeded: frozenset[str], begun: frozenset[str]) -> list[Step]:
        """Return the steps that may begin now, in order."""
        return [step for step in self.steps.values() if step.name not in begun and step.upstream <= succeeded]


def plan(job: JobCreate, descriptions: Descriptions) -> Plan:
    """Check a job whole and return how it is run.

    Raises:
        InvalidFlow: names the component and the member at fault, and the clause.
    """
    _check_parties(job.config)
    parties_of_job = parties_of(job.config)
    if len(job.dag.components) * len(parties_of_job) > MAXIMUM_SHARES:
        message = f"components times parties are more than the {MAXIMUM_SHARES} that this node runs in one job"
        raise InvalidFlow(message, where="config.role", clause="CTL-6.6", hint="Divide it into several jobs")
    output_place(job.job_id, _SOME_TASK, "guest", 0, "data")  # an id that makes no name in storage is of no use
    found = check_dag(job.dag, descriptions)
    _check_parameter_owners(job.config, frozenset(component.name for component in job.dag.components))
    steps: dict[str, Step] = {}
    for component, description, upstream in found:
        parties = tuple(party for party in parties_of_job if party.role in description.role_list)
        if not parties:
            supported = ", ".join(description.role_list)
            raise _fault(component, "roleList", f"no party of the job has a role it supports ({supported})", "CTL-6.1")
        for party in parties:
            _check_party(job, component, description, party)
            _check_fed(component, party, [steps[source] for source in upstream])
        steps[component.name] = Step(component, description, upstream, parties)
    return Plan(steps, job.config)


def check_dag(dag: Dag, descriptions: Descriptions) -> list[tuple[DagComponent, SelfDescription, frozenset[str]]]:
    """Check a DAG by itself, as a flow has it before there are parties.

    Returns:
        Each component with its description and the names of those it reads from, which come before it.

    Raises:
        InvalidFlow: names the component and the member at fault, and the clause.
    """
    by_name: dict[str, DagComponent] = {}
    for component in dag.components:
        if component.name in by_name:
            raise _fault(component, "name", "another component of the DAG has the same name", "CTL-6.7")
        by_name[component.name] = component
    upstream = {name: _upstream(component, by_name) for name, component in by_name.items()}
    found = []
    for name in _in_order(upstream):
        component, description = by_name[name], _describe(by_name[name], descriptions)
        _check_outputs(component, description)
        _check_inputs(component, description, by_name)
        found.append((component, description, frozenset(upstream[name])))
    return found


def parties_of(config: Config) -> list[Party]:
    """Return every party of a job: guests, hosts, arbiters, then others, each by index."""
    order = {"guest": 0, "host": 1, "arbiter": 2}
    roles = sorted(config.role, key=lambda role: (order.get(role, 3), role))
    return [Party(role, index, node) for role in roles for index, node in enumerate(config.role[role])]


def dag_digest(dag: Dag) -> str:
    """Return the digest of a DAG, equal for all who hold the same one whatever their serialiser."""
    return digest(dag.to_wire())


def config_digest(config: Config) -> str:
    """Return the digest of a configuration."""
    return digest(config.to_wire())


def _check_parties(config: Config) -> None:
    for role, nodes in config.role.items():
        if not _ROLE.fullmatch(role):
            raise InvalidFlow("a role is a word of letters and digits", where="config.role", clause="CTL-6.6")
        if len(set(nodes)) != len(nodes):
            raise InvalidFlow(f"names a node twice as {role}", where=f"config.role.{role}", clause="CTL-6.6")
    if not re.fullmatch(PATTERN, config.scheduler()):
        raise InvalidFlow("is no node id", where="config.job_params.common.scheduler", clause="CTL-G3.1.1.2-roles")
    if not config.nodes():
        raise InvalidFlow("names no node", where="config.role", clause="CTL-6.6")
    initiator = config.initiator
    if initiator.node_id not in config.role.get(initiator.role, []):
        raise InvalidFlow(
            f"{initiator.node_id} does not have the role {initiator.role} in this job",
            where="config.initiator",
            clause="CTL-6.6",
        )


def _check_parameter_owners(config: Config, names: frozenset[str]) -> None:
    """Parameters must belong to a component of the DAG and to a party of the job: no misspelt name goes unseen."""
    _check_names(config.task_params.common, "common", names)
    for role, by_index in (config.task_params.model_extra or {}).items():
        places = {str(place) for place in range(len(config.role.get(role, [])))}
        for index, entries in (by_index or {}).items():
            if index not in places:
                party = f"{role[:64]}.{index[:64]}"
                message = f"the job has no party {party}"
                raise InvalidFlow(message, where=f"task_params.{party}", clause="CTL-G3.1.1.1-conf")
            _check_names(entries, f"{role}.{index}", names)


def _check_names(entries: Mapping[str, object], owner: str, names: frozenset[str]) -> None:
    for name in entries:
        if name not in names:
            raise InvalidFlow(
                f"the DAG has no component {name[:128]}; it has {_some(names)}",
                where=f"task_params.{owner}.{name[:128]}",
                clause="CTL-G3.1.1.1-conf",
            )


def _some(names: frozenset[str]) -> str:
    """Return the names, as far as a person reads them."""
    shown = ", ".join(sorted(names)[:20])
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"


def _upstream(component: DagComponent, by_name: Mapping[str, DagComponent]) -> set[str]:
    return {_source(component, port, by_name)[0].name for port in component.input}


def _source(component: DagComponent, port: Port, by_name: Mapping[str, DagComponent]) -> tuple[DagComponent, Port]:
    """Return what an input key `<component>.<output key>` names."""
    name, dot, key = port.key.partition(".")
    clause = "CTL-G3.1.1.1-dag"
    if not dot:
        raise _fault(component, f"input {port.key}", "must be <component>.<output key>", clause)
    if name not in by_name:
        raise _fault(component, f"input {port.key}", f"the DAG has no component {name}", clause)
    for output in by_name[name].output:
        if output.key == key:
            return by_name[name], output
    keys = ", ".join(output.key for output in by_name[name].output) or "none"
    raise _fault(component, f"input {port.key}", f"{name} has no output {key}; its outputs: {keys}", clause)


def _in_order(upstream: Mapping[str, set[str]]) -> list[str]:
    sorter = TopologicalSorter({name: sorted(sources) for name, sources in upstream.items()})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        cycle = " → ".join(error.args[1])
        raise InvalidFlow(f"the components form a cycle: {cycle}", where="dag", clause="CTL-G3.1.1.1-dag") from None


def _describe(component: DagComponent, descriptions: Descriptions) -> SelfDescription:
    try:
        return descriptions.find(component.component_name, component.provider, component.version)
    except InvalidFlow as error:
        raise _fault(component, "componentName", error.message, "CTL-6.7") from None


def _check_outputs(component: DagComponent, description: SelfDescription) -> None:
    described = description.output_data
    if len(component.output) > len(described):
        extra = component.output[len(described)].key
        raise _fault(component, f"output {extra}", f"the component writes only {len(described)}", "CTL-G3.1.1.1-dag")
    keys = [port.key for port in component.output]
    for port, data in zip(component.output, described, strict=False):
        if keys.count(port.key) > 1:
            raise _fault(component, f"output {port.key}", "the same key is given twice", "CTL-G3.1.1.1-dag")
        if not _fits(port.type, data.category):
            message = f"is {port.type}, but the component writes {data.category} there ({data.name})"
            raise _fault(component, f"output {port.key}", message, "CTL-G3.1.1.1-dag")


def _check_inputs(component: DagComponent, description: SelfDescription, by_name: Mapping[str, DagComponent]) -> None:
    described = description.input_data
    if len(component.input) > len(described):
        extra = component.input[len(described)].key
        raise _fault(component, f"input {extra}", f"the component reads only {len(described)}", "CTL-G3.1.1.1-dag")
    for port, data in zip(component.input, described, strict=False):
        source, output = _source(component, port, by_name)
        if not _fits(port.type, output.type):
            message = f"is {port.type}, but {source.name} gives {output.type} there"
            raise _fault(component, f"input {port.key}", message, "CTL-G3.1.1.1-dag")
        if not _fits(port.type, data.category):
            message = f"is {port.type}, but the component reads {data.category} there ({data.name})"
            raise _fault(component, f"input {port.key}", message, "CTL-G3.1.1.1-dag")


def _fits(one: str, other: str) -> bool:
    return one == other or (one in _TABLES and other in _TABLES)


def _check_party(job: JobCreate, component: DagComponent, description: SelfDescription, party: Party) -> None:
    parameters, source = split_parameters(job.config, component.name, party.role, party.index)
    owner = f"task_params of {party.name}"
    for name in parameters:
        if description.parameter(name) is None:
            known = ", ".join(sorted(entry.name for entry in description.input_parameters)) or "none"
            raise _fault(
                component, f"{owner}: {name}", f"the component has no such parameter; it has {known}", "CTL-6.5"
            )
    try:
        description.check_parameters(parameters)
    except InterconnError as error:
        raise _fault(component, f"{owner}: {error.where or ''}", error.message, error.clause or "CTL-6.5") from None
    for name, value in parameters.items():
        if value is not None and len(to_environment_text(value).encode()) > LONGEST_VALUE_BYTES:
            message = f"is longer than the {LONGEST_VALUE_BYTES} bytes that an environment takes"
            raise _fault(component, f"{owner}: {name}", message, "CMP-G3.2.2.2-values")
    try:
        fed = len(component.input) + len(by_input(source, description.input_data[len(component.input) :]))
    except InvalidFlow as error:
        raise _fault(component, f"{owner}: {error.where}", error.message, "CTL-G3.1.1.1-source") from None
    if fed > len(description.input_data):
        members = ", ".join(SOURCE_MEMBERS)
        raise _fault(component, f"{owner}: {members}", "source data is given, but no input is left for it", "CMP-3.4.3")
    if description.input_data and not fed and party.role != _HOLDS_NO_DATA:
        name = description.input_data[0].name
        message = f"input {name} is fed neither by the DAG nor by a data set of {party.node_id}"
        raise _fault(component, owner, message, "CTL-G3.1.1.1-source")
    for output in component.output:
        output_place(job.job_id, _SOME_TASK, party.role, party.index, output.key)


def _check_fed(component: DagComponent, party: Party, sources: Iterable[Step]) -> None:
    """A party reads its own share of what it had a part in; data never moves to another party on the way."""
    for source in sources:
        if party not in source.parties and party.role != _HOLDS_NO_DATA:
            message = f"{party.name} takes no part in {source.name} and so has nothing of it to read"
            raise _fault(component, "input", message, "CTL-G3.1.1.1-dag")


def _fault(component: DagComponent, member: str, message: str, clause: str) -> InvalidFlow:
    return InvalidFlow(message, where=f"component {component.name}, {member}", clause=clause)
