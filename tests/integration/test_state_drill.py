"""The drill of a loss: real nodes under load, one killed, backed up while it works, lost, and restored elsewhere."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from interconn.api.audits import AuditKind
from interconn.lab.contracts import conclude_among_all
from interconn.lab.network import Lab
from interconn.standard.errors import InterconnError
from interconn.standard.management import AuditStatus
from interconn.state import rows
from tests import postgres
from tests.fault.network import persist

pytestmark = [pytest.mark.slow, pytest.mark.fault, pytest.mark.timeout(300)]
BANK, OPERATOR = "node-1", "node-2"
TABLE = "id,age\n1,30\n2,41\n3,29\n"


@pytest.fixture
def server(kind_of_database: str) -> Iterator[postgres.Server | None]:
    """A PostgreSQL server that may be stopped; None where the nodes keep their state in SQLite."""
    if kind_of_database == "sqlite":
        yield None
        return
    programs = postgres.binaries()
    if programs is None:
        pytest.skip(postgres.MISSING)
    server = postgres.Server.begin(programs)
    yield server
    server.end()


@pytest.fixture
def lab(server: postgres.Server | None, tmp_path: Path) -> Iterator[Lab]:
    """Two nodes under contract, of which the second publishes a data set."""
    lab = Lab.create_without_contracts(tmp_path / "lab", 2)
    try:
        if server is not None:
            for node_id in (BANK, OPERATOR):
                lab.stop(node_id)
                keep_state_in(lab, node_id, server.database())
                lab.start(node_id)
        conclude_among_all(lab.clients())
        (tmp_path / "table.csv").write_text(TABLE)
        operator = lab.client(OPERATOR)
        operator.datasets.add(str(tmp_path / "table.csv"), "customers", ["id"], dataset_id="customers")
        operator.datasets.publish("customers")
        yield lab
    finally:
        lab.down()


def keep_state_in(lab: Lab, node_id: str, url: str) -> None:
    with (lab.node(node_id).directory / "node.toml").open("a") as file:
        file.write(f"\n[state]\ndatabase = {json.dumps(url)}\n")


def command(*words: str) -> dict[str, object]:
    """Run a command as a person does; return what it prints for machines."""
    ran = subprocess.run(
        [sys.executable, "-m", "interconn", *words, "--json"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, object] = json.loads(ran.stdout)
    return found


def requests(lab: Lab, node_id: str) -> dict[str, AuditStatus]:
    """Every request for the data set, as one side knows it."""
    audits = persist(lambda: lab.client(node_id).audits.list(kind=AuditKind.DATASET).audits, "the list of audits")
    return {audit.audit_id: audit.status for audit in audits}


def agree(lab: Lab) -> dict[str, AuditStatus]:
    """Wait until both sides know the same of every request, and return it."""

    def look() -> dict[str, AuditStatus] | None:
        own, other = requests(lab, BANK), requests(lab, OPERATOR)
        return own if own == other else None

    return persist(look, "the two sides to agree")


class Load(threading.Thread):
    """The bank asks for the data set again and again, whoever is away."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(daemon=True)
        self._lab, self._done = lab, threading.Event()
        self.asked: set[str] = set()
        self.some = threading.Event()

    def run(self) -> None:
        while not self._done.is_set():
            try:
                self.asked.add(self._lab.client(BANK).datasets.request(OPERATOR, "customers").audit_id)
            except InterconnError:
                self._done.wait(0.05)
            if len(self.asked) >= 5:
                self.some.set()

    def stop(self) -> None:
        self._done.set()
        self.join()


def ready(lab: Lab, node_id: str) -> urllib3.BaseHTTPResponse:
    pool = urllib3.PoolManager(timeout=30, retries=False)
    return pool.request("GET", f"{lab.node(node_id).admin_url}/readyz")


def test_backed_up_under_load_lost_and_restored(lab: Lab, server: postgres.Server | None, tmp_path: Path) -> None:
    home, backup = lab.node(OPERATOR).directory, tmp_path / "operator.backup"
    load = Load(lab)
    load.start()
    assert load.some.wait(60)
    lab.kill(OPERATOR)
    lab.start(OPERATOR)
    decided = min(requests(lab, OPERATOR))
    made = command("node", "backup", "--home", str(home), "--to", str(backup))
    load.stop()
    before = agree(lab)
    assert load.asked <= before.keys()
    late = lab.client(BANK).datasets.request(OPERATOR, "customers").audit_id
    persist(lambda: requests(lab, OPERATOR).get(late), "the request made after the backup")
    lab.client(OPERATOR).audits.approve(decided)
    assert agree(lab)[decided] == AuditStatus.APPROVED

    lab.stop(OPERATOR)
    home.rename(tmp_path / "lost")
    words = ["node", "restore", "--from", str(backup), "--home", str(home), "--keys-from", str(tmp_path / "lost")]
    command(*words, *(("--database", server.database()) if server else ()))
    # The lab knows the node by the token that it had.
    (home / "admin.token").write_text((tmp_path / "lost/admin.token").read_text())
    lab.start(OPERATOR)
    status = lab.client(OPERATOR).node.status()
    assert any("restored from a backup" in warning for warning in status.warnings)
    [told] = [one for one in trail(lab, OPERATOR, tmp_path) if one["action"] == "node.restored"]
    assert told["details"]["backup_made_at"] == made["made_at"]

    # What was decided after the backup is known at the bank alone; nothing was decided differently behind its back.
    bank, operator = requests(lab, BANK), requests(lab, OPERATOR)
    assert late not in operator
    assert operator.items() <= {**bank, decided: AuditStatus.APPLIED}.items()
    assert bank[decided] == AuditStatus.APPROVED
    # Decided again, it is the same decision at the bank, and both sides agree on everything that both know.
    lab.client(OPERATOR).audits.approve(decided)
    persist(lambda: requests(lab, OPERATOR)[decided] == requests(lab, BANK)[decided] == "APPROVED" or None, "agreement")


def trail(lab: Lab, node_id: str, folder: Path) -> list[dict[str, dict[str, object]]]:
    """The audit trail, from a backup of the running node."""
    words = ["--home", str(lab.node(node_id).directory), "--to", str(folder / f"{node_id}.trail")]
    command("node", "backup", "--without-data", *words)
    unpacked = folder / f"{node_id}-trail"
    unpacked.mkdir()
    subprocess.run(["tar", "-xzf", folder / f"{node_id}.trail", "-C", unpacked], check=True)
    columns, *lines = (unpacked / f"tables/audit_trail{rows.SUFFIX}").read_text().rstrip("\n").split("\n")
    return [dict(zip(json.loads(columns), json.loads(line), strict=True)) for line in lines]


@pytest.mark.parametrize("kind_of_database", ["postgresql"], indirect=True)
def test_a_crash_of_the_server_and_of_a_node_under_load_loses_nothing(lab: Lab, server: postgres.Server) -> None:
    load = Load(lab)
    load.start()
    assert load.some.wait(60)
    server.stop("immediate")
    assert ready(lab, BANK).status == ready(lab, OPERATOR).status == 503
    lab.kill(OPERATOR)
    server.start()
    lab.start(OPERATOR)
    known = len(load.asked)
    persist(lambda: len(load.asked) > known + 5 or None, "requests after the crash")
    load.stop()
    assert load.asked <= agree(lab).keys()
    assert ready(lab, BANK).status == ready(lab, OPERATOR).status == 200
