"""A file is looked over before it is taken in: all that is wrong at once, each with a fix, and no value told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interconn.standard.errors import DataError
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.findings import Preflight
from interconn.storage.ingest import ingest_csv
from interconn.storage.preflight import preflight


def look(folder: Path, body: bytes, *keys: str, **parts: Any) -> Preflight:
    path = folder / "customers.csv"
    path.write_bytes(body)
    return preflight(path, key_columns=keys, **parts)


def blocking(found: Preflight) -> list[str]:
    return [remark.what for remark in found.remarks if remark.blocks]


def test_a_good_file_has_no_remark(tmp_path: Path) -> None:
    found = look(tmp_path, b"id,age,rate\na,41,0.5\nb,39,1\n", "id")
    assert (found.usable, found.remarks, found.rows, found.encoding, found.delimiter) == (True, (), 2, "utf-8", ",")
    assert [(column.name, column.type) for column in found.columns] == [
        ("id", "string"),
        ("age", "int"),
        ("rate", "float"),
    ]
    assert found.bytes == 28


def test_all_that_blocks_is_told_at_once(tmp_path: Path) -> None:
    found = look(tmp_path, b"id,age,age,\na,1,2,3\n,1,2,3\na,1,2,3\nb,1\n", "id", "name", label_columns=["agee"])
    assert blocking(found) == [
        "column 4 has no name",
        "the header names age more than once",
        "there is no column name",
        "there is no column agee",
        "1 rows have not as many fields as the header, e.g. row 4",
    ]
    assert [remark.fix for remark in found.remarks if remark.what.startswith("there is no")] == [
        "It has: id, age, age.",
        "Did you mean age?",
    ]


def test_keys_that_cannot_serve_are_told_with_their_rows(tmp_path: Path) -> None:
    found = look(tmp_path, b"id\na\n \na\nb\n c\n", "id")
    assert blocking(found) == [
        "1 rows have a blank key, e.g. row 2",
        "1 rows repeat the key of an earlier row, e.g. row 3",
    ]
    assert "1 keys begin or end with blanks, which count when keys are compared" in [one.what for one in found.remarks]


def test_columns_that_could_be_a_key_are_found_where_none_is_named(tmp_path: Path) -> None:
    found = look(tmp_path, b"id,twice,blank,code\na,1,,x\nb,1,1,y\nc,2,2,z\n")
    assert [column.name for column in found.columns if column.could_be_key] == ["id", "code"]
    assert [column.could_be_key for column in look(tmp_path, b"id,n\na,1\n", "id").columns] == [None, None]


@pytest.mark.parametrize(
    ("body", "what", "fix"),
    [
        (b"id,\na,\n", "column 2 has no name", "The first line ends with a delimiter: take it away."),
        (b"id,n\na,1,\nb,2,\n", "2 rows have not as many fields", "They end with a delimiter and nothing behind it"),
        (b'id,n\na,"1\nb,2\n', "is no CSV", "Look for a quote that is opened and not closed"),
        (b"", "the file is empty", "A table begins with a line that names its columns"),
        (b"\n\n", "the file is empty", "A table begins with a line that names its columns"),
        (b"id,n\n", "the file has a header and no rows", "A table begins with a line that names its columns"),
        (b"PK\x03\x04rest", "a spreadsheet or archive", "Export it as CSV in UTF-8."),
        ("id\n甲\n".encode("utf-16"), "text in UTF-16", "Save it as CSV in UTF-8."),
        (b"id\n\xff\xff\n", "neither UTF-8 nor GB18030", "Save the file as CSV in UTF-8."),
        (b"id\na\0b\n", "neither UTF-8 nor GB18030", "Save the file as CSV in UTF-8."),
    ],
)
def test_what_blocks_has_a_fix(tmp_path: Path, body: bytes, what: str, fix: str) -> None:
    found = look(tmp_path, body)
    [remark] = [remark for remark in found.remarks if remark.blocks]
    assert what in remark.what
    assert fix in remark.fix


@pytest.mark.parametrize(
    ("body", "what", "fix"),
    [
        ("姓名\n甲\n".encode("gb18030"), "read as GB18030", "Look whether names show rightly."),
        (b"id;n\na;1\n", "separated by semicolons", "They are read as such."),
        ("id，n\na，1\n".encode(), "wide commas, which separate nothing", "Replace the wide commas"),
        (b"a17,41\na18,39\n", "numbers where names of columns are expected", "put a line of names before it"),
        (b"id,n\na,1\n\nb,2\n", "1 lines are blank", "They are left out."),
        (b"id,n\na,1\nb,\n", "1 of 2 values of n are blank (50.0%)", "They stay blank"),
        (b"id,n\na,1\nb,NULL\n", "1 values of n are words for a missing one", "leave them blank"),
        (b"n\n" + b"1\n" * 39 + b"1x\n", "1 values are no numbers, as the others are, e.g. in row 40", "Mend"),
    ],
)  # fmt: skip
def test_what_is_odd_is_told_and_does_not_block(tmp_path: Path, body: bytes, what: str, fix: str) -> None:
    found = look(tmp_path, body)
    assert found.usable
    [remark] = [remark for remark in found.remarks if what in remark.what]
    assert fix in remark.fix


def test_no_value_is_told(tmp_path: Path) -> None:
    secret = "13800138000"
    body = f"id,n\n{secret},{secret}x\n{secret}, \n{secret},NA,\n,1\n".encode()
    found = look(tmp_path, body, "id")
    assert not found.usable
    assert secret not in str(found)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be opened"):
        preflight(tmp_path / "absent.csv")


cells = st.text(st.sampled_from('ab1. ,;"\n\té'), max_size=4)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(cells, max_size=3), max_size=5), st.sampled_from([[], ["a"], ["b", "a"], ["x"]]), st.booleans()
)
def test_it_refuses_what_intake_refuses(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], keys: list[str], named: bool
) -> None:
    folder = tmp_path_factory.mktemp("preflight")
    lines = [*([["a", "b"]] if named else []), *rows]
    body = "\n".join(",".join(row) for row in lines).encode()
    found = look(folder, body, *keys)
    try:
        taken = ingest_csv(
            folder / "customers.csv", FileStore(folder / "s"), DatasetName("bank", "t"), key_columns=keys
        )
    except DataError:
        assert not found.usable
    else:
        assert found.usable, found.remarks
        assert [(column.name, column.type) for column in found.columns] == [
            (column.name, column.type) for column in taken.metadata.column_info
        ]
        assert found.rows == taken.metadata.count
