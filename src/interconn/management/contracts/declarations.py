"""What a person declares of a partner, as no call of the standard tells it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from interconn.api import peers as api
from interconn.api.own import OwnService, Person
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.contracts.cooperation import Cooperation
from interconn.state.database import Database


class Declarations:
    """Takes declarations; a node never makes one by itself.

    Args:
        database: where contracts are.
        contracts: to which declarations belong; a later contract with the same node begins without any.
        cooperation: shows contracts.
    """

    def __init__(self, *, database: Database, contracts: Contracts, cooperation: Cooperation) -> None:
        self._database = database
        self._contracts = contracts
        self._cooperation = cooperation

    def own_services(self) -> list[OwnService[api.PeerSet, api.ContractView]]:
        """What is served to this node's people."""
        return [OwnService(api.PEER_SET, self._set)]

    async def _set(self, person: Person, request: api.PeerSet) -> api.ContractView:
        def work(session: Session) -> api.ContractView:
            contract = self._contracts.require_usable(session, request.node_id)
            if contract.management_plane != request.management_plane:
                contract.management_plane = request.management_plane
                self._contracts.note(
                    session,
                    contract,
                    Cause.person(person),
                    "contract.declare",
                    "MGT-3-contract-state",
                    management_plane="present" if request.management_plane else "absent",
                )
            return self._cooperation.view(session, contract)

        return await self._database.write(work)
