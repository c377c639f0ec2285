"""Permits, grants and pre-authorisations on the command line: what is asked of the node, and what is shown."""

import pytest

from interconn.api import audits, peers, permits
from tests.cli.conftest import Interconn
from tests.cli.test_verbs import audit
from tests.client.fake_node import Asked, FakeNode
from tests.client.test_client import CONTRACT

PERMIT = permits.PermitView(
    audit_id="audit-1",
    kind=audits.AuditKind.PROJECT,
    resource_id="joint",
    resource_level=4,
    node_id="operator",
    times_limit=3,
    standing=permits.Standing.VOID,
    reason="no contract with operator is in force",
)
GRANT = permits.GrantView(
    audit_id="audit-1",
    kind=audits.AuditKind.PROJECT,
    resource_id="joint",
    resource_level=4,
    node_id="bank",
    covers=["customers"],
    times_limit=3,
    uses=1,
    uses_left=2,
    standing=permits.Standing.IN_FORCE,
)
PREAUTHORISATION = permits.PreauthorisationView(
    preauthorisation_id="preauthorisation-1",
    node_id="alice",
    component="interconn/psi",
    dataset_id="customers",
    uses=0,
    standing=permits.Standing.IN_FORCE,
    added_at=1_800_000_000_000,
    added_by="person:ann",
)
PAGE = {"page_num": 1, "page_size": 20}


def test_permits_are_listed_with_why_they_are_not_in_force(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(permits.PERMIT_LIST, permits.PermitViews(permits=[PERMIT], total=1))
    ran = interconn("permit", "list", "--partner", "operator", "--kind", "PROJECT")
    assert ran.status == 0
    assert all(shown in ran.out for shown in ("joint", "project", "VOID: no contract with operator is in force"))
    assert interconn("permit", "list", "--json").json["permits"][0]["resource_level"] == 4
    assert fake.asked == [
        Asked("own.permit.list", {**PAGE, "node_id": "operator", "kind": "PROJECT"}),
        Asked("own.permit.list", PAGE),
    ]


def test_permit_is_renewed_by_its_approval(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(permits.PERMIT_RENEW, audit(waits_for="node operator to take the application"))
    ran = interconn("permit", "renew", "audit-1")
    assert (ran.status, "node operator to take the application" in ran.out) == (0, True)
    assert fake.asked == [Asked("own.permit.renew", {"audit_id": "audit-1"})]


def test_grants_are_listed_with_what_is_left_of_them(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(permits.GRANT_LIST, permits.GrantViews(grants=[GRANT], total=1))
    ran = interconn("grant", "list", "--partner", "bank")
    assert ran.status == 0
    assert all(shown in ran.out for shown in ("joint", "customers", "IN_FORCE", "2"))
    assert interconn("grant", "list", "--json").json["grants"][0]["uses_left"] == 2


def test_grant_is_revoked_by_ending_its_approval(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(audits.AUDIT_TERMINATE, audit(status="TERMINATED"))
    ran = interconn("grant", "revoke", "audit-1", "--reason", "over", "--json")
    assert (ran.status, ran.json["status"]) == (0, "TERMINATED")
    assert fake.asked == [Asked("own.audit.terminate", {"audit_id": "audit-1", "reason": "over"})]


def test_preauthorisation_is_added_listed_and_revoked(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(permits.PREAUTHORISATION_ADD, PREAUTHORISATION)
    fake.answer(
        permits.PREAUTHORISATION_LIST, permits.PreauthorisationViews(preauthorisations=[PREAUTHORISATION], total=1)
    )
    fake.answer(
        permits.PREAUTHORISATION_REVOKE, PREAUTHORISATION.model_copy(update={"standing": permits.Standing.REVOKED})
    )
    words = ("--partner", "alice", "--component", "interconn/psi", "--dataset", "customers", "--times-limit", "5")
    assert "preauthorisation-1" in interconn("preauthorisation", "add", *words).out
    assert "interconn/psi" in interconn("preauthorisation", "list", "--partner", "alice").out
    assert "REVOKED" in interconn("preauthorisation", "revoke", "preauthorisation-1").out
    added = {"node_id": "alice", "component": "interconn/psi", "dataset_id": "customers", "times_limit": 5}
    assert fake.asked == [
        Asked("own.preauthorisation.add", added),
        Asked("own.preauthorisation.list", {**PAGE, "node_id": "alice"}),
        Asked("own.preauthorisation.revoke", {"preauthorisation_id": "preauthorisation-1"}),
    ]


@pytest.mark.parametrize(
    ("word", "present"), [("--without-management-plane", False), ("--with-management-plane", True)]
)
def test_management_plane_of_a_partner_is_declared(
    word: str, present: bool, fake: FakeNode, interconn: Interconn
) -> None:
    fake.answer(peers.PEER_SET, CONTRACT.model_copy(update={"management_plane": present}))
    assert interconn("peer", "set", "operator", word).status == 0
    assert fake.asked == [Asked("own.peer.set", {"node_id": "operator", "management_plane": present})]


@pytest.mark.parametrize("words", [[], ["--without-management-plane", "--with-management-plane"]])
def test_declaration_of_nothing_or_of_both_asks_nobody(words: list[str], fake: FakeNode, interconn: Interconn) -> None:
    assert interconn("peer", "set", "operator", *words).status == 1
    assert fake.asked == []


def test_project_is_approved_with_its_data_sets_and_within_limits(fake: FakeNode, interconn: Interconn) -> None:
    fake.answer(audits.AUDIT_LIST, audits.AuditViews(audits=[audit(kind="PROJECT", subject_id="joint")]))
    fake.answer(audits.AUDIT_APPROVE, audit(kind="PROJECT", subject_id="joint", status="APPROVED"))
    assert interconn("project", "approve", "joint", "--grant-datasets", "--times-limit", "10").status == 0
    expected = {"audit_id": "audit-1", "grant_datasets": True, "times_limit": 10, "reason": ""}
    assert fake.asked[-1] == Asked("own.audit.approve", expected)
