"""What two nodes believe of each other, and why something waits."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from interconn.api.jobs import Progress
from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.management import AuditStatus
from interconn.standard.wire import WireModel


class Agreement(StrEnum):
    """How a contract or an approval stands between two nodes."""

    IN_STEP = "IN_STEP"
    DRIFT = "DRIFT"
    UNKNOWN = "UNKNOWN"  # the partner does not say


class StateCompare(WireModel):
    """Ask a partner how each contract and approval between the two stands there."""

    node_id: Identifier
    limit: int = Field(default=500, ge=1, le=10_000, description="contracts and approvals, open ones first")


class Difference(WireModel):
    """One contract or approval, as both sides see it."""

    kind: str = Field(description="CONTRACT, or the kind of the approval")
    id: str = Field(description="of the contract or approval")
    subject_id: str = Field(default="", description="id of the data set, project, flow, job or model")
    direction: str = Field(description="APPLICANT: we applied; PARTNER: they did")
    here: AuditStatus
    there: AuditStatus | None = None
    answer: str = Field(description="STATE, UNKNOWN, REFUSED, SENSELESS, SILENT or NOT_ASKED")
    words: str = Field(default="", description="why the partner named no state")
    agreement: Agreement
    since: int = Field(description="epoch milliseconds: our state; of a difference, when it was first seen")
    impossible: bool = Field(default=False, description="lost messages cannot have brought this about")
    step: str = Field(default="", description="the legal step that mends it, or that none does")
    command: str = Field(default="", description="that step, as a command of the side that can take it")
    side: str = Field(default="", description="node that can take the step; empty where it happens by itself")
    mendable: bool = Field(default=False, description="'interconn state diff --mend' takes the step")
    mended: str = Field(default="", description="the step that was taken just now")


class StateComparison(WireModel):
    """What a partner says of all that is between the two nodes."""

    node_id: str
    asked_at: int
    differences: list[Difference] = Field(description="what drifts or is not known; with `all`, what agrees too")
    in_step: int
    drift: int
    unknown: int
    left_out: int = Field(default=0, description="not asked, as there are more than the limit or time allow")


class WhyAsk(WireModel):
    """Ask why something stands as it does."""

    id: Annotated[str, Field(min_length=1, max_length=256)]


class ExchangeView(WireModel):
    """A call between this node and a partner.

    `attempts` counts those of a message that were sent; `next_at` is when it is sent again.
    """

    node_id: str
    outgoing: bool
    call: str
    at: int | None = None
    outcome: str = ""
    attempts: int = 0
    since: int | None = Field(default=None, description="when the first of these attempts was made")
    next_at: int | None = None


class AwaitedView(WireModel):
    """One of those that a job or a task waits for."""

    node_id: str
    waits_for: str = Field(description="for what, as a sentence's end: who to do what")
    whom: str = Field(description="as in the explanation")
    since: int | None = None
    task_id: str = Field(default="", description="the task that it is about, where it is about one")
    silent: bool = Field(default=False, description="it does not answer this node")
    refusing: bool = Field(default=False, description="it refused the last call of this node about it")
    progress: Progress | None = Field(default=None, description="what its component told last")
    exchange: ExchangeView | None = Field(default=None, description="the last call between both nodes about it")
    contact: ExchangeView | None = Field(default=None, description="the last call between both nodes at all")


class Explanation(WireModel):
    """What a thing is, whom it waits for and since when, and what a person may do."""

    kind: str
    id: str
    what: str = Field(description="what it is, in a sentence")
    state: str
    reason: str = Field(default="", description="of a job that has ended, why it came to that; empty for a success")
    node_id: str = Field(default="", description="the other side, where there is one")
    waits_for: str = Field(default="", description="whom it waits for and for what; empty where it waits for nobody")
    whom: str = Field(default="", description="PERSON_HERE, PERSON_THERE, NODE_THERE, NODE_HERE or empty")
    since: int | None = None
    exchange: ExchangeView | None = Field(default=None, description="the last exchange about it")
    contact: ExchangeView | None = Field(default=None, description="the last exchange with that partner at all")
    partner_believes: str = Field(default="", description="what the partner said when it was last asked")
    awaits: list[AwaitedView] = Field(
        default=[], description="all that a job or a task waits for, the most telling first, as above"
    )
    next_step: str
    command: str = ""
    related: list[str] = Field(default=[], description="ids of what it is made of or part of")


class Why(WireModel):
    """All that has an id."""

    id: str
    explanations: list[Explanation]


STATE_DIFF: Final = own(
    "state.diff", "GET", "/state/diff", StateCompare, StateComparison, "Compare states with a partner."
)
STATE_MEND: Final = own(
    "state.mend", "POST", "/state/mend", StateCompare, StateComparison, "Compare states with a partner, and mend them."
)
WHY: Final = own("why", "GET", "/why", WhyAsk, Why, "Whom something waits for, since when, and what to do.")

ENDPOINTS: Final = (STATE_DIFF, STATE_MEND, WHY)
