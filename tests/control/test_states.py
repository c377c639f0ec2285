"""The state machines: only the standard's words, never backwards, nothing after the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from interconn.control.states import (
    JOB_TRANSITIONS,
    TASK_TRANSITIONS,
    check_job_step,
    combined,
    has_ended,
    task_path,
)
from interconn.standard.control import JobStatus, TaskStatus
from interconn.standard.errors import IllegalTransition

STATUSES = st.sampled_from(list(TaskStatus))
RANK = {
    TaskStatus.PENDING: 0, TaskStatus.READY: 1, TaskStatus.RUNNING: 2, TaskStatus.SUCCESS: 3, TaskStatus.FAILED: 3,
}  # fmt: skip


def test_the_words_are_those_of_ctl_3_7_and_ctl_3_8() -> None:
    assert [status.value for status in JOB_TRANSITIONS] == ["PENDING", "READY", "RUNNING", "REJECTED", "FINISHED"]
    assert [status.value for status in TASK_TRANSITIONS] == ["PENDING", "READY", "RUNNING", "SUCCESS", "FAILED"]


@pytest.mark.parametrize("before", JobStatus)
@pytest.mark.parametrize("after", JobStatus)
def test_a_job_takes_only_the_steps_of_ctl_3_7_job_states(before: JobStatus, after: JobStatus) -> None:
    stated = {
        ("PENDING", "READY"), ("PENDING", "REJECTED"), ("READY", "RUNNING"), ("RUNNING", "FINISHED"),
        ("PENDING", "FINISHED"), ("READY", "FINISHED"),
    }  # fmt: skip
    if (before, after) in stated:
        check_job_step(before, after)
    else:
        with pytest.raises(IllegalTransition):
            check_job_step(before, after)
    assert has_ended(before) == (before in (JobStatus.REJECTED, JobStatus.FINISHED))


class Lane(RuleBasedStateMachine):
    """A lane that hears anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = [TaskStatus.PENDING]

    @rule(told=STATUSES)
    def hears(self, told: TaskStatus) -> None:
        path = task_path(self.seen[-1], told)
        for step in path:
            assert step in TASK_TRANSITIONS[self.seen[-1]]
            self.seen.append(step)
        if path:
            assert path[-1] is told

    @invariant()
    def it_never_goes_backwards_and_ends_once(self) -> None:
        assert [RANK[status] for status in self.seen] == sorted({RANK[status] for status in self.seen})
        assert sum(status.is_final for status in self.seen) <= 1


TestLane = Lane.TestCase


@given(st.lists(STATUSES, max_size=5))
def test_a_task_fails_with_its_first_lane_and_succeeds_with_its_last(statuses: list[TaskStatus]) -> None:
    found = combined(statuses)
    assert (found is TaskStatus.FAILED) == (TaskStatus.FAILED in statuses)
    assert (found is TaskStatus.SUCCESS) == (bool(statuses) and set(statuses) == {TaskStatus.SUCCESS})
    if TaskStatus.RUNNING in statuses and TaskStatus.FAILED not in statuses:
        assert found is TaskStatus.RUNNING


@given(st.lists(STATUSES, min_size=1, max_size=4), st.data())
def test_a_task_never_goes_backwards_as_its_lanes_go_on(statuses: list[TaskStatus], data: st.DataObject) -> None:
    before = combined(statuses)
    number = data.draw(st.integers(0, len(statuses) - 1))
    for step in task_path(statuses[number], data.draw(STATUSES)):
        statuses[number] = step
    after = combined(statuses)
    assert RANK[after] >= RANK[before] or after is TaskStatus.FAILED
    assert before is not TaskStatus.FAILED or after is TaskStatus.FAILED
