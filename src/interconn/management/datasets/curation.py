"""What this node's people do with their data sets: list, show to partners, describe, remove (MGT-4.1)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from interconn.api import datasets as api
from interconn.api.own import OwnService, Person
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.datasets.catalogue import CHUNK, Catalogue
from interconn.management.datasets.tables import Dataset, DatasetReader, RemovedDataset
from interconn.management.removing import end_use
from interconn.standard.errors import InvalidRequest, Refused
from interconn.standard.management import ColumnMeta
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore


class Curation:
    """Keeps what is told of data sets, and to whom.

    Args:
        node_id: this node.
        database: where the catalogue is.
        clock: time.
        catalogue: of data sets.
        contracts: a data set is shown by name to partners only.
        audits: the engine, which ends the grants of a data set that is removed.
        grants: those.
        storage: directory that holds the data sets.
    """

    def __init__(
        self,
        *,
        node_id: str,
        database: Database,
        clock: Clock,
        catalogue: Catalogue,
        contracts: Contracts,
        audits: Audits,
        grants: Subject[Any],
        storage: Path,
    ) -> None:
        self._node_id = node_id
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._contracts = contracts
        self._audits = audits
        self._grants = grants
        self._storage = storage

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.DATASET_LIST, self._list),
            OwnService(api.DATASET_INSPECT, self._inspect),
            OwnService(api.DATASET_PUBLISH, self._publish),
            OwnService(api.DATASET_DESCRIBE, self._describe),
            OwnService(api.DATASET_REMOVE, self._remove),
        ]

    async def _list(self, _person: Person, request: api.DatasetSearch) -> api.DatasetViews:
        matching = []
        if request.name:
            matching.append(Dataset.name.icontains(request.name, autoescape=True))
        if request.category:
            matching.append(Dataset.category == request.category)

        def work(session: Session) -> api.DatasetViews:
            found, total = read_page(
                session,
                Dataset,
                lambda datasets: self._catalogue.views(session, datasets),
                paging=request,
                order=(Dataset.added_at, Dataset.dataset_id),
                matching=matching,
                chunk=CHUNK,
            )
            return api.DatasetViews(datasets=found, total=total)

        return await self._database.read(work)

    async def _inspect(self, _person: Person, request: api.DatasetReference) -> api.DatasetView:
        def work(session: Session) -> api.DatasetView:
            return self._catalogue.view(session, self._catalogue.own(session, request.dataset_id))

        return await self._database.read(work)

    # --- to whom --------------------------------------------------------------------------------------------

    async def _publish(self, person: Person, request: api.DatasetPublish) -> api.DatasetView:
        person.require_dataset(request.dataset_id)
        if request.to and (request.to_all or not request.published):
            raise InvalidRequest("either to some partners, or to all, or to none", where="to", clause="MGT-4.1")

        def work(session: Session) -> api.DatasetView:
            dataset = self._catalogue.own(session, request.dataset_id)
            before = self._catalogue.view(session, dataset)
            self._show_to(session, dataset, request, before.published_to)
            after = self._catalogue.view(session, dataset)
            if (before.published, before.published_to) != (after.published, after.published_to):
                action = "dataset.publish" if after.published else "dataset.hide"
                self._record(session, person, dataset, action, to=after.published_to or after.published)
            return after

        return await self._database.write(work)

    def _show_to(self, session: Session, dataset: Dataset, request: api.DatasetPublish, present: list[str]) -> None:
        named = sorted(set(request.to or []))
        if request.published and not named and not request.to_all and dataset.published and not dataset.for_all:
            raise Refused(
                f"data set {dataset.dataset_id} is shown to {', '.join(present)} only",
                where="to",
                clause="MGT-4.1",
                hint="Say --to-all to show it to every partner, or name them with --to",
            )
        for node_id in set(named) - set(present):
            self._contracts.require_usable(session, node_id)
        dataset.published = request.published
        dataset.for_all = request.published and not named
        session.execute(delete(DatasetReader).where(DatasetReader.dataset_id == dataset.dataset_id))
        session.add_all(DatasetReader(dataset_id=dataset.dataset_id, node_id=node_id) for node_id in named)

    # --- what is told ---------------------------------------------------------------------------------------

    async def _describe(self, person: Person, request: api.DatasetDescribe) -> api.DatasetView:
        person.require_dataset(request.dataset_id)

        def work(session: Session) -> api.DatasetView:
            dataset = self._catalogue.own(session, request.dataset_id)
            changed = _describe(dataset, request)
            if changed:
                self._record(session, person, dataset, "dataset.describe", changed=changed)
            return self._catalogue.view(session, dataset)

        return await self._database.write(work)

    # --- removing -------------------------------------------------------------------------------------------

    async def _remove(self, person: Person, request: api.DatasetRemove) -> api.DatasetView:
        person.require_dataset(request.dataset_id)

        def work(session: Session) -> api.DatasetView:
            dataset = self._catalogue.own(session, request.dataset_id)
            end_use(
                session,
                person,
                self._audits,
                self._grants,
                dataset.dataset_id,
                source={"dataset_id": dataset.dataset_id},
                place={"namespace": dataset.namespace, "name": dataset.stored_name},
                force=request.force,
            )
            view = self._catalogue.view(session, dataset)
            session.execute(delete(DatasetReader).where(DatasetReader.dataset_id == dataset.dataset_id))
            session.add(
                RemovedDataset(
                    dataset_id=dataset.dataset_id,
                    namespace=dataset.namespace,
                    stored_name=dataset.stored_name,
                    removed_at=self._clock.now(),
                )
            )
            self._record(session, person, dataset, "dataset.remove", force=request.force)
            session.delete(dataset)
            return view

        removed = await self._database.write(work)
        await self.erase_removed()
        return removed

    async def erase_removed(self) -> None:
        """Take the rows of removed data sets out of storage; also at the start, for what a crash left behind."""

        def waiting(session: Session) -> list[tuple[str, str, str]]:
            found = select(RemovedDataset).where(RemovedDataset.erased.is_(False))
            return [(one.dataset_id, one.namespace, one.stored_name) for one in session.scalars(found)]

        for dataset_id, namespace, stored_name in await self._database.read(waiting):
            await asyncio.to_thread(FileStore(self._storage).delete, DatasetName(namespace, stored_name))
            await self._database.write(lambda session, one=dataset_id: _erased(session, one))  # type: ignore[misc] # the default is not inferred

    def _record(self, session: Session, person: Person, dataset: Dataset, action: str, **details: Any) -> None:
        Cause.person(person).record(
            session,
            at=self._clock.now(),
            action=action,
            subject=f"dataset:{dataset.dataset_id}",
            partner="",
            clause="MGT-4.1",
            details={"rows": dataset.count, **details},
        )


def _erased(session: Session, dataset_id: str) -> None:
    session.get_one(RemovedDataset, dataset_id).erased = True


def _describe(dataset: Dataset, request: api.DatasetDescribe) -> list[str]:
    """Change what is told of a data set; return what was changed, never the words."""
    known = [meta["name"] for meta in dataset.column_metas]
    named = {"columns": [column.name for column in request.columns], "label_columns": request.label_columns or []}
    for where, names in named.items():
        missing = [name for name in names if name not in known]
        if missing:
            shown = ", ".join(known[:20])
            raise InvalidRequest(
                f"the data set has no column {missing[0][:256]}", where=where, clause="MGT-4.1", hint=f"It has {shown}"
            )
    wanted: dict[str, Any] = {
        "name": request.name,
        "description": request.description,
        "category": request.category,
        "purpose": request.purpose,
        "label_columns": request.label_columns,
    }
    if request.columns:
        described = {column.name: column for column in request.columns}
        wanted["column_metas"] = [_corrected(meta, described.get(meta["name"])) for meta in dataset.column_metas]
    changed = []
    for member, value in wanted.items():
        stored = None if value == "" and member != "purpose" else value
        if value is not None and getattr(dataset, member) != stored:
            setattr(dataset, member, stored)
            changed.append(member)
    return changed


def _corrected(meta: dict[str, Any], given: api.ColumnDescription | None) -> dict[str, Any]:
    if given is None:
        return meta
    members = given.model_dump(exclude_none=True)
    if members.get("description") == "":
        members["description"] = None
    return ColumnMeta.model_validate({**meta, **members}).to_wire()
