"""A component runs against an S3 service with nothing but its environment variables (CMP-4.1-s3, CMP-4.2-s3)."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from interconn.sdk import Component, Context
from interconn.standard.self_description import SelfDescription
from interconn.storage.dataset import Column, DatasetName
from interconn.storage.s3 import S3Store
from interconn.storage.tables import Table, create_table
from tests.storage.services import PASSWORD, USER, s3_service

DESCRIPTION = SelfDescription.model_validate({
    "componentName": "adults", "title": "Adults", "provider": "acme", "version": "1.0.0", "roleList": ["guest"],
    "storageEngine": ["s3"], "inputParam": [],
    "inputData": [{"name": "table", "category": "dataset", "dataFormat": ["csv"]}],
    "outputData": [{"name": "adults", "category": "dataset", "dataFormat": ["csv"]},
                   {"name": "report", "category": "report", "dataFormat": ["json"]}],
    "result": [],
})  # fmt: skip
TABLE, ADULTS, REPORT = (DatasetName("own", name) for name in ("people", "t-adults", "t-report"))


def work(context: Context) -> None:
    table = context.open_table("table")
    with context.create_table("adults", [Column(name="id", type="string"), Column(name="age", type="int")]) as adults:
        for batch in table.batches():
            adults.write(batch.filter([int(age.as_py()) >= 18 for age in batch["age"]]))
    context.write_json("report", {"rows": adults.rows})


def test_tables_and_reports_are_read_and_written_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with s3_service() as address:
        store = S3Store(address)
        columns = [Column(name="id", type="string"), Column(name="age", type="int")]
        with create_table(store, TABLE, columns) as people:
            people.write(pa.table({"id": ["a", "b", "c"], "age": ["17", "18", "44"]}))
        variables = {
            "system.storage": f"s3://127.0.0.1:{address.port}?username={USER}&password={PASSWORD}&bucket=storage",
            "system.transport": "127.0.0.1:9",
            "config.self_role": "guest.0",
            "config.node_id.guest.0": "bank",
            "config.task_id": "task_1",
            "config.session_id": "session_1",
            "config.token": "token",
            "runtime.component.name": "adults",
            "runtime.component.input.table": json.dumps(TABLE.to_json()),
            "runtime.component.output.adults": json.dumps(ADULTS.to_json()),
            "runtime.component.output.report": json.dumps(REPORT.to_json()),
        }
        assert Component(DESCRIPTION, work).main(variables) == 0
        assert [row for batch in Table(store, ADULTS).batches() for row in batch.to_pylist()] == [
            {"id": "b", "age": "18"},
            {"id": "c", "age": "44"},
        ]
        with store.open(REPORT) as report:
            assert json.loads(report.read()) == {"rows": 2}
        store.delete(TABLE)
        assert Component(DESCRIPTION, work).main(variables) == 1  # a data set that vanished has a reason
    written = capsys.readouterr()
    assert "no such data set" in written.out + written.err
    assert PASSWORD not in written.out + written.err
