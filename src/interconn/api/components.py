"""Components of this node, and those that partners offer."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import ComponentDetail, ComponentPage, ComponentStatus, Name, Paging, Text
from interconn.standard.self_description import SelfDescription
from interconn.standard.wire import Empty, WireModel


class ComponentView(WireModel):
    """A component that this node can run, or that was registered here.

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
    image: str = Field(default="", description="where its image is to be had; empty for what comes with the node")
    registered_at: int | None = None
    registered_by: str = ""


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


class ComponentLint(WireModel):
    """A self-description to be looked at; nothing is kept (CTL-6.1 to CTL-6.5)."""

    component_info: SelfDescription


class ComponentFindings(WireModel):
    """What a registration would make of a self-description.

    Attributes:
        digest: of its canonical form.
        remarks: what a person should look at, though it is no reason to refuse it.
        known: whether this node has a component of that name, provider and version; `same`: with this content.
    """

    name: str
    provider: str
    version: str
    roles: list[str]
    digest: str
    remarks: list[str] = []
    known: bool = False
    same: bool = False


class ComponentWithdraw(WireModel):
    """A registered component that this node is to know no more."""

    name: Name
    provider: Name
    version: Name
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
COMPONENT_LINT: Final = own(
    "component.lint",
    "POST",
    "/components/lint",
    ComponentLint,
    ComponentFindings,
    "Look at a self-description as a registration would; nothing is kept.",
)
COMPONENT_WITHDRAW: Final = own(
    "component.withdraw", "POST", "/components/withdraw", ComponentWithdraw, Empty, "Forget a registered component."
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

ENDPOINTS: Final = (
    COMPONENT_LIST, COMPONENT_DISABLE, COMPONENT_ENABLE, COMPONENT_LINT, COMPONENT_WITHDRAW, COMPONENT_DISCOVER,
    COMPONENT_SHOW,
)  # fmt: skip
