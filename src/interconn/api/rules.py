"""Which roles may make which call of a node's own API. What is not in the table, nobody may.

The admin listener asks this table before it reads a request. A call whose roles depend on what it is about
asks again in its handler: see `require_decision`. docs/access.md is made from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from interconn.api.audits import AuditKind
from interconn.api.own import Person
from interconn.api.roles import Role
from interconn.standard.endpoint import Endpoint


@dataclass(frozen=True)
class Rule:
    """Who may make a call.

    Attributes:
        roles: any one of them is enough; empty means nobody.
        changes: whether the call changes anything, here or at a partner; a token for reading is refused then.
    """

    roles: frozenset[Role]
    changes: bool


NOBODY: Final = Rule(frozenset(), changes=True)
LOOK: Final = Rule(frozenset(Role), changes=False)
"""Whoever has a role may look; an auditor is one who may do nothing else."""


def act(*roles: Role) -> Rule:
    """Return the rule of a call that changes something."""
    return Rule(frozenset(roles), changes=True)


ADMIN, OPERATOR, DATA_OWNER, APPROVER, AUDITOR = (
    Role.ADMIN, Role.OPERATOR, Role.DATA_OWNER, Role.APPROVER, Role.AUDITOR,
)  # fmt: skip

AUDIT: Final = Rule(frozenset({ADMIN, AUDITOR}), changes=False)

RULES: Final[Mapping[str, Rule]] = {
    # The node and its transport.
    "own.node.status": LOOK,
    "own.node.change": act(ADMIN),
    "own.key.list": LOOK,
    "own.key.rotate": act(ADMIN),
    "own.key.certify": act(ADMIN),
    "own.key.request": act(ADMIN),
    "own.session.open": act(OPERATOR),  # its answer holds a token of the transport
    "own.session.list": LOOK,
    # People and tokens. Whoever is no admin deals with tokens of one's own: `access` asks.
    "own.user.add": act(ADMIN),
    "own.user.list": AUDIT,
    "own.user.roles": act(ADMIN),
    "own.user.disable": act(ADMIN),
    "own.user.enable": act(ADMIN),
    "own.user.me": LOOK,
    "own.token.create": act(*Role),
    "own.token.list": LOOK,
    "own.token.revoke": act(*Role),
    "own.token.rotate": act(*Role),
    # The audit trail holds what all partners sent.
    "own.trail.begin": AUDIT,
    "own.trail.entries": AUDIT,
    "own.trail.kept": AUDIT,
    "own.trail.standing": LOOK,
    "own.trail.settle": act(ADMIN, APPROVER),
    # Contracts. To compare a key is to decide: `require_contract_decision`.
    "own.peer.apply": act(ADMIN, APPROVER, OPERATOR),
    "own.peer.approve": act(ADMIN, APPROVER),
    "own.peer.reject": act(ADMIN, APPROVER),
    "own.peer.terminate": act(ADMIN, APPROVER),
    "own.peer.set": act(ADMIN, APPROVER),
    "own.peer.list": LOOK,
    "own.peer.ask": act(ADMIN, APPROVER, OPERATOR),  # what the partner answers may end the contract here
    # Data sets.
    "own.dataset.add": act(DATA_OWNER),
    "own.dataset.check": act(DATA_OWNER),  # what the node can read, others of its people may not
    "own.dataset.publish": act(DATA_OWNER),
    "own.dataset.describe": act(DATA_OWNER),
    "own.dataset.remove": act(DATA_OWNER),
    "own.dataset.inspect": LOOK,
    "own.dataset.own": LOOK,
    "own.dataset.discover": LOOK,
    "own.dataset.show": LOOK,
    "own.dataset.request": act(OPERATOR),
    # Permits of ours, grants to others. What is pre-authorised is the use of a data set: `require_decision`.
    "own.permit.list": LOOK,
    "own.permit.renew": act(OPERATOR),
    "own.grant.list": LOOK,
    "own.preauthorisation.add": act(DATA_OWNER),
    "own.preauthorisation.list": LOOK,
    "own.preauthorisation.revoke": act(DATA_OWNER),
    # Projects, flows, components.
    "own.project.create": act(OPERATOR),
    "own.project.list": LOOK,
    "own.project.discover": LOOK,
    "own.project.show": LOOK,
    "own.model.add": act(DATA_OWNER),
    "own.model.share": act(DATA_OWNER),
    "own.model.remove": act(DATA_OWNER),
    "own.model.inspect": LOOK,
    "own.model.list": LOOK,
    "own.model.request": act(OPERATOR),
    "own.flow.create": act(OPERATOR),
    "own.flow.lint": LOOK,
    "own.flow.picture": LOOK,
    "own.flow.drawn": LOOK,
    "own.flow.list": LOOK,
    "own.component.own": LOOK,
    "own.component.disable": act(ADMIN, OPERATOR),
    "own.component.enable": act(ADMIN, OPERATOR),
    # What was registered is named in flows and offered to partners: who does it answers for the node.
    "own.component.lint": LOOK,
    "own.component.withdraw": act(ADMIN),
    "platform.component.register": act(ADMIN),
    "own.component.discover": LOOK,
    "own.component.show": LOOK,
    # Approvals. The kind says which of the roles is the right one: `require_decision`.
    "own.audit.list": LOOK,
    "own.audit.approve": act(APPROVER, DATA_OWNER),
    "own.audit.reject": act(APPROVER, DATA_OWNER),
    "own.audit.terminate": act(APPROVER, DATA_OWNER, OPERATOR),
    "own.audit.show": LOOK,
    "own.audit.withdraw": act(APPROVER, DATA_OWNER),
    "own.result.list": LOOK,
    "own.result.release": act(APPROVER, DATA_OWNER),
    "own.result.refuse": act(APPROVER, DATA_OWNER),
    "own.policy.show": LOOK,
    "own.policy.explain": LOOK,
    "own.audit.ask": act(APPROVER, DATA_OWNER, OPERATOR),  # a verdict that got lost is taken over from the answer
    # What both sides believe, and why something waits.
    "own.state.diff": LOOK,  # the partner is asked, and nothing is taken over
    "own.state.mend": act(ADMIN, APPROVER),
    "own.why": LOOK,
    # Jobs, and the standard's own calls of an upper layer (CTL-5).
    "own.job.propose": act(OPERATOR),
    "own.job.run": act(OPERATOR),
    "own.job.show": LOOK,
    "own.job.watch": LOOK,
    "own.job.picture": LOOK,
    "own.job.list": LOOK,
    "own.job.stop": act(OPERATOR),
    "own.job.log": LOOK,
    "own.job.parties": LOOK,
    "own.job.logs": LOOK,  # a partner's own policy says what it tells
    "platform.job.create_all": act(OPERATOR),
    "platform.job.stop_all": act(OPERATOR),
    "platform.job.status_all": LOOK,
    "platform.job.query_job_list": LOOK,
    "platform.job.stop_task": act(OPERATOR),
    "platform.task.get_log_line": LOOK,
    "platform.task.get_log": LOOK,
}

DECIDERS: Final[Mapping[AuditKind, Role]] = {
    kind: Role.DATA_OWNER if kind.value in ("DATASET", "MODEL") else Role.APPROVER for kind in AuditKind
}
"""Who approves, rejects and revokes what a partner applied for."""


def rule_of(endpoint: Endpoint[Any, Any]) -> Rule:
    """Return who may make a call; nobody where the table does not name it."""
    return RULES.get(endpoint.name, NOBODY)


def require_call(person: Person, endpoint: Endpoint[Any, Any]) -> None:
    """Check that a person may make a call.

    Raises:
        RoleMissing: none of the person's roles allows it, or the person's token is for reading only.
    """
    rule = rule_of(endpoint)
    person.require(*rule.roles, to=f"call {endpoint.name}")
    if rule.changes:
        person.require_change(f"call {endpoint.name}")


def require_decision(person: Person, kind: AuditKind, subject_id: str) -> None:
    """Check that a person may decide on what a partner applied for.

    Raises:
        RoleMissing: the kind is for another role to decide, or the person answers for other data sets only.
    """
    person.require(DECIDERS[kind], to=f"decide on {kind.value.lower()} approvals")
    if DECIDERS[kind] is Role.DATA_OWNER:
        # A model's use is the use of the data it learnt from; which data that was, its id does not say.
        person.require_dataset(subject_id if kind is AuditKind.DATASET else "")


def require_revocation(person: Person, kind: AuditKind, subject_id: str, *, ours: bool) -> None:
    """Check that a person may end an approval: ours is given back by whoever may apply, a partner's revoked.

    Raises:
        RoleMissing: the person may not.
    """
    if ours:
        person.require(Role.OPERATOR, to="give back an approval")
    else:
        require_decision(person, kind, subject_id)


def require_every_dataset(person: Person) -> None:
    """Check that a person may decide on what comes of data: a model or a result, whose id does not say of which.

    Raises:
        RoleMissing: the person is a data owner who answers for named data sets, and no approver.
    """
    if Role.APPROVER not in person.roles:
        person.require_dataset("")


def require_contract_decision(person: Person) -> None:
    """Check that a person may decide on contracts, which begins with comparing the partner's key.

    Raises:
        RoleMissing: it takes an admin or an approver.
    """
    person.require(Role.ADMIN, Role.APPROVER, to="compare a partner's key")
