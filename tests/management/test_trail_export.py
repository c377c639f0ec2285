"""An export of a real session of three nodes: in order as it is, at fault wherever somebody laid hands on it."""

from __future__ import annotations

import copy
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interconn.api.audits import AUDIT_TERMINATE, PROJECT_CREATE
from interconn.cli.application import run
from interconn.identity.keys import Signer
from interconn.management.permits.tables import Permit
from interconn.trail import document
from interconn.trail.heads import sign_head
from interconn.trail.verification import held, verify
from tests.management.conftest import Network, Scene, staged
from tests.management.trail_exports import Records, chained, export, in_order, numbers, read, seal

PARTIES = ("bank", "operator", "clearing")


POLICY = '[[rule]]\nname = "known"\nverdict = "approve"\nkinds = ["PROJECT"]\npartners = ["bank"]\n'


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory, signers: dict[str, Signer], stage_of_holders: Path) -> Path:
    """A data set is granted, a job uses it, the grant is revoked; heads are exchanged, all three export.

    Beside the exports lie the secrets of the session, one a line.
    """
    folder = tmp_path_factory.mktemp("session")

    async def play(network: Network) -> None:
        scene = Scene.of(network)
        grant = await scene.grant()
        job = await scene.job()
        await scene.admit(job)
        secrets = {permit.token for permit in await scene.bank.rows(Permit)}
        await scene.operator.declare(POLICY)
        await scene.bank.ask(PROJECT_CREATE, name="known", partners=["operator"], project_id="known")
        await network.settle()
        await scene.operator.ask(AUDIT_TERMINATE, audit_id=grant.audit_id, reason="purpose fulfilled")
        await network.settle()
        for name in PARTIES:
            await network.nodes[name].trail_keeping.exchange.give_all()
        for name in PARTIES:
            await export(network.nodes[name], folder / f"{name}.jsonl")
        await export(scene.operator, folder / "part.jsonl", partner="bank")
        await export(scene.operator, folder / "since.jsonl", since=network.clock.time)
        presented = [one.headers["x-mprac-token-set"] for one in network.passed if "x-mprac-token-set" in one.headers]
        secrets |= {one.rpartition("/")[2] for value in presented for one in value.split(",")}
        (folder / "secrets.txt").write_text("\n".join(sorted(secrets)))

    staged(tmp_path_factory.mktemp("nodes"), stage_of_holders, signers, play)
    return folder


@pytest.fixture(scope="session")
def records(session: Path) -> Records:
    """What operator's export holds."""
    return read(session / "operator.jsonl")


def test_an_export_is_in_order_and_every_partner_vouches_for_it(session: Path) -> None:
    paths = {name: session / f"{name}.jsonl" for name in PARTIES}
    heads = [head for path in paths.values() for head in held(path)]
    for name, path in paths.items():
        report = in_order(verify(path, heads))
        assert (report.node_id, report.partial) == (name, False)
        assert report.proofs >= 5
        assert set(report.held_by) == set(report.partner_keys) == set(paths) - {name}


# --- evidence -------------------------------------------------------------------------------------------------------


def entries(records: Records, action: str) -> Records:
    return [record for record in records if record.get("action") == action]


def test_what_a_partner_asked_for_is_kept_as_it_signed_it(records: Records) -> None:
    [received] = entries(records, "dataset.receive")
    evidence = received["evidence"]
    assert evidence["kind"] == "request"
    assert evidence["signed"].startswith(f"INTERCONN-1\n{evidence['auth_type']}\n{evidence['fingerprint']}\nPOST\n")
    assert json.loads(evidence["body"])["dataset_id"] == "operator-table"


def test_a_body_with_a_permit_is_kept_without_its_token(session: Path) -> None:
    confirmed = entries(read(session / "bank.jsonl"), "dataset.confirm")[0]
    evidence = confirmed["evidence"]
    assert evidence["withheld"] == ["resource_permit.token"]
    assert "body" not in evidence
    assert evidence["content"]["resource_permit"]["resource_id"] == "operator-table"
    assert evidence["signed"].endswith(confirmed["request_digest"])


def test_a_partners_answer_is_kept_as_it_signed_it(session: Path) -> None:
    [introduced] = [
        one for one in entries(read(session / "bank.jsonl"), "contract.introduced") if one["partner"] == "operator"
    ]
    assert introduced["evidence"]["kind"] == "reply"
    assert json.loads(introduced["evidence"]["body"])["data"]["node_id"] == "operator"


def test_a_person_is_named_with_roles(records: Records) -> None:
    [approved] = entries(records, "dataset.approve")
    assert approved["actor"].startswith("person:")
    assert approved["evidence"]["kind"] == "person"
    assert "roles" in approved["evidence"]


def test_no_secret_of_the_session_is_in_any_export(session: Path) -> None:
    secrets = (session / "secrets.txt").read_text().split()
    assert secrets
    for path in session.glob("*.jsonl"):
        text = path.read_text()
        assert [secret for secret in secrets if secret in text] == []


# --- whatever is done to an export -----------------------------------------------------------------------------------


def changed(value: Any, pick: st.DataObject) -> Any:
    """The value with one part of it changed."""
    if isinstance(value, dict) and value:
        name = pick.draw(st.sampled_from(sorted(value)))
        return {**value, name: changed(value[name], pick)}
    if isinstance(value, list) and value:
        place = pick.draw(st.integers(0, len(value) - 1))
        return [*value[:place], changed(value[place], pick), *value[place + 1 :]]
    if isinstance(value, str) and value:
        place = pick.draw(st.integers(0, len(value) - 1))
        return f"{value[:place]}{'a' if value[place] != 'a' else 'b'}{value[place + 1 :]}"
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, int):
        return value + pick.draw(st.sampled_from([-1, 1, 2**40]))
    return "x"  # an empty text, list or object is one no more


def edited(records: Records, pick: st.DataObject, places: list[int]) -> Records:
    """The records after one of the things that can be done to them at some places."""
    found = copy.deepcopy(records)
    place = pick.draw(st.sampled_from(places))
    what = pick.draw(st.sampled_from(["change", "remove", "swap", "insert", "truncate"]))
    if what == "change":
        found[place] = changed(found[place], pick)
    elif what == "remove":
        del found[place]
    elif what == "swap":
        other = pick.draw(st.sampled_from([one for one in places if one != place]))
        found[place], found[other] = found[other], found[place]
    elif what == "insert":
        found.insert(place, copy.deepcopy(found[pick.draw(st.sampled_from(places))]))
    else:
        found = found[:place] + found[max(places) + 1 :]
    return found


@given(st.data())
@settings(max_examples=150)
def test_anything_done_to_entries_is_found_also_by_who_seals_the_file_anew(
    records: Records, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("edited") / "edited.jsonl"
    fault = verify(seal(path, edited(records, data, numbers(records)))).fault
    assert fault
    assert fault.entry is not None


@given(st.data())
@settings(max_examples=150)
def test_anything_done_to_any_line_is_found(
    session: Path, records: Records, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    original = (session / "operator.jsonl").read_bytes()
    end = original.splitlines()[-1]
    lines = [document.write(one) for one in edited(records, data, list(range(len(records))))]
    path = tmp_path_factory.mktemp("edited") / "edited.jsonl"
    path.write_bytes(b"\n".join([*lines, end]) + b"\n")
    assert verify(path).fault


@given(st.data())
@settings(max_examples=60)
def test_a_file_cut_anywhere_is_found(
    session: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    original = (session / "operator.jsonl").read_bytes()
    path = tmp_path_factory.mktemp("cut") / "cut.jsonl"
    path.write_bytes(original[: data.draw(st.integers(0, len(original) - 2))])
    assert verify(path).fault


def test_the_first_entry_at_fault_is_named(session: Path, records: Records, tmp_path: Path) -> None:
    found = copy.deepcopy(records)
    for place in numbers(records)[4:]:
        found[place]["actor"] = "person:nobody"
    fault = verify(seal(tmp_path / "changed.jsonl", found)).fault
    assert fault
    assert fault.entry == 5


def test_a_signature_that_does_not_fit_is_found_though_the_chain_does(records: Records, tmp_path: Path) -> None:
    found = copy.deepcopy(records)
    place = next(at for at in numbers(found) if found[at]["evidence"].get("kind") == "request")
    found[place]["evidence"]["signed"] = found[place]["evidence"]["signed"].replace("POST", "PUT")
    chained(found, place)
    fault = verify(seal(tmp_path / "forged.jsonl", found)).fault
    assert fault
    assert fault.entry == found[place]["number"]
    assert "proof" in fault.message


def test_a_key_that_no_contract_introduced_is_found(records: Records, tmp_path: Path, signers: Any) -> None:
    found = copy.deepcopy(records)
    place = next(at for at in numbers(found) if found[at]["action"] == "dataset.receive")
    evidence, key = found[place]["evidence"], signers["mallory"]
    lines = evidence["signed"].split("\n")
    lines[1:3] = [key.credential.auth_type.value, key.credential.fingerprint]
    evidence |= {
        "signed": "\n".join(lines),
        "signature": key.sign("\n".join(lines).encode()),
        "auth_type": key.credential.auth_type.value,
        "credential": key.credential.pem,
        "fingerprint": key.credential.fingerprint,
    }
    chained(found, place)
    fault = verify(seal(tmp_path / "forged.jsonl", found)).fault
    assert fault
    assert fault.entry == found[place]["number"]
    assert "no contract entry introduced" in fault.message


# --- an administrator who has the node's key ---------------------------------------------------------------------


def rewritten(records: Records, key: Signer, last: int, *, edit: bool) -> Records:
    """A trail up to `last` with all hashes and heads made anew, and without what partners gave."""
    kept = [record for record in records if record["record"] != document.ENTRY or record["number"] <= last]
    found = copy.deepcopy([one for one in kept if one["record"] in (document.BEGIN, document.ENTRY)])
    if edit:
        place = next(at for at in numbers(found) if found[at]["action"] == "dataset.approve")
        found[place]["actor"] = "person:somebody-else"
        chained(found, place)
    found[0] |= {"last": last, "partial": False}
    newest = found[-1]
    head = sign_head(key, node_id="operator", number=last, chain=newest["chain"], time=newest["at"])
    return [*found, {"record": document.HEAD, **head.to_wire()}]


def test_a_rewriting_administrator_is_found_by_a_partners_head(
    session: Path, records: Records, signers: dict[str, Signer], tmp_path: Path
) -> None:
    last = records[0]["last"]
    path = seal(tmp_path / "operator.jsonl", rewritten(records, signers["operator"], last, edit=True))
    in_order(verify(path))  # who has the key can make a trail that is in order by itself
    fault = verify(path, held(session / "bank.jsonl")).fault
    assert fault
    assert "rewritten" in fault.message


def test_a_cut_tail_is_found_by_a_partners_head(
    session: Path, records: Records, signers: dict[str, Signer], tmp_path: Path
) -> None:
    last = records[0]["last"] - 4
    path = seal(tmp_path / "operator.jsonl", rewritten(records, signers["operator"], last, edit=False))
    in_order(verify(path))
    fault = verify(path, held(session / "clearing.jsonl")).fault
    assert fault
    assert fault.entry == last + 1
    assert "tail is cut" in fault.message


def test_a_tail_cut_from_entries_alone_is_found_by_the_nodes_own_head(records: Records, tmp_path: Path) -> None:
    found = copy.deepcopy(records)
    del found[numbers(found)[-1]]
    found[0]["last"] -= 1
    assert verify(seal(tmp_path / "cut.jsonl", found)).fault


def test_a_trail_replaced_with_another_key_is_found(
    session: Path, records: Records, signers: dict[str, Signer], tmp_path: Path
) -> None:
    found = rewritten(records, signers["mallory"], records[0]["last"], edit=True)
    fault = verify(seal(tmp_path / "operator.jsonl", found), held(session / "bank.jsonl")).fault
    assert fault
    assert "which this export does not name" in fault.message


# --- parts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["part", "since"])
def test_a_part_is_in_order_and_says_so(session: Path, name: str) -> None:
    report = in_order(verify(session / f"{name}.jsonl", held(session / "bank.jsonl")))
    assert report.node_id == "operator"
    assert name == "since" or (report.partial and report.omitted > 0)


def test_a_part_by_partner_shows_nothing_of_others(session: Path) -> None:
    found = read(session / "part.jsonl")
    assert {record["partner"] for record in found if record["record"] == document.ENTRY} == {"bank"}


def test_a_gap_that_is_made_wider_is_found(session: Path, tmp_path: Path) -> None:
    found = read(session / "part.jsonl")
    gap = numbers(found, document.OMITTED)[0]
    found[gap]["to"] += 1
    del found[gap + 1]
    assert verify(seal(tmp_path / "part.jsonl", found)).fault


# --- the command line ----------------------------------------------------------------------------------------------


def test_two_parties_exports_are_verified_against_each_other(session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    operator, bank = session / "operator.jsonl", session / "bank.jsonl"
    assert run(["audit", "verify", str(operator), "--against", str(bank), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["node_id"] for one in told] == ["operator", "bank"]


def test_a_fault_ends_with_a_sentence_and_a_status(
    records: Records, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = copy.deepcopy(records)
    del found[numbers(found)[2]]
    assert run(["audit", "verify", str(seal(tmp_path / "cut.jsonl", found))]) == 1
    assert "entry 3 is not where it should be" in capsys.readouterr().out


def test_what_is_no_export_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "letter.txt").write_text("Dear auditor")
    assert run(["audit", "verify", str(tmp_path / "letter.txt")]) == 1
    assert "no record of an export" in capsys.readouterr().out


# --- an auditor's questions (docs/audit-trail.md) ------------------------------------------------------------------

EMPTY = {"8": "what ran after the revocation"}


def questions(page: Path) -> dict[str, list[str]]:
    """The numbered questions of the page with the command that answers each."""
    found = re.findall(r"^\*\*(\d+)\. .+\n\n    interconn (.+)$", page.read_text(), re.MULTILINE)
    return {number: shlex.split(command) for number, command in found}


@pytest.fixture
def answers(
    session: Path, repository: Path, records: Records, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> dict[str, Any]:
    """What the commands of the page print, by the number of the question."""
    monkeypatch.chdir(session)
    [used] = [one for one in entries(records, "permit.use") if one["subject"] == "dataset:operator-table"]
    [revoked] = entries(records, "dataset.terminate")
    [ruled] = entries(records, "project.approve")[-1:]
    names = {
        "JOB_ID": used["details"]["job"],
        "REVOKED": str(revoked["number"]),
        "DIGEST": ruled["details"]["policy"],
    }
    found = {}
    for number, words in questions(repository / "docs" / "audit-trail.md").items():
        assert run([names.get(word, word) for word in words]) == 0
        printed = capsys.readouterr().out
        found[number] = json.loads(printed) if "--json" in words else printed
    return found


def test_every_question_of_an_auditor_has_its_answer_in_the_export(answers: dict[str, Any]) -> None:
    assert len(answers) >= 12
    assert {number for number, answer in answers.items() if answer in ([], "no such entries\n")} == set(EMPTY)


def test_the_answers_say_who_what_and_by_which_key(answers: dict[str, Any], records: Records, signers: Any) -> None:
    key = signers["bank"].credential.fingerprint
    [approved], [asked], [acknowledged, ended] = answers["1"], answers["2"], answers["3"]
    assert (approved["actor"], approved["partner"]) == ("person:ann", "bank")
    assert (asked["signed_by"], asked["fingerprint"]) == ("bank", key)
    assert json.loads(asked["said"])["audit_id"] == approved["details"]["audit"]
    assert (acknowledged["proof"], acknowledged["fingerprint"]) == ("reply", key)
    assert (acknowledged["clause"], ended["clause"]) == ("MGT-4.4", "MGT-4.5")
    [used], [revoked] = answers["4"], answers["7"]
    assert used["details"]["audit"] == approved["details"]["audit"]
    assert used["number"] < revoked["number"]
    assert revoked["details"]["reason"] == "purpose fulfilled"
    received = next(one for one in answers["5"] if one["action"] == "job.receive")
    assert '"dataset_id":"operator-table"' in received["said"].replace('\\"', '"')
    assert key in {one["details"]["fingerprint"] for one in answers["9"]}
    [policy] = answers["11"]
    assert "rule:known" in answers["10"] and policy["details"]["text"] == POLICY


def test_verifying_and_asking_need_no_database_and_no_web_stack(session: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "from interconn.trail.verification import verify\n"
        "from interconn.trail.questions import Criteria, find\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "assert verify(path).fault is None and list(find(path, Criteria()))\n"
        "print(*sorted({'sqlalchemy', 'starlette', 'aiohttp', 'alembic'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(session / "operator.jsonl")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
