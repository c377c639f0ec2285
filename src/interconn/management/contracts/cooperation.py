"""Contracts between nodes as calls: served to others, asked for by our people, delivered from the outbox."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from interconn import dialects
from interconn.api import peers as api
from interconn.api.own import OwnService, Person
from interconn.api.rules import require_contract_decision
from interconn.identity.node import NodeIdentity
from interconn.management import contacts
from interconn.management.causes import Cause
from interconn.management.contracts.applications import Applications
from interconn.management.contracts.contracts import CONTRACT_TOPIC, Contracts
from interconn.management.contracts.directory import former_key, key
from interconn.management.contracts.standing import waiting_of
from interconn.management.contracts.tables import Contract
from interconn.management.contracts.updates import Updates
from interconn.management.contracts.verdicts import Verdicts
from interconn.management.transitions import PARTNER
from interconn.management.waiting import Waiting
from interconn.peers.exchanges import Exchanges
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import Destination, PeerClient
from interconn.standard import management as standard
from interconn.standard.endpoint import Endpoint
from interconn.standard.errors import ContractNotUsable, InterconnError, NotFound
from interconn.standard.management import AuditStatus, ContractApplied
from interconn.standard.wire import Empty, WireModel
from interconn.state.database import Database
from interconn.state.outbox import OutboxMessage
from interconn.state.pages import read_page

PATIENCE_SECONDS: Final = 5.0
"""How long `peer apply` waits for the partner to give the contract its id, so that a person sees it at once."""

_HEARD: Final = {call.name: call.clause for call in (standard.CONTRACT_CONFIRM, standard.CONTRACT_TERMINATE)}
"""Calls whose answer says no more than that the partner heard; the audit trail keeps it, signed."""


class Cooperation:
    """Serves and sends the calls of MGT-3.

    Args:
        node: this node's name card.
        database: where contracts are.
        client: to other nodes.
        contracts: keeps them.
        applications: makes and receives applications.
        verdicts: decides on them.
        updates: takes partners' changes of card and key.
        partners_only: tell partners alone what this node is called (MGT-G2.2.3.3-1).
        exchanges: the last contacts with partners.
    """

    def __init__(
        self,
        *,
        node: NodeIdentity,
        database: Database,
        client: PeerClient,
        contracts: Contracts,
        applications: Applications,
        verdicts: Verdicts,
        updates: Updates,
        partners_only: bool = False,
        exchanges: Exchanges | None = None,
    ) -> None:
        self._exchanges = exchanges
        self._node = node
        self._partners_only = partners_only
        self._database = database
        self._client = client
        self._contracts = contracts
        self._applications = applications
        self._verdicts = verdicts
        self._updates = updates

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [
            Service(standard.CONTRACT_APPLY, self._serve_apply),
            Service(standard.CONTRACT_CONFIRM, self._serve_confirm),
            Service(standard.CONTRACT_TERMINATE, self._serve_terminate),
            Service(standard.NODE_UPDATE, self._serve_update),
            Service(standard.CONTRACT_QUERY, self._serve_query),
            Service(standard.NODE_QUERY, self._serve_node_query),
            Service(standard.NODE_HEALTH, self._serve_health),
        ]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.PEER_APPLY, self._apply),
            OwnService(api.PEER_APPROVE, self._approve),
            OwnService(api.PEER_REJECT, self._reject),
            OwnService(api.PEER_TERMINATE, self._terminate),
            OwnService(api.PEER_LIST, self._list),
            OwnService(api.PEER_ASK, self._ask),
        ]

    # --- other nodes ----------------------------------------------------------------------------------------

    async def _serve_apply(self, caller: Caller, request: standard.ContractApply) -> ContractApplied:
        def work(session: Session) -> str:
            contract, known = self._applications.receive(session, caller, request)
            if known and contract.status in (AuditStatus.APPROVED, AuditStatus.REJECTED):
                # It asks because it has not heard.
                self._verdicts.repeat(session, contract, "confirm", Cause.caller(caller))
            return contract.contract_id

        return ContractApplied(contract_id=await self._database.write(work))

    async def _serve_confirm(self, caller: Caller, request: standard.ContractConfirm) -> Empty:
        error = await self._database.write(lambda session: self._verdicts.confirm(session, caller, request))
        if error:
            raise error
        return Empty()

    async def _serve_terminate(self, caller: Caller, request: standard.ContractReference) -> Empty:
        def work(session: Session) -> None:
            contract = self._contracts.between(session, caller.node_id, request.contract_id)
            self._verdicts.terminate(session, contract, Cause.caller(caller), tell=False)

        await self._database.write(work)
        return Empty()

    async def _serve_update(self, caller: Caller, request: standard.NodeUpdate) -> Empty:
        waits = await self._database.write(lambda session: self._updates.receive(session, caller, request))
        if waits:
            raise waits
        return Empty()

    async def _serve_query(self, caller: Caller, request: standard.ContractReference) -> standard.StatusReply:
        def work(session: Session) -> AuditStatus:
            return AuditStatus(self._contracts.between(session, caller.node_id, request.contract_id).status)

        return standard.StatusReply(status=await self._database.read(work))

    async def _serve_node_query(self, caller: Caller, request: standard.NodeQuery) -> standard.NodeInformation:
        if self._partners_only:
            self._client.partner(caller.node_id)
        if request.node_id != self._node.node_id:
            raise NotFound("this node speaks for itself alone", where="node_id", clause="MGT-3.6")
        return self._node.information()

    async def _serve_health(self, _caller: Caller, _request: Empty) -> standard.Health:
        return standard.Health(status="ok")

    # --- this node's people ---------------------------------------------------------------------------------

    async def _apply(self, person: Person, request: api.PeerApply) -> api.ContractView:
        if request.fingerprint:
            require_contract_decision(person)
        with self._database.signals.subscribe(CONTRACT_TOPIC) as changed:
            contract = await self._database.write(lambda session: self._applications.apply(session, person, request))
            number = contract.number
            deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
            while contract.provisional and contract.status == AuditStatus.APPLIED:
                remaining = deadline - asyncio.get_running_loop().time()
                if remaining <= 0:
                    break
                await changed.wait(remaining)
                contract = await self._database.read(lambda session: session.get_one(Contract, number))
        return await self._database.read(lambda session: self.view(session, session.get_one(Contract, number)))

    async def _approve(self, person: Person, request: api.PeerApprove) -> api.ContractView:
        return await self._change(lambda session: self._approve_or_compare(session, person, request))

    def _approve_or_compare(self, session: Session, person: Person, request: api.PeerApprove) -> Contract:
        changed = self._updates.compare(session, person, request)
        return changed or self._verdicts.approve(session, person, request)

    async def _reject(self, person: Person, request: api.PeerDecision) -> api.ContractView:
        return await self._change(lambda session: self._verdicts.reject(session, person, request.contract_id))

    async def _terminate(self, person: Person, request: api.PeerDecision) -> api.ContractView:
        def work(session: Session) -> Contract:
            contract = self._contracts.named(session, request.contract_id)
            if self._applications.may_be_withdrawn(session, contract):
                self._applications.withdraw(session, contract, Cause.person(person))
                return contract
            return self._verdicts.terminate(session, contract, Cause.person(person), tell=True)

        return await self._change(work)

    async def _list(self, _person: Person, request: api.ContractSearch) -> api.ContractViews:
        matching = []
        if request.node_id:
            matching.append(Contract.node_id == request.node_id)
        if request.status:
            matching.append(Contract.status == request.status.value)

        def work(session: Session) -> api.ContractViews:
            found, total = read_page(
                session,
                Contract,
                lambda contracts: self._views(session, contracts),
                paging=request,
                order=(Contract.number,),
                matching=matching,
            )
            return api.ContractViews(contracts=found, total=total)

        return await self._database.read(work)

    async def _ask(self, person: Person, request: api.PeerAsk) -> api.PeerAnswer:
        contract = await self._database.read(lambda session: self._contracts.latest(session, request.node_id))
        destination = self.destination_of(contract)
        if contract.direction == PARTNER and not contract.key_compared:
            raise ContractNotUsable(
                f"{contract.node_id} applied from an address that is not contacted before it is approved",
                where=contract.address,
                hint="interconn peer approve ... --fingerprint, or peer reject",
            )
        ask, trace_id, number = self._client.ask, person.trace_id, contract.number
        heard, spoken = (each(self._exchanges, contract.node_id) for each in (contacts.heard, contacts.spoken))
        query = standard.NodeQuery(node_id=contract.node_id)
        card = await ask(destination, standard.NODE_QUERY, query, trace_id=trace_id)
        node, cause = card.reply, Cause.answer(contract.node_id, trace_id, card.evidence)
        health = (await ask(destination, standard.NODE_HEALTH, Empty(), trace_id=trace_id)).reply
        if destination.credential:  # else nothing proves the card to be the partner's
            await self._database.write(
                lambda session: self._verdicts.introduced(session, session.get_one(Contract, number), node, cause)
            )
        status = ""
        if not contract.provisional:
            reference = standard.ContractReference(contract_id=contract.contract_id)
            told = await ask(destination, standard.CONTRACT_QUERY, reference, trace_id=trace_id)
            there, told_by = told.reply.status, Cause.answer(contract.node_id, trace_id, told.evidence)
            status = there.value
            await self._database.write(
                lambda session: self._verdicts.adopt(session, session.get_one(Contract, number), there, told_by)
            )
        # What was heard may have changed the contract, so it is looked at again.
        now = await self._database.read(lambda session: self.view(session, session.get_one(Contract, number)))
        return api.PeerAnswer(
            node=node,
            health=health.status,
            contract_id=now.contract_id,
            contract_status=status,
            usable=now.usable,
            waits_for=now.waits_for,
            expired_time=now.expired_time,
            fingerprint=now.fingerprint,
            former_fingerprint=now.former_fingerprint,
            former_until=now.former_until,
            next_fingerprint=now.next_fingerprint,
            own_fingerprint=now.own_fingerprint,
            heard=heard,
            spoken=spoken,
        )

    async def _change(self, work: Any) -> api.ContractView:
        return await self._database.write(lambda session: self.view(session, work(session)))

    def view(self, session: Session, contract: Contract) -> api.ContractView:
        """Return a contract as a person sees it."""
        return self._views(session, [contract])[0]

    def _views(self, session: Session, contracts: Sequence[Contract]) -> list[api.ContractView]:
        session.flush()
        awaited = waiting_of(session, contracts)
        return [self._view(contract, awaited[contract.number]) for contract in contracts]

    def _view(self, contract: Contract, waiting: Waiting | None) -> api.ContractView:
        return api.ContractView(
            contract_id=contract.contract_id,
            node_id=contract.node_id,
            inst_id=contract.inst_id,
            institution=contract.institution,
            name=contract.name,
            address=contract.address,
            system=contract.system,
            direction=contract.direction,
            status=contract.status,
            auth_type=contract.auth_type,
            fingerprint=contract.fingerprint,
            key_proven=contract.key_proven,
            key_compared=contract.key_compared,
            usable=self._contracts.allows_calls(contract),
            waits_for=str(waiting) if waiting else "",
            reason=contract.reason,
            applied_at=contract.applied_at,
            decided_at=contract.decided_at,
            expired_time=contract.expired_time,
            dialect=contract.dialect,
            heard=contacts.heard(self._exchanges, contract.node_id),
            spoken=contacts.spoken(self._exchanges, contract.node_id),
            management_plane=contract.management_plane,
            own_fingerprint=contract.own_fingerprint,
            former_fingerprint=contract.former_fingerprint if self._contracts.accepts_former(contract) else "",
            former_until=contract.former_until if self._contracts.accepts_former(contract) else None,
            next_fingerprint=contract.next_fingerprint,
        )

    # --- the outbox -----------------------------------------------------------------------------------------

    def endpoints(self) -> Iterable[Endpoint[Any, Any]]:
        """The calls of the outbox that concern contracts."""
        return (
            standard.CONTRACT_APPLY,
            standard.CONTRACT_CONFIRM,
            standard.CONTRACT_TERMINATE,
            standard.NODE_QUERY,
        )

    def destination(self, session: Session, message: OutboxMessage) -> Destination | None:
        """Where a message goes: to the address in the contract, which allows no other calls at that time.

        The end of a contract goes by the one in force, where there is one by now.
        """
        contract = self._contracts.named(session, message.reference)
        if message.endpoint == standard.NODE_QUERY.name:
            return self.destination_of(contract, compared=True)
        if message.endpoint == standard.CONTRACT_TERMINATE.name:
            # The address and the keys may have changed before the next contract, under which they are known.
            latest = self._contracts.latest(session, contract.node_id)
            contract = latest if self._contracts.allows_calls(latest) else contract
        return self.destination_of(contract)

    def delivered(self, session: Session, message: OutboxMessage, reply: WireModel) -> None:
        """Take the id that the partner gave to our application, or its name card, or its word that it heard."""
        contract = self._contracts.named(session, message.reference)
        cause = Cause.answer(message.node_id, message.trace_id)
        if isinstance(reply, standard.NodeInformation):
            self._verdicts.introduced(session, contract, reply, cause)
        elif isinstance(reply, ContractApplied):
            self._applications.numbered(session, contract, reply.contract_id, cause)
        elif message.endpoint in _HEARD:
            call = message.endpoint
            self._contracts.note(session, contract, cause, "contract.acknowledge", _HEARD[call], call=call)

    def refused(self, session: Session, message: OutboxMessage, error: InterconnError) -> None:
        """Take note that the partner would not take an application.

        A refused termination changes nothing: the contract is over here, and the partner knows of none in force.
        """
        contract = self._contracts.named(session, message.reference)
        cause = Cause.answer(message.node_id, message.trace_id)
        if message.endpoint == standard.CONTRACT_APPLY.name:
            self._applications.refused(session, contract, str(error), cause)
        elif message.endpoint == standard.CONTRACT_CONFIRM.name:
            self._verdicts.refused(session, contract, str(error), cause)

    def destination_of(self, contract: Contract, *, compared: bool = False) -> Destination:
        """Return where a partner is asked about a contract; `compared`: as if its key had been compared."""
        # An answer is held against the partner's key once a person has compared it; before that it proves nothing.
        known = compared or contract.key_compared
        return Destination(
            contract.node_id,
            contract.address,
            key(contract) if known else None,
            dialects.by_name(contract.dialect),
            former=former_key(contract) if known else None,
            own_key=contract.own_fingerprint,
        )
