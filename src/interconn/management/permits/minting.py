"""How a holder gives permits: bound to resource, level, contract and user, within the limits of both sides.

What is kept is a grant, which holds the SHA-256 of the permit's token and never the token
(docs/decisions/0005-permits.md).
"""

from __future__ import annotations

import hashlib

from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.identity.node import NodeIdentity
from interconn.management.approvals.subjects import Limits
from interconn.management.approvals.tables import Audit
from interconn.management.contracts.contracts import Contracts
from interconn.management.permits.levels import LEVELS, ResourceType
from interconn.management.permits.tables import CoveredDataset, Grant
from interconn.management.permits.terms import LIFETIME, GrantTerms
from interconn.standard.errors import InvalidRequest, Refused
from interconn.standard.identifiers import new_token
from interconn.standard.management import ResourcePermit
from interconn.state.clock import Clock


class Mint:
    """Mints permits, inside transactions.

    Args:
        node: this node's name card, which a permit bears.
        clock: time.
        contracts: a permit is given under one that is in force.
    """

    def __init__(self, *, node: NodeIdentity, clock: Clock, contracts: Contracts) -> None:
        self._node = node
        self._clock = clock
        self._contracts = contracts

    def new(self, session: Session, audit: Audit, terms: GrantTerms, limits: Limits) -> ResourcePermit:
        """Grant an audit's resource to its applicant and return the permit, whose token is kept nowhere here.

        Args:
            session: of a transaction.
            audit: that is being approved; its kind and subject are the resource.
            terms: what was asked for.
            limits: what the person who approves allows, which may only be tighter.

        Raises:
            InvalidRequest: the limits are wider than was asked, over already, or grant what was not asked for.
            ContractNotUsable: the contract is not in force.
            Refused: the partner's institution is not known yet.
        """
        contract = self._contracts.require_usable(session, audit.node_id, terms.contract_id)
        if not contract.inst_id:
            raise Refused(
                f"the institution of {audit.node_id} is not known yet, and a permit names it",
                where="request_inst_id",
                clause="MGT-2.2-permit",
                hint="interconn peer show asks the partner for its name card",
            )
        if limits.grant_datasets and not terms.datasets:
            raise InvalidRequest(
                "the application names no data set of this node that could be granted with it",
                where="grant_datasets",
                clause="MGT-2.2-mprac-highest-level",
            )
        grant = Grant(
            audit_number=audit.number,
            contract_id=contract.contract_id,
            token_digest="",
            resource_type=audit.kind,
            resource_id=audit.subject_id,
            resource_level=LEVELS[ResourceType(audit.kind)],
            user_node_id=audit.node_id,
            user_inst_id=contract.inst_id,
            auth_scope=terms.scope.to_wire() if terms.scope else {},
            time_limit=self._time_limit(terms.time_limit, limits.time_limit),
            times_limit=_tighter("times_limit", terms.times_limit, limits.times_limit),
        )
        permit = self._with_token(grant)
        session.add(grant)
        if limits.grant_datasets:
            session.flush()
            session.add_all(CoveredDataset(grant_id=grant.grant_id, dataset_id=one) for one in set(terms.datasets))
        return permit

    def anew(self, session: Session, audit: Audit) -> ResourcePermit | None:
        """Give the permit of an audit a new token, as its user says that it does not have the old one, which dies.

        None for an approval from before there were permits of its kind.
        """
        grant = grant_of(session, audit)
        return self._with_token(grant) if grant else None

    def _with_token(self, grant: Grant) -> ResourcePermit:
        token = new_token()
        grant.token_digest = token_digest(token)
        return ResourcePermit(
            token=token,
            resource_level=grant.resource_level,
            resource_type=grant.resource_type,
            resource_id=grant.resource_id,
            resource_node_id=self._node.node_id,
            resource_inst_id=self._node.inst_id,
            request_node_id=grant.user_node_id,
            request_inst_id=grant.user_inst_id,
            time_limit=grant.time_limit,
            times_limit=grant.times_limit,
        )

    def _time_limit(self, asked: int | None, given: int | None) -> int | None:
        time_limit = _tighter("time_limit", asked, given)
        if time_limit is not None and time_limit <= self._clock.now():
            raise InvalidRequest(
                "the permit would have expired already",
                where="time_limit",
                clause=LIFETIME,
                hint="It is an instant in epoch milliseconds",
            )
        return time_limit


def grant_of(session: Session, audit: Audit) -> Grant | None:
    """Return what was granted by an audit, if anything."""
    return session.scalar(select(Grant).where(Grant.audit_number == audit.number))


def token_digest(token: str) -> str:
    """Return what a holder keeps of a token; a search by it tells nothing of tokens that are close."""
    return hashlib.sha256(token.encode()).hexdigest()


def _tighter(name: str, asked: int | None, given: int | None) -> int | None:
    if asked is not None and given is not None and given > asked:
        raise InvalidRequest(f"the limit given is wider than the {asked} asked for", where=name, clause=LIFETIME)
    return asked if given is None else given
