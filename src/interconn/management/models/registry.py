"""The models of this node: found, registered, and known to whom; where they lie others never learn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from interconn.api.models import ModelView
from interconn.components.produced import ProducedModel
from interconn.management.causes import Cause
from interconn.management.models.tables import Model, ModelReader
from interconn.management.results.holding import Holding
from interconn.management.work.tables import ProposedJob
from interconn.standard.errors import NotFound
from interconn.state.clock import Clock

NAMESPACE: Final = "models"
"""Namespace in storage of models that people add; those of tasks lie with the other results of their jobs."""


class Models:
    """Finds and registers models, inside transactions.

    Args:
        node_id: this node.
        clock: time.
        storage: directory that holds them.
        holding: knows which of them are results that wait for a release.
    """

    def __init__(self, *, node_id: str, clock: Clock, storage: Path, holding: Holding) -> None:
        self._node_id = node_id
        self._clock = clock
        self._storage = storage
        self._holding = holding

    def produced(self, session: Session, model: ProducedModel) -> None:
        """Register what a task has yielded; `interconn.components.produced.ModelRegister`."""
        if session.get(Model, model.model_id):
            return
        job = session.get(ProposedJob, model.job_id)
        now = self._clock.now()
        session.add(
            Model(
                model_id=model.model_id,
                name=model.name,
                algorithm=model.algorithm,
                task_id=model.task_id,
                job_id=model.job_id,
                project_id=job.project_id if job else "",
                parties=list(model.parties),
                digest=model.digest,
                size=model.size,
                namespace=model.place.namespace,
                stored_name=model.place.name,
                created_at=now,
            )
        )
        Cause("system", model.job_id).record(
            session,
            at=now,
            action="model.produce",
            subject=f"model:{model.model_id}",
            partner="",
            clause="MGT-G2.1.1.1-model",
            details={"task": model.task_id, "digest": model.digest},
        )

    def own(self, session: Session, model_id: str) -> Model:
        """Return a model of this node.

        Raises:
            NotFound: there is none.
        """
        model = session.get(Model, model_id)
        if model is None or model.removed_at is not None:
            raise NotFound(f"this node has no model {model_id}", where="model_id", hint="interconn model list")
        return model

    def released(self, session: Session, model_id: str) -> Model:
        """Return a model of this node that may be used and shared.

        Raises:
            NotFound: there is none.
            NotApproved: it is a result that waits for a release, or was refused.
        """
        model = self.own(session, model_id)
        self._holding.check_place(session, model.namespace, model.stored_name, what="the model")
        return model

    def known_to(self, session: Session, node_id: str, model_id: str) -> Model:
        """Return a model that a node may know of: it holds it jointly with this one, or was told (MGT-9.1).

        Raises:
            NotFound: there is none, or it is none of theirs; which of the two is not told.
        """
        model = session.get(Model, model_id)
        known = model is not None and (
            node_id in model.parties or session.get(ModelReader, (model_id, node_id)) is not None
        )
        if model is None or model.removed_at is not None or not known:
            raise NotFound("there is no such model", where="model_id", clause="MGT-9.1")
        return model

    def share(self, session: Session, model: Model, node_ids: Iterable[str]) -> None:
        """Let some partners know of a model, and no others beside those that hold it jointly."""
        session.execute(delete(ModelReader).where(ModelReader.model_id == model.model_id))
        session.add_all(ModelReader(model_id=model.model_id, node_id=node_id) for node_id in sorted(set(node_ids)))

    def views(self, session: Session, models: Sequence[Model]) -> list[ModelView]:
        """Return models as this node's people see them."""
        session.flush()
        readers: dict[str, list[str]] = {model.model_id: [] for model in models}
        shared = select(ModelReader).where(ModelReader.model_id.in_(readers)).order_by(ModelReader.node_id)
        for reader in session.scalars(shared):
            readers[reader.model_id].append(reader.node_id)
        return [
            ModelView(
                model_id=model.model_id,
                name=model.name,
                algorithm=model.algorithm,
                task_id=model.task_id,
                job_id=model.job_id,
                project_id=model.project_id,
                parties=model.parties,
                shared_with=readers[model.model_id],
                digest=model.digest,
                size=model.size,
                source=model.source,
                location=""
                if self._holding.hides(session, model.namespace, model.stored_name)
                else str(self._storage / model.namespace / model.stored_name),
                created_at=model.created_at,
            )
            for model in models
        ]
