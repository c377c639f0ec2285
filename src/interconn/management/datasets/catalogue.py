"""The data sets of this node: what others may know of them, and where they lie, which others never learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from interconn.management.datasets.tables import Dataset
from interconn.standard.errors import NotFound
from interconn.standard.management import (
    ColumnMeta,
    DatasetDetail,
    DatasetSummary,
    Distribution,
    Paging,
)

Row = TypeVar("Row")

NAMESPACE: Final = "datasets"
"""Namespace in storage of data sets that people add; results of jobs have namespaces of their own."""

SQL_TYPES: Final = {"int": "bigint", "float": "double", "string": "varchar", "boolean": "boolean"}
_DISCRETE: Final = ("string", "boolean")


class Catalogue:
    """Finds data sets, inside transactions.

    Args:
        inst_id: this institution, the owner of them all.
    """

    def __init__(self, inst_id: str) -> None:
        self._inst_id = inst_id

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

    def published(self, session: Session, paging: Paging) -> tuple[list[DatasetSummary], int]:
        """Return a page of the published data sets and how many there are."""
        found = select(Dataset).where(Dataset.published)
        total = session.scalar(select(func.count()).select_from(found.subquery())) or 0
        ordered = found.order_by(Dataset.added_at, Dataset.dataset_id)
        if paging.page_size != -1:
            ordered = ordered.offset((paging.page_num - 1) * paging.page_size).limit(paging.page_size)
        return [self.summary(dataset) for dataset in session.scalars(ordered)], total

    def summary(self, dataset: Dataset) -> DatasetSummary:
        """Return what a list tells of a data set (MGT-4.1)."""
        return DatasetSummary(**self._members(dataset))

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
            "join_columns": ",".join(dataset.key_columns) or None,
            "label_columns": ",".join(dataset.label_columns) or None,
            "column_metas": dataset.column_metas,
        }


def column_meta(name: str, type_word: str) -> dict[str, Any]:
    """Return what is told of a column: its type as in SQL, and how its values are distributed (MGT-4.1)."""
    distribution = Distribution.DISCRETE if type_word in _DISCRETE else Distribution.CONTINUOUS
    return ColumnMeta(name=name, data_type=SQL_TYPES[type_word], distribution=distribution).to_wire()


def page_of(rows: Sequence[Row], paging: Paging) -> list[Row]:
    """Return a page of rows; one past the end is empty (MGT-2.3-paging)."""
    if paging.page_size == -1:
        return list(rows)
    start = (paging.page_num - 1) * paging.page_size
    return list(rows[start : start + paging.page_size])


def _references(dataset: Dataset) -> dict[str, str]:
    return {"dataset_id": dataset.dataset_id, "namespace": dataset.namespace, "name": dataset.stored_name}
