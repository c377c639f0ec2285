"""Logs of what another party runs for a job: an extension of ours, marked as such (docs/policy.md)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from interconn.standard.control import LogLevel, TaskName
from interconn.standard.endpoint import Endpoint
from interconn.standard.identifiers import Identifier
from interconn.standard.patterns import pattern
from interconn.standard.wire import WireModel

MAXIMUM_LINES: Final = 1000
"""Lines in one answer between nodes."""

PartyName = Annotated[
    str,
    Field(
        pattern=pattern(
            r"^[A-Za-z][A-Za-z0-9_]{0,31}\.[0-9]{1,6}$", "a party is named by role and ordinal, e.g. guest.0"
        )
    ),
]
"""A party of a job: role and ordinal, e.g. guest.0."""


class PartyLogRead(WireModel):
    """Ask a party for the log of its share of a task.

    Attributes:
        task_name: `components[].name` of the DAG, which every party knows.
        party: the share's, of the node that is asked.
        log_level: lines that matter less are neither returned nor counted (CTL-5.4).
        start: the first line wanted, from 0.
    """

    job_id: Identifier
    task_name: TaskName
    party: PartyName
    log_level: LogLevel
    start: int = Field(default=0, ge=0, le=2**53)
    length: int = Field(default=MAXIMUM_LINES, ge=0, le=MAXIMUM_LINES)


class PartyLog(WireModel):
    """Lines of a log.

    Attributes:
        lines: first first.
        total: how many there are of that level.
        ended: the share has ended, so that no more will come.
    """

    lines: list[str]
    total: int
    ended: bool


JOB_LOG_READ: Final = Endpoint(
    "job.log.read", "extension", "POST", "/v1/interconn/extension/job/log", PartyLogRead, PartyLog,
    "Ask a party of a job for the log of its share of a task, as far as its policy permits.",
)  # fmt: skip
