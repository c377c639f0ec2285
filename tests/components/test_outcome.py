"""Exit status and callback must both say success; the worse wins, with its reason (resolution 26)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.components.launcher import Exit
from interconn.components.outcome import judge


@pytest.mark.parametrize(("status", "reported", "told", "stop", "expected"), [
    (0, "SUCCESS", "", "", ("SUCCESS", "")),
    (0, "", "", "", ("SUCCESS", "")),
    (0, "RUNNING", "", "", ("SUCCESS", "")),
    (1, "", "", "", ("FAILED", "exit status 1")),
    (137, "RUNNING", "", "", ("FAILED", "exit status 137")),
    (1, "FAILED", "the column is missing", "", ("FAILED", "the column is missing")),
    (0, "FAILED", "the column is missing", "", ("FAILED", "the column is missing")),
    (1, "SUCCESS", "", "", ("FAILED", "exit status 1, after it had told success")),
    (1, "FAILED", "", "", ("FAILED", "exit status 1")),
    (0, "FAILED", "", "", ("FAILED", "the component gives no reason")),
    (143, "FAILED", "the task was stopped", "stopped by bank", ("FAILED", "stopped by bank")),
    (0, "SUCCESS", "", "stopped by bank", ("SUCCESS", "")),
])  # fmt: skip
def test_judged(status: int, reported: str, told: str, stop: str, expected: tuple[str, str]) -> None:
    assert judge(Exit(status, "", 1), reported=reported, reported_reason=told, stop_reason=stop) == expected


@given(
    status=st.integers(0, 255),
    reported=st.sampled_from(["", "RUNNING", "SUCCESS", "FAILED"]),
    told=st.sampled_from(["", "a reason"]),
    stop=st.sampled_from(["", "stopped"]),
)
def test_a_failure_always_has_a_reason_and_a_success_never(status: int, reported: str, told: str, stop: str) -> None:
    outcome, reason = judge(Exit(status, "", 1), reported=reported, reported_reason=told, stop_reason=stop)
    assert (outcome == "SUCCESS") == (status == 0 and reported != "FAILED")
    assert bool(reason) == (outcome == "FAILED")
