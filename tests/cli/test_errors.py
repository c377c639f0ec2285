"""How commands end when something is wrong: one line, the next step, and an exit status."""

import json
from pathlib import Path

import pytest

from interconn.api import peers
from interconn.cli.application import run
from interconn.standard.errors import BadSignature, ContractNotUsable
from tests.cli.conftest import Interconn
from tests.client.fake_node import TOKEN, FakeNode


def test_wrong_usage_ends_with_2_and_names_what_is_missing(interconn: Interconn) -> None:
    ran = interconn("peer", "approve", "contract-1")
    assert ran.status == 2
    assert "--fingerprint" in ran.err
    assert "next:" in ran.err


def test_an_unknown_verb_is_corrected(interconn: Interconn) -> None:
    ran = interconn("peer", "aprove")
    assert ran.status == 2
    assert 'Did you mean "approve"?' in ran.err


def test_wrong_usage_is_told_to_machines_as_json(interconn: Interconn) -> None:
    ran = interconn("peer", "aprove", "--json")
    assert ran.status == 2
    assert ran.json["error"]["error"] == "Usage"
    assert ran.err == ""


def test_a_refusal_shows_what_where_clause_and_next_step(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(peers.PEER_ASK, ContractNotUsable("expired", where="c-1", clause="MGT-3-contract-state", hint="renew"))
    ran = interconn("peer", "show", "operator")
    assert ran.status == 1
    assert ran.out == ""
    assert ran.err == "error: c-1: expired [MGT-3-contract-state]\nnext: renew\n"


def test_a_refusal_is_told_to_machines_as_json(fake: FakeNode, interconn: Interconn) -> None:
    error = BadSignature("another key", where="fingerprint", hint="ask by telephone")
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[]))
    fake.answer(peers.PEER_APPROVE, error)
    ran = interconn("peer", "approve", "c-1", "--fingerprint", "ab", "--json")
    assert ran.status == 1
    assert ran.json == {"error": error.to_json()}
    assert ran.err == ""


def test_a_value_that_no_node_would_take_is_wrong_usage(fake: FakeNode, interconn: Interconn) -> None:
    ran = interconn("peer", "show", "no such/id")
    assert ran.status == 2
    assert "node_id" in ran.err
    assert fake.asked == []


def test_no_node_at_all_says_how_to_make_one(interconn: Interconn) -> None:
    ran = interconn("peer", "list")
    assert ran.status == 1
    assert "interconn node init" in ran.err


def test_a_stopped_node_says_how_to_start_it(fake: FakeNode, interconn: Interconn, tmp_path: Path) -> None:
    (tmp_path / "home/run/listeners.json").unlink()
    ran = interconn("peer", "list")
    assert ran.status == 1
    assert f"interconn node run --home {tmp_path / 'home'}" in ran.err


def test_url_and_token_file_replace_the_home(
    fake: FakeNode, interconn: Interconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INTERCONN_HOME")
    fake.answer(peers.PEER_LIST, peers.ContractViews(contracts=[]))
    (tmp_path / "token").write_text(TOKEN)
    ran = interconn("peer", "list", "--url", fake.access.url, "--token-file", str(tmp_path / "token"), "--json")
    assert (ran.status, ran.json) == (0, {"contracts": [], "total": 0})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"dag": }', "not JSON"),
        ("[]", "JSON object"),
        ('{"dag": {"version": "1", "components": []}}', "dag"),
        ('{"config": {"version": "1"}}', "initiator"),
        ("{}", "no member 'dag'"),
        (None, "No such file"),
    ],
    ids=["broken", "a list", "no components", "half a configuration", "no dag", "no file"],
)
def test_a_flow_file_that_cannot_serve_is_refused(
    content: str | None, told: str, fake: FakeNode, interconn: Interconn, tmp_path: Path
) -> None:
    file = tmp_path / "flow.json"
    if content is not None:
        file.write_text(content)
    ran = interconn("flow", "create", str(file), "--project", "p-1")
    assert ran.status == 1
    assert str(file) in ran.err
    assert told in ran.err or told == "dag"
    assert fake.asked == []


def test_a_data_set_of_a_project_must_name_its_node(fake: FakeNode, interconn: Interconn) -> None:
    ran = interconn("project", "create", "p", "--partner", "operator", "--dataset", "customers")
    assert ran.status == 1
    assert "NODE/DATASET" in ran.err


def test_a_table_for_one_institution_alone_makes_no_demonstration(interconn: Interconn) -> None:
    ran = interconn("demo", "--bank", "a.csv", "--json")
    assert ran.status == 1
    assert "--operator" in json.dumps(ran.json)


def test_a_directory_that_cannot_be_made_is_an_error_and_no_traceback(interconn: Interconn, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = interconn("lab", "up", "--nodes", "1", "--home", str(tmp_path / "file/lab"))
    assert ran.status == 1
    assert "cannot be made" in ran.err


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch, fake: FakeNode) -> None:
    from interconn.client import NodeClient

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(NodeClient, "ask", interrupted)
    assert run(["peer", "list"]) == 130
