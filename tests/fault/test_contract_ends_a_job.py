"""A contract that ends while a job runs: the job ends at every node, with the reason (MGT-3.3)."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.api.audits import AuditKind
from interconn.lab.demo.events import BANK, CLEARING_HOUSE, OPERATOR
from tests.fault.network import Network, persist

pytestmark = [pytest.mark.slow, pytest.mark.fault]


def test_the_job_of_both_ends_with_the_reason_on_every_node(network: Network) -> None:
    lab = network.lab
    job_id = network.propose()
    network.approve_until(AuditKind.JOB, job_id)
    operator = lab.client(OPERATOR)
    [contract] = [one for one in operator.peers.list().contracts if one.node_id == BANK and one.usable]
    with standing_still(lab.node(OPERATOR).directory, before=components(lab.node(OPERATOR).directory)) as hold:
        network.run(job_id)
        persist(hold, "a component at the operator")
        ended = operator.peers.terminate(contract.contract_id)
        assert ended.status == "TERMINATED"
        seen = network.ended(job_id)
    reason = f"contract {contract.contract_id} between"
    for name in (BANK, OPERATOR, CLEARING_HOUSE):
        assert seen[name].outcome == "FAILED"
        assert reason in seen[name].reason and f"was terminated by {OPERATOR}" in seen[name].reason, seen[name].reason
    for client, partner in ((operator, BANK), (lab.client(BANK), OPERATOR)):
        open_ones = [one for one in client.sessions.list().sessions if partner in one.parties]
        assert open_ones == []
        assert all(one.void for one in client.audits.list(kind=AuditKind.JOB).audits if one.node_id == partner)


def components(home: Path) -> set[Path]:
    """Return the directories of all components that a node has launched."""
    return {file.parent for file in (home / "tasks").glob("*/*/process.json")}


@contextlib.contextmanager
def standing_still(home: Path, *, before: set[Path]) -> Iterator[object]:
    """Stop the process of the next component at a node, so that its job goes on until somebody ends it."""
    held: list[int] = []

    def hold() -> bool | None:
        for directory in components(home) - before:
            process = json.loads((directory / "process.json").read_text())
            pid = (process.get("component") or {}).get("pid")
            if pid:
                os.kill(pid, signal.SIGSTOP)
                held.append(pid)
        return bool(held) or None

    try:
        yield hold
    finally:
        for pid in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
