"""Data sets taken in: a file of this node's people, checked, normalised and entered (MGT-G2.2.2-dataset-upload)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy.orm import Session

from interconn.api import datasets as api
from interconn.api.own import OwnService, Person
from interconn.management.causes import Cause
from interconn.management.datasets.catalogue import NAMESPACE, Catalogue, column_meta
from interconn.management.datasets.tables import Dataset, RemovedDataset
from interconn.management.given_files import GivenFiles
from interconn.standard.errors import ContentConflict, DataError, InvalidRequest
from interconn.standard.identifiers import new_id
from interconn.standard.wire import describe
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.storage.dataset import DatasetName
from interconn.storage.files import FileStore
from interconn.storage.findings import Ingested, Preflight
from interconn.storage.intake import look_over, take_in
from interconn.storage.opened import OpenedFile

_NAME_HINT: Final = "A name has one line and at most 256 characters"


class Intake:
    """Takes files in.

    Args:
        database: where the catalogue is.
        clock: time.
        catalogue: of data sets.
        storage: directory that holds the data sets.
        files: which of those that are named may be taken in.
    """

    def __init__(
        self, *, database: Database, clock: Clock, catalogue: Catalogue, storage: Path, files: GivenFiles
    ) -> None:
        self._database = database
        self._clock = clock
        self._catalogue = catalogue
        self._storage = storage
        self._files = files
        self._being_added: set[str] = set()

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [OwnService(api.DATASET_ADD, self.add), OwnService(api.DATASET_CHECK, self.check)]

    async def check(self, person: Person, request: api.DatasetCheck) -> api.FileVerdict:
        """Say what is wrong or odd about a file; nothing is kept.

        Raises:
            DataError: the file cannot be opened.
            NotApproved: the file is the node's own, or a result that waits for a release.
        """
        given_up = threading.Event()
        keys, labels = request.key_columns, request.label_columns
        try:
            with await self._files.open(person, request.path) as file:
                look = partial(look_over, file, key_columns=keys, label_columns=labels, given_up=given_up)
                return _verdict(await asyncio.to_thread(look))
        finally:
            given_up.set()

    async def add(self, person: Person, request: api.DatasetAdd) -> api.DatasetView:
        """Take in a file, and enter it into the catalogue.

        Raises:
            DataError: the file cannot be used.
            ContentConflict: the id is in use, or was.
            NotApproved: the file is the node's own, or a result that waits for a release.
        """
        person.require_dataset(request.dataset_id or "")
        dataset_id = request.dataset_id or new_id("dataset")
        if dataset_id.startswith("."):
            raise InvalidRequest("an id of a data set does not begin with a dot", where="dataset_id")
        name = DatasetName(NAMESPACE, dataset_id)

        def used(session: Session) -> Dataset | RemovedDataset | None:
            return session.get(Dataset, dataset_id) or session.get(RemovedDataset, dataset_id)

        known = await self._database.read(used)
        if known or dataset_id in self._being_added:
            was = isinstance(known, RemovedDataset)
            raise ContentConflict(
                f"there was a data set {dataset_id}, which was removed: approvals of that one name it"
                if was
                else f"there is a data set {dataset_id} already",
                where="dataset_id",
                hint="Leave the id out, or choose another",
            )
        self._being_added.add(dataset_id)
        given_up = threading.Event()
        try:
            with await self._files.open(person, request.path) as file:
                taken = await asyncio.to_thread(self._take_in, request, file, name, given_up)
            return await self._database.write(lambda session: self._enter(session, person, request, name, taken))
        finally:
            given_up.set()
            self._being_added.discard(dataset_id)

    def _take_in(
        self, request: api.DatasetAdd, source: OpenedFile, name: DatasetName, given_up: threading.Event
    ) -> Ingested:
        store = FileStore(self._storage)
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
            source=Path(request.path).name,
            purpose=request.purpose,
            findings=_findings(taken),
            added_at=self._clock.now(),
        )
        session.add(dataset)
        Cause.person(person).record(
            session,
            at=self._clock.now(),
            action="dataset.add",
            subject=f"dataset:{dataset.dataset_id}",
            partner="",
            clause="MGT-G2.2.2-dataset-upload",
            details={"rows": dataset.count},
        )
        return self._catalogue.view(session, dataset)


def _check_columns(taken: Ingested, label_columns: list[str]) -> None:
    missing = [column for column in label_columns if column not in taken.metadata.columns]
    if missing:
        raise DataError(
            f"the file has no column {', '.join(missing)}",
            where="label_columns",
            hint=f"It has {', '.join(taken.metadata.columns[:20])}",
        )
    for trouble in _unspeakable((column.name, column.type) for column in taken.metadata.column_info):
        raise DataError(trouble, where="header", clause="MGT-4.1", hint=_NAME_HINT)


def _unspeakable(columns: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield what is wrong with names of columns that no partner could be told."""
    for number, (name, kind) in enumerate(columns, 1):
        try:
            column_meta(name, kind)
        except ValidationError as error:
            yield f"the name of column {number} cannot be told to partners: {describe(error)}"


def _verdict(found: Preflight) -> api.FileVerdict:
    remarks = [api.FileRemark(**asdict(remark)) for remark in found.remarks]
    # What has no name at all is told already.
    named = ((column.name or "x", column.type) for column in found.columns)
    unspeakable = [api.FileRemark(blocks=True, what=what, fix=f"{_NAME_HINT}.") for what in _unspeakable(named)]
    return api.FileVerdict(
        usable=found.usable and not unspeakable,
        size=found.bytes,
        encoding=found.encoding,
        delimiter=found.delimiter,
        rows=found.rows,
        columns=[api.FileColumn(**asdict(column)) for column in found.columns],
        remarks=[*unspeakable, *remarks],
    )


def _findings(taken: Ingested) -> list[dict[str, Any]]:
    findings: list[dict[str, Any]] = [{"message": text} for text in taken.findings]
    findings += [
        {"message": f"Column {column} has {rows} blank values.", "column": column, "rows": rows}
        for column, rows in taken.missing.items()
    ]
    return findings
