"""Tables stream in and out without a change to any value."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.standard.errors import DataError
from interconn.storage.dataset import Column, DatasetMetadata, DatasetName
from interconn.storage.files import FileStore
from interconn.storage.tables import Table, create_table

NAME = DatasetName("space", "table")
# A carriage return alone ends a line for Arrow whether quoted or not in some places, so it has its own test.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def put(store: FileStore, body: bytes, **members: object) -> Table:
    with store.create(NAME, replace=True) as draft:
        draft.open().write(body)
        draft.describe(
            DatasetMetadata.model_validate(
                {"name": NAME.name, "namespace": NAME.namespace, "count": 0, "partitions": 1, **members}
            )
        )
    return Table(store, NAME)


def rows(table: Table, **options: object) -> list[dict[str, object]]:
    return [row for batch in table.batches(**options) for row in batch.to_pylist()]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FileStore:
    return FileStore(tmp_path_factory.mktemp("store"))


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.lists(TEXT, min_size=width, max_size=width), max_size=6)))
def test_every_text_comes_back_as_it_was(store: FileStore, values: list[list[str]]) -> None:
    width = len(values[0]) if values else 1
    columns = [Column(name=f"c{index}", type="string") for index in range(width)]
    batch = (
        pa.record_batch([[row[at] for row in values] for at in range(width)], [one.name for one in columns])
        if values
        else None
    )
    with create_table(store, NAME, columns, replace=True) as writer:
        if batch is not None:
            writer.write(batch)
    table = Table(store, NAME)
    assert [list(row.values()) for row in rows(table)] == values
    assert table.metadata is not None
    assert table.metadata.count == len(values)


def test_ids_keep_their_zeros_and_numbers_are_read_only_where_wanted(store: FileStore) -> None:
    table = put(
        store,
        b"id,x,y,z\n007,1,2.5,true\n008,,,False\n",
        column_info=[
            {"name": "id", "type": "string"}, {"name": "x", "type": "int"},
            {"name": "y", "type": "float"}, {"name": "z", "type": "boolean"},
        ],
    )  # fmt: skip
    assert [row["id"] for row in rows(table)] == ["007", "008"]
    assert rows(table, typed=True) == [
        {"id": "007", "x": 1, "y": 2.5, "z": True},
        {"id": "008", "x": None, "y": None, "z": False},
    ]
    assert rows(table, columns=["y", "id"])[0] == {"y": "2.5", "id": "007"}


def test_partitions_follow_each_other(store: FileStore) -> None:
    with store.create(NAME, replace=True) as draft:
        draft.open(0).write(b"a\n1\n")
        draft.open(1).write(b"a\n2")
        draft.describe(DatasetMetadata(name="table", namespace="space", count=2, partitions=2))
    assert [row["a"] for row in rows(Table(store, NAME))] == ["1", "2"]


@pytest.mark.parametrize("body", [b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n"])
def test_a_header_alone_has_no_rows(store: FileStore, body: bytes) -> None:
    table = put(store, body)
    assert table.columns == ("a", "b")
    assert rows(table) == []


@pytest.mark.parametrize(
    ("body", "typed"),
    [
        (b"a,b\nsecret-1\n", False),
        (b"a,b\n1,2,secret-1\n", False),
        (b"a,b\nsecret-1,2\n", True),
        (b"a,b\n\xff\xfe secret-1,2\n", False),
    ],
)
def test_a_bad_row_is_refused_and_its_values_are_not_told(store: FileStore, body: bytes, typed: bool) -> None:
    table = put(store, body, column_info=[{"name": "a", "type": "int"}, {"name": "b", "type": "int"}])
    with pytest.raises(DataError) as refused:
        rows(table, typed=typed)
    told = f"{refused.value} {refused.value.to_json()} {refused.value.__cause__}"
    assert "secret-1" not in told


def test_a_missing_column_is_named_with_those_that_exist(store: FileStore) -> None:
    with pytest.raises(DataError, match="no column id") as refused:
        rows(put(store, b"a,b\n1,2\n"), columns=["id"])
    assert refused.value.hint == "It has: a, b."


def test_an_empty_file_is_no_table(store: FileStore) -> None:
    with pytest.raises(DataError, match="empty"):
        put(store, b"")


def test_partitions_with_other_headers_are_refused(store: FileStore) -> None:
    with store.create(NAME, replace=True) as draft:
        draft.open(0).write(b"a\n1\n")
        draft.open(1).write(b"b\n2\n")
        draft.describe(DatasetMetadata(name="table", namespace="space", count=2, partitions=2))
    with pytest.raises(DataError, match="headers"):
        rows(Table(store, NAME))


def test_a_report_is_no_table(store: FileStore) -> None:
    with pytest.raises(DataError, match="no CSV"):
        put(store, b"{}", file_type="json")


def test_rows_of_other_columns_are_not_written(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    with pytest.raises(DataError), create_table(store, NAME, [Column(name="a", type="int")]) as writer:
        writer.write(pa.record_batch({"b": [1]}))
    assert not store.exists(NAME)
