"""Progress that components tell: kept in order, never backwards, and not more often than anybody can look."""

from typing import Any

import pytest

from interconn.components.progress import advanced, is_later, told_progress

NOW = 1_800_000_000_000
KNOWN = {"phase": "matching", "done": 5, "total": 10, "at": NOW}


def told(phase: str = "matching", done: Any = 6, total: Any = 10) -> dict[str, Any]:
    return {"phase": phase, "done": done, "total": total}


def test_the_first_word_is_kept_with_its_time() -> None:
    assert advanced({}, told(done=0, total=None), NOW, last=False) == {
        "phase": "matching", "done": 0, "total": 0, "at": NOW,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("what", "report", "after", "last"),
    [
        ("fewer rows of the same phase", told(done=4), 5000, False),
        ("fewer rows with the outcome", told(done=4), 5000, True),
        ("the same again", told(done=5), 5000, False),
        ("sooner than anybody can look", told(done=6), 100, False),
    ],
)
def test_what_is_no_news_is_not_kept(what: str, report: dict[str, Any], after: int, last: bool) -> None:
    assert advanced(KNOWN, report, NOW + after, last=last) is None


@pytest.mark.parametrize(("report", "after", "last"), [(told("writing", 0), 200, False), (told(done=10), 0, True)])
def test_news_has_a_later_time_whatever_the_clock_says(report: dict[str, Any], after: int, last: bool) -> None:
    assert advanced(KNOWN, report, NOW + after, last=last) == {**report, "at": max(NOW + after, NOW + 1)}


def test_a_clock_that_was_set_back_stops_no_news() -> None:
    assert advanced(KNOWN, told(done=7), NOW - 60_000, last=False) == {**told(done=7), "at": NOW + 1}


@pytest.mark.parametrize(
    ("heard", "later"),
    [
        ({**told(done=9), "at": NOW + 1}, True),
        ({**told("writing", 0), "at": NOW + 1}, True),
        ({**told(done=9), "at": NOW - 1}, False),
        ({**KNOWN}, False),
        (told(done=9), True),  # of a peer that tells no time
        (told(done=4), False),
        (told(done=5), False),
    ],
)
def test_two_ways_bring_the_same_news_once_and_in_order(heard: dict[str, Any], later: bool) -> None:
    assert is_later(heard, KNOWN) is later


def test_whatever_is_told_is_kept_in_bounds() -> None:
    assert told_progress({"phase": "x" * 100, "done": -1, "total": 2**70, "at": "soon", "more": 1}) == {
        "phase": "x" * 64, "done": 0, "total": 2**53,
    }  # fmt: skip
