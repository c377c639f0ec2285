"""Jobs, who takes part, tasks and each party's share of them."""

from __future__ import annotations

from interconn.control import jobs
from interconn.control.jobs import Cause
from interconn.control.tables import Job, Lane, Member, Task
from interconn.standard.control import JobCreate, JobStatus
from interconn.standard.management import Paging
from interconn.standard.wire import WireModel
from interconn.state.database import Database
from interconn.state.pages import read_page
from tests.management.conftest import START, config, dag
from tests.repositories import rows
from tests.repositories.contract import Repository, counts


class Shown(WireModel):
    """A job by its id."""

    job_id: str


def job(job_id: str, **members: object) -> Job:
    """A job that nothing has come of."""
    return Job(
        **{
            "job_id": job_id,
            "content": {"config": {"role": {"guest": ["bank"]}}},
            "dag_digest": "",
            "config_digest": "",
            "initiator": "bank",
            "scheduler": "clearing",
            "trace_id": "trace",
            "created_at": START,
            **members,
        }
    )


def refused(job_id: str) -> JobCreate:
    """A job as it is refused."""
    return JobCreate.model_validate({"job_id": job_id, "dag": dag(), "config": config()})


class TestJobs(Repository):
    tables = (
        Job,
        Member,
        Task,
        Lane,
    )

    async def test_jobs_of_one_moment_are_listed_the_other_way_round_by_their_ids(self, database: Database) -> None:
        await database.write(lambda session: session.add_all(job(one) for one in rows.IDS))

        def page(number):  # type: ignore[no-untyped-def]
            order = (Job.created_at.desc(), Job.job_id.desc())
            paging = Paging(page_num=number, page_size=5)
            return database.read(
                lambda session: read_page(
                    session, Job, lambda some: [Shown(job_id=one.job_id) for one in some], paging=paging, order=order
                )
            )

        pages = [await page(number) for number in range(1, 5)]
        assert [one.job_id for found, _ in pages for one in found] == list(reversed(rows.IDS))

    async def test_tasks_and_lanes_are_in_one_order(self, database: Database) -> None:
        def write(session):  # type: ignore[no-untyped-def]
            session.add(job("job"))
            session.flush()
            for task_id in reversed(rows.IDS):
                session.add(Task(task_id=task_id, job_id="job", name=task_id, created_at=START))
            session.add(Task(task_id="0", job_id="job", name="late", created_at=START + 1))
            session.flush()
            for role, index in (("host", 10), ("host", 2), ("Judge", 0), ("judge", 0), ("arbiter", 0), ("guest", 0)):
                session.add(Lane(task_id="a", role=role, index=index, node_id="bank"))

        await database.write(write)

        def read(session):  # type: ignore[no-untyped-def]
            tasks = [task.task_id for task in jobs.tasks_of(session, "job")]
            return tasks, [lane.party for lane in jobs.lanes_of(session, "a")]

        tasks, lanes = await database.read(read)
        assert tasks == [*rows.IDS, "0"]
        assert lanes == ["guest.0", "host.2", "host.10", "arbiter.0", "Judge.0", "judge.0"]

    async def test_of_refused_jobs_the_latest_are_kept_and_give_way_to_one_that_binds(self, database: Database) -> None:
        many = jobs.MAXIMUM_REFUSALS + 3

        def refuse(session, number, scheduler):  # type: ignore[no-untyped-def]
            cause = Cause(START + number, f"node:{scheduler}", "CTL-3.2", scheduler)
            asked = refused(f"job-{scheduler}-{number}")
            jobs.keep_refusal(session, asked, scheduler=scheduler, trace_id="t", cause=cause, why="银" * 5000)

        def write(session):  # type: ignore[no-untyped-def]
            session.add(job("open", scheduler="clearing"))
            for number in range(many):
                refuse(session, number, "clearing")
            refuse(session, 0, "Clearing")

        await database.write(write)

        def left(session):  # type: ignore[no-untyped-def]
            return counts(session, (Job,)), session.get(Job, "job-clearing-2"), session.get_one(Job, "job-clearing-3")

        numbers, gone, kept = await database.read(left)
        assert numbers == [jobs.MAXIMUM_REFUSALS + 2]
        assert gone is None
        assert (kept.status, len(kept.reason)) == (JobStatus.REJECTED.value, jobs.LONGEST_REASON)
        assert await database.write(lambda session: jobs.known(session, "job-clearing-3")) is None
        assert await database.read(lambda session: session.get(Job, "job-clearing-3")) is None
