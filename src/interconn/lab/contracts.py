"""Contracts among all nodes of a lab, as their people would conclude them: through each node's own API."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from interconn.api.peers import ContractView
from interconn.client import NodeClient
from interconn.lab.waiting import wait_for
from interconn.standard.management import AuditStatus

_PAIRS_AT_ONCE = 6


class Tell(Protocol):
    """Is told what a node's person does; `text` names values as `{name}`."""

    def __call__(self, institution: str, text: str, **values: object) -> None:
        """See above."""


def _tell_nobody(institution: str, text: str, **values: object) -> None:
    pass


def conclude_among_all(clients: Mapping[str, NodeClient], tell: Tell = _tell_nobody) -> None:
    """Conclude a contract between each two nodes, and return when all are usable on both sides.

    Args:
        clients: a client of each node, by its id.
        tell: is told what the nodes' people do, from several threads.

    Raises:
        InterconnError: a node refused, or a contract was not usable in time.
    """
    with ThreadPoolExecutor(_PAIRS_AT_ONCE) as pool:
        pairs = itertools.combinations(clients.items(), 2)
        for outcome in [pool.submit(conclude, *one, *other, tell) for one, other in pairs]:
            outcome.result()


def conclude(
    applicant_id: str, applicant: NodeClient, partner_id: str, partner: NodeClient, tell: Tell = _tell_nobody
) -> str:
    """Apply, approve, and compare fingerprints, which the two institutions' people tell each other out of band.

    Returns:
        The id of the contract.
    """
    ours, theirs = applicant.node.status(), partner.node.status()
    tell(applicant_id, "applies to {partner} for cooperation", partner=partner_id)
    applicant.peers.apply(theirs.address, partner_id)
    received = _await(partner, applicant_id, "the application", lambda c: c.status == AuditStatus.APPLIED)
    tell(partner_id, "compares {partner}'s fingerprint and approves", partner=applicant_id)
    partner.peers.approve(received.contract_id, ours.fingerprint)
    answered = _await(applicant, partner_id, "the approval", lambda c: c.status == AuditStatus.APPROVED)
    if not answered.key_compared:
        tell(applicant_id, "compares {partner}'s fingerprint", partner=partner_id)
        applicant.peers.approve(answered.contract_id, theirs.fingerprint)
    _await(applicant, partner_id, "a usable contract", lambda c: c.usable)
    _await(partner, applicant_id, "a usable contract", lambda c: c.usable)
    return answered.contract_id


def _await(
    client: NodeClient, partner_id: str, awaited: str, condition: Callable[[ContractView], bool]
) -> ContractView:
    def look() -> ContractView | None:
        contracts = client.peers.list().contracts
        return next((c for c in contracts if c.node_id == partner_id and condition(c)), None)

    return wait_for(look, f"{awaited} between {client.access.url} and {partner_id}")
