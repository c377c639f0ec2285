"""What an application is about, as far as a policy may ask."""

from __future__ import annotations

from dataclasses import dataclass

from interconn.api.audits import AuditKind
from interconn.standard.flow import Config, Dag

NOTHING: frozenset[str] = frozenset()
UNBOUNDED: None = None
"""Whatever there is, and what will be: no list holds all of it, and each list names some of it."""


@dataclass(frozen=True)
class Facts:
    """An application of a partner.

    Attributes:
        kind: what it asks for.
        partners: who applies, and all others that would have a part.
        datasets: of this node.
        components: by `componentName`; unbounded where a grant names none.
        projects: that it belongs to; unbounded where a grant names none.
        roles: that this node would play; `scheduler` is one of them.
    """

    kind: AuditKind
    partners: frozenset[str]
    datasets: frozenset[str] | None = NOTHING
    components: frozenset[str] | None = NOTHING
    projects: frozenset[str] | None = NOTHING
    roles: frozenset[str] | None = NOTHING

    def of(self, condition: str) -> frozenset[str] | None:
        """Return what a condition of a rule is about, by its name."""
        found: frozenset[str] | None = getattr(self, condition)
        return found


def named(ids: list[str] | None) -> frozenset[str] | None:
    """Return what a scope of a grant names; one that names nothing is unbounded (MGT-4.3-auth-scope)."""
    return frozenset(ids) if ids else UNBOUNDED


def components_of(dag: Dag) -> frozenset[str]:
    """Return the components of a DAG, by `componentName`."""
    return frozenset(component.component_name for component in dag.components)


def partners_of(config: Config, own: str) -> frozenset[str]:
    """Return the other nodes of a configuration, its scheduler among them."""
    return frozenset({*config.nodes(), config.scheduler(), config.initiator.node_id} - {own})


def roles_of(config: Config, own: str) -> frozenset[str]:
    """Return what a node plays in a configuration."""
    played = {role for role, nodes in config.role.items() if own in nodes}
    return frozenset(played | ({"scheduler"} if config.scheduler() == own else set()))
