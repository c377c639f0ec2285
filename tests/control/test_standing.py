"""Whom a job waits for, in each of its states and in each capacity of this node."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from interconn.control.standing import Standing
from interconn.control.tables import Job, Lane, Member, Task
from interconn.state.database import Database, Table
from tests.databases import DATABASES

NOW = 1_800_000_000_000


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(DATABASES.url(tmp_path))
    Table.metadata.create_all(made.engine)
    yield made
    made.close()
    DATABASES.let_go(tmp_path)


def job(status: str, **parts: object) -> Job:
    return Job(
        job_id="job-1", content={"dag": {"components": []}}, dag_digest="", config_digest="",
        initiator="bank", scheduler="clearing",
        status=status, stopped=[], stops=[], reported=[], trace_id="t", created_at=NOW, **parts,
    )  # fmt: skip


def lane(node_id: str, role: str, status: str) -> Lane:
    return Lane(
        task_id="task-1", role=role, index=0, node_id=node_id, status=status, progress={}, reason="", started_at=NOW + 1
    )


async def standing(database: Database, *rows: Table) -> list[tuple[str, str]]:
    def work(session):  # type: ignore[no-untyped-def]
        for row in rows:
            session.add(row)
            session.flush()
        return [(one.node_id, one.purpose) for one in Standing("bank").of_job(session, rows[0])]

    return await database.read(work)


MEMBERS = (
    Member(job_id="job-1", node_id="bank", accepted=True, opened=True, informed=True),
    Member(job_id="job-1", node_id="operator", accepted=False, opened=False, informed=False),
)


@pytest.mark.parametrize(
    ("status", "purpose"),
    [("PENDING", "accept the job"), ("READY", "start the job"), ("FINISHED", "hear of the end of the job")],
)
async def test_a_scheduler_waits_for_the_members_that_have_not_answered(
    database: Database, status: str, purpose: str
) -> None:
    members = (Member(job_id="job-1", node_id=one.node_id, accepted=one.accepted, opened=one.opened,
                      informed=one.informed) for one in MEMBERS)  # fmt: skip
    assert await standing(database, job(status, scheduling=True), *members) == [("operator", purpose)]


async def test_a_running_job_waits_for_the_parties_that_have_not_ended(database: Database) -> None:
    task = Task(task_id="task-1", job_id="job-1", name="psi-1", status="RUNNING", told=[], created_at=NOW)
    lanes = (
        lane("bank", "guest", "SUCCESS"),
        lane("operator", "host", "RUNNING"),
        lane("clearing", "arbiter", "READY"),
    )
    assert await standing(database, job("RUNNING", scheduling=True), task, *lanes) == [
        ("clearing", "begin as arbiter.0 in task psi-1"),  # who has not begun holds up who has
        ("operator", "finish as host.0 in task psi-1"),
    ]


async def test_what_a_share_that_has_not_begun_tells_of_its_reason_is_part_of_it(database: Database) -> None:
    task = Task(task_id="task-1", job_id="job-1", name="psi-1", status="READY", told=["operator"], created_at=NOW)
    full = lane("operator", "host", "READY")
    full.reason = "waits for room on its node: 8 GiB are needed and 2 free"
    assert await standing(database, job("RUNNING", scheduling=True), task, full) == [
        ("operator", "begin as host.0 in task psi-1: waits for room on its node: 8 GiB are needed and 2 free")
    ]


async def test_a_task_waits_for_its_parties(database: Database) -> None:
    task = Task(task_id="task-1", job_id="job-1", name="psi-1", status="RUNNING", told=[], created_at=NOW)

    def work(session):  # type: ignore[no-untyped-def]
        for row in (job("RUNNING"), task, lane("bank", "guest", "RUNNING")):
            session.add(row)
            session.flush()
        return [(one.node_id, one.purpose, one.since) for one in Standing("bank").of_task(session, task)]

    assert await database.read(work) == [("bank", "finish as guest.0 in task psi-1", NOW + 1)]


@pytest.mark.parametrize(
    ("status", "parts", "purpose"),
    [
        ("PENDING", {"submission": "SENDING"}, "take the job as its scheduler"),
        ("PENDING", {"submission": "ACCEPTED"}, "go on with the job as its scheduler"),
        ("RUNNING", {}, "go on with the job as its scheduler"),
        ("FINISHED", {}, "confirm how the job ended"),
    ],
)
async def test_others_wait_for_the_scheduler(
    database: Database, status: str, parts: dict[str, str], purpose: str
) -> None:
    assert await standing(database, job(status, **parts)) == [("clearing", purpose)]


@pytest.mark.parametrize("status", ["FINISHED", "REJECTED"])
async def test_a_closed_job_waits_for_nobody(database: Database, status: str) -> None:
    assert await standing(database, job(status, closed=True, scheduling=True)) == []
