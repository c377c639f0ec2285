"""Components as partners list them (MGT-6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import AliasChoices, Field

from interconn.standard.identifiers import Identifier
from interconn.standard.management.terms import Name, Paging, Text
from interconn.standard.wire import Int64, WireModel


class ComponentStatus(StrEnum):
    """Whether a node runs a component at present (MGT-6.2)."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class ComponentList(Paging):
    """Ask for a page of the partner's components (MGT-6.1).

    contract_Id is the spelling of the standard's own table, here alone: either is read (resolution 19), and both are
    sent, as a partner that was built by the table knows no other.
    """

    contract_id: Identifier = Field(validation_alias=AliasChoices("contract_id", "contract_Id"))
    category: Text | None = None
    developer: Text | None = None

    def to_wire(self) -> dict[str, Any]:
        """Return the members under their wire names, the contract's id under both."""
        return {**super().to_wire(), "contract_Id": self.contract_id}


class ComponentSummary(WireModel):
    """A component as a list shows it."""

    category: Text | None = None
    code: Name
    developer: Text | None = None
    version: Name


class ComponentPage(WireModel):
    """A page of components."""

    records: list[ComponentSummary]
    total: Int64


class ComponentQuery(WireModel):
    """Ask for one component (MGT-6.2)."""

    code: Name
    contract_id: Identifier = Field(validation_alias=AliasChoices("contract_id", "contract_Id"))
    version: Name


class ComponentDetail(WireModel):
    """A component whole (MGT-6.2)."""

    category: Text | None = None
    code: Name
    description: Text | None = None
    developer: Text | None = None
    engine: Name
    extension: dict[str, Any] | None = None
    inputs: list[dict[str, Any]]
    name: Name
    outputs: list[dict[str, Any]]
    status: ComponentStatus
    version: Name
