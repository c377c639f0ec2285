"""Data sets: taken in, shown to partners, and those that partners show (MGT-4.1, MGT-4.2)."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from interconn.api import datasets as api
from interconn.api.own import OwnService, Person
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import NAMESPACE, Catalogue, column_meta
from interconn.management.datasets.tables import Dataset
from interconn.management.permits.permits import Permits
from interconn.peers.inbound import Caller, Service
from interconn.peers.outbound import PeerClient
from interconn.standard import management as standard
from interconn.standard.errors import ContentConflict, DataError, InvalidRequest, NotFound
from interconn.standard.identifiers import new_id
from interconn.standard.management import DatasetDetail, DatasetPage
from interconn.standard.wire import Empty, describe
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.findings import Ingested
from interconn.storage.intake import take_in


class Datasets:
    """Serves and sends the calls about data sets.

    Args:
        database: where the catalogue is.
        client: to other nodes.
        clock: time.
        catalogue: finds data sets.
        contracts: who may ask.
        permits: to whom a data set was granted.
        storage: directory that holds the data sets.
    """

    def __init__(
        self,
        *,
        database: Database,
        client: PeerClient,
        clock: Clock,
        catalogue: Catalogue,
        contracts: Contracts,
        permits: Permits,
        storage: Path,
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._catalogue = catalogue
        self._contracts = contracts
        self._permits = permits
        self._storage = storage
        self._being_added: set[str] = set()

    def services(self) -> list[Service[Any, Any]]:
        """What is served to other nodes."""
        return [
            Service(standard.DATASET_LIST, self._serve_list),
            Service(standard.DATASET_QUERY, self._serve_query),
        ]

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.DATASET_ADD, self._add),
            OwnService(api.DATASET_PUBLISH, self._publish),
            OwnService(api.DATASET_LIST, self._list),
            OwnService(api.DATASET_DISCOVER, self._discover),
            OwnService(api.DATASET_SHOW, self._show),
        ]

    # --- other nodes ----------------------------------------------------------------------------------------

    async def _serve_list(self, caller: Caller, request: standard.DatasetList) -> DatasetPage:
        def work(session: Session) -> DatasetPage:
            self._contracts.require_usable(session, caller.node_id, request.contract_id)
            records, total = self._catalogue.published(session, request)
            return DatasetPage(records=records, total=total)

        return await self._database.read(work)

    async def _serve_query(self, caller: Caller, request: standard.DatasetQuery) -> DatasetDetail:
        def work(session: Session) -> DatasetDetail:
            self._contracts.require_usable(session, caller.node_id, request.contract_id)
            return self._catalogue.detail(self.visible(session, caller.node_id, request.dataset_id))

        return await self._database.read(work)

    def visible(self, session: Session, node_id: str, dataset_id: str) -> Dataset:
        """Return a data set that a node may know of: a published one, or one granted to it (MGT-4.2).

        Raises:
            NotFound: there is none, or it is none of theirs; which of the two is not told.
        """
        dataset = session.get(Dataset, dataset_id)
        if dataset is None or not (dataset.published or self._permits.ledger.granted(session, node_id, dataset_id)):
            raise NotFound("there is no such data set", where="dataset_id", clause="MGT-4.2")
        return dataset

    # --- this node's people ---------------------------------------------------------------------------------

    async def _add(self, person: Person, request: api.DatasetAdd) -> api.DatasetView:
        person.require_dataset(request.dataset_id or "")
        dataset_id = request.dataset_id or new_id("dataset")
        if dataset_id.startswith("."):
            raise InvalidRequest("an id of a data set does not begin with a dot", where="dataset_id")
        name = DatasetName(NAMESPACE, dataset_id)
        known = await self._database.read(lambda session: session.get(Dataset, dataset_id))
        if known or dataset_id in self._being_added:
            raise ContentConflict(
                f"there is a data set {dataset_id} already",
                where="dataset_id",
                hint="Leave the id out, or choose another",
            )
        self._being_added.add(dataset_id)
        given_up = threading.Event()
        try:
            taken = await asyncio.to_thread(self._take_in, request, name, given_up)
            return await self._database.write(lambda session: self._enter(session, person, request, name, taken))
        finally:
            given_up.set()
            self._being_added.discard(dataset_id)

    def _take_in(self, request: api.DatasetAdd, name: DatasetName, given_up: threading.Event) -> Ingested:
        store, source = FileStore(self._storage), Path(request.path)
        if "\0" in request.path or (source.exists() and not source.is_file()):
            raise DataError("this is no file", where="path")  # a pipe or device might never end
        # What lies there without an entry in the catalogue is left over from an intake that was interrupted.
        taken = take_in(
            source,
            store,
            name,
            key_columns=request.key_columns,
            description=request.description or "",
            given_up=given_up,
        )
        try:
            _check_columns(taken, request.label_columns)
        except DataError:
            store.delete(name)
            raise
        return taken

    def _enter(
        self, session: Session, person: Person, request: api.DatasetAdd, name: DatasetName, taken: Ingested
    ) -> api.DatasetView:
        dataset = Dataset(
            dataset_id=name.name,
            name=request.name,
            description=request.description,
            category=request.category,
            count=taken.metadata.count,
            key_columns=request.key_columns,
            label_columns=request.label_columns,
            column_metas=[column_meta(column.name, column.type) for column in taken.metadata.column_info],
            namespace=name.namespace,
            stored_name=name.name,
            published=False,
            findings=_findings(taken),
            added_at=self._clock.now(),
        )
        session.add(dataset)
        self._record(session, person, dataset, "dataset.add")
        return self._view(dataset)

    async def _publish(self, person: Person, request: api.DatasetPublish) -> api.DatasetView:
        person.require_dataset(request.dataset_id)

        def work(session: Session) -> api.DatasetView:
            dataset = self._catalogue.own(session, request.dataset_id)
            if dataset.published != request.published:
                dataset.published = request.published
                self._record(session, person, dataset, "dataset.publish" if request.published else "dataset.hide")
            return self._view(dataset)

        return await self._database.write(work)

    async def _list(self, _person: Person, _request: Empty) -> api.DatasetViews:
        def work(session: Session) -> list[api.DatasetView]:
            found = session.scalars(select(Dataset).order_by(Dataset.added_at, Dataset.dataset_id))
            return [self._view(dataset) for dataset in found]

        return api.DatasetViews(datasets=await self._database.read(work))

    async def _discover(self, person: Person, request: api.DatasetDiscover) -> DatasetPage:
        contract_id = self._client.partner(request.node_id).contract_id
        question = standard.DatasetList(contract_id=contract_id, page_num=request.page_num, page_size=request.page_size)
        return await self._client.call(request.node_id, standard.DATASET_LIST, question, trace_id=person.trace_id)

    async def _show(self, person: Person, request: api.DatasetShow) -> DatasetDetail:
        return await self.ask_partner(person, request.node_id, request.dataset_id)

    async def ask_partner(self, person: Person, node_id: str, dataset_id: str) -> DatasetDetail:
        """Ask a partner for a data set of its own.

        Raises:
            PeerRefused: it has none such, or not for us.
        """
        question = standard.DatasetQuery(contract_id=self._client.partner(node_id).contract_id, dataset_id=dataset_id)
        return await self._client.call(node_id, standard.DATASET_QUERY, question, trace_id=person.trace_id)

    def _record(self, session: Session, person: Person, dataset: Dataset, action: str) -> None:
        Cause.person(person).record(
            session,
            at=self._clock.now(),
            action=action,
            subject=f"dataset:{dataset.dataset_id}",
            partner="",
            clause="MGT-G2.2.2-dataset-upload" if action == "dataset.add" else "MGT-4.1",
            details={"rows": dataset.count},
        )

    def _view(self, dataset: Dataset) -> api.DatasetView:
        return api.DatasetView(
            **self._catalogue.summary(dataset).model_dump(),
            published=dataset.published,
            namespace=dataset.namespace,
            location=str(self._storage / dataset.namespace / dataset.stored_name),
            findings=dataset.findings,
        )


def _check_columns(taken: Ingested, label_columns: list[str]) -> None:
    missing = [column for column in label_columns if column not in taken.metadata.columns]
    if missing:
        raise DataError(
            f"the file has no column {', '.join(missing)}",
            where="label_columns",
            hint=f"It has {', '.join(taken.metadata.columns[:20])}",
        )
    for number, column in enumerate(taken.metadata.column_info, 1):
        try:
            column_meta(column.name, column.type)
        except ValidationError as error:
            raise DataError(
                f"the name of column {number} cannot be told to partners: {describe(error)}",
                where="header",
                clause="MGT-4.1",
                hint="A name has one line and at most 256 characters",
            ) from None


def _findings(taken: Ingested) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = [{"message": text} for text in taken.findings]
    findings += [
        {"message": f"Column {column} has {rows} blank values.", "column": column, "rows": rows}
        for column, rows in taken.missing.items()
    ]
    return findings
