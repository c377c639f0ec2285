"""MGT-2.2-replay: a request is served once, now, and that outlives restarts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from interconn.identity import nonces
from interconn.identity.nonces import NonceStore
from interconn.standard.errors import InvalidRequest, ReplayedNonce, StaleClock

NOW = 1_767_225_600_000
WINDOW = 300_000
NONCE = "0123456789abcdef"
Open = Callable[[int], NonceStore]


@pytest.fixture
def boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which the machine says which boot this is."""
    file = tmp_path / "boot_id"
    file.write_text("first\n")
    monkeypatch.setattr(nonces, "_BOOT_ID", file)
    return file


@pytest.fixture
def open_store(tmp_path: Path, boot: Path) -> Iterator[Open]:
    opened: list[NonceStore] = []

    def opener(now: int) -> NonceStore:
        opened.append(NonceStore(tmp_path / "nonces.db", now=now))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


def test_replayed(open_store: Open) -> None:
    store = open_store(NOW)
    store.accept("node-a", NONCE, NOW, NOW)
    with pytest.raises(ReplayedNonce):
        store.accept("node-a", NONCE, NOW, NOW)
    with pytest.raises(ReplayedNonce):
        store.accept("node-a", NONCE, NOW + 1, NOW + 1)
    store.accept("node-b", NONCE, NOW, NOW)
    store.accept("node-a", NONCE.upper(), NOW, NOW)


def test_replayed_after_reopening(open_store: Open) -> None:
    first = open_store(NOW)
    first.accept("node-a", NONCE, NOW, NOW)
    # Not closed: so a killed process leaves it.
    with pytest.raises(ReplayedNonce):
        open_store(NOW + 1).accept("node-a", NONCE, NOW, NOW + 1)


@pytest.mark.parametrize("sign", [1, -1])
def test_edges_of_the_window(open_store: Open, sign: int) -> None:
    store = open_store(NOW)
    store.accept("node-a", "at-the-edge", NOW + sign * WINDOW, NOW)
    with pytest.raises(StaleClock) as caught:
        store.accept("node-a", "beyond-it", NOW + sign * (WINDOW + 1), NOW)
    assert caught.value.clause == "MGT-2.2-replay"


@pytest.mark.parametrize("timestamp", [0, NOW // 1000, NOW * 1000, 10**30])
def test_seconds_and_nonsense_for_milliseconds(open_store: Open, timestamp: int) -> None:
    with pytest.raises(StaleClock):
        open_store(NOW).accept("node-a", NONCE, timestamp, NOW)


@pytest.mark.parametrize("stamped", [-WINDOW, 0, WINDOW])
def test_never_forgotten_while_it_could_be_replayed(open_store: Open, stamped: int) -> None:
    store = open_store(NOW)
    store.accept("node-a", NONCE, NOW + stamped, NOW)
    for later in range(0, 2 * WINDOW + 60_001, 30_000):
        with pytest.raises((ReplayedNonce, StaleClock)):
            store.accept("node-a", NONCE, NOW + stamped, NOW + later)


def test_forgotten_when_it_could_not(open_store: Open, tmp_path: Path) -> None:
    store = open_store(NOW)
    for number in range(100):
        store.accept("node-a", f"nonce-{number:04}", NOW, NOW)
    store.accept("node-a", "much-later", NOW + 10 * WINDOW, NOW + 10 * WINDOW)
    assert store.count() == 1


def test_a_clock_set_back_opens_no_gap(open_store: Open) -> None:
    store = open_store(NOW)
    store.accept("node-a", NONCE, NOW, NOW)
    later = NOW + 2 * WINDOW + 60_000
    store.accept("node-a", "sweeps-the-old", later, later)
    with pytest.raises((ReplayedNonce, StaleClock)):
        store.accept("node-a", NONCE, NOW, later - WINDOW)


@pytest.mark.parametrize("nonce", ["", "short", "x" * 129, "x" * 1_000_000])
def test_unusable_nonce(open_store: Open, nonce: str) -> None:
    with pytest.raises(InvalidRequest):
        open_store(NOW).accept("node-a", nonce, NOW, NOW)


def test_after_a_loss_of_power_what_was_stamped_before_is_refused(open_store: Open, boot: Path) -> None:
    open_store(NOW)
    boot.write_text("second\n")
    store = open_store(NOW + 1000)
    with pytest.raises(StaleClock):
        store.accept("node-a", NONCE, NOW + 999, NOW + 1001)
    store.accept("node-a", NONCE, NOW + 1000, NOW + 1001)


def test_a_second_start_in_the_new_boot_refuses_it_still(open_store: Open, boot: Path) -> None:
    open_store(NOW)
    boot.write_text("second\n")
    open_store(NOW + 1000)
    with pytest.raises(StaleClock):
        open_store(NOW + 2000).accept("node-a", NONCE, NOW + 999, NOW + 2001)
    open_store(NOW + 2000).accept("node-a", NONCE, NOW + 1500, NOW + 2001)


def test_the_first_start_of_a_node_refuses_nothing(open_store: Open) -> None:
    open_store(NOW).accept("node-a", NONCE, NOW - 1000, NOW + 1)


def test_where_boots_cannot_be_told_apart_each_start_counts_as_one(open_store: Open, boot: Path) -> None:
    boot.unlink()
    open_store(NOW)
    with pytest.raises(StaleClock):
        open_store(NOW + 1000).accept("node-a", NONCE, NOW + 999, NOW + 1001)


def test_one_of_many_threads_wins(open_store: Open) -> None:
    store = open_store(NOW)

    def attempt(number: int) -> bool:
        try:
            store.accept("node-a", f"contested-{number % 50:03}", NOW, NOW)
        except ReplayedNonce:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(1000))) == 50
