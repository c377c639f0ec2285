"""The environment of a component: exactly the standard's variables (CMP-3.3.1, CMP-3.3.2, CMP-3.4.1 to CMP-3.4.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from interconn.standard.environment_text import to_environment_text
from interconn.standard.errors import InvalidFlow, StorageError
from interconn.standard.flow import Config, Parameters
from interconn.standard.self_description import InputData, SelfDescription
from interconn.standard.wire import WireModel
from interconn.storage.address import parse_storage_address
from interconn.storage.dataset import DatasetName

MODEL_MEMBER: Final = "model_id"
"""Member of task_params that names a model to read; an extension of ours, beside those of a data set."""
SOURCE_MEMBERS: Final = ("dataset_id", "name", "namespace", MODEL_MEMBER)
"""Members of task_params that name source data and are no parameters (CTL-G3.1.1.1-source)."""


class Place(WireModel):
    """Where a data set lies in storage."""

    namespace: str
    name: str


class OrderParty(WireModel):
    """One party of a task, as every other one has to know it (CMP-G4.1.1.7)."""

    role: str
    index: int
    node_id: str
    inst_id: str


class Order(WireModel):
    """One party's share of a task, as the control layer orders it.

    Attributes:
        job_id, task_id: of the standard.
        task_name: `components[].name` of the DAG.
        role, index: the party that is to be played here.
        component, provider, version: what is to be run.
        session_id: session of the job (CTL-2.2-session).
        trace_id: of the chain of calls.
        parties: all parties of the task, this one included.
        parameters: values as the job gives them, common and own merged.
        inputs: where the inputs lie, in the order of the self-description's inputData.
        output_keys: names of the outputs in the DAG, in the order of its outputData.
        initiator: of the job; initiators take turns where components have to wait.
        needs: what all shares of the task on this node take of its machine (`interconn.components.room`).
        seconds: within which the share must have ended, counted from the order.
    """

    job_id: str
    task_id: str
    task_name: str
    role: str
    index: int
    component: str
    provider: str
    version: str
    session_id: str
    trace_id: str
    parties: list[OrderParty]
    parameters: dict[str, Any] = {}
    inputs: list[Place] = []
    output_keys: list[str] = []
    initiator: str = ""
    needs: dict[str, float] = {}
    seconds: float | None = None

    @property
    def party(self) -> str:
        """Role and index, e.g. guest.0."""
        return f"{self.role}.{self.index}"


@dataclass(frozen=True)
class Surroundings:
    """What every component of this node is told alike (CMP-3.3.1).

    Attributes:
        storage: storage address; secret, as it may hold a password.
        transport: base URL of the component listener.
        callback: URL of CTL-4.1 there.
    """

    storage: str = field(repr=False)
    transport: str
    callback: str


def output_place(job_id: str, task_id: str, role: str, index: int, key: str) -> Place:
    """Return where an output goes (CMP-G4.2.1.3-naming).

    Raises:
        InvalidFlow: an id or key is not usable as a name in storage.
    """
    try:
        place = DatasetName(f"{job_id}-{role}-{index}", f"{task_id}-{key}")
    except StorageError as error:
        raise InvalidFlow(
            f"no name in storage can be made of it: {error.message}",
            where=f"{task_id} {key}",
            clause="CMP-G4.2.1.3-naming",
            hint=error.hint,
        ) from None
    return Place(namespace=place.namespace, name=place.name)


def split_parameters(config: Config, task_name: str, role: str, index: int) -> tuple[Parameters, Parameters]:
    """Return parameters and source data that a party has for a component: layers merged, the closer one winning.

    Raises:
        InvalidFlow: the entry of the component is no object, or names its source data by anything but texts.
    """
    merged: Parameters = {}
    for members in config.task_params.layers(role, index):
        entry = members.get(task_name)
        if entry is None:
            continue
        if not isinstance(entry, dict):
            raise InvalidFlow(
                "must be an object of parameters",
                where=f"task_params of {role}.{index}: {task_name}",
                clause="CTL-G3.1.1.1-conf",
            )
        merged.update(entry)
    source = {name: merged.pop(name) for name in SOURCE_MEMBERS if name in merged}
    for name, value in source.items():
        if value is not None and not isinstance(value, str):
            raise InvalidFlow(
                "must be a text",
                where=f"task_params of {role}.{index}: {task_name}.{name}",
                clause="CTL-G3.1.1.1-source",
            )
    return merged, {name: value for name, value in source.items() if value}


def references(source: Mapping[str, Any]) -> list[Parameters]:
    """Return what source data refers to, each by itself: a data set, a model, or both."""
    dataset = {name: value for name, value in source.items() if name != MODEL_MEMBER}
    model = {name: value for name, value in source.items() if name == MODEL_MEMBER}
    return [reference for reference in (dataset, model) if reference]


def by_input(source: Mapping[str, Any], free: Sequence[InputData]) -> list[Parameters]:
    """Return the references of source data in the order of the inputs that they are for.

    Args:
        source: as `split_parameters` gives it.
        free: the inputs of the component that the DAG does not feed, in order.

    Raises:
        InvalidFlow: a model is given, and no input that takes one is left where it would come.
    """
    waiting = references(source)
    if MODEL_MEMBER not in source:
        return waiting
    found = []
    for data in free:
        fitting = [reference for reference in waiting if (MODEL_MEMBER in reference) == (data.category == "model")]
        if not fitting:
            break
        found.append(fitting[0])
        waiting.remove(fitting[0])
    if waiting:
        raise InvalidFlow(
            "a model is given as source, but the component reads none there",
            where=MODEL_MEMBER,
            clause="CTL-G3.1.1.1-source",
            hint="Its inputs are fed in the order of its self-description",
        )
    return found


def outputs(order: Order, description: SelfDescription) -> dict[str, Place]:
    """Return where each output of the self-description goes, by its name there; DAG keys count by position."""
    keys = [*order.output_keys]
    keys += [data.name for data in description.output_data[len(keys) :]]
    return {
        data.name: output_place(order.job_id, order.task_id, order.role, order.index, key)
        for data, key in zip(description.output_data, keys, strict=False)
    }


def variables(
    order: Order, description: SelfDescription, surroundings: Surroundings, *, token: str, log_path: str
) -> dict[str, str]:
    """Return the environment of a component, complete.

    Args:
        order: what is to be run.
        description: of the component.
        surroundings: of this node.
        token: of this task and party; secret.
        log_path: directory for logs.

    Raises:
        InvalidFlow: a value has no text, or a name cannot be made.
    """
    found = {
        "system.storage": surroundings.storage,
        "system.callback": surroundings.callback,
        "system.transport": surroundings.transport,
        "config.self_role": order.party,
        "config.task_id": order.task_id,
        "config.session_id": order.session_id,
        "config.trace_id": order.trace_id,
        "config.token": token,
        "config.log.path": log_path,
        "runtime.component.name": order.component,
    }
    for party in order.parties:
        found[f"config.node_id.{party.role}.{party.index}"] = party.node_id
        found[f"config.inst_id.{party.role}.{party.index}"] = party.inst_id
    for name, value in order.parameters.items():
        if value is not None:  # CMP-G3.2.2.2-values gives null no text
            found[f"runtime.component.parameter.{name}"] = to_environment_text(value)
    for data, place in zip(description.input_data, order.inputs, strict=False):
        found[f"runtime.component.input.{data.name}"] = _text(place)
    for output, place in outputs(order, description).items():
        found[f"runtime.component.output.{output}"] = _text(place)
    for name, value in found.items():
        if "\0" in value:
            raise InvalidFlow("holds a zero byte, which fits no environment", where=name, clause="CMP-G3.2.2.2-values")
    return found


def described_outputs(order: Order, description: SelfDescription, storage: str) -> Mapping[str, Any]:
    """Return for a person where each output lies: category, namespace, name, and the directory if it is one here."""
    path = parse_storage_address(storage).path
    return {
        data.name: {
            "category": data.category,
            "namespace": place.namespace,
            "name": place.name,
            **({"path": str(path / place.namespace / place.name)} if path else {}),
        }
        for data, place in zip(description.output_data, outputs(order, description).values(), strict=True)
    }


def _text(place: Place) -> str:
    return json.dumps({"namespace": place.namespace, "name": place.name})
