"""The models that a component has written, as the layer above registers them (MGT-G2.1.1.1-model)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.orm import Session

from interconn.components.environment import Order, Place, outputs
from interconn.standard.errors import StorageError
from interconn.standard.self_description import SelfDescription
from interconn.storage.address import parse_storage_address
from interconn.storage.dataset import DatasetName
from interconn.storage.digests import digest_of
from interconn.storage.store import open_store

MODEL: Final = "model"
"""Category of an output that is a model (CTL-6.3)."""


@dataclass(frozen=True)
class ProducedModel:
    """This node's share of a model that a task has yielded.

    Attributes:
        model_id: the same at every party of the task.
        name: of the output in the DAG.
        algorithm: the component that made it.
        job_id, task_id: of the standard.
        parties: the nodes that hold a share each.
        digest: of this node's share.
        size: of it, bytes.
        place: where it lies here.
    """

    model_id: str
    name: str
    algorithm: str
    job_id: str
    task_id: str
    parties: tuple[str, ...]
    digest: str
    size: int
    place: Place


class ModelRegister(Protocol):
    """Takes note of models."""

    def produced(self, session: Session, model: ProducedModel) -> None:
        """Register a model in the transaction that settles its task; a repeat changes nothing."""
        ...


def model_id(job_id: str, task_id: str, key: str) -> str:
    """Return the id of a model that a task has yielded: every party comes to the same one by itself."""
    return "model-" + hashlib.sha256(f"{job_id}\n{task_id}\n{key}".encode()).hexdigest()[:32]


def produced_models(order: Order, description: SelfDescription, storage: str) -> list[ProducedModel]:
    """Return the models that a component which has succeeded left in storage. Blocks: it reads all of them.

    An output that was not written is none; whether that is a failure is the component's to say.

    Args:
        order: what was run.
        description: of the component.
        storage: storage address.
    """
    places = outputs(order, description)
    categories = {data.name: data.category for data in description.output_data}
    found = []
    for name, place in places.items():
        if categories[name] == MODEL:
            try:
                digest, size = digest_of(
                    open_store(parse_storage_address(storage)), DatasetName(place.namespace, place.name)
                )
            except StorageError:
                continue
            key = place.name.removeprefix(f"{order.task_id}-")
            found.append(
                ProducedModel(
                    model_id=model_id(order.job_id, order.task_id, key) + _share(order),
                    name=key,
                    algorithm=f"{order.provider}/{order.component} {order.version}",
                    job_id=order.job_id,
                    task_id=order.task_id,
                    parties=tuple(sorted({party.node_id for party in order.parties})),
                    digest=digest,
                    size=size,
                    place=place,
                )
            )
    return found


def _share(order: Order) -> str:
    """Return what tells the shares of a node that plays several roles apart: nothing for its first."""
    here = next(party.node_id for party in order.parties if (party.role, party.index) == (order.role, order.index))
    own = [party for party in order.parties if party.node_id == here]
    first = (own[0].role, own[0].index) == (order.role, order.index)
    return "" if first else f"-{order.party}"
