"""Data sets as partners are told of them, and as partners tell of theirs (MGT-4.1, MGT-4.2)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from interconn.api import datasets as api
from interconn.api.own import OwnService, Person
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import Catalogue
from interconn.management.datasets.tables import Dataset
from interconn.management.permits.permits import Permits
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import PeerClient
from interconn.standard import management as standard
from interconn.standard.errors import NotFound, PeerRefused
from interconn.standard.management import DatasetDetail, DatasetPage
from interconn.state.database import Database


class Datasets:
    """Serves and sends the calls about data sets.

    Args:
        database: where the catalogue is.
        client: to other nodes.
        catalogue: finds data sets.
        contracts: who may ask.
        permits: to whom a data set was granted.
    """

    def __init__(
        self,
        *,
        database: Database,
        client: PeerClient,
        catalogue: Catalogue,
        contracts: Contracts,
        permits: Permits,
    ) -> None:
        self._database = database
        self._client = client
        self._catalogue = catalogue
        self._contracts = contracts
        self._permits = permits

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [
            Service(standard.DATASET_LIST, self._serve_list),
            Service(standard.DATASET_QUERY, self._serve_query),
        ]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.DATASET_DISCOVER, self._discover),
            OwnService(api.DATASET_SHOW, self._show),
        ]

    # --- other nodes ----------------------------------------------------------------------------------------

    async def _serve_list(self, caller: Caller, request: standard.DatasetList) -> DatasetPage:
        def work(session: Session) -> DatasetPage:
            self._contracts.require_usable(session, caller.node_id, request.contract_id)
            records, total = self._catalogue.published(session, caller.node_id, request)
            return DatasetPage(records=records, total=total)

        return await self._database.read(work)

    async def _serve_query(self, caller: Caller, request: standard.DatasetQuery) -> DatasetDetail:
        def work(session: Session) -> DatasetDetail:
            self._contracts.require_usable(session, caller.node_id, request.contract_id)
            return self._catalogue.detail(self.visible(session, caller.node_id, request.dataset_id))

        return await self._database.read(work)

    def visible(self, session: Session, node_id: str, dataset_id: str) -> Dataset:
        """Return a data set that a node may know of: one published to it, or granted to it (MGT-4.2).

        Raises:
            NotFound: there is none, or it is none of theirs; which of the two is not told.
        """
        dataset = session.get(Dataset, dataset_id)
        if dataset is None or not (
            self._catalogue.shown_to(session, node_id, dataset)
            or self._permits.ledger.granted(session, node_id, dataset_id)
        ):
            raise NotFound("there is no such data set", where="dataset_id", clause="MGT-4.2")
        return dataset

    def own(self, session: Session, dataset_id: str) -> Dataset:
        """Return a data set of this node; raises as `Catalogue.own`."""
        return self._catalogue.own(session, dataset_id)

    # --- this node's people ---------------------------------------------------------------------------------

    async def _discover(self, person: Person, request: api.DatasetDiscover) -> DatasetPage:
        contract_id = self._client.partner(request.node_id).contract_id
        question = standard.DatasetList(contract_id=contract_id, page_num=request.page_num, page_size=request.page_size)
        return await self._client.call(request.node_id, standard.DATASET_LIST, question, trace_id=person.trace_id)

    async def _show(self, person: Person, request: api.DatasetShow) -> DatasetDetail:
        return await self.ask_partner(person, request.node_id, request.dataset_id)

    async def ask_partner(self, person: Person, node_id: str, dataset_id: str) -> DatasetDetail:
        """Ask a partner for a data set of its own.

        Raises:
            PeerRefused: it has none such, or not for us; it is named, as several may have been asked for at once.
        """
        question = standard.DatasetQuery(contract_id=self._client.partner(node_id).contract_id, dataset_id=dataset_id)
        try:
            return await self._client.call(node_id, standard.DATASET_QUERY, question, trace_id=person.trace_id)
        except PeerRefused as error:
            error.where, error.hint = f"{node_id}/{dataset_id}", f"interconn dataset discover {node_id}"
            raise
