"""Two nodes that know each other: node-a, which calls, and node-b, which is called."""

from __future__ import annotations

from dataclasses import dataclass, field

from interconn.identity.keys import LocalSigner
from interconn.identity.signature import SignedRequest
from interconn.peers.directory import Peer
from interconn.standard.errors import ContractNotUsable, UnknownNode
from tests.identity.vectors import signer

NOW = 1_767_225_600_000
SIGNERS = {"node-a": "ecdsa", "node-b": "rsa", "stranger": "rsa-pss"}


def signer_of(node_id: str) -> LocalSigner:
    """The key of a node."""
    return signer(SIGNERS[node_id])


def peer(node_id: str, address: str = "http://127.0.0.1:1", **parts: str) -> Peer:
    """A node as its partner knows it."""
    return Peer(
        node_id=node_id,
        inst_id=parts.get("inst_id", f"inst-{node_id}"),
        address=address,
        contract_id="contract-1",
        credential=signer_of(node_id).credential,
        dialect=parts.get("dialect", "standard"),
    )


@dataclass
class Partners:
    """A directory that a test writes; `ended` are contracts that no longer allow calls."""

    known: dict[str, Peer] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def usable(self, node_id: str) -> Peer:
        """Return a partner under contract."""
        if node_id in self.ended:
            raise ContractNotUsable("the contract was terminated", where=node_id, clause="MGT-3-contract-state")
        try:
            return self.known[node_id]
        except KeyError:
            raise UnknownNode("there is no contract with this node", where=node_id) from None


def signed_headers(
    method: str, target: str, body: bytes = b"", *, by: str = "node-a", signed: bool = True, **changes: str | None
) -> dict[str, str]:
    """The headers of a sound request of node-a to node-b; `changes` are made before signing, None leaves one out.

    Names in `changes` are written with underscores for hyphens.
    """
    headers: dict[str, str | None] = {
        "x-source-node-id": "node-a",
        "x-target-node-id": "node-b",
        "x-nonce": "nonce-0123456789",
        "x-trace-id": "trace-1",
        "x-timestamp": str(NOW),
    }
    if method == "POST":
        headers |= {"x-csrf-protection": "1", "content-type": "application/json"}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    kept = {name: value for name, value in headers.items() if value is not None}
    if signed:
        kept["x-auth-sign"] = SignedRequest(method, target, kept, body).sign(signer_of(by))
    return kept
