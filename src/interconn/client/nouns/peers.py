"""Partners and the contracts with them (MGT-3)."""

from __future__ import annotations

from interconn.api import peers as peer_rows
from interconn.client.exchange import Question
from interconn.client.verb import Client, Noun, Verb
from interconn.standard.management import AuditStatus


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
