"""The question what a partner believes, by the standard's queries (MGT-3.5, 4.6, 5.4, 7.4, 9.4), and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from interconn.api.audits import AuditKind
from interconn.identity.signature import Evidence
from interconn.management.approvals.subjects import Subject
from interconn.management.contracts.standing import CONTRACT
from interconn.management.contracts.tables import Contract
from interconn.management.reconciliation.judgement import Answer
from interconn.management.reconciliation.matters import Matter
from interconn.peers import outbound
from interconn.peers.outbound import Destination, PeerClient
from interconn.standard.errors import (
    ContractNotUsable,
    InterconnError,
    NotFound,
    PeerRefused,
    PeerUnreachable,
    UnknownNode,
)
from interconn.standard.management import CONTRACT_QUERY, AuditReference, AuditStatus, ContractReference, StatusReply
from interconn.state.database import Database

TIMEOUT_SECONDS = 10.0
_LONGEST_WORDS = 500


@dataclass(frozen=True)
class Told:
    """How a question ended.

    Attributes:
        answer: in one word.
        there: the state that the partner named.
        words: why it named none.
        evidence: what proves its answer, where its key is known.
    """

    answer: Answer
    there: AuditStatus | None = None
    words: str = ""
    evidence: Evidence | None = None


class Addresses(Protocol):
    """Where a partner is asked about a contract, which may allow no other calls at that time."""

    def destination_of(self, contract: Contract) -> Destination:
        """Return address, key and dialect of the partner."""
        ...


class Inquiry:
    """Asks partners.

    Args:
        database: where contracts are.
        client: to other nodes.
        addresses: of partners as contracts have them.
        subjects: the kinds of audits there are.
    """

    def __init__(
        self,
        *,
        database: Database,
        client: PeerClient,
        addresses: Addresses,
        subjects: Mapping[AuditKind, Subject[Any]],
    ) -> None:
        self._database = database
        self._client = client
        self._addresses = addresses
        self._subjects = subjects

    async def ask(self, matter: Matter, *, trace_id: str) -> Told:
        """Ask the partner about a matter; whatever comes of it is an answer, and nothing is raised."""
        if not matter.askable:
            return Told(Answer.NOT_ASKED, words=matter.void or _why_not(matter))
        try:
            found = await self._call(matter, trace_id)
            return Told(Answer.STATE, found.reply.status, evidence=found.evidence)
        except (ContractNotUsable, UnknownNode) as error:
            return Told(Answer.NOT_ASKED, words=error.message)
        except PeerUnreachable as error:
            return Told(Answer.SILENT, words=error.message[:_LONGEST_WORDS])
        except PeerRefused as error:
            unknown = error.peer_code == NotFound.code
            answer, words = Answer.UNKNOWN if unknown else Answer.REFUSED, error.message[:_LONGEST_WORDS]
            return Told(answer, words=words, evidence=error.evidence)
        except InterconnError as error:
            return Told(Answer.SENSELESS, words=error.message[:_LONGEST_WORDS])

    async def _call(self, matter: Matter, trace_id: str) -> outbound.Answer[StatusReply]:
        if matter.kind != CONTRACT:
            query = self._subjects[AuditKind(matter.kind)].query
            question = AuditReference(audit_id=matter.reference)
            there = self._client.destination(matter.node_id)
            return await self._client.ask(there, query, question, trace_id=trace_id, timeout=TIMEOUT_SECONDS)

        def destination(session: Session) -> Destination:
            return self._addresses.destination_of(session.get_one(Contract, matter.number))

        where, reference = await self._database.read(destination), ContractReference(contract_id=matter.reference)
        return await self._client.ask(where, CONTRACT_QUERY, reference, trace_id=trace_id, timeout=TIMEOUT_SECONDS)


def _why_not(matter: Matter) -> str:
    if not matter.standing.whole:
        return "the partner has not answered the application, so there is no id yet to ask by"
    return "nobody is asked before a person has compared the partner's key"
