"""Files are looked over before they are taken in; what is wrong is shown with its fix."""

from pathlib import Path

import pytest

from interconn.api import datasets
from interconn.api.datasets import FileColumn, FileRemark, FileVerdict
from tests.cli.conftest import Interconn
from tests.cli.test_verbs import DATASET
from tests.client.fake_node import FakeNode

COLUMN = FileColumn(name="id", type="int", missing=0, could_be_key=True)
GOOD = FileVerdict(usable=True, size=1200, encoding="utf-8", delimiter=",", rows=100, columns=[COLUMN])
ODD = GOOD.model_copy(
    update={"remarks": [FileRemark(blocks=False, what="1 lines are blank", fix="They are left out.")]}
)
BAD = GOOD.model_copy(
    update={
        "usable": False,
        "remarks": [FileRemark(blocks=True, what="2 rows have a blank key", fix="Remove these rows.")],
    }
)
ADD = ("dataset", "add", "loans.csv", "--name", "Loans", "--key", "id", "--key", "day", "--label", "good")


def test_check_shows_what_is_wrong_and_how_to_mend_it(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    fake.answer(datasets.DATASET_CHECK, BAD)
    ran = interconn("dataset", "check", "loans.csv", "--key", "id")
    assert ran.status == 1
    assert "wrong: 2 rows have a blank key\n  Remove these rows.\n" in ran.out
    assert ran.out.endswith("it cannot be taken in as it is\n")
    assert fake.asked[0].members == {
        "path": str(tmp_path / "loans.csv"), "key_columns": ["id"], "label_columns": [],
    }  # fmt: skip


def test_check_of_a_good_file(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(datasets.DATASET_CHECK, ODD, ODD)
    ran = interconn("dataset", "check", "loans.csv")
    assert ran.status == 0
    assert "note: 1 lines are blank" in ran.out
    assert "1,200 bytes" in ran.out
    assert interconn("dataset", "check", "loans.csv", "--json").json["remarks"][0]["fix"] == "They are left out."


def test_check_prints_its_verdict_for_a_machine(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(datasets.DATASET_CHECK, BAD)
    ran = interconn("dataset", "check", "loans.csv", "--json")
    assert (ran.status, ran.json["usable"]) == (1, False)


def test_add_looks_the_file_over_first(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    fake.answer(datasets.DATASET_CHECK, ODD)
    fake.answer(datasets.DATASET_ADD, DATASET)
    ran = interconn(*ADD)
    assert ran.status == 0
    assert "note: 1 lines are blank" in ran.out
    assert "interconn dataset publish loans" in ran.out
    checked, added = fake.asked
    assert checked.members["label_columns"] == ["good"]
    assert added.members == {
        "path": str(tmp_path / "loans.csv"),
        "name": "Loans",
        "key_columns": ["id", "day"],
        "label_columns": ["good"],
        "purpose": "",
    }


def test_add_takes_nothing_in_that_cannot_be(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(datasets.DATASET_CHECK, BAD)
    ran = interconn(*ADD)
    assert ran.status == 1
    assert "it cannot be taken in as it is" in ran.out
    assert len(fake.asked) == 1


@pytest.mark.parametrize("flag", ["--unchecked", "--json"])
def test_add_can_be_told_not_to_look_first(fake: FakeNode, interconn: Interconn, flag: str) -> None:
    fake.answer(datasets.DATASET_ADD, DATASET)
    assert interconn(*ADD, flag).status == 0
    assert len(fake.asked) == 1
