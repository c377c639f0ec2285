"""Whether a DAG and its configuration can be run, what follows from what, and who takes part in what.

Everything that is wrong is said before anything runs, naming the component and the member at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from interconn.components.environment import SOURCE_MEMBERS, by_input, output_place, split_parameters
from interconn.control.flow.deadlines import deadline_of
from interconn.control.flow.links import Descriptions, check_dag, fault, some
from interconn.control.flow.parties import Party, check_parameter_owners, check_parties, parties_of
from interconn.control.flow.resources import Resources, resources_of
from interconn.standard.control import JobCreate
from interconn.standard.environment_text import to_environment_text
from interconn.standard.errors import InterconnError, InvalidFlow
from interconn.standard.flow import Config, DagComponent
from interconn.standard.self_description import SelfDescription

_HOLDS_NO_DATA: Final = "arbiter"
_SEE: Final = "'interconn component list --json' shows what the components of this node take"
_SOME_TASK: Final = "task_" + "0" * 32
LONGEST_VALUE_BYTES: Final = 120_000
"""Linux takes 128 KiB for one variable of an environment, its name included (execve(2), MAX_ARG_STRLEN)."""
MAXIMUM_SHARES: Final = 20_000
"""Components times parties of one job. Each is checked by itself, some 50 µs, while nothing else can be written."""


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
    """A job that can be run.

    Attributes:
        steps: by name, in an order in which each follows those it reads from.
        config: of the job.
        resources: what each party's shares may take of its node's machine.
        deadlines: seconds within which a step must have ended at a party, where anything is said.
    """

    steps: Mapping[str, Step]
    config: Config
    resources: Mapping[Party, Resources]
    deadlines: Mapping[tuple[str, Party], float]

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


def plan(job: JobCreate, descriptions: Descriptions) -> Plan:
    """Check a job whole and return how it is run.

    Raises:
        InvalidFlow: names the component and the member at fault, and the clause.
    """
    check_parties(job.config)
    parties_of_job = parties_of(job.config)
    if len(job.dag.components) * len(parties_of_job) > MAXIMUM_SHARES:
        message = f"components times parties are more than the {MAXIMUM_SHARES} that this node runs in one job"
        raise InvalidFlow(message, where="config.role", clause="CTL-6.6", hint="Divide it into several jobs")
    output_place(job.job_id, _SOME_TASK, "guest", 0, "data")  # an id that makes no name in storage is of no use
    found = check_dag(job.dag, descriptions)
    check_parameter_owners(job.config, frozenset(component.name for component in job.dag.components))
    resources = {party: resources_of(job.config, party) for party in parties_of_job}
    steps: dict[str, Step] = {}
    for component, description, upstream in found:
        parties = tuple(party for party in parties_of_job if party.role in description.role_list)
        if not parties:
            supported = ", ".join(description.role_list)
            message = f"no party of the job has a role it supports ({supported})"
            raise fault(component, "roleList", message, "CTL-6.1", "Give a node such a role in config.role")
        for party in parties:
            _check_party(job, component, description, party)
            _check_fed(component, party, [steps[source] for source in upstream])
        steps[component.name] = Step(component, description, upstream, parties)
    deadlines = {
        (step.name, party): seconds
        for step in steps.values()
        for party in step.parties
        if (seconds := deadline_of(job.config, party, step.name)) is not None
    }
    return Plan(steps, job.config, resources, deadlines)


def _check_party(job: JobCreate, component: DagComponent, description: SelfDescription, party: Party) -> None:
    parameters, source = split_parameters(job.config, component.name, party.role, party.index)
    owner = f"task_params of {party.name}"
    for name in parameters:
        if description.parameter(name) is None:
            known = some(entry.name for entry in description.input_parameters) or "none"
            message = f"the component has no such parameter; it has {known}"
            raise fault(component, f"{owner}: {name}", message, "CTL-6.5", _SEE)
    try:
        description.check_parameters(parameters)
    except InterconnError as error:
        member, clause = f"{owner}: {error.where or ''}", error.clause or "CTL-6.5"
        raise fault(component, member, error.message, clause, _SEE) from None
    for name, value in parameters.items():
        if value is not None and len(to_environment_text(value).encode()) > LONGEST_VALUE_BYTES:
            message = f"is longer than the {LONGEST_VALUE_BYTES} bytes that an environment takes"
            hint = "What is long belongs into a data set"
            raise fault(component, f"{owner}: {name}", message, "CMP-G3.2.2.2-values", hint)
    try:
        fed = len(component.input) + len(by_input(source, description.input_data[len(component.input) :]))
    except InvalidFlow as error:
        raise fault(component, f"{owner}: {error.where}", error.message, "CTL-G3.1.1.1-source") from None
    if fed > len(description.input_data):
        members = ", ".join(SOURCE_MEMBERS)
        message = "source data is given, but no input is left for it"
        hint = "Take it away, or let the component read one input less from the DAG"
        raise fault(component, f"{owner}: {members}", message, "CMP-3.4.3", hint)
    if description.input_data and not fed and party.role != _HOLDS_NO_DATA:
        name = description.input_data[0].name
        message = f"input {name} is fed neither by the DAG nor by a data set of {party.node_id}"
        raise fault(component, owner, message, "CTL-G3.1.1.1-source", "Give it a dataset_id there, or an input")
    for output in component.output:
        output_place(job.job_id, _SOME_TASK, party.role, party.index, output.key)


def _check_fed(component: DagComponent, party: Party, sources: Iterable[Step]) -> None:
    """A party reads its own share of what it had a part in; data never moves to another party on the way."""
    for source in sources:
        if party not in source.parties and party.role != _HOLDS_NO_DATA:
            message = f"{party.name} takes no part in {source.name} and so has nothing of it to read"
            hint = f"Each party of {component.name} has to take part in what it reads from"
            raise fault(component, "input", message, "CTL-G3.1.1.1-dag", hint)
