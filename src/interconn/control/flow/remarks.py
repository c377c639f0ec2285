"""What a person should look at in a DAG, though it is no reason to refuse it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from interconn.control.flow.deadlines import unknown_to_deadlines
from interconn.control.flow.resources import unknown_resources
from interconn.standard.flow import Config, DagComponent
from interconn.standard.self_description import SelfDescription

Checked = tuple[DagComponent, SelfDescription, frozenset[str]]
"""As `check_dag` returns it: a component, its description, and what it reads from."""


def remarks_on(found: Sequence[Checked]) -> list[str]:
    """Return what is written and read by no component, and what is left to be read from the parties' own data.

    What nobody reads is a result of the job, as it may be meant to be; in the middle of a flow it often is not.
    """
    read = {port.key for component, _, _ in found for port in component.input}
    followed = {name for _, _, upstream in found for name in upstream}
    return [remark for each in found for remark in _on(each, read, followed)]


def remarks_on_config(config: Config, names: Collection[str]) -> list[str]:
    """Return what job_params say that means nothing here: a word of an open list, or a misspelt one.

    Args:
        config: of the job.
        names: of the components of the DAG.
    """
    return [*config.remarks(), *unknown_resources(config), *unknown_to_deadlines(config, names)]


def _on(each: Checked, read: set[str], followed: set[str]) -> Iterable[str]:
    component, description, _ = each
    for output in component.output if component.name in followed else ():
        if f"{component.name}.{output.key}" not in read:
            yield f"component {component.name}, output {output.key}: no component reads it; it is a result of the job"
    for written in description.output_data[len(component.output) :]:
        yield f"component {component.name}: output {written.name} ({written.category}) has no key, so none can read it"
    for data in description.input_data[len(component.input) :]:
        yield f"component {component.name}: input {data.name} is read from each party's own data, or stays empty"
