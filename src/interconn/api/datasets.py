"""Data sets of this node, and those that partners publish."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import DatasetDetail, DatasetPage, DatasetSummary, Name, Paging, Text
from interconn.standard.wire import WireModel


class DatasetAdd(WireModel):
    """Take a CSV file that the node can read into its storage, checked and normalised."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    name: Name
    key_columns: list[str] = Field(min_length=1, max_length=16)
    label_columns: list[str] = []
    dataset_id: Identifier | None = None
    description: Text | None = None
    category: Text | None = None


class DatasetPublish(WireModel):
    """Show a data set to contract partners, or hide it again. Its rows never leave the node by this."""

    dataset_id: Identifier
    published: bool = True


class DatasetView(DatasetSummary):
    """A data set of this node; `namespace` and `location` are shown to its own people only."""

    published: bool
    namespace: str
    location: str
    findings: list[dict[str, Any]] = []


class DatasetSearch(Paging):
    """Which of this node's data sets to list."""

    name: Name | None = Field(default=None, description="a part of the name")
    category: Text | None = None


class DatasetViews(WireModel):
    """A page of this node's data sets, oldest first, and how many there are in all."""

    datasets: list[DatasetView]
    total: int = 0


class DatasetDiscover(Paging):
    """A page of a partner's published data sets (MGT-4.1)."""

    node_id: Identifier


class DatasetShow(WireModel):
    """One data set of a partner (MGT-4.2)."""

    node_id: Identifier
    dataset_id: Identifier


DATASET_ADD: Final = own("dataset.add", "POST", "/datasets/add", DatasetAdd, DatasetView, "Take in a table.")
DATASET_PUBLISH: Final = own(
    "dataset.publish", "POST", "/datasets/publish", DatasetPublish, DatasetView, "Show a data set to partners."
)
DATASET_LIST: Final = own("dataset.own", "GET", "/datasets", DatasetSearch, DatasetViews, "List this node's data sets.")
DATASET_DISCOVER: Final = own(
    "dataset.discover", "GET", "/datasets/discover", DatasetDiscover, DatasetPage, "List a partner's data sets."
)
DATASET_SHOW: Final = own(
    "dataset.show", "GET", "/datasets/show", DatasetShow, DatasetDetail, "Show a data set of a partner."
)

ENDPOINTS: Final = (DATASET_ADD, DATASET_PUBLISH, DATASET_LIST, DATASET_DISCOVER, DATASET_SHOW)
