"""Whoever takes in files has them read by the node, which can read more than its people may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interconn.api import datasets, models, people
from interconn.api.roles import Role
from tests.access.conftest import Staffed

PRIVATE = ("admin.token", "node.toml", "keys", "state/node.db", "tls/node.key")


def files_of(home: Path) -> list[Path]:
    found = [home / name for name in PRIVATE]
    return [next(path.rglob("*.pem"), path) if path.is_dir() else path for path in found]


def refused(staffed: Staffed, path: Path | str) -> None:
    """A data owner gets the file in neither as data set nor as model, and reads nothing of it in the refusal."""
    token = staffed.tokens[Role.DATA_OWNER]
    for row, members in (
        (datasets.DATASET_ADD, {"name": "t", "key_columns": ["id"]}),
        (datasets.DATASET_CHECK, {}),
        (models.MODEL_ADD, {"name": "m"}),
    ):
        answer = staffed.node.own(row, token, path=str(path), **members)
        assert answer.status == 403, answer.body
        assert b"belongs to the node itself" in answer.body
        assert staffed.node.token.encode() not in answer.body


def test_a_data_owner_does_not_take_in_the_admin_token_or_a_private_key(staffed: Staffed, tmp_path: Path) -> None:
    for number, path in enumerate(files_of(staffed.node.home.root)):
        refused(staffed, path)
        link = tmp_path / f"innocent-{number}.csv"
        link.symlink_to(path)
        refused(staffed, link)
        refused(staffed, path.parent / ".." / path.parent.name / path.name)


def test_a_hard_link_to_a_private_file_is_the_private_file(staffed: Staffed, tmp_path: Path) -> None:
    for number, path in enumerate(files_of(staffed.node.home.root)):
        link = tmp_path / f"innocent-{number}.csv"
        link.hardlink_to(path)
        try:
            refused(staffed, link)
        finally:
            link.unlink()


@pytest.mark.parametrize("path", ["/proc/self/environ", "/proc/self/cmdline", "/proc/thread-self/environ"])
def test_a_data_owner_does_not_take_in_the_environment_of_the_node(staffed: Staffed, path: str) -> None:
    refused(staffed, path)


def test_a_link_of_a_process_to_its_root_leads_to_no_private_file(staffed: Staffed) -> None:
    refused(staffed, f"/proc/self/root{staffed.node.home.admin_token}")


def test_a_data_owner_of_some_does_not_take_in_the_data_set_of_another_under_a_name_of_ones_own(
    staffed: Staffed, tmp_path: Path
) -> None:
    table = tmp_path / "loans.csv"
    table.write_text("id,age\n1,20\n2,30\n")
    owner = staffed.tokens[Role.DATA_OWNER]
    members: dict[str, Any] = {"name": "t", "key_columns": ["id"]}
    staffed.node.data(datasets.DATASET_ADD, owner, path=str(table), dataset_id="loans", **members)
    staffed.node.data(people.USER_ADD, name="ben", roles=["data_owner"], datasets=["copy"])
    ben = staffed.node.data(people.TOKEN_CREATE, user="ben")["token"]
    stored = staffed.node.home.storage / "datasets" / "loans" / "data_0"
    assert stored.is_file()
    answer = staffed.node.own(datasets.DATASET_ADD, ben, path=str(stored), dataset_id="copy", **members)
    assert answer.status == 403, answer.body
    assert b"answers for other data sets than loans" in answer.body
    staffed.node.data(datasets.DATASET_ADD, ben, path=str(table), dataset_id="copy", **members)
