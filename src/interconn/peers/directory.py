"""Who the partners are. The management layer keeps the contracts; this is what calls need to know of them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from interconn.identity.credentials import Credential
from interconn.standard.errors import BadSignature, InterconnError

Proof = TypeVar("Proof")


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
        former: the key that it signed with before, as long as that is accepted still (MGT-3.4).
    """

    node_id: str
    inst_id: str
    address: str
    contract_id: str
    credential: Credential
    dialect: str = "standard"
    former: Credential | None = None

    def prove(self, check: Callable[[Credential], Proof]) -> Proof:
        """Hold a signature against the partner's key, or the former one, and return what `check` returns.

        Raises:
            BadSignature: it is neither's.
        """
        return prove(self.credential, self.former, check)


def prove(credential: Credential, former: Credential | None, check: Callable[[Credential], Proof]) -> Proof:
    """Hold a signature against a key, or a former one where there is one, and return what `check` returns.

    Args:
        credential: the key.
        former: the key before it, while that is accepted still.
        check: raises BadSignature where the signature is not that key's.

    Raises:
        BadSignature: it is neither's.
    """
    try:
        return check(credential)
    except BadSignature:
        if former is None:
            raise
        return check(former)


def prove_or_again(
    credential: Credential,
    former: Credential | None,
    check: Callable[[Credential], Proof],
    present: Callable[[], Peer],
) -> Proof:
    """Hold an answer against the keys that were known when it was asked for, or against those known by now.

    A partner that changes its key may tell so between a request and its answer, which is signed with the new one.

    Args:
        credential: the partner's key at the time of the request.
        former: the key before it, while that was accepted.
        check: raises BadSignature where the signature is not that key's.
        present: looks the partner up.

    Raises:
        BadSignature: it is nobody's of these.
    """
    try:
        return prove(credential, former, check)
    except BadSignature:
        with suppress(InterconnError):
            peer = present()
            if peer.credential.fingerprint != credential.fingerprint:
                return check(peer.credential)
        raise


class PeerDirectory(Protocol):
    """Finds partners; kept by the management layer, asked on every call."""

    def usable(self, node_id: str) -> Peer:
        """Return a partner whose contract is approved, in force, and whose key a person has compared.

        Raises:
            UnknownNode: there is no contract with that node.
            ContractNotUsable: there is one that allows no calls; the message says why.
            CertificateRefused: the partner signs under a certificate that is not to be believed now.
        """
        ...

    def partners(self) -> list[Peer]:
        """Return all partners that `usable` would return, by node id."""
        ...
