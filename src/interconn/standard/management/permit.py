"""Permits, and the confirm calls that carry them (MGT-2.2-permit)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from interconn.standard.errors import MalformedBody
from interconn.standard.identifiers import Identifier
from interconn.standard.management.terms import Name, Verdict
from interconn.standard.patterns import pattern
from interconn.standard.wire import Int32, Int64, WireModel, parse_json

_MAXIMUM_PERMIT_BYTES = 64 * 1024


class ResourcePermit(WireModel):
    """The permit that a resource holder gives to a resource user in a confirm call (MGT-2.2-permit)."""

    # Any that fits a permit set: visible, without comma and slash, which divide it (MGT-2.2-token-set).
    token: str = Field(
        pattern=pattern(
            r"^[!-+\-.0-~]{1,512}$", "a token has 1 to 512 visible ASCII characters, neither comma nor slash"
        ),
        repr=False,
    )
    resource_level: Int32
    resource_type: Name
    resource_id: Identifier
    resource_node_id: Identifier
    resource_inst_id: Identifier
    request_node_id: Identifier
    request_inst_id: Identifier
    time_limit: Int64 | None = Field(default=None, ge=0)  # epoch milliseconds (resolution 24)
    times_limit: Int32 | None = Field(default=None, ge=0)


def _object_of_json(value: Any) -> Any:
    # Resolution 17: an object; a JSON string of it is accepted. None at all may be said in as many ways.
    if isinstance(value, str):
        try:
            value = parse_json(value.encode(), limit=_MAXIMUM_PERMIT_BYTES) if value.strip() else None
        except MalformedBody as error:
            raise ValueError(error.message) from None
    return None if value == {} else value


class AuditConfirm(WireModel):
    """The partner's verdict on an audit, with a permit where the resource is under access control."""

    audit_id: Identifier
    status: Verdict
    resource_permit: Annotated[ResourcePermit | None, BeforeValidator(_object_of_json)] = None


class AuditReference(WireModel):
    """An audit by its id."""

    audit_id: Identifier
