"""What is asked of a holder and what a job needs of it, as far as permits are concerned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from interconn.management.permits.levels import ResourceType
from interconn.standard.flow import DagComponent
from interconn.standard.management import AuthScope

LIFETIME: Final = "MGT-2.2-permit-lifetime"
"""The clause by which a permit's limits are given, held and counted."""


@dataclass(frozen=True)
class GrantTerms:
    """What an application asks for; an approval may only tighten it.

    Attributes:
        contract_id: the contract that the grant ends with; empty where the call names none, then the one in force.
        scope: where the resource may be used (MGT-4.3-auth-scope); None: wherever its user likes.
        time_limit: instant asked for, epoch milliseconds.
        times_limit: number of jobs asked for.
        datasets: data sets of the holder that the application names, which an approval may grant along with it.
    """

    contract_id: str = ""
    scope: AuthScope | None = None
    time_limit: int | None = None
    times_limit: int | None = None
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True, order=True)
class ComponentIdentity:
    """A component as a scope may name it: its name in a DAG (`componentName`), and who made it."""

    provider: str
    name: str

    @classmethod
    def of(cls, component: DagComponent) -> ComponentIdentity:
        """Return the identity of a component of a DAG; its running name there is its initiator's to choose."""
        return cls(component.provider, component.component_name)

    def named_in(self, listed: list[str]) -> bool:
        """Tell whether a list of component ids names it (MGT-4.3-auth-scope).

        An id is the `componentName`, the code of MGT-6 (which is the name, after provider and dot where two providers
        share one), or provider and name with a slash between them.
        """
        return any(one in (self.name, f"{self.provider}.{self.name}", f"{self.provider}/{self.name}") for one in listed)

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


@dataclass(frozen=True)
class Access:
    """What a job uses of a holder's: a data set or a model, and the components that use it."""

    resource_type: ResourceType
    resource_id: str
    components: frozenset[ComponentIdentity] = frozenset()
