"""A partner written by hand changes its key and its address, and tells of projects (MGT-3.4, MGT-5.5, MGT-5.6)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interoperation.client import Reply
from tests.interoperation.conftest import Grounds, meet
from tests.interoperation.node import Node, wait_for
from tests.interoperation.partner import BASE, Contract, Partner, fresh
from tests.interoperation.signature import Signer

OTHER_TYPE, NEEDS_A_PERSON, WRONG_PROOF = 40900, 40903, 40102

pytestmark = pytest.mark.slow


@pytest.fixture
def mover(node: Node, tmp_path: Path) -> Iterator[Partner]:
    """A partner of its own, under contract."""
    made = meet(node, tmp_path / "mover", fresh("mover-"), "SHA256_ECDSA")
    applied = made.apply()
    node.command("peer", "approve", applied.contract_id, "--fingerprint", made.signer.credential.fingerprint)
    wait_for(lambda: applied.status == "APPROVED", what="the confirm of the contract")
    yield made
    made.server.stop()


def contract_of(partner: Partner) -> Contract:
    return next(iter(partner.contracts.values()))


def proof(partner: Partner, new: Signer, contract_id: str) -> str:
    """That the new key is held, as docs/signature.md says."""
    lines = (
        "INTERCONN-1-KEY",
        new.auth_type,
        new.credential.fingerprint,
        partner.signer.credential.fingerprint,
        partner.node_id,
        partner.caller.peer,
        contract_id,
    )
    return new.sign("\n".join(lines).encode())


def update(partner: Partner, new: Signer, *, key_proof: str | None = None, **changed: Any) -> Reply:
    contract_id = contract_of(partner).contract_id
    members = partner.card() | {
        "contract_id": contract_id,
        "auth_type": new.auth_type,
        "auth_credential": new.credential.pem,
    }
    del members["node_id"]  # cannot change, and is not in the body (MGT-3.4)
    headers = {} if key_proof == "" else {"x_interconn_key_proof": key_proof or proof(partner, new, contract_id)}
    return partner.post("/node/update", members | changed, **headers)


def sign_with(partner: Partner, signer: Signer) -> None:
    partner.signer = partner.caller.signer = partner.server.signer = signer


def served(partner: Partner) -> bool:
    reply = partner.get("/dataset/pub/list", contract_id=contract_of(partner).contract_id)
    assert reply.code in (0, WRONG_PROOF), reply.body
    return bool(reply.code == 0)


def test_mgt_3_4_new_key_counts_at_once_and_the_old_one_for_a_while(mover: Partner) -> None:
    old, new = mover.signer, Signer.fresh("SHA256_ECDSA")
    assert update(mover, new).code == 0
    assert served(mover)  # the old one, on requests that were on their way
    sign_with(mover, new)
    assert served(mover)
    assert mover.get("/node/contract/query", contract_id=contract_of(mover).contract_id).data == {"status": "APPROVED"}
    stranger = Signer.fresh("SHA256_ECDSA")
    sign_with(mover, stranger)
    assert not served(mover)
    sign_with(mover, old)
    assert served(mover)


def test_mgt_3_4_a_lost_answer_is_repaired_by_repeating(mover: Partner) -> None:
    new = Signer.fresh("SHA256_ECDSA")
    for _ in range(2):
        assert update(mover, new).code == 0
    sign_with(mover, new)
    assert update(mover, new).code == 0
    assert served(mover)


def test_mgt_3_4_what_is_not_taken(mover: Partner, partner: Partner, contract: Contract) -> None:
    new = Signer.fresh("SHA256_ECDSA")
    contract_id = contract_of(mover).contract_id
    assert update(mover, new, key_proof=proof(mover, Signer.fresh("SHA256_ECDSA"), contract_id)).code == WRONG_PROOF
    assert update(mover, new, key_proof="").code == NEEDS_A_PERSON
    assert update(mover, Signer.fresh("SHA256_RSA")).code == OTHER_TYPE  # another way of signing
    assert update(mover, new, contract_id=contract.contract_id).code != 0  # somebody else's contract
    for missing in ("address", "auth_credential", "auth_type", "inst_id", "institution", "name", "system"):
        assert update(mover, new, **{missing: None}).code != 0, missing
    assert served(mover)
    sign_with(mover, new)
    assert not served(mover)


def test_mgt_3_4_the_next_call_goes_to_the_new_address(node: Node, mover: Partner, tmp_path: Path) -> None:
    moved = meet(node, tmp_path / "moved", mover.node_id, "SHA256_ECDSA")  # the same node id, elsewhere
    try:
        moved.contracts, moved.caller.peer_credential = mover.contracts, mover.caller.peer_credential
        sign_with(moved, mover.signer)
        assert update(mover, mover.signer, address=moved.server.address).code == 0
        table = tmp_path / "table.csv"
        table.write_text("id,age\na,1\n")
        project = node.command("project", "create", "after the move", "--partner", mover.node_id)
        asked = wait_for(lambda: next(iter(moved.audits.values()), None), what="the application at the new address")
        assert asked.application["project_id"] == project["project_id"]
        assert not mover.server.arrivals(f"{BASE}/project/audit/apply")
    finally:
        moved.server.stop()


# ---------------------------------------------------------------- projects


def test_mgt_5_5_and_5_6_only_projects_in_which_the_asking_side_takes_part(
    node: Node, partner: Partner, contract: Contract, mover: Partner
) -> None:
    name = fresh("joint-")
    arguments = ("--partner", "operator", "--description", "what two find out", "--type", "PSI")
    ours = node.command("project", "create", name, *arguments)["project_id"]
    alone = node.command("project", "create", "another's", "--partner", mover.node_id)["project_id"]
    listed = partner.get("/project/list", contract_id=contract.contract_id, page_size=-1).data
    assert listed["total"] == len(listed["records"])
    found = {record["project_id"]: record for record in listed["records"]}
    assert alone not in found
    assert found[ours] == {
        "project_id": ours,
        "name": name,
        "description": "what two find out",
        "type": "PSI",
    }
    shown = partner.get("/project/query", contract_id=contract.contract_id, project_id=ours).data
    assert {each["node_id"] for each in shown["nodes"]} == {"bank", "operator"}
    assert all(each["name"] and each["inst_id"] for each in shown["nodes"])
    assert set(shown["datasets"]) <= {"bank", "operator"}
    for hidden in (alone, fresh("project-")):
        assert partner.get("/project/query", contract_id=contract.contract_id, project_id=hidden).code == 40400


def test_mgt_5_5_and_5_6_the_node_asks_for_the_partners_projects(node: Node, grounds: Grounds) -> None:
    project_id = grounds.project_id
    grounds.partner.projects[project_id] = {
        "project_id": project_id,
        "name": "credit",
        "description": "as its initiator tells it",
        "nodes": [{"node_id": "operator", "name": "operator", "inst_id": "operator.example"}],
        "datasets": {"bank": ["customers"]},
    }
    assert [found["project_id"] for found in node.command("project", "discover", "operator")["records"]] == [project_id]
    shown = node.command("project", "show", "operator", project_id)
    assert shown["description"] == "as its initiator tells it"
    assert shown["datasets"] == {"bank": ["customers"]}
