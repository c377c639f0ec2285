"""What one can ask of a node, grouped by noun; the verbs of both clients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic

from interconn.api import audits as audit_rows
from interconn.api import keys as key_rows
from interconn.api import node as node_rows
from interconn.api import peers as peer_rows
from interconn.client.declared import Policies, Results
from interconn.client.exchange import Question
from interconn.client.models import Models
from interconn.client.own_keys import Keys
from interconn.client.people import Tokens, Users
from interconn.client.permits import Grants, Permits, Preauthorisations
from interconn.client.resources import Components, Datasets
from interconn.client.state import State
from interconn.client.trail import Trail
from interconn.client.verb import Client, Noun, Verb
from interconn.client.work import Flows, Jobs, Platform, Projects
from interconn.standard.management import (
    AuditStatus,
)
from interconn.standard.wire import Empty


class Node(Noun[Client]):
    """The node itself."""

    @Verb
    def status(self) -> Question[node_rows.NodeStatus]:
        """Ask how the node is."""
        return Question(node_rows.NODE_STATUS, Empty())

    @Verb
    def change(
        self,
        *,
        address: str | None = None,
        name: str | None = None,
        institution: str | None = None,
        description: str | None = None,
    ) -> Question[key_rows.KeyViews]:
        """Change what partners are told of the node, in its configuration and at every partner (MGT-3.4)."""
        request = key_rows.CardChange(address=address, name=name, institution=institution, description=description)
        return Question(key_rows.NODE_CHANGE, request)


class Sessions(Noun[Client]):
    """Transport sessions."""

    @Verb
    def open(self, session_id: str, parties: Sequence[str]) -> Question[node_rows.SessionOpened]:
        """Open a session by hand; every party's node must be told the same."""
        request = node_rows.SessionOpen(session_id=session_id, parties=list(parties))
        return Question(node_rows.SESSION_OPEN, request)

    @Verb
    def list(self) -> Question[node_rows.SessionList]:
        """List open sessions."""
        return Question(node_rows.SESSION_LIST, Empty())


class Peers(Noun[Client]):
    """Partners and the contracts with them (MGT-3)."""

    @Verb
    def apply(
        self,
        address: str,
        node_id: str,
        *,
        fingerprint: str | None = None,
        expired_time: int | None = None,
        description: str | None = None,
    ) -> Question[peer_rows.ContractView]:
        """Apply for cooperation with the node at an address; `fingerprint` is its key's, received out of band."""
        request = peer_rows.PeerApply(
            address=address,
            node_id=node_id,
            fingerprint=fingerprint,
            expired_time=expired_time,
            description=description,
        )
        return Question(peer_rows.PEER_APPLY, request)

    @Verb
    def approve(
        self,
        contract_id: str,
        fingerprint: str,
        *,
        expired_time: int | None = None,
        accept_unproven: bool = False,
    ) -> Question[peer_rows.ContractView]:
        """Approve an application, or compare the key of a partner that approved ours."""
        request = peer_rows.PeerApprove(
            contract_id=contract_id,
            fingerprint=fingerprint,
            expired_time=expired_time,
            accept_unproven=accept_unproven,
        )
        return Question(peer_rows.PEER_APPROVE, request)

    @Verb
    def reject(self, contract_id: str) -> Question[peer_rows.ContractView]:
        """Reject an application."""
        return Question(peer_rows.PEER_REJECT, peer_rows.PeerDecision(contract_id=contract_id))

    @Verb
    def set(self, node_id: str, *, management_plane: bool) -> Question[peer_rows.ContractView]:
        """Declare of a partner, under the contract in force, whether it has a management plane."""
        request = peer_rows.PeerSet(node_id=node_id, management_plane=management_plane)
        return Question(peer_rows.PEER_SET, request)

    @Verb
    def terminate(self, contract_id: str) -> Question[peer_rows.ContractView]:
        """End a contract."""
        return Question(peer_rows.PEER_TERMINATE, peer_rows.PeerDecision(contract_id=contract_id))

    @Verb
    def list(
        self, *, page: int = 1, size: int = -1, node_id: str | None = None, status: AuditStatus | None = None
    ) -> Question[peer_rows.ContractViews]:
        """List a page of contracts, all or some; a size of -1 asks for all."""
        request = peer_rows.ContractSearch(page_num=page, page_size=size, node_id=node_id, status=status)
        return Question(peer_rows.PEER_LIST, request)

    @Verb
    def ask(self, node_id: str) -> Question[peer_rows.PeerAnswer]:
        """Ask a partner about itself and the contract."""
        return Question(peer_rows.PEER_ASK, peer_rows.PeerAsk(node_id=node_id))


class Audits(Noun[Client]):
    """Approvals that partners ask of each other (MGT-4.3 to 4.6, 5.1 to 5.4, 7.1 to 7.4, 8.1 and 8.2)."""

    @Verb
    def list(
        self,
        *,
        page: int = 1,
        size: int = -1,
        kind: audit_rows.AuditKind | None = None,
        status: AuditStatus | None = None,
        subject_id: str | None = None,
        audit_id: str | None = None,
        node_id: str | None = None,
    ) -> Question[audit_rows.AuditViews]:
        """List a page of approvals, all or some; a size of -1 asks for all."""
        request = audit_rows.AuditSearch(
            page_num=page,
            page_size=size,
            kind=kind,
            status=status,
            subject_id=subject_id,
            audit_id=audit_id,
            node_id=node_id,
        )
        return Question(audit_rows.AUDIT_LIST, request)

    @Verb
    def approve(
        self,
        audit_id: str,
        *,
        time_limit: int | None = None,
        times_limit: int | None = None,
        grant_datasets: bool = False,
        reason: str = "",
    ) -> Question[audit_rows.AuditView]:
        """Approve what a partner applied for; limits may only tighten what it asked.

        `grant_datasets` grants the data sets that a project's application names along with the project.
        """
        request = audit_rows.AuditDecision(
            audit_id=audit_id,
            time_limit=time_limit,
            times_limit=times_limit,
            grant_datasets=grant_datasets,
            reason=reason,
        )
        return Question(audit_rows.AUDIT_APPROVE, request)

    @Verb
    def reject(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Reject what a partner applied for."""
        return Question(audit_rows.AUDIT_REJECT, audit_rows.AuditDecision(audit_id=audit_id, reason=reason))

    @Verb
    def terminate(self, audit_id: str, *, reason: str = "") -> Question[audit_rows.AuditView]:
        """Revoke an approval that was given, by us or to us."""
        return Question(audit_rows.AUDIT_TERMINATE, audit_rows.AuditTermination(audit_id=audit_id, reason=reason))

    @Verb
    def show(self, audit_id: str) -> Question[audit_rows.AuditView]:
        """Show one approval."""
        return Question(audit_rows.AUDIT_SHOW, audit_rows.AuditReference(audit_id=audit_id))

    @Verb
    def withdraw(self, audit_id: str) -> Question[audit_rows.AuditView]:
        """Take back the opinion that the caller has given, while nothing is decided."""
        return Question(audit_rows.AUDIT_WITHDRAW, audit_rows.AuditReference(audit_id=audit_id))

    @Verb
    def ask(self, audit_id: str) -> Question[audit_rows.PartnerStatus]:
        """Ask the partner how an approval stands there (MGT-4.6, MGT-5.4, MGT-7.4)."""
        return Question(audit_rows.AUDIT_ASK, audit_rows.AuditReference(audit_id=audit_id))


class Nouns(Generic[Client]):
    """All nouns of one client."""

    def __init__(self, client: Client) -> None:
        self.node = Node(client)
        self.keys = Keys(client)
        self.sessions = Sessions(client)
        self.peers = Peers(client)
        self.datasets = Datasets(client)
        self.audits = Audits(client)
        self.permits = Permits(client)
        self.grants = Grants(client)
        self.preauthorisations = Preauthorisations(client)
        self.policies = Policies(client)
        self.trail = Trail(client)
        self.results = Results(client)
        self.projects = Projects(client)
        self.components = Components(client)
        self.models = Models(client)
        self.flows = Flows(client)
        self.jobs = Jobs(client)
        self.platform = Platform(client)
        self.users = Users(client)
        self.tokens = Tokens(client)
        self.state = State(client)
