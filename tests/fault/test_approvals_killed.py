"""Kill either side between any two steps of an approval, and compare what both show afterwards.

The steps: applied, received, decided (by a rule, or by a person), confirmed, acknowledged, revoked. Wherever a node
dies, both sides come to show the same, each step is taken once, and a permit is at its user before it is void.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from interconn.api.audits import AuditKind, AuditView
from interconn.api.results import ResultView
from interconn.client import NodeClient
from interconn.lab.contracts import conclude
from interconn.lab.demo.events import BANK
from interconn.lab.network import Lab
from interconn.standard.errors import InterconnError
from interconn.standard.identifiers import new_id
from interconn.standard.management import AuditStatus
from tests.fault.network import Network, Reviver, persist

pytestmark = [pytest.mark.slow, pytest.mark.fault]

APPLICANT, HOLDER = "node-1", "node-2"
POLICY = f'[[rule]]\nname = "known"\nverdict = "approve"\nkinds = ["PROJECT"]\npartners = ["{APPLICANT}"]\n'
SENDS, TAKES = ("outbox.before_send", "outbox.after_send"), ("inbound.before_handle", "inbound.after_handle")
BY_RULE = [  # project: applied and revoked by the applicant, decided by the holder's rule
    *((APPLICANT, f"{point}:{count}") for point in SENDS for count in (1, 2)),
    *((APPLICANT, point) for point in TAKES),
    *((HOLDER, point) for point in SENDS),
    *((HOLDER, f"{point}:{count}") for point in TAKES for count in (1, 2)),
    (HOLDER, "policy.before_decision"),
    (HOLDER, "policy.decided"),
]
BY_PERSON = [  # data set: applied by the applicant, decided and revoked by the holder's people
    *((APPLICANT, point) for point in SENDS),
    *((APPLICANT, f"{point}:{count}") for point in TAKES for count in (1, 2)),
    *((HOLDER, f"{point}:{count}") for point in SENDS for count in (1, 2)),
    *((HOLDER, point) for point in TAKES),
]
RELEASE = '[[release]]\nname = "many"\nminimum_rows = 1000000\nerase_refused = true\n'


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two nodes under contract; one decides on projects by a rule and has a data set to ask for."""
    directory = tmp_path_factory.mktemp("pair")
    quiet = pytest.MonkeyPatch()
    quiet.setenv("INTERCONN_TRAIL__HEAD_SECONDS", "86400")  # else its calls, and not the approval's, would be killed
    lab = Lab.create(directory / "network", 2)
    try:
        (lab.node(HOLDER).directory / "policy.toml").write_text(POLICY)
        table = directory / "table.csv"
        table.write_text("id,age\n1,30\n2,40\n")
        lab.client(HOLDER).datasets.add(str(table), "table", ["id"], dataset_id="table")
        lab.client(HOLDER).datasets.publish("table")
        yield lab
    finally:
        lab.down()
        quiet.undo()


@pytest.mark.parametrize(("node_id", "point"), BY_RULE, ids=str)
def test_decided_by_a_rule_and_revoked_by_the_applicant(pair: Lab, node_id: str, point: str) -> None:
    with_kill(pair, node_id, point, lambda: by_rule(pair))


@pytest.mark.parametrize(("node_id", "point"), BY_PERSON, ids=str)
def test_decided_by_a_person_and_revoked_by_the_holder(pair: Lab, node_id: str, point: str) -> None:
    with_kill(pair, node_id, point, lambda: by_person(pair))


@pytest.mark.parametrize(
    ("node_id", "point"),
    [*((APPLICANT, point) for point in SENDS), *((HOLDER, point) for point in TAKES)],
    ids=str,
)
def test_a_contract_that_ends_leaves_the_same_on_both_sides(pair: Lab, node_id: str, point: str) -> None:
    applicant, holder = pair.client(APPLICANT), pair.client(HOLDER)
    audit_id = applied(lambda: applicant.datasets.request(HOLDER, "table").audit_id)
    persist(lambda: holder.audits.show(audit_id), "the application")
    [contract_id] = [one.contract_id for one in applicant.peers.list().contracts if one.usable]

    def end() -> None:
        persist(lambda: applicant.peers.terminate(contract_id), "the end of the contract")
        for client in (applicant, holder):
            persist(lambda client=client: ended(client, contract_id), "the end of the contract on both sides")
            assert contract_id in persist(lambda client=client: client.audits.show(audit_id), "the approval").void

    with_kill(pair, node_id, point, end)
    conclude(APPLICANT, applicant, HOLDER, holder)


@pytest.mark.parametrize("point", ["result.counted", "result.erased"])
def test_a_refused_result_is_erased_and_never_shown(network: Network, point: str) -> None:
    lab = network.lab
    (lab.node(BANK).directory / "policy.toml").write_text(RELEASE)
    job_id = ""

    def run() -> None:
        nonlocal job_id
        job_id = network.propose()
        network.approve_until(AuditKind.JOB, job_id)
        network.run(job_id)
        network.ended(job_id)

        def erased() -> list[ResultView] | None:
            found = lab.client(BANK).results.list(job_id=job_id).results
            return found if found and all(one.erased_at for one in found) else None

        for result in persist(erased, "the end of what was refused"):
            assert (result.standing, result.place) == ("REFUSED", {})

    with_kill(lab, BANK, point, run)
    stored = lab.node(BANK).directory / "storage"
    assert not [each for each in stored.glob(f"{job_id}-*/*") if each.is_dir()]
    shown = [
        place
        for task in lab.client(BANK).jobs.show(job_id).tasks
        for party in task.parties
        if party.node_id == BANK
        for place in party.outputs.values()
    ]
    assert shown and all(place["standing"] == "REFUSED" and "path" not in place for place in shown)


def with_kill(lab: Lab, node_id: str, point: str, play: Callable[[], None]) -> None:
    """Play something while a node dies at a point, once, and is started again."""
    lab.stop(node_id)
    # It may die before it is ready: the other side is calling already.
    lab.start(node_id, environment={"INTERCONN_CRASH_AT": point}, wait=False)
    reviver = Reviver(lab, node_id)
    reviver.start()
    try:
        play()
        # What it did last may be what it dies at, after both sides show the same.
        persist(lambda: reviver.deaths or None, f"the death at {point}")
    finally:
        reviver.stop()
    assert reviver.deaths == 1
    persist(lambda: lab.client(node_id).node.status(), "the node after its restart")


def by_rule(lab: Lab) -> None:
    applicant, holder = lab.client(APPLICANT), lab.client(HOLDER)
    project_id = new_id("project")

    def create() -> str:
        return applicant.projects.create("p", [HOLDER], project_id=project_id).audits[0].audit_id

    def known() -> str | None:
        found = [one.audit_id for one in applicant.audits.list(subject_id=project_id).audits]
        return found[0] if found else None

    audit_id = applied(create, known)
    here = reached(applicant, audit_id, AuditStatus.APPROVED)
    there = reached(holder, audit_id, AuditStatus.APPROVED)
    assert (here.decided_by, there.decided_by) == (f"node:{HOLDER}", "rule:known")
    persist(lambda: applicant.audits.terminate(audit_id), "the end of the approval")
    both_terminated(lab, audit_id)


def by_person(lab: Lab) -> None:
    applicant, holder = lab.client(APPLICANT), lab.client(HOLDER)
    before = {one.audit_id for one in persist(lambda: applicant.audits.list().audits, "approvals")}

    def known() -> str | None:
        found = {one.audit_id for one in applicant.audits.list().audits} - before
        return found.pop() if found else None

    audit_id = applied(lambda: applicant.datasets.request(HOLDER, "table").audit_id, known)
    persist(lambda: holder.audits.show(audit_id), "the application")
    persist(lambda: holder.audits.approve(audit_id), "the decision")
    persist(lambda: applicant.audits.show(audit_id).has_permit or None, "the permit")
    persist(lambda: holder.audits.terminate(audit_id), "the end of the approval")
    both_terminated(lab, audit_id)


def applied(apply: Callable[[], str], known: Callable[[], str | None] = lambda: None) -> str:
    """Apply, however often the node has to be asked; one that died may have committed it or not."""
    try:
        return apply()
    except InterconnError:
        found = persist(lambda: (known() or "",), "what was applied for")[0]
        return found or persist(lambda: known() or apply(), "a second application")


def reached(client: NodeClient, audit_id: str, status: AuditStatus) -> AuditView:
    def look() -> AuditView | None:
        view = client.audits.show(audit_id)
        return view if view.status is status else None

    return persist(look, f"{audit_id} to be {status}")


def ended(client: NodeClient, contract_id: str) -> bool | None:
    [contract] = [one for one in client.peers.list().contracts if one.contract_id == contract_id]
    return contract.status == "TERMINATED" or None


def both_terminated(lab: Lab, audit_id: str) -> None:
    for node_id in (APPLICANT, HOLDER):
        reached(lab.client(node_id), audit_id, AuditStatus.TERMINATED)
        steps = steps_of(lab.node(node_id).directory, audit_id)
        assert set(steps.values()) == {1}, (node_id, steps)


def steps_of(home: Path, audit_id: str) -> Counter[str]:
    """Count what happened to an approval by the node's audit trail.

    A permit may come again, with a confirm; and each call of ours that the partner answers is acknowledged by itself.
    """
    with sqlite3.connect(f"file:{home}/state/node.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT action FROM audit_trail WHERE details LIKE ?", (f"%{audit_id}%",))
        return Counter(action for (action,) in rows if not action.endswith((".permit", ".acknowledge", "_refused")))
