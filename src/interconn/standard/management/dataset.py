"""Data sets and applications for them (MGT-4)."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from interconn.standard.identifiers import Identifier
from interconn.standard.management.terms import Distribution, Name, Paging, Text
from interconn.standard.wire import Int32, Int64, WireModel


class ColumnMeta(WireModel):
    """One column of a published data set."""

    name: Name
    data_type: Name
    description: Text | None = None
    distribution: Distribution


class DatasetSummary(WireModel):
    """A published data set as a list shows it (MGT-4.1)."""

    category: Text | None = None
    count: Int64 | None = None
    dataset_id: Identifier
    description: Text | None = None
    name: Name
    owner: Identifier
    join_columns: Text | None = None
    label_columns: Text | None = None
    column_metas: list[ColumnMeta] | None = None


class DatasetDetail(DatasetSummary):
    """A published data set whole (MGT-4.2)."""

    column_metas: list[ColumnMeta]


class DatasetList(Paging):
    """Ask for a page of the partner's published data sets."""

    contract_id: Identifier


class DatasetPage(WireModel):
    """A page of data sets."""

    records: list[DatasetSummary]
    total: Int64


class DatasetQuery(WireModel):
    """Ask for one data set of the partner."""

    contract_id: Identifier
    dataset_id: Identifier


class AuthScope(WireModel):
    """Scope of a grant: keys combine by AND, the ids of one key by OR (MGT-4.3-auth-scope).

    An empty list names nobody. A key that is not known is refused: it restricts in a way that nobody here would keep.
    """

    model_config = ConfigDict(extra="forbid")

    NODE: list[Identifier] | None = None
    PROJECT: list[Identifier] | None = None
    COMPONENT: list[Name] | None = None


class DatasetApply(WireModel):
    """Application for a data set grant (MGT-4.3)."""

    audit_id: Identifier
    contract_id: Identifier
    dataset_id: Identifier
    auth_scope: AuthScope | None = None
    time_limit: Int64 | None = Field(default=None, ge=0)
    times_limit: Int32 | None = Field(default=None, ge=0)
