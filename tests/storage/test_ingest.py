"""What users' CSV files hold, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interconn.standard.errors import DataError, StorageError
from interconn.storage.dataset import DatasetName
from interconn.storage.duplicates import DuplicateFinder
from interconn.storage.files import FileStore
from interconn.storage.findings import Ingested
from interconn.storage.ingest import ingest_csv
from interconn.storage.tables import Table

NAME = DatasetName("bank", "customers")


class Desk:
    """Takes files in."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.store = FileStore(home / "store")

    def take(self, body: bytes, *keys: str, unique: bool = True) -> Ingested:
        path = self.home / "customers.csv"
        path.write_bytes(body)
        return ingest_csv(path, self.store, NAME, key_columns=keys, unique_keys=unique, replace=True)

    def rows(self) -> list[list[str]]:
        return [list(row.values()) for batch in Table(self.store, NAME).batches() for row in batch.to_pylist()]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_rows_columns_and_types_are_found(desk: Desk) -> None:
    """CMP-G4.1.1.4-column: a CSV with whole numbers, text and fractions."""
    taken = desk.take(b"id,age,rate,member,note\n007,41,0.5,true,x\n008,,1,false,\n", "id")
    assert {column.name: column.type for column in taken.metadata.column_info} == {
        "id": "string", "age": "int", "rate": "float", "member": "boolean", "note": "string",
    }  # fmt: skip
    assert taken.metadata.count == 2
    assert taken.missing == {"age": 1, "note": 1}
    assert desk.store.metadata(NAME) == taken.metadata


@pytest.mark.parametrize(
    ("values", "type_word"),
    [
        (["1", "-2", "0"], "int"), (["1", "2.5"], "float"), (["1e3", "-.5"], "float"), (["007"], "string"),
        (["9" * 19], "string"), (["true", "False"], "boolean"), (["true", "1"], "string"), (["", ""], "string"),
        (["1", "x"], "string"), (["nan"], "string"), (["1_000"], "string"), (["-"], "string"), (["e5"], "string"),
        (["."], "string"), (["٣"], "string"),
    ],
)  # fmt: skip
def test_the_narrowest_type_that_fits_is_taken(desk: Desk, values: list[str], type_word: str) -> None:
    body = "k,x\n" + "".join(f"{index},{value}\n" for index, value in enumerate(values))
    assert desk.take(body.encode()).metadata.column_info[1].type == type_word
    assert [row[1] for batch in Table(desk.store, NAME).batches(typed=True) for row in [[None, 0]] * batch.num_rows]


@pytest.mark.parametrize(
    ("encoding", "found"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030")]
)
def test_encodings_of_chinese_offices_are_read(desk: Desk, encoding: str, found: str) -> None:
    taken = desk.take("编号,姓名\n1,张三\n2,𠮷野\n".encode(encoding), "编号")
    assert taken.encoding == found
    assert desk.rows() == [["1", "张三"], ["2", "𠮷野"]]
    assert any("GB18030" in finding for finding in taken.findings) == (found == "gb18030")


def test_text_in_no_known_encoding_is_refused_with_its_place(desk: Desk) -> None:
    with pytest.raises(DataError, match="byte 7 in line 3") as refused:
        desk.take(b"id\nab\na\xff\xffsecret\n")
    assert "secret" not in str(refused.value)


def test_the_place_is_right_beyond_the_first_block(desk: Desk) -> None:
    body = b"id\n" + b"1234567\n" * (1 << 18) + b"\xff\n"
    with pytest.raises(DataError, match=f"byte {len(body) - 2} in line {(1 << 18) + 2} "):
        desk.take(body)


@pytest.mark.parametrize(
    "body", [b"PK\x03\x04....", b"\x1f\x8b\x08\x00", b"PAR1", "id\n1\n".encode("utf-16"), b"id\n\x001\n"]
)
def test_what_is_no_text_is_refused_by_its_kind(desk: Desk, body: bytes) -> None:
    with pytest.raises(DataError) as refused:
        desk.take(body)
    assert refused.value.hint


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_and_quoted_ones_are_values(desk: Desk, delimiter: str) -> None:
    taken = desk.take(f'id{delimiter}"a, b"\n1{delimiter}"x{delimiter}""y"""\n'.encode(), "id")
    assert taken.delimiter == delimiter
    assert desk.rows() == [["1", f'x{delimiter}"y"']]


def test_line_ends_inside_of_quotes_are_values(desk: Desk) -> None:
    desk.take(b'id,x\r\n1,"two\r\nlines"\r\n')
    assert desk.rows() == [["1", "two\r\nlines"]]


def test_one_column_needs_no_delimiter(desk: Desk) -> None:
    taken = desk.take(b"id\n1\n2\n", "id")
    assert taken.metadata.columns == ("id",)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"id,x\n", "no rows"),
        (b"id,x", "no rows"),
        (b"id,x\n1,2\n3\n", r"row 2 \(line 3\) has 1 fields, the header has 2"),
        (b"id,x\n1,2,3\n", r"row 1 \(line 2\) has 3 fields"),
        (b"id,x,x\n1,2,3\n", "names x more than once"),
        (b"id,\n1,2\n", "column 2 has no name"),
        (b'id,x\n1,"open\n2,3\n', "line 3 is no CSV"),
        (b'id,x\n1,"' + b"a" * (1 << 21), "line 2 is no CSV"),
        (b"x,y\n1,2\n", "no column id"),
        (b"id,x\n1,2\n,3\n  ,4\n", "2 rows have a blank key, e.g. rows 2, 3"),
        (b"id,x\n1,2\n2,2\n1,3\n1,4\n", "2 rows repeat the key of an earlier row, e.g. rows 3, 4"),
    ],
)
def test_files_that_cannot_serve_are_refused_and_leave_nothing(desk: Desk, body: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        desk.take(body, "id")
    assert not desk.store.exists(NAME)


def test_keys_never_appear_in_errors_or_findings(desk: Desk) -> None:
    with pytest.raises(DataError) as refused:
        desk.take(b"id,x\nsecret-7,1\nsecret-7,2\n", "id")
    assert "secret-7" not in str(refused.value.to_json())
    taken = desk.take(b"id,x\n secret-7,1\n secret-7,2\n\n", "id", unique=False)
    assert "secret-7" not in repr(taken)
    assert len(taken.findings) == 3  # a blank line, padded keys, repeated keys


def test_keys_of_several_columns_are_compared_together(desk: Desk) -> None:
    taken = desk.take(b'a,b\n1,2\n1,3\n"x,y",z\nx,"y,z"\n', "a", "b")
    assert taken.duplicates is not None
    assert taken.duplicates.rows == 0


def test_an_existing_data_set_survives_a_bad_file(desk: Desk) -> None:
    desk.take(b"id\n1\n", "id")
    with pytest.raises(DataError):
        desk.take(b"id\n2\n2\n", "id")
    assert desk.rows() == [["1"]]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be opened"):
        ingest_csv(tmp_path / "absent.csv", FileStore(tmp_path / "store"), NAME)
    with pytest.raises(StorageError):
        DatasetName("bank", "no/such")


@given(st.lists(st.binary(max_size=2), max_size=60))
def test_duplicates_are_those_a_set_would_find(tmp_path_factory: pytest.TempPathFactory, keys: list[bytes]) -> None:
    finder = DuplicateFinder(tmp_path_factory.getbasetemp())
    for row, key in enumerate(keys, start=1):
        finder.add(key, row)
    found = finder.finish()
    again = [row for row, key in enumerate(keys, start=1) if key in keys[: row - 1]]
    assert found.rows == len(again)
    assert set(found.examples) <= set(again)
    assert bool(found.examples) == bool(again)
