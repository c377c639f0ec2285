"""Which rule of a policy decides an application, and why the others do not."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from interconn.api.policy_file import Policy, Rule
from interconn.management.policy.facts import Facts

CONDITIONS: Final = ("partners", "datasets", "components", "projects", "roles")


def deciding(policy: Policy, facts: Facts, now: int) -> Rule | None:
    """Return the rule that decides: the first that rejects, else the first that approves; None leaves it to persons.

    Args:
        policy: in force.
        facts: of the application.
        now: epoch milliseconds.
    """
    met = [rule for rule in policy.rule if not misses(rule, facts, now)]
    rejecting = [rule for rule in met if rule.verdict == "reject"]
    return next(iter(rejecting or met), None)


def misses(rule: Rule, facts: Facts, now: int) -> list[str]:
    """Return why a rule does not meet an application, one sentence a condition; empty if it does."""
    found = []
    if rule.valid_until is not None and now >= rule.valid_until.timestamp() * 1000:
        found.append(f"it was valid until {rule.valid_until.astimezone(UTC).isoformat()}")
    if facts.kind not in rule.kinds:
        found.append(f"kinds: {facts.kind} is not among them")
    for condition in CONDITIONS:
        listed = getattr(rule, condition)
        if listed is not None and (why := _missed(rule.verdict, frozenset(listed), facts.of(condition))):
            found.append(f"{condition}: {why}")
    return found


def needs_four_eyes(policy: Policy, facts: Facts) -> bool:
    """Tell whether two different persons have to approve."""
    return any(
        facts.kind in section.kinds
        and _some(section.partners, facts.partners)
        and _some(section.datasets, facts.datasets)
        for section in policy.four_eyes
    )


def _missed(verdict: str, listed: frozenset[str], asked: frozenset[str] | None) -> str:
    """Return why a condition does not hold; empty if it does."""
    if verdict == "reject":
        return "" if asked is None or asked & listed else "nothing in the application is among them"
    if asked is None:
        return "the application is not limited to any"
    if not asked:
        return "the application names none"
    others = sorted(asked - listed)
    return f"{', '.join(others[:5])} {'is' if len(others) == 1 else 'are'} not among them" if others else ""


def _some(listed: list[str] | None, asked: frozenset[str] | None) -> bool:
    return listed is None or asked is None or bool(asked & frozenset(listed))
