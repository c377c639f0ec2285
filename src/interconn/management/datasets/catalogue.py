"""The data sets of this node: what others may know of them, and where they lie, which others never learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from interconn.api.datasets import DatasetView
from interconn.management.datasets.tables import Dataset, DatasetReader
from interconn.standard.errors import NotFound
from interconn.standard.management import (
    ColumnMeta,
    DatasetDetail,
    DatasetSummary,
    Distribution,
    Paging,
)
from interconn.state.pages import read_page

Row = TypeVar("Row")

NAMESPACE: Final = "datasets"
"""Namespace in storage of data sets that people add; results of jobs have namespaces of their own."""

COLUMNS_LISTED: Final = 500
"""Columns up to which a list tells of them; a query always does."""
LONGEST_TEXT: Final = 4096
"""Characters of a text that is told."""
CHUNK: Final = 20
"""Data sets read at a time: each may have ten thousand columns."""

SQL_TYPES: Final = {"int": "bigint", "float": "double", "string": "varchar", "boolean": "boolean"}
_DISCRETE: Final = ("string", "boolean")


class Catalogue:
    """Finds data sets, inside transactions.

    Args:
        inst_id: this institution, the owner of them all.
        storage: directory that holds them.
    """

    def __init__(self, inst_id: str, storage: Path) -> None:
        self._inst_id = inst_id
        self._storage = storage

    def locate(self, session: Session, *, reference: Mapping[str, Any]) -> tuple[str, str]:
        """Return namespace and name in storage of a data set of this node (CTL-G3.1.1.1-source, resolution 9).

        Args:
            session: of a transaction.
            reference: holds `dataset_id`, or `name` and `namespace`, or all three.

        Raises:
            NotFound: this node has no such data set, or the parts name different ones.
        """
        dataset = self.find(session, reference)
        return dataset.namespace, dataset.stored_name

    def find(self, session: Session, reference: Mapping[str, Any]) -> Dataset:
        """Return the data set that a job's parameters refer to.

        Only what is in the catalogue is found: a job cannot name other places of our storage.

        Raises:
            NotFound: as `locate`.
        """
        named = {member: reference[member] for member in ("dataset_id", "namespace", "name") if reference.get(member)}
        dataset = None
        if all(isinstance(value, str) for value in named.values()):
            if "dataset_id" in named:
                dataset = session.get(Dataset, named["dataset_id"])
            elif len(named) == 2:
                by_place = select(Dataset).where(
                    Dataset.namespace == named["namespace"], Dataset.stored_name == named["name"]
                )
                dataset = session.scalar(by_place)
        if dataset is None or named.items() - _references(dataset).items():
            raise NotFound("this node has no such data set", where="dataset_id", clause="CTL-G3.1.1.1-source")
        return dataset

    def own(self, session: Session, dataset_id: str) -> Dataset:
        """Return a data set by its id.

        Raises:
            NotFound: there is none.
        """
        dataset = session.get(Dataset, dataset_id)
        if dataset is None:
            raise NotFound(f"this node has no data set {dataset_id}", where="dataset_id", hint="interconn dataset list")
        return dataset

    def shown_to(self, session: Session, node_id: str, dataset: Dataset) -> bool:
        """Tell whether a data set is published to a node."""
        if not dataset.published or dataset.for_all:
            return dataset.published
        return session.get(DatasetReader, (dataset.dataset_id, node_id)) is not None

    def published(self, session: Session, node_id: str, paging: Paging) -> tuple[list[DatasetSummary], int]:
        """Return a page of the data sets that are published to a node, and how many there are (MGT-4.1)."""
        named = select(DatasetReader.dataset_id).where(DatasetReader.node_id == node_id)
        return read_page(
            session,
            Dataset,
            lambda datasets: [self.summary(dataset) for dataset in datasets],
            paging=paging,
            order=(Dataset.added_at, Dataset.dataset_id),
            matching=(Dataset.published.is_(True), or_(Dataset.for_all, Dataset.dataset_id.in_(named))),
            chunk=CHUNK,
        )

    def views(self, session: Session, datasets: Sequence[Dataset]) -> list[DatasetView]:
        """Return data sets as this node's people see them in a list."""
        readers = self._readers(session, datasets)
        return [self._view(self.summary(dataset), dataset, readers[dataset.dataset_id]) for dataset in datasets]

    def view(self, session: Session, dataset: Dataset) -> DatasetView:
        """Return a data set whole, as this node's people see it."""
        return self._view(self.detail(dataset), dataset, self._readers(session, [dataset])[dataset.dataset_id])

    def _readers(self, session: Session, datasets: Sequence[Dataset]) -> dict[str, list[str]]:
        session.flush()
        readers: dict[str, list[str]] = {dataset.dataset_id: [] for dataset in datasets}
        named = select(DatasetReader).where(DatasetReader.dataset_id.in_(readers)).order_by(DatasetReader.node_id)
        for reader in session.scalars(named):
            readers[reader.dataset_id].append(reader.node_id)
        return readers

    def _view(self, told: DatasetSummary, dataset: Dataset, readers: list[str]) -> DatasetView:
        return DatasetView(
            **told.model_dump(),
            published=dataset.published,
            published_to=readers,
            namespace=dataset.namespace,
            location=str(self._storage / dataset.namespace / dataset.stored_name),
            source=dataset.source,
            purpose=dataset.purpose,
            added_at=dataset.added_at,
            findings=dataset.findings,
        )

    def summary(self, dataset: Dataset) -> DatasetSummary:
        """Return what a list tells of a data set (MGT-4.1); of one with very many columns not all of them.

        There `column_metas` is optional, so that a page of them remains a page.
        """
        members = self._members(dataset)
        if len(dataset.column_metas) > COLUMNS_LISTED:
            members["column_metas"] = None
        return DatasetSummary(**members)

    def detail(self, dataset: Dataset) -> DatasetDetail:
        """Return what a query tells of a data set (MGT-4.2)."""
        return DatasetDetail(**self._members(dataset))

    def _members(self, dataset: Dataset) -> dict[str, Any]:
        return {
            "category": dataset.category,
            "count": dataset.count,
            "dataset_id": dataset.dataset_id,
            "description": dataset.description,
            "name": dataset.name,
            "owner": self._inst_id,
            "join_columns": _joined(dataset.key_columns),
            "label_columns": _joined(dataset.label_columns),
            "column_metas": dataset.column_metas,
        }


def column_meta(name: str, type_word: str) -> dict[str, Any]:
    """Return what is told of a column: its type as in SQL, and how its values are distributed (MGT-4.1)."""
    distribution = Distribution.DISCRETE if type_word in _DISCRETE else Distribution.CONTINUOUS
    return ColumnMeta(name=name, data_type=SQL_TYPES[type_word], distribution=distribution).to_wire()


def _joined(columns: Sequence[str]) -> str | None:
    """Return names of columns as they are told: joined by commas, or none where they would be longer than a text."""
    text = ",".join(columns)
    return text if 0 < len(text) <= LONGEST_TEXT else None


def page_of(rows: Sequence[Row], paging: Paging) -> list[Row]:
    """Return a page of rows; one past the end is empty (MGT-2.3-paging)."""
    if paging.page_size == -1:
        return list(rows)
    start = (paging.page_num - 1) * paging.page_size
    return list(rows[start : start + paging.page_size])


def _references(dataset: Dataset) -> dict[str, str]:
    return {"dataset_id": dataset.dataset_id, "namespace": dataset.namespace, "name": dataset.stored_name}
