"""How the components of a DAG are linked, checked without parties: as a flow has it (CTL-6.7, CTL-G3.1.1.1-dag)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final, Protocol

from interconn.standard.errors import InvalidFlow
from interconn.standard.flow import Dag, DagComponent, Port
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import digest

_TABLES: Final = frozenset({"dataset", "training_set", "test_set", "datasets"})
"""Categories that are all data sets: a training set is read from where a data set was written."""
_OUTPUTS_ALIGNED: Final = "Outputs stand in the order of the component's self-description"


class Descriptions(Protocol):
    """Finds self-descriptions."""

    def find(self, name: str, provider: str, version: str) -> SelfDescription:
        """Return a component, or raise InvalidFlow naming what is known."""
        ...


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
            hint = "Give each run of a component a name of its own"
            raise fault(component, "name", "another component of the DAG has the same name", "CTL-6.7", hint)
        by_name[component.name] = component
    upstream = {name: _upstream(component, by_name) for name, component in by_name.items()}
    found = []
    for name in _in_order(upstream):
        component, description = by_name[name], _describe(by_name[name], descriptions)
        _check_outputs(component, description)
        _check_inputs(component, description, by_name)
        found.append((component, description, frozenset(upstream[name])))
    return found


def dag_digest(dag: Dag) -> str:
    """Return the digest of a DAG, equal for all who hold the same one whatever their serialiser."""
    return digest(dag.to_wire())


def _upstream(component: DagComponent, by_name: Mapping[str, DagComponent]) -> set[str]:
    return {_source(component, port, by_name)[0].name for port in component.input}


def _source(component: DagComponent, port: Port, by_name: Mapping[str, DagComponent]) -> tuple[DagComponent, Port]:
    """Return what an input key `<component>.<output key>` names."""
    name, dot, key = port.key.partition(".")
    clause = "CTL-G3.1.1.1-dag"
    if not dot:
        hint = "A party's own data set is no input: it stands in task_params"
        raise fault(component, f"input {port.key}", "must be <component>.<output key>", clause, hint)
    if name not in by_name:
        message = f"the DAG has no component {name[:128]}; it has {some(by_name)}"
        raise fault(component, f"input {port.key}", message, clause)
    for output in by_name[name].output:
        if output.key == key:
            return by_name[name], output
    keys = ", ".join(output.key for output in by_name[name].output) or "none"
    raise fault(component, f"input {port.key}", f"{name} has no output {key}; its outputs: {keys}", clause)


def _in_order(upstream: Mapping[str, set[str]]) -> list[str]:
    sorter = TopologicalSorter({name: sorted(sources) for name, sources in upstream.items()})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        names = error.args[1]
        cycle = " → ".join(names if len(names) <= 12 else [*names[:6], "…", *names[-5:]])
        raise InvalidFlow(
            f"the components form a cycle: {cycle}",
            where=f"component {names[1]}, input",
            clause="CTL-G3.1.1.1-dag",
            hint="Let one of them read from something else",
        ) from None


def _describe(component: DagComponent, descriptions: Descriptions) -> SelfDescription:
    try:
        return descriptions.find(component.component_name, component.provider, component.version)
    except InvalidFlow as error:
        hint = "'interconn component list' shows what this node knows"
        raise fault(component, "componentName", error.message, "CTL-6.7", hint) from None


def _check_outputs(component: DagComponent, description: SelfDescription) -> None:
    described = description.output_data
    if len(component.output) > len(described):
        extra = component.output[len(described)].key
        message = f"the component writes only {len(described)}: {', '.join(data.name for data in described)}"
        raise fault(component, f"output {extra}", message, "CTL-G3.1.1.1-dag", "Leave it out")
    keys = [port.key for port in component.output]
    for port, data in zip(component.output, described, strict=False):
        if keys.count(port.key) > 1:
            hint = "Each output has a key of its own"
            raise fault(component, f"output {port.key}", "the same key is given twice", "CTL-G3.1.1.1-dag", hint)
        if not _fits(port.type, data.category):
            message = f"is {port.type}, but the component writes {data.category} there ({data.name})"
            raise fault(component, f"output {port.key}", message, "CTL-G3.1.1.1-dag", _OUTPUTS_ALIGNED)


def _check_inputs(component: DagComponent, description: SelfDescription, by_name: Mapping[str, DagComponent]) -> None:
    described = description.input_data
    if len(component.input) > len(described):
        extra = component.input[len(described)].key
        message = f"the component reads only {len(described)}: {', '.join(data.name for data in described) or 'none'}"
        raise fault(component, f"input {extra}", message, "CTL-G3.1.1.1-dag", "Leave it out")
    for port, data in zip(component.input, described, strict=False):
        source, output = _source(component, port, by_name)
        if not _fits(port.type, output.type):
            message = f"is {port.type}, but {source.name} gives {output.type} there"
            hint = f"Write {output.type}, or read another output of it"
            raise fault(component, f"input {port.key}", message, "CTL-G3.1.1.1-dag", hint)
        if not _fits(port.type, data.category):
            message = f"is {port.type}, but the component reads {data.category} there ({data.name})"
            hint = "Inputs stand in the order of the component's self-description"
            raise fault(component, f"input {port.key}", message, "CTL-G3.1.1.1-dag", hint)


def _fits(one: str, other: str) -> bool:
    return one == other or (one in _TABLES and other in _TABLES)


def fault(component: DagComponent, member: str, message: str, clause: str, hint: str | None = None) -> InvalidFlow:
    """Return the error of a component: which one, which member of it, what is wrong, by which clause, what to do."""
    return InvalidFlow(message, where=f"component {component.name}, {member}", clause=clause, hint=hint)


def some(names: Iterable[str]) -> str:
    """Return names as far as a person reads them."""
    found = sorted(names)
    return ", ".join(found[:20]) + (f" and {len(found) - 20} more" if len(found) > 20 else "")
