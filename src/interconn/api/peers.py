"""Partners and the contracts with them."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from interconn.api.own import own
from interconn.api.state import ExchangeView
from interconn.standard.identifiers import Identifier
from interconn.standard.management import AuditStatus, NodeInformation, Paging, Text
from interconn.standard.wire import Int64, WireModel


class PeerApply(WireModel):
    """Apply for cooperation with the node at an address (MGT-3.1).

    `fingerprint` is the partner's, received out of band; without it the contract is not used until
    `PeerApprove` has brought it.
    """

    address: Annotated[str, Field(min_length=1, max_length=512)]
    node_id: Identifier
    fingerprint: str | None = None
    expired_time: Int64 | None = Field(default=None, ge=0)
    description: Text | None = None


class PeerApprove(WireModel):
    """Approve an application, or compare the key of a partner that approved ours (MGT-3.2)."""

    contract_id: Identifier
    fingerprint: str
    expired_time: Int64 | None = Field(default=None, ge=0)
    accept_unproven: bool = False


class PeerDecision(WireModel):
    """Reject or terminate a contract, or withdraw an application that the partner has not answered."""

    contract_id: Identifier


class PeerAsk(WireModel):
    """Ask a partner about itself and about the contract."""

    node_id: Identifier


class PeerSet(WireModel):
    """Declare of a partner, under the contract in force, whether it has a management plane.

    One that has none can ask for no approval; it may do what is pre-authorised, and nothing else.
    """

    node_id: Identifier
    management_plane: bool


class ContractView(WireModel):
    """A contract as this node sees it."""

    contract_id: str
    node_id: str
    inst_id: str
    institution: str
    name: str
    address: str
    system: str
    direction: str = Field(description="APPLICANT: we applied; PARTNER: they did")
    status: str
    auth_type: str
    fingerprint: str
    key_proven: bool = Field(description="the partner signed with the key it sent")
    key_compared: bool = Field(description="a person compared the fingerprint")
    usable: bool
    waits_for: str = Field(default="", description="whom it waits for and for what")
    reason: str = Field(default="", description="why the other side would not have it, or what was odd")
    applied_at: int
    decided_at: int | None = None
    expired_time: int | None = None
    dialect: str = "standard"
    own_fingerprint: str = Field(default="", description="of this node's key that the partner knows")
    former_fingerprint: str = Field(default="", description="of the partner's key before the present one")
    former_until: int | None = Field(default=None, description="until when the former key is accepted")
    next_fingerprint: str = Field(default="", description="of a key that waits for a person to compare it")
    heard: ExchangeView | None = Field(default=None, description="the last call of the partner that was proven")
    spoken: ExchangeView | None = Field(default=None, description="our last call of the partner")
    management_plane: bool = Field(default=True, description="whether the partner asks for approvals, as declared here")


class ContractSearch(Paging):
    """Which contracts to list."""

    node_id: Identifier | None = None
    status: AuditStatus | None = None


class ContractViews(WireModel):
    """A page of contracts, oldest first, and how many there are in all."""

    contracts: list[ContractView]
    total: int = 0


class PeerAnswer(WireModel):
    """What a partner answered (MGT-3.5, MGT-3.6, MGT-3.7)."""

    node: NodeInformation
    health: str
    contract_id: str
    contract_status: str = Field(description="as the partner says")
    usable: bool = Field(default=False, description="whether calls are made and answered under the contract")
    waits_for: str = Field(default="", description="whom the contract waits for and for what")
    expired_time: int | None = Field(default=None, description="when the contract ends, epoch milliseconds")
    fingerprint: str = Field(default="", description="of the partner's key")
    former_fingerprint: str = Field(default="", description="of its key before, while that is accepted still")
    former_until: int | None = Field(default=None, description="until when that is, epoch milliseconds")
    next_fingerprint: str = Field(default="", description="of a key that waits for a person to compare it")
    own_fingerprint: str = Field(default="", description="of this node's key that the partner knows")
    heard: ExchangeView | None = Field(default=None, description="its last call before this was asked")
    spoken: ExchangeView | None = Field(default=None, description="our last call before this was asked")


PEER_APPLY: Final = own("peer.apply", "POST", "/peers/apply", PeerApply, ContractView, "Apply for cooperation.")
PEER_APPROVE: Final = own("peer.approve", "POST", "/peers/approve", PeerApprove, ContractView, "Approve a partner.")
PEER_REJECT: Final = own("peer.reject", "POST", "/peers/reject", PeerDecision, ContractView, "Reject an application.")
PEER_TERMINATE: Final = own("peer.terminate", "POST", "/peers/terminate", PeerDecision, ContractView, "End a contract.")
PEER_LIST: Final = own("peer.list", "GET", "/peers", ContractSearch, ContractViews, "List contracts.")
PEER_ASK: Final = own("peer.ask", "GET", "/peers/ask", PeerAsk, PeerAnswer, "Ask a partner about itself.")
PEER_SET: Final = own("peer.set", "POST", "/peers/set", PeerSet, ContractView, "Declare something of a partner.")

ENDPOINTS: Final = (PEER_APPLY, PEER_APPROVE, PEER_REJECT, PEER_TERMINATE, PEER_LIST, PEER_ASK, PEER_SET)
