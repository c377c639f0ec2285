"""Components of this node, and those that partners offer."""

from __future__ import annotations

from typing import Any, Final

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import ComponentDetail, ComponentPage, Name, Paging, Text
from interconn.standard.wire import Empty, WireModel


class ComponentView(WireModel):
    """A component that this node can run."""

    name: str
    title: str
    provider: str
    version: str
    roles: list[str]
    description: str = ""
    self_description: dict[str, Any]


class ComponentViews(WireModel):
    """All components that this node can run."""

    components: list[ComponentView]


class ComponentDiscover(Paging):
    """A page of a partner's components (MGT-6.1)."""

    node_id: Identifier
    category: Text | None = None
    developer: Text | None = None


class ComponentShow(WireModel):
    """One component of a partner (MGT-6.2)."""

    node_id: Identifier
    code: Name
    version: Name


COMPONENT_LIST: Final = own("component.own", "GET", "/components", Empty, ComponentViews, "List own components.")
COMPONENT_DISCOVER: Final = own(
    "component.discover",
    "GET",
    "/components/discover",
    ComponentDiscover,
    ComponentPage,
    "List a partner's components.",
)
COMPONENT_SHOW: Final = own(
    "component.show", "GET", "/components/show", ComponentShow, ComponentDetail, "Show a partner's component."
)

ENDPOINTS: Final = (COMPONENT_LIST, COMPONENT_DISCOVER, COMPONENT_SHOW)
