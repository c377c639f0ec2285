"""Reconciliation put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.api.own import OwnService
from interconn.identity.node import NodeIdentity
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.contracts.applications import Applications
from interconn.management.contracts.contracts import Contracts
from interconn.management.contracts.verdicts import Verdicts
from interconn.management.reconciliation.comparing import Comparing
from interconn.management.reconciliation.differences import Differences
from interconn.management.reconciliation.inquiry import Addresses, Inquiry
from interconn.management.reconciliation.mending import Mending
from interconn.management.reconciliation.reconciler import Reconciler
from interconn.management.reconciliation.tables import Comparison
from interconn.peers.exchanges import Exchanges
from interconn.peers.outbound import PeerClient
from interconn.state.clock import Clock
from interconn.state.database import Database


class Reconciliation:
    """Keeps this node and its partners in step, and shows where they are not.

    Args:
        node: this node's name card.
        database: where contracts and audits are.
        client: to other nodes.
        clock: time.
        exchanges: tells when a partner that was away calls.
        contracts: with partners.
        addresses: of partners, as contracts have them.
        applications: for contracts, ours.
        verdicts: on contracts.
        audits: the engine.
        subjects: the kinds of audits there are.

    Attributes:
        reconciler: what goes on by itself.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        client: PeerClient,
        clock: Clock,
        exchanges: Exchanges | None,
        contracts: Contracts,
        addresses: Addresses,
        applications: Applications,
        verdicts: Verdicts,
        audits: Audits,
        subjects: Mapping[AuditKind, Subject[Any]],
    ) -> None:
        inquiry = Inquiry(database=database, client=client, addresses=addresses, subjects=subjects)
        mending = Mending(applications=applications, verdicts=verdicts, audits=audits, subjects=subjects)
        comparing = Comparing(clock=clock, mending=mending)
        self.reconciler = Reconciler(
            database=database, clock=clock, inquiry=inquiry, comparing=comparing, exchanges=exchanges
        )
        self._differences = Differences(
            node=node, database=database, clock=clock, contracts=contracts, inquiry=inquiry, comparing=comparing
        )

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return self._differences.own_services()

    def count_drift(self, session: Session) -> dict[str, int]:
        """Return for each partner how many contracts and audits are known to differ."""
        known = select(Comparison.node_id, func.count()).where(Comparison.differs_since.is_not(None))
        return dict(session.execute(known.group_by(Comparison.node_id)).all())
