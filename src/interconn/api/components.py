"""Components of this node, and those that partners offer."""

from __future__ import annotations

from typing import Any, Final

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import ComponentDetail, ComponentPage, ComponentStatus, Name, Paging, Text
from interconn.standard.wire import Empty, WireModel


class ComponentView(WireModel):
    """A component that this node can run.

    Attributes:
        status: whether it runs it at present; partners are told that much (MGT-6.2).
        since, by, reason: when, by whom and why it was disabled, where it is.
    """

    name: str
    title: str
    provider: str
    version: str
    roles: list[str]
    description: str = ""
    self_description: dict[str, Any]
    status: ComponentStatus = ComponentStatus.ENABLED
    since: int | None = None
    by: str = ""
    reason: str = ""


class ComponentViews(WireModel):
    """All components that this node can run."""

    components: list[ComponentView]


class ComponentSwitch(WireModel):
    """One of this node's own components to be disabled, or enabled again (MGT-6.2).

    Attributes:
        provider, version: needed where several components have the name.
        reason: why, for this node's own people.
    """

    name: Name
    provider: Name | None = None
    version: Name | None = None
    reason: Text = ""


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
COMPONENT_DISABLE: Final = own(
    "component.disable",
    "POST",
    "/components/disable",
    ComponentSwitch,
    ComponentView,
    "Launch a component no more; what runs goes on.",
)
COMPONENT_ENABLE: Final = own(
    "component.enable", "POST", "/components/enable", ComponentSwitch, ComponentView, "Launch a component again."
)
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

ENDPOINTS: Final = (COMPONENT_LIST, COMPONENT_DISABLE, COMPONENT_ENABLE, COMPONENT_DISCOVER, COMPONENT_SHOW)
