"""Data sets of this node, and those that partners publish."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import (
    DatasetDetail,
    DatasetPage,
    DatasetSummary,
    Distribution,
    Name,
    Paging,
    Text,
)
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
    purpose: Text = Field(default="", description="what it is kept for; told to nobody")


class DatasetCheck(WireModel):
    """Look a CSV file over that the node can read, before it is taken in; nothing is kept.

    Attributes:
        key_columns: that are to name a row together; without any, columns that could are looked for.
    """

    path: Annotated[str, Field(min_length=1, max_length=4096)]
    key_columns: list[str] = Field(default=[], max_length=16)
    label_columns: list[str] = []


class FileColumn(WireModel):
    """A column of a file as it would be taken in.

    Attributes:
        missing: number of blank values.
        could_be_key: no value is blank or occurs twice; left out where that was not looked at.
    """

    name: str
    type: str
    missing: int
    could_be_key: bool | None = None


class FileRemark(WireModel):
    """Something wrong or odd about a file, without any value of it.

    Attributes:
        blocks: the file cannot be taken in as long as this is so.
        fix: what to do about it, or what it means if nothing is done.
        column: which it is about; empty if it is about the file.
        rows: how many rows it is about; 0 if it is not about rows.
    """

    blocks: bool
    what: str
    fix: str
    column: str = ""
    rows: int = 0


class FileVerdict(WireModel):
    """What is to be said of a file; `usable` if it can be taken in as it is.

    Attributes:
        size: of the file, bytes.
        encoding: utf-8, utf-8-sig or gb18030; empty where it is no text.
        remarks: what blocks first.
    """

    usable: bool
    size: int
    encoding: str = ""
    delimiter: str = ""
    rows: int = 0
    columns: list[FileColumn] = []
    remarks: list[FileRemark] = []


class DatasetPublish(WireModel):
    """Show a data set to contract partners, to all or to those named, or hide it again.

    Its rows never leave the node by this. What is shown to some is shown to all only where `to_all` says so.
    """

    dataset_id: Identifier
    published: bool = True
    to: list[Identifier] | None = Field(default=None, min_length=1, max_length=1024, description="these partners alone")
    to_all: bool = False


class ColumnDescription(WireModel):
    """What is to be told of a column; members that are left out stay as they are."""

    name: Name
    data_type: Name | None = Field(default=None, description="as in SQL: varchar, int, double and so on")
    description: Text | None = Field(default=None, description="empty: none any more")
    distribution: Distribution | None = None


class DatasetDescribe(WireModel):
    """Set or correct what is told of a data set; what is left out stays as it is, an empty text is taken away.

    Attributes:
        purpose: what it is kept for; told to nobody (MGT-G2.1.1.1-dataset).
    """

    dataset_id: Identifier
    name: Name | None = None
    description: Text | None = None
    category: Text | None = None
    purpose: Text | None = None
    label_columns: list[str] | None = Field(default=None, max_length=10_000)
    columns: list[ColumnDescription] = Field(default=[], max_length=10_000)


class DatasetReference(WireModel):
    """A data set of this node by its id."""

    dataset_id: Identifier


class DatasetRemove(WireModel):
    """Remove a data set with its rows. Its id is not used again.

    Refused while a job reads it or a grant of it is in force, unless `force`, which revokes the grants.
    """

    dataset_id: Identifier
    force: bool = False


class DatasetView(DatasetSummary):
    """A data set of this node; what `DatasetSummary` does not have is shown to its own people only.

    Attributes:
        published: shown to partners.
        published_to: those alone; empty where all are meant.
        source: name of the file it was taken from.
    """

    published: bool
    published_to: list[str] = []
    namespace: str
    location: str
    source: str = ""
    purpose: str = ""
    added_at: int = 0
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
DATASET_CHECK: Final = own(
    "dataset.check", "POST", "/datasets/check", DatasetCheck, FileVerdict, "Look over a file that is to be taken in."
)
DATASET_PUBLISH: Final = own(
    "dataset.publish", "POST", "/datasets/publish", DatasetPublish, DatasetView, "Show a data set to partners."
)
DATASET_DESCRIBE: Final = own(
    "dataset.describe", "POST", "/datasets/describe", DatasetDescribe, DatasetView, "Set what is told of a data set."
)
DATASET_REMOVE: Final = own(
    "dataset.remove", "POST", "/datasets/remove", DatasetRemove, DatasetView, "Remove a data set with its rows."
)
DATASET_INSPECT: Final = own(
    "dataset.inspect", "GET", "/datasets/inspect", DatasetReference, DatasetView, "Show a data set of this node."
)
DATASET_LIST: Final = own("dataset.own", "GET", "/datasets", DatasetSearch, DatasetViews, "List this node's data sets.")
DATASET_DISCOVER: Final = own(
    "dataset.discover", "GET", "/datasets/discover", DatasetDiscover, DatasetPage, "List a partner's data sets."
)
DATASET_SHOW: Final = own(
    "dataset.show", "GET", "/datasets/show", DatasetShow, DatasetDetail, "Show a data set of a partner."
)

ENDPOINTS: Final = (
    DATASET_ADD, DATASET_CHECK, DATASET_PUBLISH, DATASET_DESCRIBE, DATASET_REMOVE, DATASET_INSPECT, DATASET_LIST,
    DATASET_DISCOVER, DATASET_SHOW,
)  # fmt: skip
