"""What partners tell of a change of their node data or key (MGT-3.4, docs/decisions/0009-keys-and-certificates.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.api.peers import PeerApprove
from interconn.identity.credentials import Credential, require_fingerprint
from interconn.identity.signature import KeyProof
from interconn.management.causes import Cause
from interconn.management.contracts.addresses import base_url
from interconn.management.contracts.contracts import Contracts, called
from interconn.management.contracts.directory import key
from interconn.management.contracts.tables import Contract
from interconn.peers.inbound import Caller
from interconn.standard import headers as names
from interconn.standard.errors import AwaitsPerson, BadSignature, ContractNotUsable, InterconnError, Refused
from interconn.standard.management import AuthType, NodeUpdate
from interconn.state.clock import Clock

_HOUR: Final = 3_600_000


@dataclass(frozen=True)
class ChangeRules:
    """How a partner's changed key is taken.

    Attributes:
        overlap_hours: how long its former key is accepted still.
        compare_changed: whether a person compares the fingerprint of each new key too.
        changed_auth_type: what becomes of a key of another auth_type.
    """

    overlap_hours: float = 24
    compare_changed: bool = False
    changed_auth_type: Literal["refuse", "ask", "accept"] = "refuse"


class Updates:
    """Takes changes of partners, inside transactions.

    Args:
        node_id: this node.
        clock: time.
        contracts: keeps them.
        rules: how a changed key is taken.
    """

    def __init__(self, *, node_id: str, clock: Clock, contracts: Contracts, rules: ChangeRules) -> None:
        self._node_id = node_id
        self._clock = clock
        self._contracts = contracts
        self._rules = rules

    def receive(self, session: Session, caller: Caller, request: NodeUpdate) -> InterconnError | None:
        """Replace what is known of the calling node: its card, its address, its key.

        Returns:
            A refusal that leaves a trace in the database and must be raised after the commit, or None.

        Raises:
            NotFound, ContractNotUsable: the contract named is not the one in force with that node.
            BadSignature: the new key is not proven, or the request was signed with the former one.
            Refused: the change is not allowed here.
        """
        contract = self._contracts.between(session, caller.node_id, request.contract_id)
        if caller.peer is None or caller.peer.contract_id != contract.contract_id:
            raise ContractNotUsable(f"{called(contract)} is not the one in force", clause="MGT-3.4")
        address = base_url(request.address)
        credential = Credential.parse(request.auth_type, request.auth_credential)
        self._contracts.require_belief(credential, caller.node_id)
        signed_with = caller.proven_key.fingerprint if caller.proven_key else ""
        present = key(contract)
        same_key = credential.fingerprint == present.fingerprint and credential.auth_type is present.auth_type
        if signed_with != present.fingerprint:
            self._take_late_repetition(contract, request, address, same_key=same_key)
            return None
        if not same_key and (waits := self._change_key(session, contract, caller, credential, present)):
            return waits
        if same_key and contract.next_fingerprint:  # the partner has thought better of it
            contract.next_auth_type = contract.next_credential = contract.next_fingerprint = ""
            contract.next_proven = False
        self._take_card(session, contract, request, address, credential, Cause.caller(caller))
        return None

    def compare(self, session: Session, person: Person, request: PeerApprove) -> Contract | None:
        """Take a key that waits for a person, if the fingerprint given is its; None where none waits.

        Raises:
            BadSignature: the fingerprint is neither that of the waiting key nor of the present one.
            Refused: the partner has not proven to hold the key, and `accept_unproven` was not given.
        """
        contract = self._contracts.named(session, request.contract_id)
        if not contract.next_fingerprint:
            return None
        waiting = Credential.parse(AuthType(contract.next_auth_type), contract.next_credential)
        try:
            require_fingerprint(request.fingerprint, waiting)
        except BadSignature:
            require_fingerprint(request.fingerprint, key(contract))
            return contract  # the present key, once more: what waits goes on waiting
        if not (contract.next_proven or request.accept_unproven):
            raise Refused(
                f"{contract.node_id} has not proven to hold the key it changes to, so it may be another's",
                where="auth_credential",
                clause="MGT-3.4",
                hint="If it cannot prove it, repeat with --accept-unproven",
            )
        self._contracts.require_belief(waiting, contract.node_id)
        self._adopt(session, contract, waiting, Cause.person(person), proven=contract.next_proven)
        return contract

    def _take_late_repetition(self, contract: Contract, request: NodeUpdate, address: str, *, same_key: bool) -> None:
        """Let a change that was taken before pass again, as its reply was lost; the former key may say nothing new.

        Whoever has got hold of an old key could otherwise send partners elsewhere, or change the key once more.

        Raises:
            BadSignature: it is no repetition.
        """
        known = (contract.address, contract.inst_id, contract.institution, contract.name, contract.description)
        told = (address, request.inst_id, request.institution, request.name, request.description or "")
        if not same_key or known != told:
            raise BadSignature(
                "this was signed with a former key, which may change nothing", where=names.AUTH_SIGN, clause="MGT-3.4",
                hint="Sign with the present key",
            )  # fmt: skip

    def _change_key(
        self, session: Session, contract: Contract, caller: Caller, credential: Credential, present: Credential
    ) -> InterconnError | None:
        proof = caller.extensions.get(names.KEY_PROOF, "")
        if proof:
            KeyProof(credential, present.fingerprint, caller.node_id, self._node_id, contract.contract_id).verify(proof)
        reason = self._why_a_person_decides(credential, present, proven=bool(proof))
        if not reason:
            self._adopt(session, contract, credential, Cause.caller(caller), proven=True)
            return None
        if contract.next_fingerprint != credential.fingerprint:
            contract.next_auth_type, contract.next_credential = credential.auth_type.value, credential.pem
            contract.next_fingerprint, contract.next_proven = credential.fingerprint, bool(proof)
            self._contracts.note(
                session, contract, Cause.caller(caller), "contract.key_waits", "MGT-3.4",
                next_fingerprint=credential.fingerprint, reason=reason,
            )  # fmt: skip
        contract.next_proven = contract.next_proven or bool(proof)
        return AwaitsPerson(
            f"the new key waits for a person here to compare its fingerprint: {reason}",
            where="auth_credential",
            clause="MGT-3.4",
            hint="Tell the partner the new fingerprint by telephone, and repeat; the present key stays in use",
        )

    def _why_a_person_decides(self, credential: Credential, present: Credential, *, proven: bool) -> str:
        """Return why a new key is not taken on the word of the present one alone; empty if it is.

        Raises:
            Refused: it is not taken at all.
        """
        if credential.auth_type is not present.auth_type:
            if self._rules.changed_auth_type == "refuse":
                raise Refused(
                    f"a change of auth_type from {present.auth_type} to {credential.auth_type} is not taken here",
                    where="auth_type",
                    clause="MGT-3.4",
                    hint="The other side may allow it (keys.changed_auth_type), or conclude a new contract",
                )
            if self._rules.changed_auth_type == "ask":
                return f"it changes auth_type from {present.auth_type} to {credential.auth_type}"
        if credential.weakens(present):
            return "it is weaker than the present one"
        if not proven:
            return "the partner has not proven to hold it"
        return "each changed key is compared here" if self._rules.compare_changed else ""

    def _adopt(
        self, session: Session, contract: Contract, credential: Credential, cause: Cause, *, proven: bool
    ) -> None:
        contract.former_auth_type, contract.former_credential = contract.auth_type, contract.auth_credential
        contract.former_fingerprint = contract.fingerprint
        contract.former_until = self._clock.now() + int(self._rules.overlap_hours * _HOUR)
        contract.auth_type, contract.auth_credential = credential.auth_type.value, credential.pem
        contract.fingerprint, contract.key_proven = credential.fingerprint, proven
        contract.next_auth_type = contract.next_credential = contract.next_fingerprint = ""
        contract.next_proven = False
        self._contracts.note(
            session, contract, cause, "contract.key_changed", "MGT-3.4",
            former_fingerprint=contract.former_fingerprint, auth_type=contract.auth_type,
        )  # fmt: skip

    def _take_card(
        self,
        session: Session,
        contract: Contract,
        request: NodeUpdate,
        address: str,
        credential: Credential,
        cause: Cause,
    ) -> None:
        fresh = {
            "address": address,
            "inst_id": request.inst_id,
            "institution": request.institution,
            "name": request.name,
            "system": request.system,
            "system_version": request.system_version,
            "description": request.description or "",
            "auth_credential": credential.pem,  # the same key under a renewed certificate
        }
        changed = {name: value for name, value in fresh.items() if getattr(contract, name) != value}
        for name, value in changed.items():
            setattr(contract, name, value)
        if changed:
            details = {name: value for name, value in changed.items() if name in ("address", "inst_id", "institution")}
            self._contracts.note(
                session, contract, cause, "contract.updated", "MGT-3.4", changed=", ".join(changed), **details
            )
