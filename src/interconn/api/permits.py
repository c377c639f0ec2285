"""Permits that partners gave this node, grants that it gave, and pre-authorisations; never a token."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from interconn.api.audits import AuditKind, AuditReference, AuditView
from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import AuthScope, Paging
from interconn.standard.patterns import pattern
from interconn.standard.wire import Int32, Int64, WireModel

ComponentName = Annotated[
    str,
    StringConstraints(
        pattern=pattern(r"^[^/\s]{1,128}/[^/\s]{1,128}$", "a component is named as PROVIDER/NAME, e.g. interconn/psi")
    ),
]
"""Provider and name of a component, with a slash between them, e.g. interconn/psi."""


class Standing(StrEnum):
    """How a permit, a grant or a pre-authorisation stands just now."""

    IN_FORCE = "IN_FORCE"
    EXPIRED = "EXPIRED"
    USED_UP = "USED_UP"
    REVOKED = "REVOKED"
    VOID = "VOID"


class PermitSearch(Paging):
    """Which permits or grants to list; the newest come first."""

    node_id: Identifier | None = Field(default=None, description="only of this partner")
    kind: AuditKind | None = None


class PermitView(WireModel):
    """A permit that a partner gave this node (MGT-2.2-permit). Its uses are counted by its holder alone."""

    audit_id: str
    kind: AuditKind
    resource_id: str
    resource_level: int
    node_id: str = Field(description="the holder")
    time_limit: int | None = Field(default=None, description="epoch milliseconds")
    times_limit: int | None = Field(default=None, description="jobs")
    standing: Standing
    reason: str = Field(default="", description="why it is not in force")


class PermitViews(WireModel):
    """A page of permits."""

    permits: list[PermitView]
    total: Int64


class GrantView(WireModel):
    """What this node granted to a partner (MGT-2.2-mprac-custody)."""

    audit_id: str
    kind: AuditKind
    resource_id: str
    resource_level: int
    node_id: str = Field(description="the user")
    scope: AuthScope | None = Field(default=None, description="where it may be used (MGT-4.3-auth-scope)")
    covers: list[str] = Field(default=[], description="data sets granted together with a project")
    time_limit: int | None = Field(default=None, description="epoch milliseconds")
    times_limit: int | None = Field(default=None, description="jobs")
    uses: int = Field(description="jobs admitted under it")
    uses_left: int | None = Field(default=None, description="absent: without limit")
    standing: Standing
    reason: str = Field(default="", description="why it is not in force")


class GrantViews(WireModel):
    """A page of grants."""

    grants: list[GrantView]
    total: Int64


class PreauthorisationAdd(WireModel):
    """Allow a partner without a management plane to run a component on a data set of ours."""

    node_id: Identifier
    component: ComponentName
    dataset_id: Identifier
    time_limit: Int64 | None = Field(default=None, ge=0, description="when it ends, epoch milliseconds")
    times_limit: Int32 | None = Field(default=None, ge=1, description="how many jobs may be admitted under it")


class PreauthorisationReference(WireModel):
    """A pre-authorisation by its id."""

    preauthorisation_id: Identifier


class PreauthorisationView(WireModel):
    """A pre-authorisation as this node's people see it."""

    preauthorisation_id: str
    node_id: str
    component: str
    dataset_id: str
    time_limit: int | None = None
    times_limit: int | None = None
    uses: int = Field(description="jobs admitted under it")
    uses_left: int | None = Field(default=None, description="absent: without limit")
    standing: Standing
    reason: str = Field(default="", description="why it is not in force")
    added_at: int
    added_by: str


class PreauthorisationViews(WireModel):
    """A page of pre-authorisations."""

    preauthorisations: list[PreauthorisationView]
    total: Int64


class PreauthorisationSearch(Paging):
    """Which pre-authorisations to list; the newest come first."""

    node_id: Identifier | None = Field(default=None, description="only of this partner")


PERMIT_LIST: Final = own(
    "permit.list", "GET", "/permits", PermitSearch, PermitViews, "List the permits that partners gave this node."
)
PERMIT_RENEW: Final = own(
    "permit.renew", "POST", "/permits/renew", AuditReference, AuditView, "Ask for a permit anew; the former one dies."
)
GRANT_LIST: Final = own("grant.list", "GET", "/grants", PermitSearch, GrantViews, "List what this node granted.")
PREAUTHORISATION_ADD: Final = own(
    "preauthorisation.add", "POST", "/preauthorisations/add", PreauthorisationAdd, PreauthorisationView,
    "Allow a partner without a management plane to run a component on a data set.",
)  # fmt: skip
PREAUTHORISATION_LIST: Final = own(
    "preauthorisation.list", "GET", "/preauthorisations", PreauthorisationSearch, PreauthorisationViews,
    "List pre-authorisations.",
)  # fmt: skip
PREAUTHORISATION_REVOKE: Final = own(
    "preauthorisation.revoke", "POST", "/preauthorisations/revoke", PreauthorisationReference, PreauthorisationView,
    "Take a pre-authorisation back.",
)  # fmt: skip

ENDPOINTS: Final = (
    PERMIT_LIST, PERMIT_RENEW, GRANT_LIST, PREAUTHORISATION_ADD, PREAUTHORISATION_LIST, PREAUTHORISATION_REVOKE,
)  # fmt: skip
