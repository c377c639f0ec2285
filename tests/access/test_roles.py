"""Every role and every call of the own API, through the whole admin listener of a composed node."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table as SqlTable
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import audits, components, datasets, jobs, models, node, peers, people, results
from interconn.api.audits import AuditKind
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.api.rules import (
    DECIDERS,
    NOBODY,
    RULES,
    require_call,
    require_decision,
    require_every_dataset,
    require_revocation,
    rule_of,
)
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import RoleMissing
from interconn.state.database import Table
from tests.access.conftest import Staffed

ROLE_MISSING = 40310
CHANGING = sorted(name for name, rule in RULES.items() if rule.changes)


def call(staffed: Staffed, token: str, name: str, body: bytes = b"[]", query: str = "") -> Any:
    method, path = staffed.paths[name]
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return staffed.node.ask("admin", method, path + query, headers, b"" if method == "GET" else body)


def contents(staffed: Staffed) -> str:
    """A digest of all that the node has in its database, save when tokens were last used."""

    def work(session: Session) -> str:
        found = hashlib.sha256()
        table: SqlTable
        for table in Table.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "last_used_at"]
            found.update(repr(session.execute(select(*columns)).all()).encode())
        return found.hexdigest()

    return staffed.node.wait(staffed.node.node.database.read(work))


def test_the_listener_serves_the_calls_of_the_table_and_no_others(staffed: Staffed) -> None:
    assert set(staffed.paths) == set(RULES)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", sorted(RULES))
def test_a_role_opens_the_calls_that_the_table_gives_it(staffed: Staffed, name: str, role: Role) -> None:
    answer = call(staffed, staffed.tokens[role], name)
    refused = answer.code == ROLE_MISSING
    assert refused is (role not in RULES[name].roles), answer.envelope["msg"]
    assert (answer.status == 403) is refused or answer.code // 100 == 403


@pytest.mark.parametrize("role", Role)
def test_a_denied_call_changes_nothing_whatever_it_says(staffed: Staffed, role: Role) -> None:
    denied = sorted(name for name, rule in RULES.items() if role not in rule.roles)
    before = contents(staffed)
    members = st.dictionaries(
        st.sampled_from(["name", "roles", "user", "token_id", "audit_id", "dataset_id", "contract_id", "job_id"]),
        st.one_of(st.text(max_size=20), st.sampled_from(["the-admin", "bootstrap"]), st.just(["admin"])),
    )

    @settings(max_examples=40)
    @given(st.sampled_from(denied), members)
    def check(name: str, sent: dict[str, Any]) -> None:
        answer = call(staffed, staffed.tokens[role], name, json.dumps(sent).encode())
        assert (answer.status, answer.code) == (403, ROLE_MISSING)

    if denied:
        check()
    assert contents(staffed) == before


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_reading_token_changes_nothing(staffed: Staffed, name: str) -> None:
    token = staffed.node.data(people.TOKEN_CREATE, staffed.tokens[Role.OPERATOR], read_only=True)["token"]
    answer = call(staffed, token, name)
    if RULES[name].changes or Role.OPERATOR not in RULES[name].roles:
        assert (answer.status, answer.code) == (403, ROLE_MISSING)
    else:
        assert answer.code != ROLE_MISSING


# --- what the table has to say, whoever edits it ----------------------------------------------------------


def test_an_auditor_sees_everything_and_changes_nothing_but_tokens_of_its_own() -> None:
    for name, rule in RULES.items():
        if not rule.changes:
            assert Role.AUDITOR in rule.roles, name
        elif not name.startswith("own.token."):
            assert Role.AUDITOR not in rule.roles, name


def test_whoever_manages_people_does_not_decide_on_the_use_of_data() -> None:
    for row in (datasets.DATASET_ADD, datasets.DATASET_PUBLISH, audits.AUDIT_APPROVE, audits.AUDIT_REJECT):
        assert Role.ADMIN not in rule_of(row).roles
    assert Role.ADMIN not in DECIDERS.values()


def test_only_an_admin_manages_people() -> None:
    for row in (people.USER_ADD, people.USER_ROLES, people.USER_DISABLE, people.USER_ENABLE):
        assert rule_of(row).roles == {Role.ADMIN}


def test_an_operator_decides_on_nothing_that_a_partner_applied_for() -> None:
    for row in (peers.PEER_APPROVE, peers.PEER_REJECT, audits.AUDIT_APPROVE, audits.AUDIT_REJECT):
        assert Role.OPERATOR not in rule_of(row).roles
    assert rule_of(jobs.JOB_RUN).roles == rule_of(node.SESSION_OPEN).roles == {Role.OPERATOR}
    assert not rule_of(components.COMPONENT_LIST).changes


def test_a_call_that_the_table_does_not_name_is_for_nobody() -> None:
    row = Endpoint("own.new.thing", "extension", "GET", "/x", people.UserReference, people.UserView, "New.")
    assert rule_of(row) is NOBODY
    with pytest.raises(RoleMissing, match="no role there is"):
        require_call(Person("ann", "trace", frozenset(Role)), row)


@pytest.mark.parametrize("kind", AuditKind)
@pytest.mark.parametrize("role", Role)
def test_the_kind_of_an_approval_says_who_decides(kind: AuditKind, role: Role) -> None:
    person = Person("ann", "trace", frozenset({role}))
    right = Role.DATA_OWNER if kind.value in ("DATASET", "MODEL") else Role.APPROVER
    for ours in (False, True):
        if role is (Role.OPERATOR if ours else right):
            require_revocation(person, kind, "x", ours=ours)
        else:
            with pytest.raises(RoleMissing):
                require_revocation(person, kind, "x", ours=ours)
    if role is not right:
        with pytest.raises(RoleMissing):
            require_decision(person, kind, "x")


def test_a_data_owner_of_named_data_sets_decides_on_those_alone() -> None:
    person = Person("ann", "trace", frozenset({Role.DATA_OWNER}), datasets=frozenset({"loans"}))
    require_decision(person, AuditKind.DATASET, "loans")
    for kind in (kind for kind, role in DECIDERS.items() if role is Role.DATA_OWNER):
        with pytest.raises(RoleMissing, match="other data sets"):
            require_decision(person, kind, "customers")


def test_what_comes_of_data_is_not_for_a_data_owner_of_named_data_sets() -> None:
    named = Person("ann", "trace", frozenset({Role.DATA_OWNER}), datasets=frozenset({"loans"}))
    with pytest.raises(RoleMissing):
        require_every_dataset(named)
    require_every_dataset(dataclasses.replace(named, datasets=None))
    require_every_dataset(dataclasses.replace(named, roles=frozenset({Role.DATA_OWNER, Role.APPROVER})))


@pytest.mark.parametrize(
    ("row", "members"),
    [
        (datasets.DATASET_PUBLISH, {"dataset_id": "customers"}),
        (datasets.DATASET_ADD, {"path": "/x", "name": "x", "key_columns": ["id"]}),
        (models.MODEL_SHARE, {"model_id": "m", "to": []}),
        (models.MODEL_REMOVE, {"model_id": "m"}),
        (results.RESULT_RELEASE, {"result": "job-1/task_1/aligned"}),
        (results.RESULT_REFUSE, {"result": "job-1/task_1/aligned"}),
    ],
    ids=lambda part: getattr(part, "name", ""),
)
def test_a_data_owner_of_named_data_sets_is_refused_the_rest(
    staffed: Staffed, row: Endpoint[Any, Any], members: dict[str, Any]
) -> None:
    name = f"owner-{uuid.uuid4().hex}"
    staffed.node.data(people.USER_ADD, name=name, roles=["data_owner"], datasets=["loans"])
    token = staffed.node.data(people.TOKEN_CREATE, user=name)["token"]
    answer = staffed.node.own(row, token, **members)
    assert (answer.status, answer.code) == (403, ROLE_MISSING)
    assert "other data sets" in answer.envelope["msg"]


def test_a_person_without_roles_may_do_nothing() -> None:
    for name in CHANGING:
        with pytest.raises(RoleMissing):
            Person("ann", "trace").require(*RULES[name].roles, to="do it")
