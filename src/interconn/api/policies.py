"""The declared policy: what is in force, and what it says of an application."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from interconn.api.audits import AuditReference
from interconn.api.own import own
from interconn.standard.patterns import pattern
from interconn.standard.wire import WireModel


class PolicyReference(WireModel):
    """A policy by its digest, or by the beginning of it; the one in force where none is named."""

    digest: str = Field(
        default="", pattern=pattern(r"^[0-9a-f]{0,64}$", "a digest, or its beginning, is of digits and a to f")
    )


class PolicyView(WireModel):
    """A policy."""

    digest: str = Field(description="hex SHA-256 of the file; empty where none was ever declared")
    text: str = Field(description="the file as it was taken up")
    policy: dict[str, Any] = Field(description="what it declares, defaults included")
    taken_up_at: int | None = None
    in_force: bool
    fault: str = Field(default="", description="why the file as it is now is not followed")


class RuleFinding(WireModel):
    """What a rule says of an application."""

    name: str
    verdict: str
    applies: bool
    because: list[str] = Field(default=[], description="the conditions that do not hold")


class PolicyFinding(WireModel):
    """What the policy in force says of an application."""

    audit_id: str
    digest: str
    decided_by: str = Field(description="rule:NAME that would decide, or: a person, two persons")
    four_eyes: bool
    rules: list[RuleFinding] = []
    facts: dict[str, Any] = Field(description="what the application is about; null: not limited to any")
    fault: str = ""


POLICY_SHOW: Final = own("policy.show", "GET", "/policy", PolicyReference, PolicyView, "Show a policy.")
POLICY_EXPLAIN: Final = own(
    "policy.explain", "GET", "/policy/explain", AuditReference, PolicyFinding, "Say which rule decides, and why."
)

ENDPOINTS: Final = (POLICY_SHOW, POLICY_EXPLAIN)
