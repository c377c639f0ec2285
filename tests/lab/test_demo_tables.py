"""The demonstration's tables, and the plaintext join that its result is held to."""

from pathlib import Path

import pytest

from interconn.lab.demo.tables import Tables, german_credit, plaintext_join, read_keys
from interconn.standard.errors import DataError


def test_german_credit_is_split_the_same_way_every_time(tmp_path: Path) -> None:
    first, second = german_credit(tmp_path / "first"), german_credit(tmp_path / "second")
    assert first.bank.read_bytes() == second.bank.read_bytes()
    assert first.operator.read_bytes() == second.operator.read_bytes()


def test_each_side_has_customers_and_columns_of_its_own(tmp_path: Path) -> None:
    tables = german_credit(tmp_path)
    bank, operator = read_keys(tables.bank, "id"), read_keys(tables.operator, "id")
    assert (len(set(bank)), len(set(operator))) == (800, 750)
    assert len(plaintext_join(tables)) == 600
    shared = set(bank) & set(operator)
    assert [key for key in bank if key in shared] != [key for key in operator if key in shared]
    bank_columns, operator_columns = (
        set(file.read_text().splitlines()[0].split(",")) for file in (tables.bank, tables.operator)
    )
    assert bank_columns & operator_columns == {"id"}
    assert "creditability" in bank_columns
    assert len(bank_columns | operator_columns) == 22


@pytest.mark.parametrize(
    ("raw", "keys"),
    [
        (b"id,name\n1,a\n2,b\n", ["1", "2"]),
        (b"\xef\xbb\xbfid;name\r\n1;a\r\n", ["1"]),
        ("name\tid\n王\t7\n".encode("gb18030"), ["7"]),
        (b'id,name\n"1,5","a\nb"\n', ["1,5"]),
    ],
    ids=["plain", "mark, semicolons and CRLF", "GB18030 and tabs", "quoted"],
)
def test_keys_are_read_as_they_stand(raw: bytes, keys: list[str], tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_bytes(raw)
    assert read_keys(file, "id") == keys


def test_a_missing_column_names_those_there_are(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("number,name\n1,a\n")
    with pytest.raises(DataError, match="no column id") as caught:
        plaintext_join(Tables(file, file, "id"))
    assert "number, name" in str(caught.value.hint)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "table.csv").touch()
    with pytest.raises(DataError, match="is empty"):
        read_keys(tmp_path / "table.csv", "id")


def test_the_key_may_have_another_name_at_the_operator(tmp_path: Path) -> None:
    bank, operator = tmp_path / "bank.csv", tmp_path / "operator.csv"
    bank.write_text("ID,a\n1,x\n2,y\n")
    operator.write_text("b,id\nz,2\nz,3\n")
    assert plaintext_join(Tables(bank, operator, "ID", "id")) == {"2"}
    with pytest.raises(DataError, match="no column ID") as caught:
        plaintext_join(Tables(bank, operator, "ID"))
    assert caught.value.where == str(operator)
    assert "--operator-key" in str(caught.value.hint)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read") as caught:
        read_keys(tmp_path / "none.csv", "id")
    assert caught.value.where == str(tmp_path / "none.csv")
