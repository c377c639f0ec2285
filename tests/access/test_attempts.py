"""Guessing tokens and asking too often: refused for longer and longer, at nobody else's cost, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.access import Policy, attempts
from interconn.access.attempts import Attempts
from interconn.access.door import Door, _source
from interconn.access.rates import REMEMBERED, Buckets, Rate
from interconn.api.roles import Role
from interconn.standard.errors import BadToken, TooManyRequests
from interconn.state.database import Database
from tests.access.conftest import PLENTY, ROOT, Room
from tests.management.conftest import SteppedClock

WRONG = "interconn_bootstrap_" + "w" * 43
UNKNOWN = "interconn_{:016x}_" + "u" * 43


class WatchedClock(SteppedClock):
    """Remembers how long it was slept on, and does not move by that."""

    slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds


@pytest.fixture
async def bounded(migrated_database: str) -> AsyncIterator[Room]:
    """A room that allows three wrong tokens, two calls a second with a token, and ten from an address."""
    database = Database(migrated_database)
    made = Room(database, Policy(failures=3, lockout_seconds=60, token_rate=Rate(2, 2), address_rate=Rate(10, 10)))
    await made.access.start(ROOT)
    yield made
    database.close()


async def guess(room: Room, times: int, token: str = WRONG, address: str = "10.0.0.9") -> None:
    for _ in range(times):
        with pytest.raises(BadToken, match="not known"):
            await room.enter(token, address)


async def refused(room: Room, token: str = ROOT, address: str = "10.0.0.9") -> int:
    """How many seconds a presentation is refused for; 0 if it is let in."""
    try:
        await room.enter(token, address)
    except TooManyRequests as error:
        return error.retry_after_seconds
    return 0


# --- guessing -----------------------------------------------------------------------------------------------


async def test_guesses_are_refused_for_longer_and_longer(room: Room) -> None:
    await guess(room, 5)
    lasted = []
    for _ in range(12):
        seconds = await refused(room, WRONG)
        lasted.append(seconds)
        room.clock.time += seconds * 1000
        await guess(room, 1)
    assert lasted == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


async def test_a_refusal_compares_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    await guess(room, 5)
    monkeypatch.setattr(room.database, "read", None)
    assert await refused(room, WRONG) == 1
    assert await refused(room, ROOT) == 1


async def test_who_guesses_locks_out_nobody_elsewhere_and_no_other_token(room: Room) -> None:
    ann = await room.take_in("ann", Role.OPERATOR)
    await guess(room, 5)
    assert await refused(room, ROOT) == 1
    assert await refused(room, ROOT, "10.0.0.1") == 0
    assert await refused(room, ann) == 0


async def test_the_right_token_clears_what_went_before(room: Room) -> None:
    for _ in range(3):
        await guess(room, 4)
        assert await refused(room) == 0


async def test_a_refusal_ends_and_long_after_all_is_forgotten(room: Room) -> None:
    await guess(room, 5)
    room.clock.time += 1000
    assert await refused(room) == 0
    await guess(room, 5)
    room.clock.time += attempts.FORGOTTEN_SECONDS * 1000 + 1
    await guess(room, 4)
    assert await refused(room) == 0


async def test_a_flood_of_guesses_is_answered_late_and_the_right_token_at_once(migrated_database: str) -> None:
    database = Database(migrated_database)
    room = Room(database, Policy(token_rate=PLENTY, address_rate=PLENTY))
    room.clock = clock = WatchedClock()
    room.access.door = Door(database=database, clock=clock, policy=Policy(token_rate=PLENTY, address_rate=PLENTY))
    await room.access.start(ROOT)
    for number in range(attempts.EVERYBODY.burst):
        await guess(room, 1, UNKNOWN.format(number), f"10.1.{number // 256}.{number % 256}")
    assert clock.slept == 0
    await guess(room, 3, address="10.2.0.1")
    assert clock.slept == 3 * attempts.LATE_SECONDS
    assert await refused(room, ROOT) == 0
    assert clock.slept == 3 * attempts.LATE_SECONDS
    database.close()


async def test_failed_attempts_are_in_the_audit_trail_in_bounded_number(room: Room) -> None:
    await guess(room, 1)
    for number in range(300):
        await guess(room, 1, UNKNOWN.format(number), f"10.1.0.{number % 250}")
    noted = [e for e in await room.trail() if e.action == "token.refused"]
    assert len(noted) == attempts.NOTED.burst
    assert (noted[0].actor, noted[0].subject) == ("person:unknown", "token:bootstrap")
    assert noted[0].details == {"address": "10.0.0.9", "reason": "wrong"}
    room.clock.time += 60_000
    await guess(room, 1, UNKNOWN.format(1000), "10.3.0.1")
    last = (await room.trail())[-1]
    assert last.details == {"address": "10.3.0.1", "reason": "unknown", "unnoted": 301 - attempts.NOTED.burst}
    assert "uuuu" not in json.dumps([e.details for e in await room.trail()])


async def test_use_of_a_token_that_has_ended_is_noted_as_its_persons(room: Room) -> None:
    ann = await room.take_in("ann", Role.OPERATOR)
    room.clock.time += 400 * 24 * 3600 * 1000
    for _ in range(30):
        with pytest.raises(BadToken, match="expired"):
            await room.enter(ann)
    noted = [e for e in await room.trail() if e.action == "token.refused"]
    assert len(noted) == attempts.NOTED.burst
    assert (noted[0].actor, noted[0].details["reason"]) == ("person:ann", "expired")


# --- asking too often ---------------------------------------------------------------------------------------


async def test_calls_by_one_token_are_bounded_wherever_they_come_from(bounded: Room) -> None:
    answers = [await refused(bounded, ROOT, f"10.0.0.{number}") for number in range(4)]
    assert answers == [0, 0, 1, 1]
    bounded.clock.time += 1000
    assert await refused(bounded) == 0


async def test_calls_from_one_address_are_bounded_whoever_makes_them(bounded: Room) -> None:
    for number in range(10):
        with pytest.raises(BadToken):
            await bounded.enter(UNKNOWN.format(number), "10.0.0.9")
    with pytest.raises(TooManyRequests, match="from this address"):
        await bounded.enter(ROOT, "10.0.0.9")
    with pytest.raises(TooManyRequests, match="from this address"):
        await bounded.enter("nothing like a token", "10.0.0.9")
    assert await refused(bounded, ROOT, "10.0.0.1") == 0


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::1", "::1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("x" * 1000, "x" * 64),
    ],
)
def test_an_address_counts_as_what_one_caller_can_have(address: str, counted: str) -> None:
    assert _source(address) == counted


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(-2000, 5000)), max_size=60),
    st.integers(1, 5),
    st.integers(1, 5),
)
def test_nobody_gets_more_than_burst_and_rate_allow(steps: list[tuple[str, int]], per_second: int, burst: int) -> None:
    clock = SteppedClock()
    buckets = Buckets(Rate(per_second, burst), clock)
    taken = dict.fromkeys("ab", 0)
    forward = 0
    for key, milliseconds in steps:
        clock.time += milliseconds
        forward += max(0, milliseconds)
        taken[key] += buckets.take(key) == 0
        assert taken[key] <= burst + forward / 1000 * per_second + 1e-6


def test_the_wait_that_is_told_is_enough() -> None:
    clock = SteppedClock()
    buckets = Buckets(Rate(per_second=0.1, burst=1), clock)
    assert buckets.take("a") == 0
    wait = buckets.take("a")
    assert wait == 10
    clock.time += wait * 1000
    assert buckets.take("a") == 0


# --- memory -------------------------------------------------------------------------------------------------


def test_memory_is_bounded_under_a_hundred_thousand_addresses() -> None:
    clock = SteppedClock()
    buckets = Buckets(Rate(1, 1), clock)
    remembered = Attempts(clock, failures=5, lockout_seconds=900)
    for number in range(100_000):
        address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
        buckets.take(address)
        remembered.failed(address, "bootstrap")
    assert len(buckets) == REMEMBERED
    assert len(remembered) == attempts.REMEMBERED


def test_of_many_addresses_the_last_ones_are_bounded_still() -> None:
    clock = SteppedClock()
    buckets = Buckets(Rate(1, 1), clock)
    for number in range(2 * REMEMBERED):
        buckets.take(str(number))
    assert buckets.take(str(2 * REMEMBERED - 1)) == 1
    assert buckets.take("0") == 0
