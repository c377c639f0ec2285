"""Alignment of two tables and the summary of one."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interconn.algorithms.link import Link, LinkLimits
from interconn.algorithms.table_summary import summary
from interconn.algorithms.table_summary.alignment import check_alignment
from interconn.standard.errors import ProtocolError
from interconn.standard.transport import PUSH
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.ingest import ingest_csv
from interconn.storage.tables import Table
from tests.algorithms.memory_wire import Wire, together
from tests.algorithms.two_parties import Institution, run_both
from tests.sdk.fake_transport import FakeTransport

LIMITS = LinkLimits(patience=30, closing=30)


def check(left: list[bytes], right: list[bytes], wire: Wire | None = None) -> list[object]:
    """Run the check at both; returns the message of each side's error, or None."""
    wire = wire or Wire()

    def side(rank: int, keys: list[bytes]) -> str | None:
        link = Link(wire.carrier(rank), rank, 2, LIMITS)
        link.connect()
        try:
            with link:
                check_alignment(link.channel(), rank, keys)
        except ProtocolError as error:
            return error.message
        return None

    return together(lambda: side(0, left), lambda: side(1, right))


KEYS = st.lists(st.binary(max_size=3), max_size=5)


@settings(max_examples=40)
@given(KEYS, KEYS)
def test_both_sides_see_whether_their_rows_line_up(left: list[bytes], right: list[bytes]) -> None:
    outcomes = check(left, right)
    if left == right:
        assert outcomes == [None, None]
    else:
        assert all("same keys" in str(outcome) for outcome in outcomes)


@pytest.mark.parametrize(
    ("left", "right"),
    [([b"a", b"b"], [b"b", b"a"]), ([b"ab", b"c"], [b"a", b"bc"]), ([b"a"], [b"a", b""]), ([], [b""])],
)
def test_another_order_or_another_cut_is_no_alignment(left: list[bytes], right: list[bytes]) -> None:
    assert None not in check(left, right)


def test_the_digest_of_the_same_rows_is_new_each_time() -> None:
    digests = []
    for _ in range(2):
        wire = Wire()
        assert check([b"a"], [b"a"], wire) == [None, None]
        digests.append({frame for _, _, frame in wire.sent if b"root:2:ALLGATHER" in frame})
    assert len(digests[0] | digests[1]) == 4  # two sides, two runs


def test_a_peer_that_sends_back_what_it_got_is_not_believed() -> None:
    wire = Wire()

    def echo() -> None:
        link = Link(wire.carrier(1), 1, 2, LIMITS)
        link.connect()
        for number in (1, 2):
            value = link._receive(0, f"root:{number}:ALLGATHER", None)
            link._send(0, "root", 10, f"root:{number}:ALLGATHER", value)

    def honest() -> None:
        link = Link(wire.carrier(0), 0, 2, LIMITS)
        link.connect()
        with pytest.raises(ProtocolError, match="same keys"):
            check_alignment(link.channel(), 0, [b"a"])

    together(honest, echo)


def test_tables_that_do_not_line_up_fail_at_both(guest: Institution, host: Institution) -> None:
    guest.give([["id", "x"], *([f"k-{one:03d}", str(one)] for one in range(20))])
    host.give([["id", "y"], *([f"k-{one:03d}", "1"] for one in reversed(range(20)))])
    assert run_both(guest, host, "table_summary") == (1, 1)
    for one in (guest, host):
        assert not one.store.exists(one.output("summary"))
        assert one.outcome is not None
        assert "ProtocolError" in one.outcome.stdout
        assert "k-0" not in one.outcome.stdout + one.outcome.stderr


def test_a_table_below_the_minimum_is_refused_before_anything_is_sent(
    guest: Institution, host: Institution, transport: FakeTransport
) -> None:
    for one in (guest, host):
        one.give([["id"], *([str(number)] for number in range(9))])
    assert run_both(guest, host, "table_summary") == (1, 1)
    assert [call for call in transport.calls if call.path == PUSH] == []
    for one in (guest, host):
        assert not one.store.exists(one.output("summary"))
        assert one.outcome is not None
        assert "fewer rows than the 10 demanded" in one.outcome.stdout


@pytest.fixture
def table(tmp_path: Path) -> Table:
    rows = [f"{n},{n * n},{n / 4},{'true' if n % 2 else ''},{'' if n < 3 else 'x'}" for n in range(11)]
    (tmp_path / "t.csv").write_text("\n".join(["id,n,f,b,s", *rows, "z,,,,"]))
    store = FileStore(tmp_path / "store")
    ingest_csv(tmp_path / "t.csv", store, DatasetName("a", "t"))
    return Table(store, DatasetName("a", "t"))


@pytest.mark.parametrize("memory", [summary.MEMORY_BYTES, 1])
def test_numbers_are_those_of_a_plain_computation(table: Table, monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    """One pass for all columns, or one for each when memory is short."""
    monkeypatch.setattr(summary, "MEMORY_BYTES", memory)
    found = {entry["name"]: entry for entry in summary.summarise(table, 12)}
    squares = [number * number for number in range(11)]
    assert found["n"]["mean"] == statistics.mean(squares)
    assert found["n"]["quantiles"]["0.25"] == statistics.quantiles(squares, n=4, method="inclusive")[0]
    assert math.isclose(found["f"]["quantiles"]["0.5"], 1.25)
    assert {name: entry["missing"] for name, entry in found.items()} == {"id": 0, "n": 1, "f": 1, "b": 7, "s": 4}
    assert {name: entry["type"] for name, entry in found.items()} == {
        "id": "string", "n": "int", "f": "float", "b": "boolean", "s": "string",
    }  # fmt: skip
    assert "quantiles" not in found["s"]
