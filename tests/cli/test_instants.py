"""Times on the command line: what people may write, and what is asked of the node."""

import time
from datetime import datetime

import pytest

from interconn.api import audits
from interconn.cli.instants import read_end, read_instant
from interconn.standard.errors import InvalidRequest
from tests.cli.conftest import Interconn
from tests.cli.test_verbs import audit
from tests.client.fake_node import Asked, FakeNode


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1800000000000", 1_800_000_000_000),
        ("2027-01-15T08:00:00+00:00", 1_800_000_000_000),
        ("2027-01-15T16:00:00+08:00", 1_800_000_000_000),
        ("2027-01-15", int(datetime(2027, 1, 15).astimezone().timestamp() * 1000)),
    ],
)
def test_a_day_an_instant_and_milliseconds_are_times(text: str, milliseconds: int) -> None:
    assert read_instant(text) == milliseconds
    assert read_end(text) == milliseconds


@pytest.mark.parametrize(("text", "length"), [("45m", 2_700_000), ("12h", 43_200_000), ("30d", 2_592_000_000)])
def test_an_end_may_be_told_as_how_long_from_now(text: str, length: int) -> None:
    before = int(time.time() * 1000)
    assert before + length <= read_end(text) <= int(time.time() * 1000) + length


@pytest.mark.parametrize("text", ["", "soon", "d", "-3d", "1.5h", "30w", "2027-13-01"])
def test_what_is_no_time_is_refused_with_a_word_on_how_to_write_it(text: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        read_end(text)
    assert "30d" in refusal.value.hint


def test_the_node_is_asked_in_milliseconds_whatever_a_person_wrote(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(audits.AUDIT_APPROVE, audit(status="APPROVED"))
    assert interconn("audit", "approve", "audit-1", "--expires", "2027-01-15T08:00:00Z").status == 0
    assert fake.asked == [
        Asked(
            "own.audit.approve",
            {"audit_id": "audit-1", "time_limit": 1_800_000_000_000, "grant_datasets": False, "reason": ""},
        )
    ]


def test_a_command_with_a_wrong_time_asks_no_node(fake: FakeNode, interconn: Interconn) -> None:
    ran = interconn("peer", "apply", "https://b.example", "--node-id", "b", "--expires", "soon")
    assert (ran.status, "30d" in ran.err) == (1, True)
    assert fake.asked == []
