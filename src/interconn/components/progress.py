"""How far a component is: what it tells, in order, never backwards, and not more often than anybody can look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

SHORTEST_PAUSE_SECONDS: Final = 0.2
"""What a component tells sooner after the last news is passed over; the SDK tells once a second."""
_LONGEST_PHASE: Final = 64


def told_progress(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return progress as it is kept, whatever was told: phase, done, total; and `at` where that was told.

    `at` is when the component's own node took note, in epoch milliseconds of its clock. That node gives each news a
    later one than the news before, so whoever hears of two knows their order, by whatever way they came.
    """
    found: dict[str, Any] = {
        "phase": str(told.get("phase", ""))[:_LONGEST_PHASE],
        "done": _count(told.get("done")),
        "total": _count(told.get("total")),
    }
    at = _count(told.get("at"))
    return {**found, "at": at} if at else found


def advanced(before: Mapping[str, Any], told: Mapping[str, Any], now: int, *, last: bool) -> dict[str, Any] | None:
    """Return what is kept after a component has told its progress, or None where that is no news.

    Args:
        before: what is kept so far; empty before the first.
        told: what it tells.
        now: epoch milliseconds.
        last: whether it is told with the outcome, and so not too soon in any case.
    """
    progress = told_progress({**told, "at": None})
    if not before:
        return {**progress, "at": now}
    if not _goes_on(before, progress):
        return None
    at = int(before.get("at") or 0)
    if not last and 0 <= now - at < SHORTEST_PAUSE_SECONDS * 1000:
        return None
    return {**progress, "at": max(now, at + 1)}


def is_later(progress: Mapping[str, Any], known: Mapping[str, Any]) -> bool:
    """Return whether progress, as it was heard of, is news to who knows `known`."""
    if not known:
        return True
    at, known_at = progress.get("at"), known.get("at")
    if at and known_at:
        return bool(at > known_at)
    return _goes_on(known, progress)


def _goes_on(known: Mapping[str, Any], progress: Mapping[str, Any]) -> bool:
    """Within a phase nothing is undone; which of two phases comes first, only the component knows."""
    if all(known.get(name) == progress[name] for name in ("phase", "done", "total")):
        return False
    return bool(known.get("phase") != progress["phase"] or progress["done"] >= int(known.get("done") or 0))


def _count(value: Any) -> int:
    return min(value, 2**53) if isinstance(value, int) and value > 0 else 0
