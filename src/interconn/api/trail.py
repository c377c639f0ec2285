"""The audit trail as the node's own people read it: exported in pages, and where partners hold its heads."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.trail import Head, Number
from interconn.standard.wire import Empty, WireModel

LARGEST_PAGE: Final = 1000


class TrailBegin(WireModel):
    """Begin an export: which entries, by time (epoch milliseconds) and partner; all of them by default."""

    since: Number | None = None
    until: Number | None = None
    partner: Identifier | None = None


class TrailBegun(WireModel):
    """What an export begins with.

    Attributes:
        node_id, inst_id, version: of the node, and of its software.
        head: of the whole trail as it is now; this export is among its entries.
        first, last: numbers of the first and last entry exported; the first is greater where there are none.
        previous: the hash of the entry before the first.
    """

    node_id: str
    inst_id: str
    version: str
    exported_at: int
    exported_by: str
    head: Head
    first: int
    last: int
    previous: str


class TrailPageRequest(WireModel):
    """Ask for entries from `first` to `last`; with a partner, only those with it, and what lies between as gaps."""

    first: Number
    last: Number
    size: int = Field(default=500, ge=1, le=LARGEST_PAGE)
    partner: Identifier | None = None


class TrailPage(WireModel):
    """Records of an export, in their order, and the entry to go on with (None at the end)."""

    records: list[dict[str, Any]]
    next: int | None = None


class TrailKeptRequest(WireModel):
    """Ask for heads and receipts that are kept, after the last one seen."""

    after: str = Field(default="", max_length=64)
    size: int = Field(default=500, ge=1, le=LARGEST_PAGE)


class TrailKept(WireModel):
    """Records of heads and receipts, and where to go on (None at the end)."""

    records: list[dict[str, Any]]
    next: str | None = None


class PartnerHeads(WireModel):
    """How the trails of this node and a partner vouch for each other.

    Attributes:
        held: number of the newest entry of the partner's trail whose head is kept here.
        held_at: when that head was made, epoch milliseconds.
        acknowledged: number of our newest entry whose head the partner holds, by its receipt.
        acknowledged_at: when the partner received it, by its clock.
        obstacle: why the partner does not hold the newest head.
        contradiction: what is wrong with the partner's heads; empty where nothing is.
        accused: whether the partner says so of ours.
    """

    node_id: str
    held: int | None = None
    held_at: int | None = None
    acknowledged: int | None = None
    acknowledged_at: int | None = None
    obstacle: str = ""
    contradiction: str = ""
    accused: bool = False


class TrailStanding(WireModel):
    """The newest head of this node's trail, and what partners hold and gave."""

    head: Head
    partners: list[PartnerHeads] = []


class TrailSettle(WireModel):
    """Close the alarm about a partner's trail, once people know why its heads contradict each other."""

    node_id: Identifier
    reason: str = Field(min_length=1, max_length=1000)


TRAIL_BEGIN: Final = own(
    "trail.begin", "GET", "/trail/begin", TrailBegin, TrailBegun, "Begin an export of the audit trail."
)
TRAIL_ENTRIES: Final = own(
    "trail.entries", "GET", "/trail/entries", TrailPageRequest, TrailPage, "A page of entries, as records of an export."
)
TRAIL_KEPT: Final = own(
    "trail.kept", "GET", "/trail/kept", TrailKeptRequest, TrailKept, "Heads and receipts, as records of an export."
)
TRAIL_STANDING: Final = own(
    "trail.standing", "GET", "/trail/heads", Empty, TrailStanding, "Where partners hold heads of this node's trail."
)
TRAIL_SETTLE: Final = own(
    "trail.settle", "POST", "/trail/settle", TrailSettle, TrailStanding, "Close the alarm about a partner's trail."
)

ENDPOINTS: Final = (TRAIL_BEGIN, TRAIL_ENTRIES, TRAIL_KEPT, TRAIL_STANDING, TRAIL_SETTLE)
