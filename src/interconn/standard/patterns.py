"""Patterns of members, with what each means in words: a regular expression tells a person little."""

from __future__ import annotations

_WORDS: dict[str, str] = {}


def pattern(expression: str, words: str) -> str:
    """Return a regular expression for a member, and remember how a refusal by it is worded.

    Args:
        expression: as pydantic takes it.
        words: completes "MEMBER: …" of a refusal, e.g. `an id is of letters, digits, "_", "." and "-"`.

    Raises:
        ValueError: the same expression has other words already, so that one of the two would be told wrongly.
    """
    if _WORDS.setdefault(expression, words) != words:
        raise ValueError(f"{expression} is worded otherwise elsewhere")
    return expression


def words_of(expression: str) -> str:
    """Return how a refusal by a pattern is worded; empty for one without words."""
    return _WORDS.get(expression, "")
