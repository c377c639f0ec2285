"""Results of tasks that wait for a release, and the decisions on them."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from interconn.api.audits import OpinionView
from interconn.api.own import own
from interconn.standard.identifiers import Identifier
from interconn.standard.patterns import pattern
from interconn.standard.wire import WireModel


class ResultSearch(WireModel):
    """Which results to list: those that a policy matched when they came to be."""

    job_id: Identifier | None = None
    standing: Literal["HELD", "RELEASED", "REFUSED"] | None = None


class ResultDecision(WireModel):
    """Release or refuse a result."""

    result: str = Field(
        pattern=pattern(
            r"^[^/]{1,128}/[^/]{1,128}/([^/]{1,80}/)?[^/]{1,257}$",
            "a result is named as JOB/TASK/KEY or JOB/TASK/PARTY/KEY; 'interconn result list' shows them",
        ),
        description="JOB/TASK/KEY, with the task's name or id; JOB/TASK/PARTY/KEY where this node plays several",
    )
    reason: str = Field(default="", max_length=2000)


class ResultView(WireModel):
    """A result as this node's people see it; where it lies only once it is released."""

    result: str = Field(description="as a decision names it")
    job_id: str
    task_id: str
    task: str = Field(description="name in the DAG")
    party: str
    key: str
    component: str
    category: str
    partners: list[str]
    standing: str
    waits_for: str = ""
    rules: list[str] = Field(description="names of the tables [[release]] that matched")
    policy: str = Field(description="digest of the policy that holds it")
    minimum_rows: int | None = None
    opinions: list[OpinionView] = []
    held_at: int
    decided_at: int | None = None
    decided_by: str = ""
    reason: str = ""
    erased_at: int | None = None
    place: dict[str, Any] = Field(default={}, description="namespace, name and path, once released")


class ResultViews(WireModel):
    """Some results."""

    results: list[ResultView]


RESULT_LIST: Final = own("result.list", "GET", "/results", ResultSearch, ResultViews, "List results that are held.")
RESULT_RELEASE: Final = own(
    "result.release", "POST", "/results/release", ResultDecision, ResultView, "Release a result."
)
RESULT_REFUSE: Final = own("result.refuse", "POST", "/results/refuse", ResultDecision, ResultView, "Refuse a result.")

ENDPOINTS: Final = (RESULT_LIST, RESULT_RELEASE, RESULT_REFUSE)
