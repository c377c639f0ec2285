"""Verdicts on contracts and their end (MGT-3.2, MGT-3.3, docs/decisions/0004-first-contact.md)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from interconn.api.own import Person
from interconn.api.peers import PeerApprove
from interconn.identity.credentials import Credential, read_fingerprint, require_fingerprint
from interconn.management.causes import Cause
from interconn.management.consequences import Consequences
from interconn.management.contracts.contracts import UNLIMITED, Contracts, called, expiry
from interconn.management.contracts.tables import Contract
from interconn.management.transitions import APPLICANT, PARTNER, STEP_OF, Step, advance, path
from interconn.management.waiting import mail_about, on_its_way
from interconn.peers.inbound import Caller
from interconn.standard.errors import (
    BadSignature,
    ContentConflict,
    IllegalTransition,
    InterconnError,
    Refused,
)
from interconn.standard.management import (
    CONTRACT_CONFIRM,
    CONTRACT_TERMINATE,
    NODE_QUERY,
    AuditStatus,
    AuthType,
    ContractConfirm,
    ContractReference,
    NodeInformation,
    NodeQuery,
    Verdict,
)
from interconn.state.clock import Clock


class Verdicts:
    """Decides on contracts and takes what partners decided, inside transactions.

    Args:
        clock: time.
        contracts: keeps them.
        consequences: makes void what was under a contract that ends.
    """

    def __init__(self, *, clock: Clock, contracts: Contracts, consequences: Consequences) -> None:
        self._consequences = consequences
        self._clock = clock
        self._contracts = contracts

    # --- deciding (MGT-3.2) ---------------------------------------------------------------------------------

    def approve(self, session: Session, person: Person, request: PeerApprove) -> Contract:
        """Approve an application, or compare the key of a partner that approved ours.

        Raises:
            BadSignature: the fingerprint is not that of the partner's key.
            Refused: the partner has not proven to hold the key, and `accept_unproven` was not given.
        """
        contract = self._contracts.named(session, request.contract_id)
        if contract.direction == APPLICANT and contract.status == AuditStatus.APPLIED:
            # Its key is not here yet: it will be compared when it comes.
            contract.expected_fingerprint = read_fingerprint(request.fingerprint)
            self._contracts.note(session, contract, Cause.person(person), "contract.fingerprint", "MGT-3.2")
            return contract
        following = advance(contract.status, Step.APPROVE, what=called(contract), clause="MGT-3-contract-state")
        credential = Credential.parse(AuthType(contract.auth_type), contract.auth_credential)
        require_fingerprint(request.fingerprint, credential)
        self._contracts.require_belief(credential, contract.node_id)
        if not (contract.key_proven or request.accept_unproven):
            raise Refused(
                f"{contract.node_id} has not signed with the key it sent, so it may be another's",
                where="auth_credential",
                clause="MGT-3.1",
                hint="If it cannot sign first contact, repeat with --accept-unproven",
            )
        cause = Cause.person(person)
        if contract.direction == APPLICANT:
            if not contract.key_compared:
                contract.key_compared = True
                self._contracts.note(session, contract, cause, "contract.compare", "MGT-3.2")
            return contract
        if following:
            contract.expired_time = request.expired_time or contract.expired_time
            self._contracts.check_applicable(session, contract.node_id, contract.expired_time)
            contract.key_compared = True
            self._send_verdict(session, contract, Verdict.APPROVED)
            self._settle(session, contract, following, cause, "contract.approve")
        return contract

    def reject(self, session: Session, person: Person, contract_id: str) -> Contract:
        """Reject an application; it stays REJECTED for good (MGT-G2.2.3.3-2)."""
        contract = self._contracts.named(session, contract_id)
        if contract.direction == APPLICANT:
            raise IllegalTransition(
                f"{called(contract)} is our own application, which {contract.node_id} decides on",
                clause="MGT-3-contract-state",
                hint="'interconn peer terminate' takes it back while it has not been answered",
            )
        if following := advance(contract.status, Step.REJECT, what=called(contract), clause="MGT-3-contract-state"):
            self._send_verdict(session, contract, Verdict.REJECTED)
            self._settle(session, contract, following, Cause.person(person), "contract.reject")
        return contract

    def confirm(self, session: Session, caller: Caller, request: ContractConfirm) -> InterconnError | None:
        """Take the partner's verdict on our application.

        Returns:
            A refusal that leaves an entry in the audit trail and must be raised after the commit, or None.

        Raises:
            NotFound: we have no such application at that node.
        """
        contract = self._contracts.between(session, caller.node_id, request.contract_id)
        if contract.direction == PARTNER:
            raise IllegalTransition(
                f"{called(contract)} was applied for by {caller.node_id}, so this node decides",
                clause="MGT-3-contract-state",
            )
        cause = Cause.caller(caller)
        credential = None
        if request.auth_type and request.auth_credential:
            credential = Credential.parse(request.auth_type, request.auth_credential)
            if contract.fingerprint and credential.fingerprint not in (
                contract.fingerprint,
                contract.former_fingerprint,
            ):
                raise ContentConflict(
                    "this contract was confirmed with another key", where="auth_credential", clause="MGT-3.2"
                )
        step = STEP_OF[request.status]
        following = advance(contract.status, step, what=called(contract), clause="MGT-3-contract-state")
        if not following:
            contract.key_proven = contract.key_proven or (credential is not None and caller.proven_key is not None)
            return None
        if credential and (error := self._compare_expected(session, contract, credential, cause)):
            return error
        if credential and request.status is Verdict.APPROVED:
            self._contracts.require_belief(credential, contract.node_id)
            contract.auth_type, contract.auth_credential = credential.auth_type.value, credential.pem
            contract.fingerprint = credential.fingerprint
            contract.key_proven = caller.proven_key is not None
            contract.key_compared = bool(contract.expected_fingerprint) and contract.key_proven
            contract.expired_time = expiry(request.expired_time or contract.expired_time)
            # The confirm does not say who the partner is; its name card does, signed with the key just given.
            query = NodeQuery(node_id=contract.node_id)
            self._contracts.send(session, contract, NODE_QUERY.name, query.to_wire())
        self._settle(session, contract, following, cause, "contract.confirm")
        return None

    def _compare_expected(
        self, session: Session, contract: Contract, credential: Credential, cause: Cause
    ) -> InterconnError | None:
        if not contract.expected_fingerprint:
            return None
        try:
            require_fingerprint(contract.expected_fingerprint, credential)
        except BadSignature as error:
            reason = f"a confirm came with another key than expected: {credential.fingerprint}"
            if contract.reason != reason:  # the partner repeats itself; the audit trail need not
                contract.reason = reason
                self._contracts.note(session, contract, cause, "contract.wrong_key", "MGT-3.2", reason=reason)
            return error
        return None

    def refused(self, session: Session, contract: Contract, reason: str, cause: Cause) -> None:
        """Take note that the applicant would not take our verdict, though it was repeated."""
        contract.reason = reason
        self._contracts.note(session, contract, cause, "contract.verdict_refused", "MGT-3.2", reason=reason)

    def introduced(self, session: Session, contract: Contract, card: NodeInformation, cause: Cause) -> None:
        """Take over the partner's name card (MGT-3.6); its address stays the one a person gave."""
        known = (contract.inst_id, contract.institution, contract.name, contract.system, contract.system_version)
        told = (card.inst_id, card.institution, card.name, card.system, card.system_version)
        if card.node_id != contract.node_id or known == told:
            return
        contract.inst_id, contract.institution, contract.name = card.inst_id, card.institution, card.name
        contract.system, contract.system_version = card.system, card.system_version
        contract.description = card.description or ""
        self._contracts.note(session, contract, cause, "contract.introduced", "MGT-3.6")

    def terminate(self, session: Session, contract: Contract, cause: Cause, *, tell: bool) -> Contract:
        """End a contract; no permit under it is valid from here on."""
        following = advance(contract.status, Step.TERMINATE, what=called(contract), clause="MGT-3-contract-state")
        if following:
            self._settle(session, contract, following, cause, "contract.terminate", clause="MGT-3.3")
            if tell:
                self.tell_end(session, contract)
        return contract

    def adopt(self, session: Session, contract: Contract, there: AuditStatus, cause: Cause) -> None:
        """Take over the state that the partner names, if it takes rights away (MGT-4-lost-callback).

        APPROVED cannot be taken over, as the answer brings no key: the partner repeats its confirm.
        """
        steps = path(contract.status, there)
        if not steps or there is AuditStatus.APPROVED:
            return
        if contract.direction == PARTNER and steps[0] is not Step.TERMINATE:
            return
        for step in steps:
            following = advance(contract.status, step, what=called(contract), clause="MGT-3.5")
            assert following
            self._settle(session, contract, following, cause, "contract.adopt", clause="MGT-3.5")

    def repeat(self, session: Session, contract: Contract, step: str, cause: Cause) -> None:
        """Say our verdict (`confirm`) or the end (`terminate`) again, unless something is on its way to the partner."""
        if on_its_way(mail_about(session, contract.node_id, contract.contract_id)):
            return
        if step == "confirm":
            self._send_verdict(session, contract, Verdict(contract.status))
            self._contracts.note(session, contract, cause, "contract.confirm_again", "MGT-3.2")
        else:
            self.tell_end(session, contract)
            self._contracts.note(session, contract, cause, "contract.terminate_again", "MGT-3.3")

    def tell_end(self, session: Session, contract: Contract) -> None:
        """Commit the message that the contract is over."""
        body = ContractReference(contract_id=contract.contract_id).to_wire()
        self._contracts.send(session, contract, CONTRACT_TERMINATE.name, body)

    def _settle(
        self,
        session: Session,
        contract: Contract,
        status: AuditStatus,
        cause: Cause,
        action: str,
        *,
        clause: str = "MGT-3.2",
    ) -> None:
        contract.status, contract.decided_at = status.value, self._clock.now()
        self._contracts.note(session, contract, cause, action, clause)
        if status is AuditStatus.TERMINATED:
            self._consequences.contract_ended(session, contract, cause)

    def _send_verdict(self, session: Session, contract: Contract, verdict: Verdict) -> None:
        # The credential goes with a rejection too, so that the applicant can tell whose it is.
        credential = self._contracts.introduce(contract)
        confirm = ContractConfirm(
            contract_id=contract.contract_id,
            status=verdict,
            auth_credential=credential.pem,
            auth_type=credential.auth_type,
            expired_time=(contract.expired_time or UNLIMITED) if verdict is Verdict.APPROVED else None,
        )
        self._contracts.send(session, contract, CONTRACT_CONFIRM.name, confirm.to_wire(), insists=True)
