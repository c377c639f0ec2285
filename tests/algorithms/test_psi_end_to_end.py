"""Two real component processes intersect their tables over push and pop (ALG-PSI-5.1, CMP-G4.2.2.1-parts)."""

from __future__ import annotations

from pathlib import Path

from tests.algorithms.two_parties import Institution, run_both


def ids(path: Path) -> list[str]:
    return path.read_text().split()[1:]


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
