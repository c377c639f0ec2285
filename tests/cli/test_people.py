"""`interconn user` and `interconn token`: against a whole node, with tokens in files that nobody else reads."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from interconn.api import people
from interconn.client import NodeClient
from tests.cli.conftest import Interconn
from tests.client.fake_node import FakeNode
from tests.composed import ComposedNode


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposedNode]:
    composed = ComposedNode(tmp_path_factory.mktemp("people") / "bank", "bank")
    yield composed
    composed.close()


@pytest.fixture(autouse=True)
def _at_home(node: ComposedNode, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("INTERCONN_HOME", str(node.home.root))
    monkeypatch.delenv("INTERCONN_TOKEN_FILE", raising=False)
    with structlog.testing.capture_logs():  # the node's log would stand among what the commands print
        yield


def test_people_are_taken_in_get_a_token_and_act_in_their_own_name(interconn: Interconn, tmp_path: Path) -> None:
    added = interconn("user", "add", "ann", "--role", "data_owner", "--dataset", "loans", "--description", "Ann A.")
    assert (added.status, "interconn token create --user ann" in added.out) == (0, True)
    made = interconn("token", "create", "--user", "ann", "--file", "ann.token")
    assert made.status == 0
    token = (tmp_path / "ann.token").read_text().strip()
    assert token.startswith("interconn_")
    assert token not in made.out + made.err
    assert stat.S_IMODE((tmp_path / "ann.token").stat().st_mode) == 0o600
    me = interconn("user", "me", "--token-file", "ann.token", "--json").json
    assert (me["name"], me["roles"], me["datasets"]) == ("ann", ["data_owner"], ["loans"])
    refused = interconn("user", "add", "eve", "--role", "admin", "--token-file", "ann.token")
    assert refused.status == 1
    assert "ann may not" in refused.err
    assert "data_owner" in refused.err


def test_the_environment_names_the_token(
    interconn: Interconn, tmp_path: Path, node: ComposedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    interconn("user", "add", "ben", "--role", "auditor")
    interconn("token", "create", "--user", "ben", "--file", "ben.token")
    monkeypatch.setenv("INTERCONN_TOKEN_FILE", str(tmp_path / "ben.token"))
    assert interconn("user", "me", "--json").json["name"] == "ben"
    with NodeClient.from_home(node.home.root) as client:
        assert client.users.me().name == "ben"
    with NodeClient.from_home(node.home.root, token_file=node.home.admin_token) as client:
        assert client.users.me().name == "bootstrap"


def test_without_a_file_the_token_alone_is_on_standard_output(interconn: Interconn, tmp_path: Path) -> None:
    interconn("user", "add", "cat", "--role", "operator", "--role", "approver")
    made = interconn("token", "create", "--user", "cat", "--role", "operator", "--read-only", "--expires", "7d")
    (tmp_path / "cat.token").write_text(made.out)
    me = interconn("user", "me", "--token-file", "cat.token", "--json").json
    assert (me["roles"], me["read_only"]) == (["operator"], True)
    machine = interconn("token", "create", "--user", "cat", "--json").json
    assert machine["token"].startswith(f"interconn_{machine['token_id']}_")
    assert "reads only" in interconn("token", "list", "--user", "cat").out


def test_a_token_is_replaced_in_its_file_and_the_old_one_is_over(interconn: Interconn, tmp_path: Path) -> None:
    interconn("user", "add", "dan", "--role", "operator")
    interconn("token", "create", "--user", "dan", "--file", "dan.token")
    old = (tmp_path / "dan.token").read_text()
    assert interconn("token", "rotate", "--token-file", "dan.token").status == 0
    new = (tmp_path / "dan.token").read_text()
    assert new != old
    assert stat.S_IMODE((tmp_path / "dan.token").stat().st_mode) == 0o600
    assert interconn("user", "me", "--token-file", "dan.token").status == 0
    (tmp_path / "old.token").write_text(old)
    assert "revoked" in interconn("user", "me", "--token-file", "old.token").err
    other = interconn("token", "rotate", "--file", "newer.token", "--token-file", "dan.token", "--json").json
    assert other["file"] == "newer.token"
    assert "token" not in other or other["token"] is None


def test_a_file_that_exists_is_never_overwritten_and_no_token_is_made(interconn: Interconn, tmp_path: Path) -> None:
    interconn("user", "add", "fay", "--role", "operator")
    (tmp_path / "taken").write_text("mine")
    for place in ("taken", "nowhere/fay.token"):
        assert interconn("token", "create", "--user", "fay", "--file", place).status == 1
    assert (tmp_path / "taken").read_text() == "mine"
    assert interconn("token", "list", "--user", "fay", "--json").json == {"tokens": []}


def test_roles_change_and_people_are_kept_out(interconn: Interconn) -> None:
    interconn("user", "add", "gus", "--role", "operator")
    interconn("token", "create", "--user", "gus", "--file", "gus.token")
    assert interconn("user", "roles", "gus", "--role", "approver", "--json").json["roles"] == ["approver"]
    assert interconn("user", "disable", "gus", "--json").json["disabled"] is True
    assert "kept out" in interconn("user", "me", "--token-file", "gus.token").err
    assert "gus" in interconn("user", "list").out
    assert interconn("user", "enable", "gus").status == 0
    assert interconn("user", "me", "--token-file", "gus.token").status == 0


def test_the_bootstrap_token_is_ended_by_an_admin(interconn: Interconn, node: ComposedNode) -> None:
    """Last in this file: the node's own token is over afterwards."""
    assert "interconn token revoke bootstrap" in interconn("node", "status").out
    interconn("user", "add", "ada", "--role", "admin")
    interconn("token", "create", "--user", "ada", "--file", "ada.token")
    ended = interconn("token", "revoke", "bootstrap", "--token-file", "ada.token")
    assert (ended.status, "REVOKED" in ended.out) == (0, True)
    assert interconn("node", "status").status == 1
    shown = interconn("node", "status", "--token-file", "ada.token").out
    assert "bootstrap" not in shown
    assert interconn("node", "ready", "--wait", "30").out == "ready\n"


def test_no_command_takes_a_token_as_an_argument(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(people.TOKEN_ROTATE, people.TokenView(
        token_id="x", user="u", roles=[], status="LIVE", created_at=1, created_by="y"
    ))  # fmt: skip
    for words in (["create"], ["rotate"], ["list"], ["revoke"]):
        shown = interconn("token", *words, "--help").out
        assert "--token " not in shown
    assert json.dumps(fake.asked, default=str) == "[]"
