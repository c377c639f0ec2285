"""Lists that can grow: a page, its order and its bounds, by a fixed number of queries on an index (MGT-2.3-paging)."""

import contextlib

import pytest
from sqlalchemy import event, inspect

from interconn.api import audits as audit_rows
from interconn.api import datasets as dataset_rows
from interconn.api import jobs as job_rows
from interconn.api import peers as peer_rows
from interconn.control import views as job_views
from interconn.control.tables import Job, Lane, Task
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.tables import Contract
from interconn.management.datasets.tables import Dataset, DatasetReader
from interconn.management.work.tables import Flow, Project
from interconn.standard import management as standard
from interconn.standard.errors import CapacityExceeded, InvalidRequest
from interconn.standard.management import Paging
from interconn.standard.wire import MAXIMUM_BODY_BYTES, validate
from interconn.state import pages
from interconn.state.outbox import OutboxMessage
from interconn.state.pages import read_page
from tests.databases import DATABASES


def dataset(number, **members):
    return Dataset(
        **{
            "dataset_id": f"d{number:05}",
            "name": f"table {number}",
            "count": 1,
            "key_columns": ["id"],
            "label_columns": [],
            "column_metas": [{"name": "id", "data_type": "bigint", "distribution": "CONTINUOUS"}],
            "namespace": "datasets",
            "stored_name": f"d{number:05}",
            "published": True,
            "for_all": True,
            "findings": [],
            "added_at": number // 2,  # two at a time, so that the id has to decide
            **members,
        }
    )


def audit(number, **members):
    return Audit(
        **{
            "audit_id": f"audit-{number:05}",
            "node_id": "bank",
            "kind": "DATASET",
            "subject_id": f"d{number:05}",
            "direction": "PARTNER",
            "status": "APPLIED",
            "content": {},
            "content_digest": "",
            "trace_id": "t",
            "applied_at": number,
            **members,
        }
    )


async def fill(node, *rows):
    await node.database.write(lambda session: session.add_all(rows))


@contextlib.contextmanager
def statements(node):
    """What is asked of the database meanwhile."""
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.startswith("SELECT") and "FROM" in statement:  # PostgreSQL begins a snapshot by SELECT 1
            asked.append((statement, parameters))

    event.listen(node.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(node.database.engine, "before_cursor_execute", note)


ON_SQLITE = pytest.mark.skipif(DATABASES.kind != "sqlite", reason="it is SQLite that tells by which index it searches")


async def plan(node, statement, parameters):
    """How SQLite finds what a statement asks for, step by step."""

    def explain(session):
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row[3] for row in rows]

    return await node.database.read(explain)


LISTS = {
    "data sets": (dataset_rows.DATASET_LIST, "datasets", "dataset_id"),
    "approvals": (audit_rows.AUDIT_LIST, "audits", "audit_id"),
    "projects": (audit_rows.PROJECT_LIST, "projects", "project_id"),
    "flows": (audit_rows.FLOW_LIST, "flows", "flow_id"),
    "contracts": (peer_rows.PEER_LIST, "contracts", "contract_id"),
}


async def fill_all(node, count):
    for number in range(count):
        members = {"initiator": "bank", "name": f"n{number}", "created_at": number // 2}
        await fill(
            node,
            dataset(number),
            audit(number),
            Project(project_id=f"p{number:05}", nodes=[], datasets={}, **members),
            Flow(flow_id=f"f{number:05}", dag={"version": "1", "components": [COMPONENT]}, dag_digest="", **members),
            audit(count + number, kind="PROJECT", subject_id=f"p{number:05}"),
            audit(2 * count + number, kind="FLOW", subject_id=f"f{number:05}"),
            Contract(
                contract_id=f"c{number}",
                node_id="bank",
                address="https://b:1",
                direction="PARTNER",
                status="REJECTED",
                trace_id="t",
                applied_at=1,
            ),
        )


COMPONENT = {"name": "a", "componentName": "psi", "provider": "interconn", "version": "1"}


@pytest.mark.parametrize("name", LISTS)
async def test_mgt_2_3_paging_of_the_nodes_own_lists(operator, name):
    row, member, key = LISTS[name]
    await fill_all(operator, 25)
    every = {"kind": "DATASET"} if name == "approvals" else {}

    async def page(**members):
        found = await operator.ask(row, **every, **members)
        return [getattr(record, key) for record in getattr(found, member)], found.total

    first, total = await page()
    second, _ = await page(page_num=2)
    assert (len(first), len(second), total) == (20, 5, 25)
    assert await page(page_size=-1, page_num=9) == (first + second, 25)
    assert await page(page_num=3) == ([], 25)
    assert len(set(first + second)) == 25
    for wrong in ({"page_size": 0}, {"page_size": -2}, {"page_num": 0}, {"page_num": -1}, {"page_size": 2**31}):
        with pytest.raises(InvalidRequest):
            validate(row.request, wrong)


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_takes_as_many_queries_as_one_record(operator, name):
    row, member, _ = LISTS[name]
    one_kind = {"kind": "DATASET"} if name == "approvals" else {}  # what was compared is kept kind by kind
    await fill_all(operator, 25)
    counts = []
    for size in (1, 20):
        with statements(operator) as asked:
            assert len(getattr(await operator.ask(row, page_size=size, **one_kind), member)) == size
        counts.append(len(asked))
    assert counts[0] == counts[1]


async def test_a_page_of_jobs_takes_as_many_queries_as_one_job(operator):
    for number in range(5):
        job_id, task_id = f"job-{number}", f"task-{number}"
        content = {"dag": {"components": [COMPONENT]}, "config": {"role": {}}}
        members = {"job_id": job_id, "dag_digest": "", "config_digest": "", "trace_id": "t", "created_at": number}
        await fill(operator, Job(content=content, initiator="bank", scheduler="bank", scheduling=True, **members))
        await fill(operator, Task(task_id=task_id, job_id=job_id, name="a", status="SUCCESS", created_at=1))
        await fill(operator, Lane(task_id=task_id, role="guest", index=0, node_id="operator", status="SUCCESS"))

    class NoComponents:
        def outputs(self, *_):
            return {}

        def reason(self, *_):
            return ""

        def traffic(self, _):
            return {}

    def read(session, size):
        return read_page(
            session,
            Job,
            lambda jobs: job_views.job_views(session, jobs, "operator", NoComponents()),
            paging=Paging(page_size=size),
            order=(Job.created_at.desc(), Job.job_id.desc()),
        )

    counts = []
    for size in (1, 5):
        with statements(operator) as asked:
            jobs, total = await operator.database.read(lambda session, size=size: read(session, size))
        assert ([job.job_id for job in jobs], total) == ([f"job-{n}" for n in range(4, 4 - size, -1)], 5)
        assert [len(task.parties) for job in jobs for task in job.tasks] == [1] * size
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert job_rows.JobSearch(status="RUNNING").page_size == 20


@ON_SQLITE
@pytest.mark.parametrize("who", ["a partner", "this node's people"])
async def test_a_page_of_data_sets_is_found_on_an_index(network, bank, operator, contract_id, who):
    await fill(operator, *(dataset(number) for number in range(50)))
    with statements(operator) as asked:
        if who == "a partner":
            await bank.call(operator, standard.DATASET_LIST, contract_id=contract_id, page_num=2)
        else:
            await operator.ask(dataset_rows.DATASET_LIST, page_num=2)
    of_datasets = [(statement, given) for statement, given in asked if "FROM datasets" in statement]
    assert len(of_datasets) == 3  # how many there are, which are on the page, and those
    for statement, given in of_datasets[:2]:
        steps = await plan(operator, statement, given)
        of_the_table = [step for step in steps if "datasets" in step and "readers" not in step]
        assert of_the_table and all("USING COVERING INDEX ix_datasets_" in step for step in of_the_table), steps
        assert "USE TEMP B-TREE FOR ORDER BY" not in steps
    page = await plan(operator, *of_datasets[2])
    # The rows themselves are read by their key, so that nothing but the page is sorted.
    assert any("SEARCH datasets USING INDEX sqlite_autoindex_datasets" in step for step in page), page


@ON_SQLITE
async def test_outbox_is_searched_on_an_index(operator):
    await fill_all(operator, 3)
    with statements(operator) as asked:
        await operator.ask(audit_rows.AUDIT_LIST)
    [(statement, given)] = [one for one in asked if f"FROM {OutboxMessage.__tablename__}" in one[0]]
    assert any("ix_outbox_reference" in step for step in await plan(operator, statement, given))


async def test_named_and_common_data_sets_are_one_list(network, bank, operator, contract_id):
    await fill(operator, *(dataset(number, for_all=number % 3 == 0) for number in range(9)))
    await fill(operator, DatasetReader(dataset_id="d00001", node_id="bank"))
    await fill(operator, DatasetReader(dataset_id="d00002", node_id="clearing"))
    page = await bank.call(operator, standard.DATASET_LIST, contract_id=contract_id)
    assert [record.dataset_id for record in page.records] == ["d00000", "d00001", "d00003", "d00006"]
    assert page.total == 4


async def test_more_records_than_an_answer_may_have_are_not_even_read(operator, monkeypatch):
    monkeypatch.setattr(pages, "MAXIMUM_RECORDS", 24)
    await fill(operator, *(dataset(number) for number in range(25)))
    for members in ({"page_size": -1}, {"page_size": 25}, {"page_size": 10_000}):
        with statements(operator) as asked, pytest.raises(CapacityExceeded, match="there are 25"):
            await operator.ask(dataset_rows.DATASET_LIST, **members)
        assert len(asked) == 1
    assert len((await operator.ask(dataset_rows.DATASET_LIST, page_size=24)).datasets) == 24


async def test_more_than_an_answer_holds_is_refused_and_not_cut(network, bank, operator, contract_id):
    long = "x" * 4096
    await fill(operator, *(dataset(number, description=long) for number in range(MAXIMUM_BODY_BYTES // 4096)))
    with pytest.raises(CapacityExceeded, match="there are 2048") as refusal:
        await operator.ask(dataset_rows.DATASET_LIST, page_size=-1)
    assert "page" in refusal.value.hint
    with pytest.raises(Exception, match="MiB") as told:
        await bank.call(operator, standard.DATASET_LIST, contract_id=contract_id, page_size=-1)
    assert told.value.peer_code == CapacityExceeded.code
    page = await bank.call(operator, standard.DATASET_LIST, contract_id=contract_id, page_size=1000, page_num=2)
    assert (len(page.records), page.total) == (1000, 2048)


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ({"name": "TABLE 1"}, ["d00001"]),
        ({"name": "%"}, []),
        ({"name": "_able"}, []),
        ({"category": "credit"}, ["d00002"]),
        ({"name": "table", "category": "nothing"}, []),
    ],
)
async def test_filters_of_data_sets_take_what_is_typed_for_letters(operator, members, found):
    await fill(operator, dataset(1), dataset(2, category="credit"))
    page = await operator.ask(dataset_rows.DATASET_LIST, **members)
    assert ([one.dataset_id for one in page.datasets], page.total) == (found, len(found))


async def test_filters_of_approvals(operator):
    await fill(operator, audit(1), audit(2, node_id="clearing"), audit(3, status="REJECTED"))
    for members, found in (
        ({"node_id": "clearing"}, ["audit-00002"]),
        ({"audit_id": "audit-00001"}, ["audit-00001"]),
        ({"status": "APPLIED", "node_id": "bank"}, ["audit-00001"]),
        ({"subject_id": "d00003"}, ["audit-00003"]),
    ):
        page = await operator.ask(audit_rows.AUDIT_LIST, **members)
        assert ([one.audit_id for one in page.audits], page.total) == (found, len(found))


async def test_the_index_order_is_declared_in_the_schema_that_migrations_make(operator):
    found = await operator.database.read(
        lambda session: {
            index["name"]
            for table in ("datasets", "projects", "flows")
            for index in inspect(session.connection()).get_indexes(table)
        }
    )
    assert {"ix_datasets_order", "ix_datasets_published", "ix_projects_order", "ix_flows_order"} <= found
