"""The comparison of books tells what differs, hangs and is left: each fault made by hand in books that agree."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from interconn.components.tables import ComponentRun
from interconn.control.tables import Job, Lane, Task
from interconn.lab.ledger import Book, compare
from interconn.standard.identifiers import session_of_job
from interconn.transport.tables import TransportSession


def books() -> dict[str, Book]:
    """A bank and an operator after a job that a clearing house scheduled."""
    found = {}
    for name, parties in (("bank", ["guest"]), ("operator", ["host"]), ("clearing", ["guest", "host"])):
        job = Job(
            job_id="job-1", scheduling=name == "clearing", closed=True, status="FINISHED", outcome="SUCCESS", reason="",
            dag_digest="d", config_digest="c", submission="",
        )  # fmt: skip
        owners = {"guest": "bank", "host": "operator"}
        lanes = [
            Lane(task_id="t", role=role, index=0, node_id=owners[role], status="SUCCESS", reason="") for role in parties
        ]
        runs = [
            ComponentRun(task_id="t", role=lane.role, index=0, state="ENDED", status="SUCCESS")
            for lane in lanes
            if lane.node_id == name
        ]
        found[name] = Book(
            name,
            {"job-1": job},
            {"t": Task(task_id="t", job_id="job-1", name="first")},
            {("t", lane.party): lane for lane in lanes},
            {("t", f"{run.role}.0"): run for run in runs},
            [],
        )
    return found


def test_books_that_agree() -> None:
    ledger = compare(books().values())
    assert ledger.clean
    assert list(ledger.lines()) == ["jobs 1 (SUCCESS 1), tasks 1, shares 2", "differing 0, hung 0, left behind 0"]


def outcome(kept: dict[str, Book]) -> None:
    kept["bank"].jobs["job-1"].outcome = "FAILED"


def share(kept: dict[str, Book]) -> None:
    kept["clearing"].lanes["t", "host.0"].status = "FAILED"


def run(kept: dict[str, Book]) -> None:
    kept["operator"].runs["t", "host.0"].status = "FAILED"


def task(kept: dict[str, Book]) -> None:
    kept["bank"].tasks["t"].name = "second"


def open_job(kept: dict[str, Book]) -> None:
    kept["operator"].jobs["job-1"].closed = False


def open_share(kept: dict[str, Book]) -> None:
    for name in ("bank", "clearing"):
        kept[name].lanes["t", "guest.0"].status = "RUNNING"
    kept["bank"].runs["t", "guest.0"].status = "RUNNING"


def component(kept: dict[str, Book]) -> None:
    kept["bank"].runs["t", "guest.0"].state = "LAUNCHED"


def session(kept: dict[str, Book]) -> None:
    kept["bank"].sessions.append(TransportSession(session_id=session_of_job("job-1"), task_id="t"))  # type: ignore[attr-defined]


@pytest.mark.parametrize(("fault", "differing", "hung", "left"), [
    (outcome, 1, 0, 0),
    (share, 1, 0, 0),
    (run, 1, 0, 0),
    (task, 1, 0, 0),
    (open_job, 0, 1, 0),
    (open_share, 0, 2, 0),
    (component, 0, 1, 0),
    (session, 0, 0, 1),
])  # fmt: skip
def test_a_fault_is_counted_once_and_told(
    fault: Callable[[dict[str, Book]], None], differing: int, hung: int, left: int
) -> None:
    kept = books()
    fault(kept)
    ledger = compare(kept.values())
    counted = (len(ledger.differing), len(ledger.hung), len(ledger.left_behind))
    if fault is open_share:
        counted = (0, *counted[1:])  # its component has ended as something else, which is told too
    assert counted == (differing, hung, left)
    assert not ledger.clean and len(list(ledger.lines())) == 2 + sum(
        map(len, (ledger.differing, ledger.hung, ledger.left_behind))
    )
