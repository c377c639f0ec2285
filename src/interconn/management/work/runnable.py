"""Whether this node runs at present what a job would have it run (MGT-6.2, CTL-G3.1.1.3-register)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from interconn.components import runnable
from interconn.control.flow import Plan
from interconn.standard.self_description import SelfDescription


def require_runnable(session: Session, planned: Plan, node_id: str) -> None:
    """Check that a node can launch, and has not disabled, the components that a job has it run.

    What other parties run is theirs to say.

    Raises:
        ComponentDisabled: names the first that is disabled.
        NoLauncher: names the first that it cannot launch.
    """
    runnable.require_runnable(session, own_descriptions(planned, node_id))


def own_descriptions(planned: Plan, node_id: str) -> list[SelfDescription]:
    """Return the components that a job has a node run, each once, however often the DAG has it."""
    own = (step for step in planned.steps.values() if any(party.node_id == node_id for party in step.parties))
    return list({_name(step.description): step.description for step in own}.values())


def _name(description: SelfDescription) -> tuple[str, str, str]:
    return description.component_name, description.provider, description.version
