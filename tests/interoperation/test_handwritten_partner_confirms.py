"""Verdicts that a partner gives on what a node asked of it: taken once, and only from whom they may come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.interoperation.conftest import meet
from tests.interoperation.node import Node, wait_for
from tests.interoperation.partner import Audit, Contract, Partner
from tests.interoperation.signature import Signer


@dataclass
class Holder:
    """A partner that the node applied to, and holds a data set."""

    node: Node
    partner: Partner
    contract: Contract

    def asked(self) -> Audit:
        """An application of the node for the data set, still open."""
        known = set(self.partner.audits)
        self.node.command("dataset", "request", "holder", "claims")
        name = wait_for(lambda: next(iter(set(self.partner.audits) - known), None), what="MGT-4.3 at the partner")
        return self.partner.audits[name]

    def status(self, audit: Audit) -> tuple[str, bool]:
        audits = self.node.command("audit", "list")["audits"]
        found = next(each for each in audits if each["audit_id"] == audit.audit_id)
        return found["status"], found["has_permit"]


def apply(node: Node, partner: Partner) -> Contract:
    """Have the node apply to a partner whose fingerprint its person knows."""
    fingerprint = partner.signer.credential.fingerprint
    node.command("peer", "apply", partner.server.address, "--node-id", partner.node_id, "--fingerprint", fingerprint)
    contract: Contract = wait_for(lambda: next(iter(partner.contracts.values()), None), what="MGT-3.1 at the partner")
    return contract


def seen(node: Node, contract: Contract) -> dict[str, Any]:
    contracts: list[dict[str, Any]] = node.command("peer", "list")["contracts"]
    return next((each for each in contracts if each["contract_id"] == contract.contract_id), {})


@pytest.fixture(scope="module")
def holder(node: Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Holder]:
    partner = meet(node, tmp_path_factory.mktemp("holder"), "holder", "SHA256_ECDSA")
    partner.datasets["claims"] = {
        "dataset_id": "claims",
        "name": "claims",
        "owner": "holder.example",
        "column_metas": [{"name": "id", "data_type": "varchar", "distribution": "DISCRETE"}],
    }
    contract = apply(node, partner)
    wait_for(lambda: partner.approve_contract(contract).code == 0, what="the contract at the node")
    wait_for(lambda: seen(node, contract).get("usable"), what="a usable contract")
    yield Holder(node, partner, contract)
    partner.server.stop()


def test_mgt_3_2_a_confirm_with_another_key_than_the_one_told_makes_no_contract(node: Node, tmp_path: Any) -> None:
    intruder = meet(node, tmp_path, "intruder", "SHA256_ECDSA")
    try:
        contract = apply(node, intruder)
        wait_for(lambda: seen(node, contract), what="the id of the contract at the node")
        intruder.signer = intruder.caller.signer = intruder.server.signer = Signer.fresh("SHA256_ECDSA")
        reply = intruder.approve_contract(contract)
        assert reply.code != 0, reply.body
        assert not seen(node, contract)["usable"]
        assert intruder.get("/dataset/pub/list", contract_id=contract.contract_id).code in (40301, 40101, 40102)
    finally:
        intruder.server.stop()


def test_mgt_4_4_a_permit_may_come_as_a_string_and_a_verdict_again(holder: Holder) -> None:
    audit = holder.asked()
    permit = holder.partner.permit_for(audit)
    members = {"audit_id": audit.audit_id, "status": "APPROVED", "resource_permit": json.dumps(permit)}
    assert holder.partner.post("/dataset/audit/confirm", members).code == 0
    assert holder.status(audit) == ("APPROVED", True)
    assert holder.partner.post("/dataset/audit/confirm", members).code == 0
    other = holder.partner.post("/dataset/audit/confirm", {"audit_id": audit.audit_id, "status": "REJECTED"})
    assert other.code == 40901
    assert holder.status(audit) == ("APPROVED", True)


def test_mgt_4_4_a_rejection_is_final(holder: Holder) -> None:
    audit = holder.asked()
    assert holder.partner.confirm_audit(audit, "REJECTED").code == 0
    assert holder.status(audit) == ("REJECTED", False)
    assert holder.partner.confirm_audit(audit, "APPROVED", holder.partner.permit_for(audit)).code == 40901
    assert holder.status(audit) == ("REJECTED", False)


@pytest.fixture(scope="module")
def waiting(holder: Holder) -> Audit:
    return holder.asked()


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": None},
        {"token": ""},
        {"token": "a/b"},
        {"token": "a,b"},
        {"resource_level": "high"},
        {"resource_id": "another"},
        {"resource_node_id": "operator"},
        {"request_node_id": "operator"},
        {"resource_level": 2**40},
    ],
    ids=str,
)
def test_mgt_2_2_permit_that_is_for_something_else_is_refused(
    holder: Holder, waiting: Audit, wrong: dict[str, Any]
) -> None:
    permit = {name: value for name, value in (holder.partner.permit_for(waiting) | wrong).items() if value is not None}
    reply = holder.partner.confirm_audit(waiting, permit=permit)
    assert reply.code in (40000, 40302, 40900), reply.body
    assert holder.status(waiting) == ("APPLIED", False)


def test_mgt_4_4_nobody_else_gives_the_verdict(
    holder: Holder, waiting: Audit, partner: Partner, contract: Contract
) -> None:
    forged = {"audit_id": waiting.audit_id, "status": "APPROVED", "resource_permit": holder.partner.permit_for(waiting)}
    assert contract.status == "APPROVED"
    assert partner.post("/dataset/audit/confirm", forged).code == 40400
    for kind in ("project", "flow", "job"):
        assert holder.partner.post(f"/{kind}/audit/confirm", forged).code != 0, kind
    assert holder.status(waiting) == ("APPLIED", False)


def test_mgt_4_4_a_verdict_on_nothing_is_refused(holder: Holder) -> None:
    for status in ("APPROVED", "TERMINATED", "APPLIED", "approved", 1):
        reply = holder.partner.post("/dataset/audit/confirm", {"audit_id": "audit-of-nobody", "status": status})
        assert reply.code in (40400, 40000), (status, reply.body)
