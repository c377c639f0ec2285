"""What a node's components read from its own storage, as a job's parameters say (resolution 9)."""

from __future__ import annotations

from typing import Any

from interconn.components.environment import references, split_parameters
from interconn.control.flow import parties_of
from interconn.standard.flow import Config, Dag, DagComponent


def sources_of(dag: Dag, config: Config, node_id: str) -> list[tuple[DagComponent, dict[str, Any]]]:
    """Return each component that reads from a node's storage, with each reference that it is given.

    By the same reading as the control layer's, so that nothing is run that was not checked.
    """
    found: list[tuple[DagComponent, dict[str, Any]]] = []
    for component in dag.components:
        for party in parties_of(config):
            if party.node_id == node_id:
                _, source = split_parameters(config, component.name, party.role, party.index)
                found.extend((component, reference) for reference in references(source))
    return found
