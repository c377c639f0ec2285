"""What this node's people do with its models: add, list, share, remove."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from interconn.api import models as api
from interconn.api.own import OwnService, Person
from interconn.components.environment import MODEL_MEMBER
from interconn.management.approvals.audits import Audits
from interconn.management.approvals.subjects import Subject
from interconn.management.causes import Cause
from interconn.management.contracts.contracts import Contracts
from interconn.management.given_files import GivenFiles
from interconn.management.models.registry import NAMESPACE, Models
from interconn.management.models.tables import Model
from interconn.management.removing import end_use
from interconn.standard.errors import ContentConflict, DataError, InvalidRequest
from interconn.standard.identifiers import new_id
from interconn.state.clock import Clock
from interconn.state.database import Database
from interconn.state.pages import read_page
from interconn.storage.dataset import DatasetMetadata, DatasetName
from interconn.storage.files import FileStore
from interconn.storage.opened import OpenedFile


class ModelCuration:
    """Keeps the models that people handle.

    Args:
        node_id: this node.
        database: where the registry is.
        clock: time.
        models: the registry.
        contracts: a model is shared with partners only.
        audits: the engine, which ends the use of a model that is removed.
        uses: those.
        storage: directory that holds the models.
        files: which of those that are named may be taken in.
    """

    def __init__(
        self,
        *,
        node_id: str,
        database: Database,
        clock: Clock,
        models: Models,
        contracts: Contracts,
        audits: Audits,
        uses: Subject[Any],
        storage: Path,
        files: GivenFiles,
    ) -> None:
        self._node_id = node_id
        self._database = database
        self._clock = clock
        self._models = models
        self._contracts = contracts
        self._audits = audits
        self._uses = uses
        self._storage = storage
        self._files = files
        self._being_added: set[str] = set()

    def own_services(self) -> list[OwnService[Any, Any]]:
        """What is served to this node's people."""
        return [
            OwnService(api.MODEL_ADD, self._add),
            OwnService(api.MODEL_SHARE, self._share),
            OwnService(api.MODEL_REMOVE, self._remove),
            OwnService(api.MODEL_INSPECT, self._inspect),
            OwnService(api.MODEL_LIST, self._list),
        ]

    async def _list(self, _person: Person, request: api.ModelSearch) -> api.ModelViews:
        matching: list[ColumnElement[bool]] = [Model.removed_at.is_(None)]
        if request.name:
            matching.append(Model.name.icontains(request.name, autoescape=True))
        if request.job_id:
            matching.append(Model.job_id == request.job_id)

        def work(session: Session) -> api.ModelViews:
            found, total = read_page(
                session,
                Model,
                lambda models: self._models.views(session, models),
                paging=request,
                order=(Model.created_at, Model.model_id),
                matching=matching,
            )
            return api.ModelViews(models=found, total=total)

        return await self._database.read(work)

    async def _inspect(self, _person: Person, request: api.ModelReference) -> api.ModelView:
        return await self._database.read(lambda session: self._view(session, request.model_id))

    def _view(self, session: Session, model_id: str) -> api.ModelView:
        return self._models.views(session, [self._models.own(session, model_id)])[0]

    # --- adding ---------------------------------------------------------------------------------------------

    async def _add(self, person: Person, request: api.ModelAdd) -> api.ModelView:
        person.require_dataset("")  # whose data it learnt from, its id does not say
        model_id = request.model_id or new_id("model")
        if model_id.startswith("."):
            raise InvalidRequest("an id of a model does not begin with a dot", where="model_id")
        known = await self._database.read(lambda session: session.get(Model, model_id))
        if known or model_id in self._being_added:
            raise ContentConflict(
                f"there is or was a model {model_id} already",
                where="model_id",
                hint="Leave the id out, or choose another",
            )
        name = DatasetName(NAMESPACE, model_id)
        self._being_added.add(model_id)
        try:
            with await self._files.open(person, request.path) as file:
                digest, size = await asyncio.to_thread(self._copy, file, name, request.name)
            return await self._database.write(
                lambda session: self._enter(session, person, request, name, digest=digest, size=size)
            )
        finally:
            self._being_added.discard(model_id)

    def _copy(self, source: OpenedFile, name: DatasetName, description: str) -> tuple[str, int]:
        counted = hashlib.sha256()
        try:
            # What lies there without an entry in the registry is left over from an interrupted intake.
            with source.open("rb") as file, FileStore(self._storage).create(name, replace=True) as draft:
                sink = draft.open()
                while block := file.read(1 << 20):
                    counted.update(block)
                    sink.write(block)
                size = file.tell()
                draft.describe(
                    DatasetMetadata(
                        name=name.name,
                        namespace=name.namespace,
                        count=0,
                        partitions=1,
                        description=description,
                        file_type="model",
                    )
                )
        except OSError as error:
            raise DataError("the file cannot be read", where=source.name, hint=error.strerror) from None
        return counted.hexdigest(), size

    def _enter(
        self, session: Session, person: Person, request: api.ModelAdd, name: DatasetName, *, digest: str, size: int
    ) -> api.ModelView:
        for node_id in request.to:
            self._contracts.require_usable(session, node_id)
        model = Model(
            model_id=name.name,
            name=request.name,
            algorithm=request.algorithm,
            parties=[self._node_id],
            digest=digest,
            size=size,
            namespace=name.namespace,
            stored_name=name.name,
            source=Path(request.path).name,
            created_at=self._clock.now(),
        )
        session.add(model)
        session.flush()
        self._models.share(session, model, request.to)
        self._record(session, person, model, "model.add", digest=digest, to=sorted(set(request.to)))
        return self._view(session, model.model_id)

    # --- to whom, and no more -------------------------------------------------------------------------------

    async def _share(self, person: Person, request: api.ModelShare) -> api.ModelView:
        person.require_dataset("")  # whose data it learnt from, its id does not say

        def work(session: Session) -> api.ModelView:
            model = self._models.released(session, request.model_id)
            present = self._view(session, model.model_id).shared_with
            wanted = sorted(set(request.to))
            for node_id in set(wanted) - set(present):
                self._contracts.require_usable(session, node_id)
            if wanted != present:
                self._models.share(session, model, wanted)
                self._record(session, person, model, "model.share", to=wanted)
            return self._view(session, model.model_id)

        return await self._database.write(work)

    async def _remove(self, person: Person, request: api.ModelRemove) -> api.ModelView:
        person.require_dataset("")  # whose data it learnt from, its id does not say

        def work(session: Session) -> api.ModelView:
            model = self._models.own(session, request.model_id)
            end_use(
                session,
                person,
                self._audits,
                self._uses,
                model.model_id,
                source={MODEL_MEMBER: model.model_id},
                place={"namespace": model.namespace, "name": model.stored_name},
                force=request.force,
            )
            view = self._view(session, model.model_id)
            self._models.share(session, model, ())
            model.removed_at = self._clock.now()
            self._record(session, person, model, "model.remove", force=request.force)
            return view

        removed = await self._database.write(work)
        await self.erase_removed()
        return removed

    async def erase_removed(self) -> None:
        """Take the bytes of removed models out of storage; also at the start, for what a crash left behind."""

        def waiting(session: Session) -> list[tuple[str, DatasetName]]:
            found = select(Model).where(Model.removed_at.is_not(None), Model.erased.is_(False))
            return [(one.model_id, DatasetName(one.namespace, one.stored_name)) for one in session.scalars(found)]

        def erased(session: Session, model_id: str) -> None:
            session.get_one(Model, model_id).erased = True

        for model_id, name in await self._database.read(waiting):
            await asyncio.to_thread(FileStore(self._storage).delete, name)
            await self._database.write(lambda session, one=model_id: erased(session, one))  # type: ignore[misc] # the default is not inferred

    def _record(self, session: Session, person: Person, model: Model, action: str, **details: Any) -> None:
        Cause.person(person).record(
            session,
            at=self._clock.now(),
            action=action,
            subject=f"model:{model.model_id}",
            partner="",
            clause="MGT-G2.1.1.1-model",
            details=details,
        )
