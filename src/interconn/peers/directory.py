"""Who the partners are. The management layer keeps the contracts; this is what calls need to know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from interconn.identity.credentials import Credential


@dataclass(frozen=True)
class Peer:
    """A partner under an approved contract.

    Attributes:
        node_id: its node id.
        inst_id: its institution id.
        address: base URL of its partner listener.
        contract_id: the contract under which it is called and calls.
        credential: the key that its requests and replies are signed with.
        dialect: name of the dialect it speaks.
    """

    node_id: str
    inst_id: str
    address: str
    contract_id: str
    credential: Credential
    dialect: str = "standard"


class PeerDirectory(Protocol):
    """Finds partners; kept by the management layer, asked on every call."""

    def usable(self, node_id: str) -> Peer:
        """Return a partner whose contract is approved, in force, and whose key a person has compared.

        Raises:
            UnknownNode: there is no contract with that node.
            ContractNotUsable: there is one that allows no calls; the message says why.
        """
        ...

    def partners(self) -> list[Peer]:
        """Return all partners that `usable` would return, by node id."""
        ...
