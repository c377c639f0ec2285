"""Two real component processes intersect their tables over push and pop (ALG-PSI-5.1, CMP-G4.2.2.1-parts)."""

from __future__ import annotations

import csv
import hashlib
import json
from itertools import chain
from pathlib import Path

import pytest

from interconn.standard.transport import PUSH
from tests.algorithms.two_parties import Institution, run_both
from tests.sdk.fake_transport import Call, FakeTransport


def ids(path: Path) -> list[str]:
    return path.read_text().split()[1:]


def told(one: Institution) -> str:
    """Everything a component has said: its log, its errors, its status reports."""
    assert one.outcome is not None
    return one.outcome.stdout + one.outcome.stderr + json.dumps(one.transport.callbacks)


def reason(one: Institution) -> dict[str, str]:
    """Why the component has failed."""
    own = [call for call in one.transport.callbacks if call["role"] == f"{one.role}.0"]
    assert own[-1]["status"] == "FAILED"
    found: dict[str, str] = own[-1]["extension"]["reason"]
    return found


def test_public_id_lists_give_the_plaintext_join_on_both_sides(
    guest: Institution, host: Institution, shared: Path
) -> None:
    """ALG-PSI-5.1: exactly the overlap, at each receiver, in one order."""
    ours, theirs = ids(shared / "psi_1.csv"), ids(shared / "psi_2.csv")
    guest.give([["id"], *([one] for one in ours)])
    host.give([["id"], *([one] for one in theirs)])
    assert run_both(guest, host, "psi") == (0, 0), (guest.outcome, host.outcome)
    found = [row["id"] for row in guest.rows("aligned")]
    assert found == [row["id"] for row in host.rows("aligned")]
    assert set(found) == set(ours) & set(theirs)
    assert len(found) == len(set(found))
    assert guest.json("report")["peer_rows"] == len(theirs)


@pytest.mark.slow
def test_german_credit_split_in_two_comes_together_row_by_row(
    guest: Institution, host: Institution, shared: Path
) -> None:
    """The demo's case: other columns, other rows, other orders at each side; then the summary of both."""
    with (shared / "german_credit.csv").open(newline="") as source:
        header, *rows = csv.reader(source)
    numbered = [[f"{number:05d}", *row] for number, row in enumerate(rows)]
    left, right = numbered[:700], numbered[300:][::-1]
    guest.give([["id", *header[:10]], *(row[:11] for row in left)])
    host.give([["id", *header[10:]], *([row[0], *row[11:]] for row in right)])
    assert run_both(guest, host, "psi") == (0, 0), (guest.outcome, host.outcome)
    ours, theirs = guest.rows("aligned"), host.rows("aligned")
    assert len(ours) == len(theirs) == 400
    whole = {row[0]: row for row in numbered}
    for mine, yours in zip(ours, theirs, strict=True):
        assert [*mine.values(), *list(yours.values())[1:]] == whole[mine["id"]]
    assert mine["id"].startswith("00")
    for one in (guest, host):
        assert one.json("report")["intersection_rows"] == 400
        assert one.store.metadata(one.output("aligned")).count == 400

    processes = []
    for one in (guest, host):
        aligned, one.task = one.output("aligned"), "task_2"
        processes.append(one.start("table_summary", {"minimum_rows": "400"}, table=aligned))
    for process in processes:
        stdout, stderr = process.communicate(timeout=50)
        assert process.returncode == 0, (stdout, stderr)
    summary = guest.json("summary")
    assert (summary["rows"], summary["aligned"]) == (400, True)
    amounts = sorted(float(row["credit_amount"]) for row in ours)
    described = {column["name"]: column for column in summary["columns"]}["credit_amount"]
    assert (described["type"], described["missing"]) == ("int", 0)
    assert described["quantiles"]["0.0"] == amounts[0]
    assert described["quantiles"]["1.0"] == amounts[-1]
    assert described["mean"] == pytest.approx(sum(amounts) / 400)


def test_no_plaintext_key_and_no_plain_hash_passes_the_nodes(
    guest: Institution, host: Institution, transport: FakeTransport
) -> None:
    """The nodes in between see points only, whatever the framing."""
    keys = [f"customer-{number:06d}" for number in range(60)]
    guest.give([["id"], *([one] for one in keys[:40])])
    host.give([["id"], *([one] for one in keys[20:])])
    assert run_both(guest, host, "psi") == (0, 0), (guest.outcome, host.outcome)
    wire = b"".join(call.body for call in transport.calls) + b"".join(chain.from_iterable(transport.pushed.values()))
    assert len(wire) > 40 * 32
    for key in keys:
        assert key.encode() not in wire
        assert hashlib.sha256(key.encode()).digest()[-12:] not in wire
        assert key not in told(guest) + told(host)


@pytest.mark.parametrize("seeing", ["guest", "host"])
def test_only_the_party_named_sees_a_result(guest: Institution, host: Institution, seeing: str) -> None:
    """ALG-PSI-result."""
    guest.give([["id"], ["a"], ["b"], ["c"]])
    host.give([["id"], ["c"], ["a"]])
    assert run_both(guest, host, "psi", {"result_to": seeing}) == (0, 0), (guest.outcome, host.outcome)
    for one in (guest, host):
        report = one.json("report")
        assert one.store.exists(one.output("aligned")) == (one.role == seeing)
        assert ("intersection_rows" in report) == (one.role == seeing)
        assert report["own_rows"] == {"guest": 3, "host": 2}[one.role]
        assert report["peer_rows"] == {"guest": 2, "host": 3}[one.role]
    blind = host if seeing == "guest" else guest
    assert "intersection" not in told(blind)


def test_keys_of_several_columns_and_other_names_at_each_side(guest: Institution, host: Institution) -> None:
    guest.give([["kind", "number", "x"], ["a,b", "c", "1"], ["a", "b", "2"], ["a", "c", "3"]])
    host.give([["t", "n"], ["a", "b,c"], ["a", "b"]])
    processes = [
        guest.start("psi", {"key_columns": "kind, number"}),
        host.start("psi", {"key_columns": "t,n"}),
    ]
    for process in processes:
        stdout, stderr = process.communicate(timeout=50)
        assert process.returncode == 0, (stdout, stderr)
    assert guest.rows("aligned") == [{"kind": "a", "number": "b", "x": "2"}]
    assert host.rows("aligned") == [{"t": "a", "n": "b"}]


def test_values_come_out_as_they_went_in(guest: Institution, host: Institution) -> None:
    rows = [["007", "quoted, with comma"], ["008", "two\nlines"], ["009", ""], ["010", '"'], ["编号", "张三"]]
    guest.give([["id", "x"], *rows])
    host.give([["id"], *([row[0]] for row in rows)])
    assert run_both(guest, host, "psi") == (0, 0), (guest.outcome, host.outcome)
    assert sorted(list(row.values()) for row in guest.rows("aligned")) == sorted(rows)


def test_nothing_in_common_is_a_result_too(guest: Institution, host: Institution) -> None:
    guest.give([["id"], ["a"]])
    host.give([["id"], ["b"]])
    assert run_both(guest, host, "psi") == (0, 0), (guest.outcome, host.outcome)
    assert guest.rows("aligned") == []
    assert guest.json("report")["intersection_rows"] == 0


@pytest.mark.parametrize(
    ("rows", "parameters", "error"),
    [
        ([["id"], ["k-1"], ["k-2"], ["k-1"]], {}, "DataError"),
        pytest.param([["id", "x"], ["k-1", "1"], [" ", "2"]], {}, "DataError", marks=pytest.mark.slow),
        pytest.param([["id"], ["k-1"]], {"key_columns": "number"}, "DataError", marks=pytest.mark.slow),
        ([["id"], ["k-1"]], {"key_columns": "id,,"}, "ConfigurationError"),
        ([["id"], ["k-1"]], {"result_to": "everybody"}, "InvalidFlow"),
        pytest.param([["id"], ["k-1"]], {"batch_size": "0"}, "InvalidFlow", marks=pytest.mark.slow),
    ],
)
def test_what_cannot_be_matched_is_refused_before_anything_is_sent(
    guest: Institution, transport: FakeTransport, rows: list[list[str]], parameters: dict[str, str], error: str
) -> None:
    """ALG-2.3-duplicates, CMP-2-validator."""
    guest.give(rows)
    process = guest.start("psi", parameters)
    stdout, stderr = process.communicate(timeout=50)
    assert process.returncode == 1
    assert reason(guest)["error"] == error
    assert not [call for call in transport.calls if call.path == PUSH]
    assert "k-1" not in stdout + stderr + json.dumps(transport.callbacks)
    assert not guest.store.exists(guest.output("aligned"))


@pytest.mark.fault
def test_lost_answers_of_the_nodes_change_nothing(
    guest: Institution, host: Institution, transport: FakeTransport
) -> None:
    """Every fifth answer is lost after the node has done its part: pushes double, pops repeat."""
    count = 0

    def drop_some(call: Call) -> str | None:
        nonlocal count
        count += 1
        return "drop" if count % 5 == 0 and "chan" in call.path else None

    transport.intercept = drop_some
    keys = [str(number) for number in range(300)]
    guest.give([["id"], *([one] for one in keys[:200])])
    host.give([["id"], *([one] for one in keys[100:])])
    assert run_both(guest, host, "psi", {"batch_size": "16"}) == (0, 0), (guest.outcome, host.outcome)
    assert {row["id"] for row in guest.rows("aligned")} == set(keys[100:200])
    assert guest.rows("aligned") == host.rows("aligned")


def test_an_image_runs_only_the_components_it_holds(guest: Institution) -> None:
    """CMP-3.4.1."""
    process = guest.start("HeteroLR", {})
    stdout, _ = process.communicate(timeout=50)
    assert process.returncode == 1
    assert json.loads(stdout)["reason"]["hint"] == "It holds psi, table_summary."
