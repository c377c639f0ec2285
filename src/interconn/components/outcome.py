"""What a component's end amounts to: its exit status and what it told must both say success (resolution 26)."""

from __future__ import annotations

from interconn.components.launcher import Exit
from interconn.standard.control import ComponentStatus


def judge(exit_: Exit, *, reported: str, reported_reason: str, stop_reason: str) -> tuple[ComponentStatus, str]:
    """Return SUCCESS, or FAILED with its reason.

    A component that never told anything is judged by its exit status alone (CMP-G4.1.1.2-exit). One that was asked
    to stop and had succeeded by then has succeeded.

    Args:
        exit_: how the process ended.
        reported: the last status it told, or empty.
        reported_reason: its own reason of a failure.
        stop_reason: why it was asked to stop, or empty.
    """
    told_failure = reported == ComponentStatus.FAILED
    if exit_.status == 0 and not told_failure:
        return ComponentStatus.SUCCESS, ""
    if stop_reason:
        return ComponentStatus.FAILED, stop_reason
    if told_failure:
        return ComponentStatus.FAILED, reported_reason or exit_.reason or "the component gives no reason"
    if reported == ComponentStatus.SUCCESS:
        return ComponentStatus.FAILED, f"{exit_.reason}, after it had told success"
    return ComponentStatus.FAILED, exit_.reason
